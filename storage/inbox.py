"""Keep the words that people wrote while the narrator was writing, until they become passages in order."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from sqlite3 import Row

from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArrival:
    """Describe words to be kept; message_ids are the messages that show them, own tells if they are the bot's."""

    story_id: int
    author_id: int
    author_name: str
    text: str
    channel_id: int
    message_ids: Sequence[int]
    own: bool
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival(NewArrival):
    """Mirror one row."""

    id: int


_COLUMNS = ", ".join(field.name for field in fields(Arrival))


def _arrival(row: Row) -> Arrival:
    values = dict(row)
    return Arrival(**values | {"message_ids": json.loads(values["message_ids"]), "own": bool(values["own"])})


async def add(tx: Transaction, new: NewArrival) -> Arrival:
    """Keep words behind those that wait already."""
    row = await tx.change(
        "INSERT INTO inbox (story_id, author_id, author_name, text, channel_id, message_ids, own, created) VALUES"
        " (:story_id, :author_id, :author_name, :text, :channel_id, :message_ids, :own, :created)"
        f" RETURNING {_COLUMNS}",
        asdict(new) | {"message_ids": json.dumps(list(new.message_ids))},
    )
    return _arrival(row)


async def show_in(tx: Transaction, arrival_id: int, message_ids: Sequence[int]) -> bool:
    """Note which messages show some words; False if these wait no more."""
    row = await tx.fetch_one(
        "UPDATE inbox SET message_ids = ? WHERE id = ? RETURNING id",
        (json.dumps(list(message_ids)), arrival_id),
    )
    return row is not None


async def of_story(reader: Reader, story_id: int) -> list[Arrival]:
    """Return what waits in a story, in the order in which it came."""
    rows = await reader.fetch_all(f"SELECT {_COLUMNS} FROM inbox WHERE story_id = ? ORDER BY id", (story_id,))
    return [_arrival(row) for row in rows]


async def drain(tx: Transaction, story_id: int) -> list[Arrival]:
    """Take everything out of a story's inbox, in the order in which it came."""
    arrivals = await of_story(tx, story_id)
    await tx.execute("DELETE FROM inbox WHERE story_id = ?", (story_id,))
    return arrivals
