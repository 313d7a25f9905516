"""Find out once what a model is able to do, so that a tiny one is not believed where it only rambles.

The trial is a very short story with questions that have one right answer, and one question that has none.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.clock import now
from bot.engine.request import Sampling
from bot.story.questions.answering import Source, judge, messages
from bot.story.scribe import Scribe
from bot.story.terms import content
from bot.story.wording import sections, version
from storage import abilities, stories, trail
from storage.database import Database
from storage.stories import Story

log = structlog.get_logger(__name__)

READING = Sampling(seed=1, temperature=0.0, repetition_penalty=1.0, max_tokens=160)
"""How answers are picked: the likeliest words."""
BEGUN = 3  # the depth that a story reaches before a model is tried for it
WRONG = 1  # answers of five, at most; of the embedded model mostly one is right


class Ability:
    """Know what the narrator's model can do."""

    def __init__(self, *, database: Database, scribe: Scribe, model: str) -> None:
        """Keep what was found for the model of that id."""
        self._database = database
        self._scribe = scribe
        self._model = model
        self._trying = asyncio.Lock()

    async def reads(self, story: Story, *, person_id: int | None) -> bool:
        """Tell whether the model can answer from excerpts in a story's language.

        Nobody waits for a trial: until there was one it counts as not able for people (`person_id`). In the background
        it is tried first; that raises what ends a stream.
        """
        able = await self._known(story.language)
        if able is None and person_id is None:
            async with self._trying:
                able = await self._known(story.language)
                able = await self._tried(story) if able is None else able
        return bool(able)

    async def trial(self, story_id: int) -> bool:
        """Try, once, whether the model can read in the language of a story; tell if it was tried now."""
        story = await stories.get(self._database, story_id)
        begun = await trail.at(self._database, story.branch_id, BEGUN) is not None
        if not begun or not story.narrates or await self._known(story.language) is not None:
            return False
        await self.reads(story, person_id=None)
        return True

    async def _tried(self, story: Story) -> bool:
        words = sections("trial", story.language)
        lines = [*words["questions"].splitlines(), words["unanswerable"]]
        wrong = 0
        for line in lines:
            wrong += not await self._answers(line, words, story)
            if wrong > WRONG:
                break
        able = wrong <= WRONG
        log.info("a model was tried", skill=_skill(story.language), able=able)
        async with self._database.transaction() as tx:
            await abilities.note(
                tx, model=self._model, skill=_skill(story.language), able=able, created=now()
            )
        return able

    async def _known(self, language: str) -> bool | None:
        return await abilities.get(self._database, model=self._model, skill=_skill(language))

    async def _answers(self, line: str, words: Mapping[str, str], story: Story) -> bool:
        """Tell whether one question is answered rightly; one without an answer must not be."""
        question, _, wanted = (part.strip() for part in line.partition("|"))
        sources = [Source("passage", n, n, "", words[name]) for n, name in ((1, "excerpt"), (2, "other"))]
        said = await self._scribe.text(
            messages=messages(story.language, words["title"], sources, question),
            sampling=replace(READING, max_tokens=60),
            story=story,
            person_id=None,
        )
        verdict = judge(said, question, sources)
        if not wanted:
            return verdict is None
        return verdict is not None and (wanted in verdict.text.casefold() or wanted in content(verdict.text))


def _skill(language: str) -> str:
    return f"reads {language} {version('trial', language)}.{version('ask', language)}"
