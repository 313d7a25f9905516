"""Let the model say what goes against the lore where simple rules find nothing, if it is able to.

Whether it is, is tried once in the background; a model that is not is never asked. Nobody waits for its word for long.
"""

import asyncio
from collections.abc import Sequence

import structlog

from bot.clock import now
from bot.engine.request import Message, Sampling
from bot.errors import StoryloomError
from bot.story.lore.book import Book
from bot.story.lore.contradictions import MOST, Contradiction, spoken_of
from bot.story.lore.keys import fold
from bot.story.questions.excerpts import excerpt, sentences
from bot.story.scribe import Scribe
from bot.story.terms import content
from bot.story.text import neutralise
from bot.story.wording import sections, version
from storage import abilities, lore, stories
from storage.database import Database
from storage.lore import Version
from storage.stories import Story

log = structlog.get_logger(__name__)

SECONDS = 6.0  # that a passage waits for a word
WRONG = 1  # answers of eight, at most
_FACT, _PASSAGE = 300, 1500  # bytes


class Jury:
    """Ask the model which facts a passage contradicts."""

    def __init__(self, *, database: Database, scribe: Scribe, model: str) -> None:
        """Keep whether the model of that id is able."""
        self._database = database
        self._scribe = scribe
        self._model = model

    async def against(self, story: Story, book: Book, text: str, *, person_id: int) -> list[Contradiction]:
        """Return what the model finds in a text against the lore that it names; nothing where that takes long."""
        spoken = await asyncio.to_thread(spoken_of, book, fold(text))
        versions = [book.versions[one] for one in spoken[:MOST]]
        if not versions or not story.narrates or not await self._is_able(story.language):
            return []
        facts = [excerpt(one.text, content(text), longest=_FACT) for one in versions]
        try:
            async with asyncio.timeout(SECONDS):
                passage = excerpt(text, content(" ".join(facts)), longest=_PASSAGE)
                numbers = await self._ask(story, facts, passage, person_id)
        except (TimeoutError, StoryloomError) as error:
            log.info("no word on a passage", story=story.id, error=type(error).__name__)
            return []
        return [_found(versions[n - 1], facts[n - 1], text) for n in numbers]

    async def trial(self, story_id: int) -> bool:
        """Try, once, whether the model is able to judge in a story's language; tell if it was tried now."""
        story = await stories.get(self._database, story_id)
        wanted = story.state == "running" and story.lore_check and story.narrates
        if not wanted or await self._known(story.language) is not None:
            return False
        newest, _holding = await lore.state(self._database, story.id, story.branch_id)
        if not newest:
            return False  # there is nothing to judge by
        wrong = 0
        for line in sections("judge", story.language)["trial"].splitlines():
            wrong += not await self._is_right(line, story)
            if wrong > WRONG:
                break
        able = wrong <= WRONG
        log.info("a model was tried", skill=_skill(story.language), able=able)
        async with self._database.transaction() as tx:
            await abilities.note(
                tx, model=self._model, skill=_skill(story.language), able=able, created=now()
            )
        return True

    async def _is_right(self, line: str, story: Story) -> bool:
        facts, passage, wanted = (part.strip() for part in line.split("|"))
        numbers = await self._ask(story, facts.split(" / "), passage, None)
        return numbers == ([int(wanted)] if wanted != "0" else [])

    async def _ask(
        self, story: Story, facts: Sequence[str], passage: str, person_id: int | None
    ) -> list[int]:
        words = sections("judge", story.language)
        listed = "\n".join(
            f"{n}. {' '.join(neutralise(fact).split())}" for n, fact in enumerate(facts, start=1)
        )
        said = await self._scribe.text(
            messages=(
                Message("system", words["system"]),
                Message(
                    "user", words["user"].format(facts=listed, text=" ".join(neutralise(passage).split()))
                ),
            ),
            sampling=Sampling(seed=1, temperature=0.0, max_tokens=8, grammar=_grammar(len(facts))),
            story=story,
            person_id=person_id,
        )
        return sorted({int(char) for char in said if char.isdecimal() and 1 <= int(char) <= len(facts)})

    async def _is_able(self, language: str) -> bool:
        return bool(await self._known(language))

    async def _known(self, language: str) -> bool | None:
        return await abilities.get(self._database, model=self._model, skill=_skill(language))


def _skill(language: str) -> str:
    return f"judges {language} {version('judge', language)}"


def _grammar(facts: int) -> str:
    """Hold an answer to 0, or to numbers of facts."""
    return f'root ::= "0" | [1-{facts}] (", " [1-{facts}])*'


def _found(version: Version, fact: str, text: str) -> Contradiction:
    """Return a contradiction with the sentence that shares most with the fact."""
    terms = content(f"{version.title} {fact}")
    said = max(sentences(text) or [text], key=lambda sentence: len(content(sentence) & terms))
    return Contradiction(version, "judged", said, fact)
