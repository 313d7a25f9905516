"""Tell people what happened: the story so far in recaps, and what is new since they were here, in their language."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Literal

import structlog

from bot.clock import Clock
from bot.engine.errors import QueueFull
from bot.errors import Refused, Unavailable
from bot.locales import _
from bot.story import standing
from bot.story.lore.search import LoreSearch
from bot.story.memory.recall import covering, outside
from bot.story.memory.recapping import Recapper, language_of
from bot.story.people import Person, Place
from bot.story.turns import keeping
from bot.story.turns.rights import require_unsealed
from bot.story.turns.state import TurnState
from storage import displays, recaps, stories, trail, visits
from storage.database import Database
from storage.lore import Version
from storage.recaps import Level, Recap
from storage.stories import Language, Story
from storage.trail import Told
from storage.visits import Leaving, Voice

log = structlog.get_logger(__name__)

UNTOLD = 16  # newest passages at most that no recap tells, and that are retold for one reader
_UNTOLD_BYTES = 6000
_RECAPS = 8  # recaps at most in an answer to somebody who was away
_PEOPLE = 8
_SHOWN = 30  # recaps of which some may fit a card
NOTED = 60.0  # seconds for which a person who was noted need not be noted again
_REMEMBERED = 10_000  # people


@dataclass(frozen=True, slots=True)
class Spot:
    """Name a message that shows a passage."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Chapter:
    """Hold what happened in a range of passages, by the numbers that readers count, and where that begins.

    `own` tells that the words are the model's; `level` is None for what was retold just now. `tongue` is whether it is
    in the reader's language: by itself, since it was translated, or not at all.
    """

    level: Level | None
    first: int
    last: int
    text: str
    own: bool
    begins: Spot | None
    tongue: Literal["same", "translated", "other"] = "same"


@dataclass(frozen=True, slots=True)
class SoFar:
    """Hold the newest recaps of a story in its order, how many there are before them, and how many passages after."""

    story: Story
    chapters: tuple[Chapter, ...]
    earlier: int
    passages: int
    untold: int
    newest: Spot | None


@dataclass(frozen=True, slots=True)
class News:
    """Tell somebody what is new: since they left, or from the beginning where they were never here.

    `first` is the number of the first new passage; none are new where it is more than `passages`.
    """

    story: Story
    left: Leaving | None
    first: int
    passages: int
    writers: tuple[Voice, ...]
    chapters: tuple[Chapter, ...]
    people: tuple[Version, ...]
    turns: TurnState
    begins: Spot | None
    newest: Spot | None


