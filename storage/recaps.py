"""Keep recaps: what happened in a range of passages, in fewer words; each in use where that range is read.

A recap is never deleted because the head moved: it is found where its last slot is on the branch and everything in its
range is read as it was. So undo, redo and branches that share a beginning find exactly the recaps that fit.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Literal

from storage.database import Reader, Transaction
from storage.trail import Leaf

Level = Literal["scene", "chapter", "book"]
LEVELS: tuple[Level, ...] = ("scene", "chapter", "book")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecap:
    """Describe a recap of a range of slots, both ends included; `model` is None where the story's own words are it.

    `revised` is the range's `signature`, `prompt` the version of the prompt.
    """

    story_id: int
    level: Level
    first_depth: int
    last_depth: int
    first_slot: int
    last_slot: int
    revised: str
    text: str
    model: str | None
    prompt: int
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recap(NewRecap):
    """Mirror one row."""

    id: int


@dataclass(frozen=True, slots=True)
class Range:
    """Name a recap and the depths that it covers, both included."""

    id: int
    first_depth: int
    last_depth: int


_NEW = [field.name for field in fields(NewRecap)]
_COLUMNS = ", ".join(f"recaps.{name}" for name in ("id", *_NEW))
_READ_AS_IT_WAS = (
    "recaps.revised = (SELECT coalesce(group_concat(mark, ' '), '') FROM ("
    " SELECT slot || ':' || coalesce(shown, '-') AS mark FROM trail INDEXED BY trail_revised WHERE branch_id = :branch"
    " AND depth BETWEEN recaps.first_depth AND recaps.last_depth AND shown IS NOT slot ORDER BY depth))"
)
_IN_USE = (
    "FROM recaps JOIN trail ON trail.branch_id = :branch AND trail.slot = recaps.last_slot"
    " WHERE recaps.story_id = :story AND recaps.level = :level AND recaps.first_depth >= :first"
    f" AND recaps.first_depth < :before AND {_READ_AS_IT_WAS}"
)
_FAR = 2**62


def signature(leaves: Iterable[Leaf]) -> str:
    """Return what tells ranges of the same slots apart: where something else is read than was written, or nothing."""
    return " ".join(
        f"{leaf.slot}:{'-' if leaf.shown is None else leaf.shown}"
        for leaf in leaves
        if leaf.shown != leaf.slot
    )


async def add(tx: Transaction, new: NewRecap) -> None:
    """Keep a recap; one of the same range, read the same, is kept as it is."""
    await tx.execute(
        f"INSERT INTO recaps ({', '.join(_NEW)}) VALUES ({', '.join(f':{name}' for name in _NEW)})"
        " ON CONFLICT DO NOTHING",
        asdict(new),
    )


async def ranges(reader: Reader, story_id: int, branch_id: int, level: Level) -> list[Range]:
    """Return what `in_use` does, without the words: thousands of them cost little."""
    rows = await reader.fetch_all(
        f"SELECT recaps.id, recaps.first_depth, recaps.last_depth {_IN_USE}"
        " ORDER BY recaps.first_depth, recaps.last_depth, recaps.id",
        {"story": story_id, "branch": branch_id, "level": level, "first": 0, "before": _FAR},
    )
    return [Range(*row) for row in rows]


async def by_ids(reader: Reader, ids: Iterable[int]) -> list[Recap]:
    """Return recaps that are kept, in the order in which they begin."""
    wanted = list(ids)
    marks = ", ".join("?" * len(wanted))
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} FROM recaps WHERE id IN ({marks}) ORDER BY first_depth, last_depth, id", wanted
    )
    return [Recap(**dict(row)) for row in rows]


async def in_use(
    reader: Reader,
    story_id: int,
    branch_id: int,
    level: Level,
    *,
    first: int = 0,
    before: int | None = None,
) -> list[Recap]:
    """Return a level's recaps that describe what is read on a branch, by where they begin, then by their end.

    They begin at the depth `first` or later, and before the depth `before`.
    """
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} {_IN_USE} ORDER BY recaps.first_depth, recaps.last_depth, recaps.id",
        {
            "story": story_id,
            "branch": branch_id,
            "level": level,
            "first": first,
            "before": _FAR if before is None else before,
        },
    )
    return [Recap(**dict(row)) for row in rows]


async def longest(
    reader: Reader, story_id: int, branch_id: int, level: Level, *, before: int | None = None
) -> Recap | None:
    """Return the recap in use that covers most of the beginning of what is read, and ends before a depth."""
    row = await reader.fetch_one(
        f"SELECT {_COLUMNS} {_IN_USE} AND recaps.last_depth < :end ORDER BY recaps.last_depth DESC LIMIT 1",
        {
            "story": story_id,
            "branch": branch_id,
            "level": level,
            "first": 0,
            "before": 1,
            "end": _FAR if before is None else before,
        },
    )
    return Recap(**dict(row)) if row else None
