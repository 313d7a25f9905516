"""Read a story along a branch: the path from its root to its head, written out so that any place is found at once.

A **slot** is a passage on that path. What is read there may be another passage (`shown`: an edit, or a take of one in
the middle) or nothing, where it was taken back from the middle. `branches.move` keeps the trail, by `follow`.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from sqlite3 import Row

from storage.database import Reader, Transaction
from storage.passages import COLUMNS, Passage, passage_of

_CHUNK = 200  # passages read at once where a whole story is read
_MARKS = 500  # ids asked for in one statement


@dataclass(frozen=True, slots=True)
class Leaf:
    """Name a slot and what is read there; None where nothing is."""

    depth: int
    slot: int
    shown: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """Hold what is read at a slot."""

    depth: int
    slot: int
    passage: Passage


_TOLD = ", ".join(f"passages.{column}" for column in COLUMNS)
_JOINED = (
    f"SELECT trail.depth AS at, trail.slot AS slot, {_TOLD} FROM trail JOIN passages ON passages.id = trail.shown"
    " WHERE trail.branch_id = :branch"
)


def _told(row: Row) -> Told:
    values = dict(row)
    return Told(values.pop("at"), values.pop("slot"), passage_of(values))


async def leaves(reader: Reader, branch_id: int, *, first: int = 0, last: int | None = None) -> list[Leaf]:
    """Return the ids from one depth to another, both included, in order; what is read nowhere is there too."""
    rows = await reader.fetch_all(
        "SELECT depth, slot, shown FROM trail WHERE branch_id = :branch AND depth >= :first"
        " AND (:last IS NULL OR depth <= :last) ORDER BY depth",
        {"branch": branch_id, "first": first, "last": last},
    )
    return [Leaf(*row) for row in rows]


async def read(reader: Reader, branch_id: int, *, first: int = 0, last: int | None = None) -> list[Told]:
    """Return what is read from one depth to another, both included, in order."""
    rows = await reader.fetch_all(
        f"{_JOINED} AND trail.depth >= :first AND (:last IS NULL OR trail.depth <= :last) ORDER BY trail.depth",
        {"branch": branch_id, "first": first, "last": last},
    )
    return [_told(row) for row in rows]


async def newest(reader: Reader, branch_id: int, *, size: int, last: int | None = None) -> list[Told]:
    """Return the newest that is read, up to a depth, in order: as many as hold `size` bytes, and one more.

    Costs what it returns, however long the story is.
    """
    found: list[Told] = []
    held = 0
    while held <= size:
        below = found[-1].depth - 1 if found else last
        rows = await reader.fetch_all(
            f"{_JOINED} AND (:last IS NULL OR trail.depth <= :last) ORDER BY trail.depth DESC LIMIT :limit",
            {"branch": branch_id, "last": below, "limit": _CHUNK},
        )
        for row in rows:
            if held > size:
                break
            found.append(_told(row))
            held += len(found[-1].passage.text.encode())
        if len(rows) < _CHUNK:
            break
    return found[::-1]


async def whole(reader: Reader, branch_id: int) -> AsyncIterator[list[Told]]:
    """Yield all that is read in lists of some hundred passages, in order."""
    first = 0
    while True:
        rows = await reader.fetch_all(
            f"{_JOINED} AND trail.depth >= :first ORDER BY trail.depth LIMIT :limit",
            {"branch": branch_id, "first": first, "limit": _CHUNK},
        )
        if rows:
            yield [_told(row) for row in rows]
        if len(rows) < _CHUNK:
            return
        first = rows[-1]["at"] + 1


async def find(reader: Reader, branch_id: int, passage_id: int) -> Leaf | None:
    """Return where a passage stands on a branch: as a slot, or as what is read in one."""
    row = await reader.fetch_one(
        "SELECT depth, slot, shown FROM trail WHERE branch_id = :branch AND slot = :id"
        " UNION ALL SELECT depth, slot, shown FROM trail WHERE branch_id = :branch AND shown = :id LIMIT 1",
        {"branch": branch_id, "id": passage_id},
    )
    return Leaf(*row) if row else None


async def at(reader: Reader, branch_id: int, depth: int) -> Leaf | None:
    """Return what stands at a depth, if the branch is that long."""
    row = await reader.fetch_one(
        "SELECT depth, slot, shown FROM trail WHERE branch_id = ? AND depth = ?", (branch_id, depth)
    )
    return Leaf(*row) if row else None


async def on_path(reader: Reader, branch_id: int, ids: Collection[int]) -> set[int]:
    """Return which of some passages are slots of a branch."""
    wanted = list(ids)
    found: set[int] = set()
    for start in range(0, len(wanted), _MARKS):
        some = wanted[start : start + _MARKS]
        marks = ", ".join("?" * len(some))
        rows = await reader.fetch_all(
            f"SELECT slot FROM trail WHERE branch_id = ? AND slot IN ({marks})", (branch_id, *some)
        )
        found.update(row["slot"] for row in rows)
    return found


_UP = (
    "WITH RECURSIVE up (id, parent, depth, known) AS ("
    " SELECT id, parent, depth, EXISTS (SELECT 1 FROM trail WHERE branch_id = :branch AND slot = id)"
    " FROM passages WHERE id = :head"
    " UNION ALL SELECT p.id, p.parent, p.depth,"
    " EXISTS (SELECT 1 FROM trail WHERE branch_id = :branch AND slot = p.id)"
    " FROM passages AS p JOIN up ON p.id = up.parent WHERE NOT up.known)"
)


async def follow(tx: Transaction, branch_id: int, head: int | None) -> None:
    """Let a branch's trail end at its head; costs as much as differs."""
    where = {"branch": branch_id, "head": head}
    joint = await tx.change(f"{_UP} SELECT coalesce(max(depth), -1) AS depth FROM up WHERE known", where)
    new = await tx.fetch_all(f"{_UP} SELECT id, depth FROM up WHERE NOT known ORDER BY depth", where)
    await tx.execute("DELETE FROM trail WHERE branch_id = ? AND depth > ?", (branch_id, joint["depth"]))
    if not new:
        return
    await tx.execute(
        "INSERT INTO trail (branch_id, depth, slot, shown)"
        " WITH RECURSIVE up (id, parent, depth) AS ("
        "  SELECT id, parent, depth FROM passages WHERE id = :head"
        "  UNION ALL SELECT p.id, p.parent, p.depth FROM passages AS p JOIN up ON p.id = up.parent"
        "  WHERE up.depth > :first)"
        " SELECT :branch, depth, id, CASE"
        "  WHEN EXISTS (SELECT 1 FROM revisions WHERE branch_id = :branch AND slot = up.id AND active)"
        "  THEN (SELECT shown FROM revisions WHERE branch_id = :branch AND slot = up.id AND active"
        "   ORDER BY id DESC LIMIT 1)"
        "  ELSE id END FROM up",
        where | {"first": new[0]["depth"]},
    )
