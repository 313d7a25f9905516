"""Keep which Discord messages show which passage."""

from dataclasses import astuple, dataclass, fields
from sqlite3 import Row

from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Display:
    """Mirror one row; own tells if the bot sent the message, so can edit it.

    A message shows one page of one passage; a page may be shown by several messages.
    """

    message_id: int
    passage_id: int
    page: int
    channel_id: int
    own: bool


_COLUMNS = ", ".join(field.name for field in fields(Display))


def _display(row: Row) -> Display:
    values = dict(row)
    return Display(**values | {"own": bool(values["own"])})


async def show(tx: Transaction, display: Display) -> None:
    """Note what a message shows from now on."""
    await tx.execute(f"INSERT OR REPLACE INTO displays ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)", astuple(display))


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
