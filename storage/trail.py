"""Read a story along a branch: the path from its root to its head, written out so that any place is found at once.

A **slot** is a passage on that path. What is read there may be another passage (`shown`: an edit, or a take of one in
the middle) or nothing, where it was taken back from the middle. `branches.move` keeps the trail, by `follow`.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from sqlite3 import Row

from storage.database import Reader, Transaction
from storage.passages import COLUMNS, Kind, Passage, passage_of

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


async def newest_of(reader: Reader, branch_id: int, kind: Kind) -> Told | None:
    """Return the newest passage of people, or of the narrator, that is read."""
    row = await reader.fetch_one(
        f"{_JOINED} AND passages.kind = :kind ORDER BY trail.depth DESC LIMIT 1",
        {"branch": branch_id, "kind": kind},
    )
    return _told(row) if row else None


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


@dataclass(frozen=True, slots=True)
class Change:
    """Tell that at some place something else is read than before; None is nothing."""

    before: int | None
    after: int | None


async def difference(reader: Reader, before: int, after: int, *, limit: int) -> list[Change]:
    """Return where two branches read differently, the first places only."""
    rows = await reader.fetch_all(
        "SELECT a.shown AS a, b.shown AS b, depth FROM trail AS a"
        " JOIN trail AS b USING (depth) WHERE a.branch_id = :before AND b.branch_id = :after"
        " AND a.shown IS NOT b.shown"
        " UNION ALL SELECT shown, NULL, depth FROM trail WHERE branch_id = :before"
        "  AND depth > (SELECT coalesce(max(depth), -1) FROM trail WHERE branch_id = :after)"
        " UNION ALL SELECT NULL, shown, depth FROM trail WHERE branch_id = :after"
        "  AND depth > (SELECT coalesce(max(depth), -1) FROM trail WHERE branch_id = :before)"
        " ORDER BY depth LIMIT :limit",
        {"before": before, "after": after, "limit": limit},
    )
    return [Change(row["a"], row["b"]) for row in rows]


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


async def shown_before(reader: Reader, branch_id: int, depth: int) -> Leaf | None:
    """Return the nearest slot before a depth in which something is read."""
    row = await reader.fetch_one(
        "SELECT depth, slot, shown FROM trail WHERE branch_id = ? AND depth < ? AND shown IS NOT NULL"
        " ORDER BY depth DESC LIMIT 1",
        (branch_id, depth),
    )
    return Leaf(*row) if row else None


async def numbered(reader: Reader, branch_id: int, number: int) -> Leaf | None:
    """Return the slot of a passage by its number as readers count, from 1: what is read nowhere is left out."""
    row = await reader.fetch_one(
        "SELECT depth, slot, shown FROM trail WHERE branch_id = ? AND shown IS NOT NULL"
        " ORDER BY depth LIMIT 1 OFFSET ?",
        (branch_id, number - 1),
    )
    return Leaf(*row) if row and number > 0 else None


async def count(reader: Reader, branch_id: int, *, before: int | None = None) -> int:
    """Return how many passages are read, in all or before a depth."""
    row = await reader.fetch_one(
        "SELECT count(*) AS n FROM trail WHERE branch_id = :branch AND shown IS NOT NULL"
        " AND (:before IS NULL OR depth < :before)",
        {"branch": branch_id, "before": before},
    )
    return int(row["n"]) if row else 0


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
        " SELECT :branch, up.depth, up.id, iif(revisions.slot IS NULL, up.id, revisions.shown) FROM up"
        " LEFT JOIN revisions ON revisions.branch_id = :branch AND revisions.slot = up.id",
        where | {"first": new[0]["depth"]},
    )


async def show(tx: Transaction, branch_id: int, slot: int, shown: int | None) -> None:
    """Let something else be read in a slot that is on the path, or nothing."""
    await tx.execute(
        "INSERT OR REPLACE INTO revisions (branch_id, slot, shown) VALUES (?, ?, ?)", (branch_id, slot, shown)
    )
    await tx.execute("UPDATE trail SET shown = ? WHERE branch_id = ? AND slot = ?", (shown, branch_id, slot))


async def inherit(tx: Transaction, branch_id: int, from_id: int, *, last: int | None = None) -> None:
    """Let a branch without passages begin as another does, up to a depth: the same slots, the same read in them."""
    await tx.execute(
        "INSERT INTO revisions (branch_id, slot, shown) SELECT ?, slot, shown FROM revisions WHERE branch_id = ?",
        (branch_id, from_id),
    )
    await tx.execute(
        "INSERT INTO trail (branch_id, depth, slot, shown)"
        " SELECT :to, depth, slot, shown FROM trail WHERE branch_id = :from AND (:last IS NULL OR depth <= :last)",
        {"to": branch_id, "from": from_id, "last": last},
    )
