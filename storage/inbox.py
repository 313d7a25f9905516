"""Keep the words that people wrote while the narrator was writing, until they become passages in order."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from sqlite3 import Row

from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArrival:
    """Describe words to be kept; message_ids are the messages that show them already."""

    story_id: int
    author_id: int
    author_name: str
    text: str
    channel_id: int
    message_ids: Sequence[int]
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival(NewArrival):
    """Mirror one row."""

    id: int


_COLUMNS = ", ".join(field.name for field in fields(Arrival))


def _arrival(row: Row) -> Arrival:
    return Arrival(**dict(row) | {"message_ids": json.loads(row["message_ids"])})


async def add(tx: Transaction, new: NewArrival) -> Arrival:
    """Keep words behind those that wait already."""
    row = await tx.change(
        "INSERT INTO inbox (story_id, author_id, author_name, text, channel_id, message_ids, created) VALUES"
        " (:story_id, :author_id, :author_name, :text, :channel_id, :message_ids, :created)"
        f" RETURNING {_COLUMNS}",
        asdict(new) | {"message_ids": json.dumps(list(new.message_ids))},
    )
    return _arrival(row)


async def show_in(tx: Transaction, message_ids: Sequence[int]) -> None:
    """Note every message that shows some words, of which the first was known when they came."""
    await tx.execute(
        "UPDATE inbox SET message_ids = ? WHERE json_extract(message_ids, '$[0]') = ?",
        (json.dumps(list(message_ids)), message_ids[0]),
    )


async def of_story(reader: Reader, story_id: int) -> list[Arrival]:
    """Return what waits in a story, in the order in which it came."""
    rows = await reader.fetch_all(f"SELECT {_COLUMNS} FROM inbox WHERE story_id = ? ORDER BY id", (story_id,))
    return [_arrival(row) for row in rows]


async def waiting_stories(reader: Reader) -> list[int]:
    """Return the ids of the stories in which something waits: what a start has to take up."""
    rows = await reader.fetch_all("SELECT DISTINCT story_id FROM inbox ORDER BY story_id")
    return [row["story_id"] for row in rows]


async def drain(tx: Transaction, story_id: int) -> list[Arrival]:
    """Take everything out of a story's inbox, in the order in which it came."""
    arrivals = await of_story(tx, story_id)
    await tx.execute("DELETE FROM inbox WHERE story_id = ?", (story_id,))
    return arrivals