class KeepingUp:
    """Tell what happened."""

    def __init__(self, *, database: Database, recapper: Recapper, lore: LoreSearch, clock: Clock) -> None:
        self._database = database
        self._recapper = recapper
        self._lore = lore
        self._clock = clock
        self._noted: dict[tuple[int, int], float] = {}

    async def visit(self, place: Place, person_id: int) -> None:
        """Note that somebody takes part in the story of a place, if there is one."""
        last = self._noted.get((place.channel_id, person_id), -NOTED)
        if monotonic() - last < NOTED:
            return
        story = await stories.running_in(self._database, place.channel_id)
        if story is None:
            return
        if len(self._noted) > _REMEMBERED:
            self._noted.clear()
        self._noted[place.channel_id, person_id] = monotonic()
        async with self._database.transaction() as tx:
            await visits.note(tx, story_id=story.id, person_id=person_id, now=self._clock.now())

    async def so_far(self, place: Place, level: Level | None) -> SoFar:
        """Return a story's recaps: those of one level, or the coarsest that together tell all of it."""
        story = await self._readable(place)
        length = await self._length(story)
        if level is None:
            found = await covering(self._database, story, before=length)
        else:
            found = await recaps.in_use(self._database, story.id, story.branch_id, level)
        if level == "book":
            found = found[-1:]  # each book tells what the one before it does, and more
        end = found[-1].last_depth + 1 if found else 0
        passages = await trail.count(self._database, story.branch_id)
        untold = passages - await trail.count(self._database, story.branch_id, before=end)
        shown = found[-_SHOWN:]
        chapters = tuple([await self._chapter(story, recap) for recap in shown])
        newest = await self._shown_at(story, length - 1)
        return SoFar(story, chapters, len(found) - len(shown), passages, untold, newest)

    async def news(self, place: Place, person: Person) -> News:
        """Return what is new to a person since they were here last."""
        story = await self._readable(place)
        branch = story.branch_id
        left = await visits.left(
            self._database, story_id=story.id, person_id=person.id, now=self._clock.now()
        )
        first = (
            await visits.first_unseen(self._database, branch, person_id=person.id, leaving=left)
            if left
            else 0
        )
        seen = await trail.count(self._database, branch, before=first)
        length = await self._length(story)
        chapters = await self._since(story, first, length, person)
        return News(
            story,
            left,
            seen + 1,
            await trail.count(self._database, branch),
            tuple(await visits.writers(self._database, branch, first=first)),
            tuple([await self._for_reader(story, chapter, person) for chapter in chapters]),
            await self._people(story, [chapter.text for chapter in chapters]),
            await keeping.foreseen(self._database, story, now=self._clock.now()),
            await self._shown_at(story, first),
            await self._shown_at(story, length - 1),
        )

    async def _since(self, story: Story, first: int, length: int, person: Person) -> list[Chapter]:
        """Return what happened from a depth on: recaps where there are, and the newest retold."""
        told = await self._recaps_since(story, first, length)
        end = max(told[-1].last_depth + 1, first) if told else first
        chapters = [await self._chapter(story, recap) for recap in told]
        fresh = await trail.read(self._database, story.branch_id, first=max(end, length - UNTOLD))
        fresh = _newest([one for one in fresh if one.passage.text])
        return [*chapters, await self._retold(story, fresh, person)] if fresh else chapters

    async def _recaps_since(self, story: Story, first: int, length: int) -> list[Recap]:
        """Return the finest recaps from a depth on that are few enough to be read."""
        where = (self._database, story.id, story.branch_id)
        scenes = [one for one in await recaps.in_use(*where, "scene") if one.last_depth >= first]
        if len(scenes) <= _RECAPS:
            return scenes
        chapters = [one for one in await recaps.in_use(*where, "chapter") if one.last_depth >= first]
        finer = outside(scenes, chapters)
        if len(chapters) + len(finer) <= _RECAPS:
            return sorted([*chapters, *finer], key=lambda recap: recap.first_depth)
        return (await covering(self._database, story, before=length))[-_RECAPS:]

    async def _retold(self, story: Story, told: Sequence[Told], person: Person) -> Chapter:
        book = await self._lore.book(story.id, story.branch_id)
        texts = [one.passage.text for one in told]
        try:
            retelling = await self._recapper.retell(
                story, "visit", texts, facts=book.pinned, person_id=person.id
            )
        except (Unavailable, QueueFull) as error:
            # Whoever comes back is told at once, and what they asked for needs no model.
            log.info("quoting instead of retelling", reason=error.text.msgid, story=story.id)
            retelling = await self._recapper.quote(story, "visit", texts, facts=book.pinned)
        return Chapter(
            None,
            await trail.count(self._database, story.branch_id, before=told[0].depth) + 1,
            await trail.count(self._database, story.branch_id, before=told[-1].depth) + 1,
            retelling.text,
            retelling.own,
            await self._shown_at(story, told[0].depth),
        )

    async def _for_reader(self, story: Story, chapter: Chapter, person: Person) -> Chapter:
        """Return what happened in the language of who reads it, where the model can say it so."""
        wanted: Language = "zh" if person.locale.startswith("zh") else "en"
        if language_of(chapter.text) == wanted:
            return chapter
        try:
            said = await self._recapper.translate(story, chapter.text, language=wanted, person_id=person.id)
        except (Unavailable, QueueFull) as error:
            log.info("no translation just now", reason=error.text.msgid, story=story.id)
            said = None
        if said is None:
            return replace(chapter, tongue="other")
        return replace(chapter, text=said, own=True, tongue="translated")

    async def _chapter(self, story: Story, recap: Recap) -> Chapter:
        first = await trail.count(self._database, story.branch_id, before=recap.first_depth) + 1
        last = await trail.count(self._database, story.branch_id, before=recap.last_depth + 1)
        begins = await self._shown_at(story, recap.first_depth)
        return Chapter(recap.level, first, last, recap.text, recap.model is not None, begins)

    async def _people(self, story: Story, texts: Sequence[str]) -> tuple[Version, ...]:
        """Return the characters whom texts name, then others, as many as fit an answer."""
        book = await self._lore.book(story.id, story.branch_id)
        characters = [version for version in book.versions.values() if version.kind == "character"]
        matches = await asyncio.to_thread(book.keys.find, "\n".join(texts))
        named = {match.owner for match in matches}
        return tuple(sorted(characters, key=lambda version: version.id not in named)[:_PEOPLE])

    async def _readable(self, place: Place) -> Story:
        story = await stories.newest_in(self._database, place.channel_id)
        if story is None:
            raise Refused(_("No story has been told here yet. Start one with `/story start`."))
        await require_unsealed(self._database, story)
        return story

    async def _length(self, story: Story) -> int:
        head = (await standing.of(self._database, story)).branch.head
        leaf = await trail.find(self._database, story.branch_id, head) if head is not None else None
        return leaf.depth + 1 if leaf else 0

    async def _shown_at(self, story: Story, depth: int) -> Spot | None:
        """Return the first message of what is read at a depth, if one shows it."""
        leaf = await trail.at(self._database, story.branch_id, depth)
        shown = await displays.of_passage(self._database, leaf.shown) if leaf and leaf.shown else []
        return Spot(shown[0].channel_id, shown[0].message_id) if shown else None


def _newest(told: Sequence[Told]) -> list[Told]:
    """Return as many of the newest passages as can be retold at once; one at least."""
    taken: list[Told] = []
    size = 0
    for one in reversed(told):
        size += len(one.passage.text.encode())
        if taken and size > _UNTOLD_BYTES:
            break
        taken.insert(0, one)
    return taken
