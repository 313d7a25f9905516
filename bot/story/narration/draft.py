"""Let the model write one passage: build its prompt, run it, clean what it says; nothing is committed here."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import structlog

from bot.config import NarratorSettings
from bot.engine.engine import Engine
from bot.engine.errors import GenerationCancelled, PromptTooLong
from bot.engine.generation import Generation
from bot.engine.request import Request, Sampling
from bot.story.languages import count_words
from bot.story.lore.book import Book
from bot.story.lore.contradictions import Contradiction, against, reminders
from bot.story.memory.prompt import Prompt, StoryFacts, build, plan
from bot.story.memory.recall import Recall, passage_texts
from bot.story.memory.window import budget_bytes
from bot.story.narration.adapters import Adapters
from bot.story.narration.cleaning import NarrationFilter, finish, is_whole
from bot.story.narration.creativity import otherwise, sampling
from bot.story.narration.expected import Expected, flaw_in, mended
from bot.story.narration.fixing import fix_of
from bot.story.narration.flaws import Flaw, is_looping, mildness
from bot.story.narration.voice import Voice, hushed, voice_of
from storage import passages, rounds, stories, trail
from storage.database import Database
from storage.narrations import Narration as Job
from storage.stories import Story
from storage.trail import Told

log = structlog.get_logger(__name__)

SAMPLES = {
    "en": "The rain had stopped by the time they reached the harbour, and nobody spoke of what the lamp had shown.",
    "zh": "他们走到港口的时候，雨已经停了。谁也没有提起那盏灯照见的东西，只听见潮水一下一下拍着石阶。",
}
MOST_WORDS = 400  # of a woven passage, as of any
TOKENS_PER_WORD = 2  # room for a narrator who needs more than the wanted length to end a sentence
WATCHED = (
    400  # characters at the end of a text that is being written, in which a boundary may be crossed just now
)
LOOP_CHECK = 200  # characters between two looks at whether the text goes in circles
RECENT = 8  # passages with which a draft is compared
SHORTER = 0.6  # of the prompt is left where the model found it too long
SHORTEST = 0.1


@dataclass(frozen=True, slots=True)
class Waiting:
    """Tell the place in the queue, 1 being next, and in about how many seconds it starts, once that is known."""

    position: int
    eta: float | None


@dataclass(frozen=True, slots=True)
class Writing:
    """Tell the whole text so far."""

    text: str


@dataclass(slots=True)
class Draft:
    """Gather what one run of the model gives.

    `cut` tells that it was ended in mid-speech, `crossed` that it left what the story keeps to: nothing of it stays.
    `book` is the lore that it is compared with, None where the story wants no such check.
    """

    job: Job
    story: Story
    prompt: Prompt
    sampling: Sampling
    voice: Voice
    expected: Expected
    book: Book | None
    adapter: str = ""
    text: str = ""
    cut: bool = False
    crossed: bool = False
    stopped: bool = False
    share: float = 1.0
    filter: NarrationFilter = field(default_factory=NarrationFilter)
    generation: Generation | None = None
    contradictions: tuple[Contradiction, ...] = ()
    known: str = ""

    @property
    def flaw(self) -> Flaw | None:
        """Return why another draft should be written instead, if one should."""
        if self.crossed:
            return Flaw.CROSSING
        found = (flaw_in(self.text, self.expected), Flaw.CONTRADICTING if self.contradictions else None)
        return min(found, key=mildness)

    def stop(self) -> None:
        """End the writing where it is; what was written can still be read."""
        self.stopped = True
        if self.generation is not None:
            self.generation.cancel()


class Drafter:
    """Write drafts for narrations."""

    def __init__(
        self,
        *,
        database: Database,
        engine: Engine,
        adapters: Adapters,
        recall: Recall,
        settings: NarratorSettings,
        context: int,
    ) -> None:
        """Write with an engine whose model sees `context` tokens."""
        self._database = database
        self._adapters = adapters
        self._recall = recall
        self._engine = engine
        self._settings = settings
        self._context = context
        self._bytes_per_token: dict[str, float] = {}

    async def begin(self, job: Job, *, after: Draft | None = None) -> Draft:
        """Prepare a draft; one `after` another tries another seed, and keeps away from what was wrong with that."""
        story = _roomy(job, await stories.get(self._database, job.story_id))
        picked = (
            otherwise(after.sampling, after.flaw)
            if after is not None
            else sampling(
                self._settings,
                story.creativity,
                seed=job.seed or 0,
                max_tokens=story.words * TOKENS_PER_WORD,
            )
        )
        voice = await self._voice(job, story)
        known = _reminded(after, story.language) if after is not None else ""
        prompt, expected = await self._prompt(job, story, voice, picked, known, share=1.0)
        adapter = await self._adapters.for_request(story)
        book = await self._recall.book(story) if story.lore_check else None
        return Draft(job, story, prompt, picked, voice, expected, book, adapter, known=known)

    async def write(self, draft: Draft) -> AsyncGenerator[Waiting | Writing]:
        """Run the model; ends early when it loops, ends its turn or is stopped.

        A prompt that the model finds too long after all, in a script dearer than expected, is shortened.
        """
        while True:
            try:
                async with aclosing(self._run(draft)) as steps:
                    async for step in steps:
                        yield step
                return
            except PromptTooLong as error:
                draft.share *= SHORTER
                log.info("prompt too long", tokens=error.tokens, limit=error.limit, share=draft.share)
                if draft.share < SHORTEST:
                    raise
                draft.prompt, draft.expected = await self._prompt(
                    draft.job, draft.story, draft.voice, draft.sampling, draft.known, share=draft.share
                )

    async def _run(self, draft: Draft) -> AsyncGenerator[Waiting | Writing]:
        if draft.stopped and draft.generation is None:
            raise GenerationCancelled
        draft.filter = NarrationFilter(echoes=draft.prompt.echoes)
        try:
            async with self._engine.submit(_request(draft)) as generation:
                draft.generation = generation
                if draft.stopped:
                    generation.cancel()
                async with aclosing(_read(generation, draft)) as steps:
                    async for step in steps:
                        yield step
                draft.cut |= generation.stats is not None and generation.stats.finish_reason == "length"
        finally:
            draft.filter.flush()
            draft.crossed |= draft.voice.bounds.crossed_by(draft.filter.text)
            said = (
                ""
                if draft.crossed
                else finish(draft.filter.text, cut=draft.cut or not is_whole(draft.filter.text))
            )
            draft.text = mended(said, draft.expected)
            if draft.book is not None:
                # A tenth of a second where there are ten thousand entries.
                draft.contradictions = tuple(await asyncio.to_thread(against, draft.book, draft.text))

    async def _voice(self, job: Job, story: Story) -> Voice:
        parent = None if job.parent is None else await trail.find(self._database, story.branch_id, job.parent)
        depth = parent.depth + 1 if parent else 0
        return await voice_of(self._database, story, parent=job.parent, depth=depth)

    async def _prompt(
        self, job: Job, story: Story, voice: Voice, sampling: Sampling, known: str, *, share: float
    ) -> tuple[Prompt, Expected]:
        """Return the prompt, of a share of what should fit, and what the passage is held against.

        `known` reminds of what an earlier draft went against.
        """
        fits = budget_bytes(
            context_tokens=self._context,
            reserve_tokens=sampling.max_tokens,
            bytes_per_token=await self._measured(story.language),
        )
        budget = int(fits * share)
        read = await self._told(job, story, size=budget)
        pinned = await self._recall.pinned(story)
        wish = await self._wish(job)
        planned = plan(
            StoryFacts(
                story.title, story.premise, story.language, voice.bounds.rating, story.words, voice.rules
            ),
            passage_texts(read),
            budget=budget,
            pinned=pinned,
            direction=voice.directed("\n".join(filter(None, (wish, known))) or None),
            note=job.direction if job.kind == "retry" else None,
            fix=await fix_of(self._database, job, story.language),
        )
        prompt = build(planned, await self._recall.memory(story, planned))
        recent = [told.passage.text for told in read[-RECENT:]]
        asked_by = None if job.kind == "weave" else job.asked_by
        asked = " ".join(filter(None, (wish, job.direction)))
        expected = voice.expected(story, recent=recent, direction=asked, asked_by=asked_by)
        return prompt, replace(expected, wanted=await self._wanted(job), old=await self._old(job))

    async def _wish(self, job: Job) -> str | None:
        """Return what shall happen; in another take, what was to happen in the one before."""
        if job.kind == "retry" and job.replaces is not None:
            return await passages.wish(self._database, job.replaces)
        return None if job.kind in ("retry", "fix") else job.direction

    async def _old(self, job: Job) -> str:
        """Return what a fix is to change."""
        if job.kind != "fix" or job.replaces is None:
            return ""
        return (await passages.get(self._database, job.replaces)).text

    async def _wanted(self, job: Job) -> tuple[str, ...]:
        """Return what a woven passage must not leave out."""
        closed = await rounds.current(self._database, job.story_id) if job.kind == "weave" else None
        handed_in = await rounds.contributions(self._database, closed.id) if closed else []
        return tuple(one.text for one in handed_in)

    async def _told(self, job: Job, story: Story, *, size: int) -> list[Told]:
        """Return the newest that is read before the passage to be written, as much as a prompt can hold."""
        if job.parent is None:
            return []
        parent = await trail.find(self._database, story.branch_id, job.parent)
        if parent is None:
            raise LookupError(f"passage {job.parent} is not on branch {story.branch_id}")
        return await trail.newest(self._database, story.branch_id, size=size, last=parent.depth)

    async def _measured(self, language: str) -> float:
        """Return how many bytes of a language one token of this model holds."""
        if language not in self._bytes_per_token:
            sample = SAMPLES[language]
            tokens = await self._engine.count_tokens(sample)
            self._bytes_per_token[language] = len(sample.encode()) / max(tokens, 1)
        return self._bytes_per_token[language]


def _reminded(after: Draft, language: str) -> str:
    """Return what a draft's flaws call for to be said before the next."""
    said = hushed(after.voice.cast, after.text, language) if after.flaw is Flaw.SPEAKING else ""
    return "\n".join(filter(None, (reminders(after.contradictions, language), said)))


