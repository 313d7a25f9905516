"""Keep a story's recaps up with it: scenes of passages, chapters of scenes, a book that grows by chapters.

Each call makes the one recap that is most due, from what is read at that moment; so it may be asked for at any time and
broken off at any time. What is missing because something in the middle was edited or taken back is made anew in its
place, and everything around it stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.clock import now
from bot.engine.request import ModelInfo
from bot.story.lore.search import LoreSearch
from bot.story.memory.recall import outside
from bot.story.memory.recapping import Recapper
from bot.story.wording import version
from storage import branches, passages, recaps, stories, trail
from storage.database import Database, Transaction
from storage.recaps import Level, NewRecap, Range, Recap
from storage.stories import Story
from storage.trail import Told

log = structlog.get_logger(__name__)

FRESH = 4  # newest passages that no recap tells: they are undone and tried again most
SCENE_PASSAGES = 12
SCENE_BYTES = 6000
FAN = 5  # scenes of a chapter, chapters by which the book grows


@dataclass(frozen=True, slots=True)
class Due:
    """Say which recap is to be made: of passages, or of recaps of the level below it (and the book before it)."""

    level: Level
    first: int
    last: int
    told: tuple[Told, ...] = ()
    parts: tuple[Recap, ...] = ()

    @property
    def texts(self) -> list[str]:
        """Return what it is made of."""
        return [one.passage.text for one in self.told] + [part.text for part in self.parts]


class Recaps:
    """Make the recaps of stories."""

    def __init__(self, *, database: Database, recapper: Recapper, lore: LoreSearch, model: ModelInfo) -> None:
        self._database = database
        self._recapper = recapper
        self._lore = lore
        self._model = model

    async def keep(self, story_id: int) -> bool:
        """Make the recap of a story that is most due; tell whether there was one."""
        story = await stories.get(self._database, story_id)
        due = await self._due(story)
        if due is None:
            return False
        leaves = await trail.leaves(self._database, story.branch_id, first=due.first, last=due.last)
        book = await self._lore.book(story.id, story.branch_id)
        retelling = await self._recapper.retell(story, due.level, due.texts, facts=book.pinned)
        new = NewRecap(
            story_id=story.id,
            level=due.level,
            first_depth=due.first,
            last_depth=due.last,
            first_slot=leaves[0].slot,
            last_slot=leaves[-1].slot,
            revised=recaps.signature(leaves),
            text=retelling.text,
            model=self._model.id if retelling.own else None,
            prompt=version("recap", story.language),
            created=now(),
        )
        async with self._database.transaction() as tx:
            if await _unspoiled(tx, due):
                await recaps.add(tx, new)
        log.info(
            "recap made", story=story.id, level=due.level, first=due.first, last=due.last, own=retelling.own
        )
        return True

    async def _due(self, story: Story) -> Due | None:
        where = (self._database, story.id, story.branch_id)
        scenes = await recaps.ranges(*where, "scene")
        if scene := await self._scene(story, scenes):
            return scene
        chapters = await recaps.ranges(*where, "chapter")
        if some := _next_chapter(scenes, chapters):
            parts = await recaps.by_ids(self._database, [one.id for one in some])
            return Due("chapter", some[0].first_depth, some[-1].last_depth, parts=tuple(parts))
        book = await recaps.longest(*where, "book")
        end = book.last_depth if book else -1
        some = [chapter for chapter in chapters if chapter.first_depth > end][:FAN]
        if len(some) < FAN:
            return None
        parts = await recaps.by_ids(self._database, [one.id for one in some])
        return Due("book", 0, some[-1].last_depth, parts=(*([book] if book else ()), *parts))

    async def _scene(self, story: Story, scenes: Sequence[Range]) -> Due | None:
        """Return the first passages that no scene tells, if they are a scene or stand between two."""
        branch = await branches.get(self._database, story.branch_id)
        if branch.head is None:
            return None
        end = (await passages.get(self._database, branch.head)).depth + 1 - FRESH
        for first, after in gaps([(scene.first_depth, scene.last_depth) for scene in scenes], end):
            told = await self._told(story, first, after)
            some = _scene_of(told)
            full = len(some) == SCENE_PASSAGES or len(some) < len(told)
            if some and (full or after < end):
                # What is read nowhere at the end of a stretch belongs to it, so that no gap stays.
                reach = after - 1 if len(some) == len(told) else told[len(some)].depth - 1
                return Due("scene", first, reach, told=tuple(some))
        return None

    async def _told(self, story: Story, first: int, after: int) -> list[Told]:
        """Return the first passages with words of a stretch: more than a scene, if there are."""
        told: list[Told] = []
        while first < after and len(told) <= SCENE_PASSAGES:
            last = min(after, first + 2 * SCENE_PASSAGES) - 1
            some = await trail.read(self._database, story.branch_id, first=first, last=last)
            told += [one for one in some if one.passage.text]
            first = last + 1
        return told


def gaps(ranges: Sequence[tuple[int, int]], end: int) -> list[tuple[int, int]]:
    """Return the stretches before `end` that no range covers, each as its first place and the one after its last."""
    found, at = [], 0
    for first, last in ranges:
        if first > at:
            found.append((at, min(first, end)))
        at = max(at, last + 1)
    if at < end:
        found.append((at, end))
    return [gap for gap in found if gap[0] < gap[1]]


def _scene_of(told: Sequence[Told]) -> list[Told]:
    """Return the first passages that make a scene by their number or length; one at least."""
    taken: list[Told] = []
    size = 0
    for one in told[:SCENE_PASSAGES]:
        size += len(one.passage.text.encode())
        if taken and size > SCENE_BYTES:
            break
        taken.append(one)
    return taken


def _next_chapter(scenes: Sequence[Range], chapters: Sequence[Range]) -> list[Range]:
    """Return the first scenes that no chapter tells, if they are a chapter or stand between two."""
    untold = {scene.id for scene in outside(scenes, chapters)}
    run: list[Range] = []
    for scene in scenes:
        if scene.id in untold:
            run.append(scene)
            if len(run) == FAN:
                return run
        elif len(run) > 1:
            return run
        else:
            run = []
    return []


async def _unspoiled(tx: Transaction, due: Due) -> bool:
    """Tell whether what a recap was made of is still kept: somebody may have had their words erased meanwhile."""
    if due.parts:
        return len(await recaps.by_ids(tx, [part.id for part in due.parts])) == len(due.parts)
    kept = [await passages.get(tx, one.passage.id) for one in due.told]
    return all(passage.text for passage in kept)
