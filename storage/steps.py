"""Keep what undo can take back and redo bring back, per branch, newest first.

A step without a slot moves the head between `back` and `ahead`, one with a slot changes what is shown there. It can be
walked only where the branch stands at its one end, so steps of another way through the tree just lie still.
"""

from dataclasses import asdict, dataclass, fields
from typing import Literal

from storage.database import Reader, Transaction

Kind = Literal["undo", "rollback", "edit", "retake", "take", "take back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStep:
    """Describe a step: `head` is the branch's newest slot when it was done."""

    branch_id: int
    kind: Kind
    undone: bool
    slot: int | None
    back: int | None
    ahead: int | None
    head: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(NewStep):
    """Mirror one row."""

    id: int


_COLUMNS = ", ".join(f"steps.{field.name} AS {field.name}" for field in fields(Step))


async def push(tx: Transaction, new: NewStep) -> None:
    """Put a step on top of those that can be undone, or of those that can be redone."""
    await tx.execute(
        "INSERT INTO steps (branch_id, kind, undone, slot, back, ahead, head)"
        " VALUES (:branch_id, :kind, :undone, :slot, :back, :ahead, :head)",
        asdict(new),
    )


async def remove(tx: Transaction, step: Step) -> None:
    """Forget a step, which was walked."""
    await tx.execute("DELETE FROM steps WHERE id = ?", (step.id,))


async def to_redo(reader: Reader, branch_id: int, head: int | None) -> Step | None:
    """Return the newest step that leads on from where a branch with this head stands."""
    rows = await reader.fetch_all(
        "SELECT * FROM (SELECT"
        f" {_COLUMNS} FROM steps WHERE branch_id = :branch AND undone AND slot IS NULL AND back IS :head"
        " ORDER BY id DESC LIMIT 1)"
        f" UNION ALL SELECT * FROM (SELECT {_COLUMNS} FROM steps"
        " JOIN trail ON trail.branch_id = :branch AND trail.slot = steps.slot AND trail.shown IS steps.back"
        " WHERE steps.branch_id = :branch AND undone AND steps.slot IS NOT NULL ORDER BY id DESC LIMIT 1)"
        " ORDER BY id DESC LIMIT 1",
        {"branch": branch_id, "head": head},
    )
    return _step(dict(rows[0])) if rows else None


async def to_undo(reader: Reader, branch_id: int, head: int | None) -> Step | None:
    """Return the newest change since which nothing was written, if it still stands."""
    row = await reader.fetch_one(
        f"SELECT {_COLUMNS} FROM steps LEFT JOIN trail ON trail.branch_id = :branch AND trail.slot = steps.slot"
        " WHERE steps.branch_id = :branch AND NOT undone AND head IS :head"
        " AND iif(steps.slot IS NULL, :head, trail.shown) IS steps.ahead"
        " AND (steps.slot IS NULL OR trail.slot IS NOT NULL) ORDER BY steps.id DESC LIMIT 1",
        {"branch": branch_id, "head": head},
    )
    return _step(dict(row)) if row else None


async def close_way(tx: Transaction, branch_id: int, *, back: int | None, slot: int | None = None) -> None:
    """Forget the steps that led on from a head, or from what was shown in a slot: another way was taken."""
    await tx.execute(
        "DELETE FROM steps WHERE branch_id = ? AND undone AND slot IS ? AND back IS ?",
        (branch_id, slot, back),
    )


def _step(values: dict[str, object]) -> Step:
    return Step(**values | {"undone": bool(values["undone"])})  # type: ignore[arg-type]  # a row is as its table
