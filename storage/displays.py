"""Keep which Discord messages show which passage."""

from dataclasses import astuple, dataclass, fields
from sqlite3 import Row
from typing import Literal

from storage.database import Reader, Transaction

Fold = Literal["", "line", "sign"]


@dataclass(frozen=True, slots=True)
class Display:
    """Mirror one row; own tells if the bot sent the message, so can edit it.

    A message shows one page of one passage; a page may be shown by several messages. Where the passage is
    not read, the message folds: it shows but a line of what became of it, or wears a sign.
    """

    message_id: int
    passage_id: int
    page: int
    channel_id: int
    own: bool
    fold: Fold = ""


_COLUMNS = ", ".join(field.name for field in fields(Display))


def _display(row: Row) -> Display:
    values = dict(row)
    return Display(**values | {"own": bool(values["own"])})


async def show(tx: Transaction, display: Display) -> None:
    """Note what a message shows from now on."""
    await tx.execute(
        f"INSERT OR REPLACE INTO displays ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", astuple(display)
    )


async def of_passage(reader: Reader, passage_id: int) -> list[Display]:
    """Return the messages that show a passage, by page, the oldest message first."""
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} FROM displays WHERE passage_id = ? ORDER BY page, message_id", (passage_id,)
    )
    return [_display(row) for row in rows]


async def by_message(reader: Reader, message_id: int) -> Display | None:
    """Return what a message shows, if it shows a passage."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM displays WHERE message_id = ?", (message_id,))
    return _display(row) if row else None


async def forget(tx: Transaction, message_id: int) -> None:
    """Note that a message is gone or shows something else."""
    await tx.execute("DELETE FROM displays WHERE message_id = ?", (message_id,))


async def fold(tx: Transaction, message_id: int, fold: Fold) -> None:
    """Note how a message is folded, or that it is not."""
    await tx.execute("UPDATE displays SET fold = ? WHERE message_id = ?", (fold, message_id))


async def to_unfold(reader: Reader, branch_id: int, *, limit: int) -> list[int]:
    """Return the passages that a branch reads and whose messages are folded, the newest first."""
    rows = await reader.fetch_all(
        "SELECT DISTINCT trail.shown, trail.depth FROM displays JOIN trail"
        " ON trail.branch_id = ? AND trail.shown = displays.passage_id"
        " WHERE displays.fold <> '' ORDER BY trail.depth DESC LIMIT ?",
        (branch_id, limit),
    )
    return [row["shown"] for row in rows]


async def folded_but_read(reader: Reader) -> list[int]:
    """Return the running stories of which something is read whose messages are folded: a crash came in between."""
    rows = await reader.fetch_all(
        "SELECT DISTINCT stories.id FROM displays"
        " JOIN passages ON passages.id = displays.passage_id"
        " JOIN stories ON stories.id = passages.story_id AND stories.state = 'running'"
        " JOIN trail ON trail.branch_id = stories.branch_id AND trail.shown = displays.passage_id"
        " WHERE displays.fold <> ''"
    )
    return [row["id"] for row in rows]
