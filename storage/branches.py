"""Keep branches: each is a head on a story's tree, its newest slot, and reads the path from the root to it."""

from dataclasses import dataclass, fields

from storage import steps, trail
from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Branch:
    """Mirror one row; head is None before the first passage."""

    id: int
    story_id: int
    name: str
    head: int | None
    created: int


_COLUMNS = ", ".join(field.name for field in fields(Branch))


async def create(tx: Transaction, story_id: int, *, name: str, created: int) -> Branch:
    """Create an empty branch; its name must be new in the story."""
    row = await tx.change(
        f"INSERT INTO branches (story_id, name, created) VALUES (?, ?, ?) RETURNING {_COLUMNS}",
        (story_id, name, created),
    )
    return Branch(*row)


async def fork(tx: Transaction, branch: Branch, *, name: str, head: int | None, created: int) -> Branch:
    """Create a branch that ends at a passage of the same story, and else reads as another one does."""
    new = await create(tx, branch.story_id, name=name, created=created)
    leaf = None if head is None else await trail.find(tx, branch.id, head)
    await trail.inherit(tx, new.id, branch.id, last=leaf.depth if leaf else None)
    new = await move(tx, new.id, head=head)
    if head is not None and (leaf is None or leaf.shown is None):
        await trail.show(tx, new.id, head, head)
    return new


async def get(reader: Reader, branch_id: int) -> Branch:
    """Return a branch that is known to exist; LookupError where it does not."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM branches WHERE id = ?", (branch_id,))
    if row is None:
        raise LookupError(f"no branch {branch_id}")
    return Branch(*row)


async def of_story(reader: Reader, story_id: int) -> list[Branch]:
    """Return a story's branches, oldest first."""
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} FROM branches WHERE story_id = ? ORDER BY id", (story_id,)
    )
    return [Branch(*row) for row in rows]


async def advance(tx: Transaction, branch_id: int, passage_id: int) -> Branch:
    """Make a newly written passage the head; what was taken back there before can be brought back no more."""
    passage = await tx.fetch_one("SELECT parent FROM passages WHERE id = ?", (passage_id,))
    await steps.close_way(tx, branch_id, back=passage["parent"] if passage else None)
    return await move(tx, branch_id, head=passage_id)


async def move(tx: Transaction, branch_id: int, *, head: int | None) -> Branch:
    """Put the head where it is told, and let the trail end there."""
    row = await tx.change(
        f"UPDATE branches SET head = ? WHERE id = ? RETURNING {_COLUMNS}", (head, branch_id)
    )
    await trail.follow(tx, branch_id, head)
    return Branch(*row)
