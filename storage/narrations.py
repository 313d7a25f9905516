"""Keep the narrator's jobs in flight, at most one per story, so that a restart can take them up again."""

from dataclasses import asdict, dataclass, fields
from typing import Literal

from storage.database import Reader, Transaction

Kind = Literal["continue", "retry", "fix", "weave"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNarration:
    """Describe what the narrator is asked for; message_id is the message that will show it, once sent.

    A retry or a fix names the passage that it replaces: what was read there when it was asked for.
    """

    story_id: int
    kind: Kind
    parent: int | None
    asked_by: int
    asker_name: str
    locale: str
    direction: str | None
    seed: int | None
    channel_id: int
    message_id: int | None
    created: int
    replaces: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Narration(NewNarration):
    """Mirror one row."""

    id: int


_COLUMNS = ", ".join(field.name for field in fields(Narration))


async def add(tx: Transaction, new: NewNarration) -> Narration:
    """Note a job; its story must have none."""
    row = await tx.change(
        "INSERT INTO narrations (story_id, kind, parent, asked_by, asker_name, locale, direction, seed,"
        " channel_id, message_id, created, replaces) VALUES (:story_id, :kind, :parent, :asked_by, :asker_name,"
        " :locale, :direction, :seed, :channel_id, :message_id, :created, :replaces)"
        f" RETURNING {_COLUMNS}",
        asdict(new),
    )
    return Narration(**dict(row))


async def of_story(reader: Reader, story_id: int) -> Narration | None:
    """Return the job a story is waiting for, if any."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM narrations WHERE story_id = ?", (story_id,))
    return Narration(**dict(row)) if row else None


async def unfinished(reader: Reader) -> list[Narration]:
    """Return every job, oldest first: what a start finds, the last run left behind."""
    rows = await reader.fetch_all(f"SELECT {_COLUMNS} FROM narrations ORDER BY id")
    return [Narration(**dict(row)) for row in rows]


async def show_in(tx: Transaction, narration_id: int, message_id: int) -> None:
    """Note which message will show the passage."""
    await tx.execute("UPDATE narrations SET message_id = ? WHERE id = ?", (message_id, narration_id))


async def remove(tx: Transaction, narration_id: int) -> None:
    """Forget a job that is done, stopped or given up."""
    await tx.execute("DELETE FROM narrations WHERE id = ?", (narration_id,))
