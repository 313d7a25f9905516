"""Say what the narrator is told beside the passages: facts, people, recaps; each with what brought it up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.story.lore.found import Obstacle, Reason

Kind = Literal["fact", "character", "recap"]


@dataclass(frozen=True, slots=True)
class Item:
    """Hold one fact, character or recap as the narrator reads it.

    `about` is the id of the lore's entry, or the recap's; a recap's title says its level and range.
    """

    kind: Kind
    about: int
    title: str
    text: str
    reasons: tuple[Reason, ...] = ()

    @property
    def line(self) -> str:
        """Return it as one line, without a dash: small models take up whatever looks like a list."""
        return " ".join(self.text.split())


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Name something that was found and not told, and why."""

    kind: Kind
    about: int
    title: str
    obstacle: Obstacle


@dataclass(frozen=True, slots=True)
class Pinned:
    """Hold what is pinned in a story, and whether there is other lore that could come up."""

    items: tuple[Item, ...] = ()
    lively: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """Hold what is recalled for one passage; `settled` is what the passages speak of that the window begins with."""

    recaps: tuple[Item, ...] = ()
    settled: tuple[Item, ...] = ()
    triggered: tuple[Item, ...] = ()
    cast: tuple[Item, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def fitting(items: Iterable[Item], room: int) -> tuple[tuple[Item, ...], tuple[LeftOut, ...]]:
    """Return the items whose lines fit in so many bytes, the first ones first, and those left out."""
    taken: list[Item] = []
    lost: list[LeftOut] = []
    for item in items:
        size = len(item.line.encode()) + 1
        if size <= room:
            room -= size
            taken.append(item)
        else:
            lost.append(LeftOut(item.kind, item.about, item.title, "budget"))
    return tuple(taken), tuple(lost)


def listed(items: Sequence[Item]) -> str:
    """Return items, each on a line of its own."""
    return "\n".join(item.line for item in items)
