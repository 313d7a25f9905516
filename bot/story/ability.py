"""Find out once what a model is able to do, so that a tiny one is not believed where it only rambles.

The trial is a very short story with questions that have one right answer, and one question that has none.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.clock import now
from bot.engine.request import Sampling
from bot.story.answering import Source, judge, messages
from bot.story.asking import Scribe
from bot.story.terms import content
from bot.story.wording import sections, version
from storage import abilities
from storage.database import Database
from storage.stories import Story

log = structlog.get_logger(__name__)

READING = Sampling(seed=1, temperature=0.0, repetition_penalty=1.0, max_tokens=160)
"""How answers are picked: the likeliest words."""
PASSED = 4  # right answers of five; of the embedded model's mostly one is


class Ability:
    """Know what the narrator's model can do."""

    def __init__(self, *, database: Database, scribe: Scribe, model: str) -> None:
        """Keep what was found for the model of that id."""
        self._database = database
        self._scribe = scribe
        self._model = model
        self._trial = asyncio.Lock()

    async def reads(self, story: Story, *, person_id: int | None) -> bool:
        """Tell whether the model can answer from excerpts in a story's language; tried once, for who asks first.

        Raises what ends a stream.
        """
        words = sections("trial", story.language)
        skill = f"reads {story.language} {version('trial', story.language)}.{version('ask', story.language)}"
        async with self._trial:
            able = await abilities.get(self._database, model=self._model, skill=skill)
            if able is None:
                right = [await self._answers(line, words, story, person_id) for line in _questions(words)]
                able = sum(right) >= PASSED
                log.info("a model was tried", skill=skill, right=sum(right), of=len(right), able=able)
                async with self._database.transaction() as tx:
                    await abilities.note(tx, model=self._model, skill=skill, able=able, created=now())
        return able

    async def _answers(
        self, line: str, words: Mapping[str, str], story: Story, person_id: int | None
    ) -> bool:
        """Tell whether one question is answered rightly; one without an answer must not be."""
        question, _, wanted = (part.strip() for part in line.partition("|"))
        sources = [Source("passage", n, n, "", words[name]) for n, name in ((1, "excerpt"), (2, "other"))]
        said = await self._scribe.text(
            messages=messages(story.language, words["title"], sources, question),
            sampling=replace(READING, max_tokens=60),
            story=story,
            person_id=person_id,
        )
        verdict = judge(said, question, sources)
        if not wanted:
            return verdict is None
        return verdict is not None and (wanted in verdict.text.casefold() or wanted in content(verdict.text))


def _questions(words: Mapping[str, str]) -> list[str]:
    return [*words["questions"].splitlines(), words["unanswerable"]]
