"""Recall for a passage what the narrator must not forget: pinned lore, recaps of what fell out of the window, lore.

Lore that the beginning of the window speaks of stands before the passages, where it stays until the window moves; only
what the newest words bring up besides goes behind them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from bot.story.lore.book import Book
from bot.story.lore.found import Found, Hit, Reason
from bot.story.lore.knowledge import Knowledge
from bot.story.lore.search import LoreSearch
from bot.story.lore.telling import told as lore_told
from bot.story.memory.prompt import Plan
from bot.story.memory.reminders import Item, LeftOut, Memory, Pinned
from bot.story.memory.window import SEPARATOR, PassageText, Shares, shares
from storage import recaps
from storage.database import Database
from storage.recaps import Range, Recap
from storage.stories import Story
from storage.trail import Told

RECENT = 3  # passages whose words bring lore up


Covering = TypeVar("Covering", Recap, Range)

_KEPT = 200  # stories whose settled lore is kept ready


@dataclass(frozen=True, slots=True)
class _Settled:
    """Keep what was found for the beginning of a window, which is the same turn after turn."""

    passages: tuple[PassageText, ...]
    book: Book
    room: Shares
    items: tuple[Item, ...]

    def fits(self, passages: tuple[PassageText, ...], book: Book, room: Shares) -> bool:
        """Tell whether the same would be found again."""
        return self.book is book and self.room == room and self.passages == passages


class Recall:
    """Assemble the memory of prompts."""

    def __init__(self, *, database: Database, lore: LoreSearch, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._database = database
        self._lore = lore
        self._kept: dict[int, _Settled] = {}

    async def book(self, story: Story) -> Book:
        """Return the lore that is in use in a story."""
        return await self._lore.book(story.id, story.branch_id)

    async def pinned(self, story: Story) -> Pinned:
        """Return what is pinned in a story."""
        book = await self._lore.book(story.id, story.branch_id)
        items = (
            Item(
                version.kind,
                version.entry_id,
                version.title,
                lore_told(version, story.language),
                (Reason("pinned"),),
            )
            for version in book.pinned
        )
        return Pinned(tuple(items), lively=len(book.pinned) < len(book.versions))

    async def memory(self, story: Story, plan: Plan) -> Memory:
        """Return what goes with a plan's window."""
        window, room = plan.window, shares(plan.budget)
        before = 0 if window.whole else window.first_depth
        found = [
            recap
            for recap in await covering(self._database, story, before=before)
            # A passage that is written anew must not know what comes after it.
            if recap.text and recap.last_depth <= window.included[-1].depth
        ]
        settled = await self._settled(story, plan, room)
        recent = [passage.text for passage in window.included[-RECENT:]]
        if plan.direction:
            recent.append(plan.direction)
        lively = await self._lore.find(
            story,
            story.branch_id,
            SEPARATOR.join(recent),
            budget_bytes=_spent(plan) + room.settled + room.triggered,
            depth=window.included[-1].depth + 1 if window.included else 0,
        )
        known = {item.about for item in settled}
        things = [item.about for item in (*items_of(lively.triggered), *settled, *plan.pinned)]
        ignorant = await self._knowledge.told(story, things, recent=recent)
        fired = [item for item in items_of(lively.triggered) if item.about not in known and _is_meant(item)]
        return Memory(
            recaps=tuple(item_of(recap) for recap in found),
            settled=settled,
            triggered=tuple(item for item in fired if item.kind == "fact"),
            cast=(*(item for item in fired if item.kind == "character"), *ignorant),
            left_out=tuple(lost for lost in left_out_of(lively) if lost.about not in known),
        )

    async def _settled(self, story: Story, plan: Plan, room: Shares) -> tuple[Item, ...]:
        """Return the lore that the passages speak of that were there when the window moved."""
        passages = plan.window.settled
        if not passages:
            return ()
        book = await self._lore.book(story.id, story.branch_id)
        kept = self._kept.get(story.id)
        if kept is not None and kept.fits(passages, book, room):
            return kept.items
        found = await self._lore.find(
            story,
            story.branch_id,
            SEPARATOR.join(passage.text for passage in passages),
            budget_bytes=_spent(plan) + room.settled,
            depth=passages[0].depth,
        )
        items = tuple(sorted(items_of(found.triggered), key=lambda item: item.about))
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[story.id] = _Settled(passages, book, room, items)
        return items


def _is_meant(item: Item) -> bool:
    """Tell whether more brought an entry up than a rare word or two, which comes and goes with every turn."""
    return any(reason.way != "words" for reason in item.reasons)


def _spent(plan: Plan) -> int:
    """Return the bytes that pinned lore takes, which a search counts too."""
    return sum(len(item.line.encode()) + 1 for item in plan.pinned)


def passage_texts(told: Sequence[Told]) -> list[PassageText]:
    """Return what is read as a prompt takes it."""
    return [PassageText(one.slot, one.passage.text, one.depth, one.passage.bytes_before) for one in told]


async def covering(database: Database, story: Story, *, before: int) -> list[Recap]:
    """Return the recaps that tell what is read before a depth, in the story's order, coarse ones where there are.

    The last may reach over that depth; so nothing is missing between it and the passages.
    """
    if before <= 0:
        return []
    where = (story.id, story.branch_id)
    book = await recaps.longest(database, *where, "book", before=before)
    first = book.last_depth + 1 if book else 0
    chapters = await recaps.in_use(database, *where, "chapter", first=first, before=before)
    chapters = [chapter for chapter in chapters if chapter.last_depth < before]
    scenes = await recaps.in_use(database, *where, "scene", first=first, before=before)
    finer = outside(scenes, chapters)
    return [*([book] if book else []), *sorted(chain(chapters, finer), key=lambda recap: recap.first_depth)]


def outside(fine: Sequence[Covering], coarse: Sequence[Covering]) -> list[Covering]:
    """Return the ranges that lie in none of some larger ones; both in the order in which they begin."""
    found: list[Covering] = []
    at, reach = 0, -1
    for one in fine:
        while at < len(coarse) and coarse[at].first_depth <= one.first_depth:
            reach = max(reach, coarse[at].last_depth)
            at += 1
        if one.last_depth > reach:
            found.append(one)
    return found


def item_of(recap: Recap) -> Item:
    """Return a recap as the narrator is told it."""
    title = f"{recap.level} {recap.first_depth + 1}-{recap.last_depth + 1}"
    return Item("recap", recap.id, title, recap.text)


def items_of(hits: Iterable[Hit]) -> list[Item]:
    """Return lore as the narrator is told it."""
    return [
        Item(hit.version.kind, hit.version.entry_id, hit.version.title, hit.told, hit.reasons) for hit in hits
    ]


def left_out_of(found: Found) -> list[LeftOut]:
    """Name the lore that was found and is not told; what is pinned has its own place and room."""
    return [
        LeftOut(lost.hit.version.kind, lost.hit.version.entry_id, lost.hit.version.title, lost.obstacle)
        for lost in found.left_out
        if not lost.hit.version.pinned
    ]
