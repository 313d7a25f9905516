"""Ask the model something about a story beside its telling: answers, recaps, proposals, twists; nothing is committed.

Each asking is one request with the story's second cache key, so that the narrator's own is never disturbed.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import structlog

from bot.engine.engine import Engine
from bot.engine.errors import SetAside
from bot.engine.generation import Generation
from bot.engine.request import Message, Request, Sampling
from bot.story.memory.window import budget_bytes
from bot.story.narration.cleaning import NarrationFilter, finish
from bot.story.narration.draft import SAMPLES, Waiting, Writing
from bot.story.text import INVISIBLE, neutralise
from storage.stories import Story

log = structlog.get_logger(__name__)

STARTS = 5  # of one request in the background, before whoever asked tries again later


class Scribe:
    """Put questions to the model, and give its answers without tokens, labels and talk about the task.

    What no person waits for (`person_id` None) runs in the background: only while no person's request waits.
    """

    def __init__(self, *, engine: Engine) -> None:
        self._engine = engine
        self._bytes_per_token: dict[str, float] = {}

    async def room(self, language: str, *, reserve: int) -> int:
        """Return how many bytes of messages in a language fit beside an answer of `reserve` tokens."""
        if language not in self._bytes_per_token:
            tokens = await self._engine.count_tokens(SAMPLES[language])
            self._bytes_per_token[language] = len(SAMPLES[language].encode()) / max(tokens, 1)
        return budget_bytes(
            context_tokens=self._engine.model.context,
            reserve_tokens=reserve,
            bytes_per_token=self._bytes_per_token[language],
        )

    async def text(
        self, *, messages: Sequence[Message], sampling: Sampling, story: Story, person_id: int | None
    ) -> str:
        """Return the whole answer; it may be empty. With a grammar or schema nothing is taken off it.

        Raises what ends a stream (bot/engine/errors.py); SetAside only after some tries.
        """
        for number in range(1, STARTS + 1):
            try:
                text = ""
                async with aclosing(self._steps(messages, sampling, story, person_id)) as steps:
                    async for step in steps:
                        text = step.text if isinstance(step, Writing) else text
                return text
            except SetAside:
                log.info("set aside for a person", story=story.id, number=number)
        raise SetAside

    async def stream(
        self, *, messages: Sequence[Message], sampling: Sampling, story: Story, person_id: int
    ) -> AsyncGenerator[Waiting | Writing]:
        """Yield the place in the queue, then the answer as it grows; the last step has the whole of it."""
        async with aclosing(self._steps(messages, sampling, story, person_id)) as steps:
            async for step in steps:
                yield step

    async def _steps(
        self, messages: Sequence[Message], sampling: Sampling, story: Story, person_id: int | None
    ) -> AsyncGenerator[Waiting | Writing]:
        request = Request(
            messages=tuple(messages),
            sampling=sampling,
            cache_key=f"{story.id}:aux",
            guild_id=story.guild_id or story.channel_id,
            channel_id=story.channel_id,
            user_id=person_id or 0,
            background=person_id is None,
        )
        async with self._engine.submit(request) as generation:
            async with aclosing(generation.waiting()) as places:
                async for place in places:
                    yield Waiting(place.position, place.eta)
            answer = _whole if sampling.grammar or sampling.json_schema else _cleaned
            async with aclosing(answer(generation)) as steps:
                async for step in steps:
                    yield step


async def _whole(generation: Generation) -> AsyncGenerator[Writing]:
    """Yield an answer whose form was held to a grammar."""
    text = ""
    async for piece in generation:
        text += INVISIBLE.sub("", piece)
        yield Writing(neutralise(text).strip())


async def _cleaned(generation: Generation) -> AsyncGenerator[Writing]:
    """Yield an answer in plain words; one that was cut off ends at a sentence."""
    said = NarrationFilter()
    async for piece in generation:
        if said.feed(piece):
            yield Writing(neutralise(said.text))
        if said.ended:
            break
    said.flush()
    text = neutralise(said.text).strip()
    cut = generation.stats is not None and generation.stats.finish_reason == "length"
    yield Writing(finish(text, cut=True) if cut else text)