def _roomy(job: Job, story: Story) -> Story:
    """Return a story that gives a woven passage room for all that was handed in."""
    wanted = min(MOST_WORDS, count_words(job.direction or "")) if job.kind == "weave" else 0
    return replace(story, words=max(story.words, wanted))


def _request(draft: Draft) -> Request:
    job = draft.job
    return Request(
        messages=draft.prompt.messages,
        sampling=draft.sampling,
        cache_key=str(job.story_id),
        guild_id=draft.story.guild_id or job.channel_id,
        channel_id=job.channel_id,
        user_id=job.asked_by,
        warm=True,
        adapter=draft.adapter,
    )


async def _read(generation: Generation, draft: Draft) -> AsyncGenerator[Waiting | Writing]:
    """Tell the place in the queue, then the text as it grows."""
    async with aclosing(generation.waiting()) as places:
        async for place in places:
            yield Waiting(place.position, place.eta)
    checked = 0
    async for piece in generation:
        if draft.filter.feed(piece) and _may_show(draft):
            yield Writing(draft.filter.text)
        if draft.filter.ended or draft.crossed:
            return
        if len(draft.filter.text) - checked >= LOOP_CHECK:
            checked = len(draft.filter.text)
            if is_looping(draft.filter.text):
                draft.cut = True
                return


def _may_show(draft: Draft) -> bool:
    """Tell whether what was written last keeps to the boundaries; the last word may go on to be another."""
    bounds, end = draft.voice.bounds, draft.filter.text[-WATCHED:]
    if len(draft.filter.text) > WATCHED:
        end = end[end.find(" ") + 1 :]  # half a word might be another
    if not bounds.crossed_by(end):
        return True
    draft.crossed = bounds.crossed_by(end, growing=True)
    return False
