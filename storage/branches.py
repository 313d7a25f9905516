"""Keep branches: each is a head on a story's tree, and a tip that redo can walk to.

The tip is always the head or one of its descendants. Writing sets both; undo and redo move the head alone.
"""

from dataclasses import dataclass, fields

from storage import trail
from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Branch:
    """Mirror one row; head is None before the first passage, tip where the branch has none."""

    id: int
    story_id: int
    name: str
    head: int | None
    tip: int | None
    created: int


_COLUMNS = ", ".join(field.name for field in fields(Branch))


async def create(tx: Transaction, story_id: int, *, name: str, created: int) -> Branch:
    """Create an empty branch; its name must be new in the story."""
    row = await tx.change(
        f"INSERT INTO branches (story_id, name, created) VALUES (?, ?, ?) RETURNING {_COLUMNS}",
        (story_id, name, created),
    )
    return Branch(*row)


async def get(reader: Reader, branch_id: int) -> Branch:
    """Return a branch that is known to exist; LookupError where it does not."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM branches WHERE id = ?", (branch_id,))
    if row is None:
        raise LookupError(f"no branch {branch_id}")
    return Branch(*row)


async def advance(tx: Transaction, branch_id: int, passage_id: int) -> Branch:
    """Make a newly written passage both head and tip."""
    return await move(tx, branch_id, head=passage_id, tip=passage_id)


async def move(tx: Transaction, branch_id: int, *, head: int | None, tip: int | None) -> Branch:
    """Put head and tip where they are told; the tip must be the head or lie below it."""
    row = await tx.change(
        f"UPDATE branches SET head = ?, tip = ? WHERE id = ? RETURNING {_COLUMNS}", (head, tip, branch_id)
    )
    await trail.follow(tx, branch_id, head)
    return Branch(*row)


async def undo(tx: Transaction, branch: Branch) -> Branch:
    """Move the head to its parent and leave the tip; at the beginning nothing moves."""
    row = await tx.fetch_one("SELECT parent FROM passages WHERE id = ?", (branch.head,))
    return await move(tx, branch.id, head=row["parent"] if row else None, tip=branch.tip)


async def redo(tx: Transaction, branch: Branch) -> Branch:
    """Move the head one passage towards the tip; at the tip nothing moves."""
    step = await tx.fetch_one(
        # Walks up from the tip until the passage whose parent is the head; at the tip there is no need to walk.
        "WITH RECURSIVE up (id, parent) AS ("
        " SELECT id, parent FROM passages WHERE id = :tip AND :tip IS NOT :head"
        " UNION ALL SELECT passages.id, passages.parent FROM passages JOIN up ON passages.id = up.parent"
        " WHERE up.parent IS NOT :head)"
        " SELECT id FROM up WHERE parent IS :head",
        {"tip": branch.tip, "head": branch.head},
    )
    return await move(tx, branch.id, head=step["id"], tip=branch.tip) if step else branch


async def choose(tx: Transaction, branch: Branch, take: int) -> Branch:
    """Make another take the head; the tip becomes its newest descendant, so that redo goes on there."""
    leaf = await tx.change(
        "WITH RECURSIVE down (id) AS (SELECT :take UNION ALL"
        " SELECT (SELECT max(id) FROM passages WHERE story_id = :story AND parent = down.id) FROM down"
        " WHERE down.id IS NOT NULL)"
        " SELECT max(id) AS id FROM down",
        {"take": take, "story": branch.story_id},
    )
    return await move(tx, branch.id, head=take, tip=leaf["id"])
