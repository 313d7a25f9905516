"""Say what the narrator is told beside the passages: facts, recaps, people; each with what brought it up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Cause = Literal["pinned", "key", "meaning", "words", "related", "in scene", "before"]
Loss = Literal["budget", "cooldown", "group", "recursion"]


@dataclass(frozen=True, slots=True)
class Item:
    """Hold one fact, character or recap; `hint` is the key that was met, or a recap's range and level.

    `about` is the id of the entry of lore, or of the recap.
    """

    about: int
    title: str
    text: str
    cause: Cause
    hint: str = ""

    @property
    def line(self) -> str:
        """Return it as one line of a list."""
        words = " ".join(self.text.split())
        return f"- {self.title}: {words}" if self.title else f"- {words}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Name something that was found and not told, and why."""

    about: int
    title: str
    loss: Loss


@dataclass(frozen=True, slots=True)
class Memory:
    """Hold all of it for one passage; `settled` is what the passages speak of that the window begins with.

    `lively` tells whether there is lore that could come up, so that room for it is kept.
    """

    pinned: tuple[Item, ...] = ()
    recaps: tuple[Item, ...] = ()
    settled: tuple[Item, ...] = ()
    triggered: tuple[Item, ...] = ()
    cast: tuple[Item, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    lively: bool = False


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
            lost.append(LeftOut(item.about, item.title, "budget"))
    return tuple(taken), tuple(lost)


def listed(items: Sequence[Item]) -> str:
    """Return items as the lines of a list."""
    return "\n".join(item.line for item in items)
