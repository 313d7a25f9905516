"""Keep whose turn it is in a story, at every place in it, and what is still to be said about turns."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from sqlite3 import Row
from typing import Any, Literal

from storage.database import Reader, Transaction

Ids = tuple[int, ...]
Narrating = Literal["no", "due", "begun"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """Mirror one row: the rules, the clock, and the order that holds at `head`."""

    story_id: int
    mode: str
    length: int
    nudge: int
    fallback: str
    patience: int
    others: int
    since: int
    due: int | None
    nudged: bool
    closed: bool
    seed: int
    head: int | None
    queue: Ids
    recent: Ids
    lap: int
    epoch: int
    sealed_after: int | None
    narrating: Narrating
    card: int | None


@dataclass(frozen=True, slots=True)
class SeatRow:
    """Mirror one seat; they are kept in the order in which they were taken."""

    person_id: int
    name: str
    silent: int


@dataclass(frozen=True, slots=True)
class Order:
    """Mirror the order that held at a place in the story."""

    queue: Ids
    recent: Ids
    lap: int


@dataclass(frozen=True, slots=True)
class News:
    """Mirror something that is still to be said: effects as JSON can hold them."""

    id: int
    story_id: int
    effects: tuple[dict[str, Any], ...]
    created: int


_NAMES = [field.name for field in fields(Turns)]
_COLUMNS = ", ".join(_NAMES)
_LISTS, _FLAGS = ("queue", "recent"), ("nudged", "closed")


def _turns(row: Row) -> Turns:
    values = dict(row)
    lists = {name: tuple(json.loads(values[name])) for name in _LISTS}
    return Turns(**values | lists | {name: bool(values[name]) for name in _FLAGS})


async def get(reader: Reader, story_id: int) -> Turns | None:
    """Return how the turns of a story stand; None where nothing was ever noted."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM turns WHERE story_id = ?", (story_id,))
    return _turns(row) if row else None


async def save(tx: Transaction, turns: Turns) -> None:
    """Note how the turns of a story stand, and that this is the order at its head."""
    values = asdict(turns) | {name: json.dumps(getattr(turns, name)) for name in _LISTS}
    marks = ", ".join(f":{name}" for name in _NAMES)
    await tx.execute(f"INSERT OR REPLACE INTO turns ({_COLUMNS}) VALUES ({marks})", values)
    await tx.execute(
        "INSERT OR REPLACE INTO turn_positions (story_id, passage_id, epoch, queue, recent, lap)"
        " VALUES (:story_id, coalesce(:head, 0), :epoch, :queue, :recent, :lap)",
        values,
    )


async def order_at(reader: Reader, story_id: int, passage_id: int | None, *, epoch: int) -> Order | None:
    """Return the order that held at a passage (None: before the first) since these rules were set.

    Other words in the place of a passage change nobody's turn: where there is none, that of what was replaced holds.
    """
    row = await reader.fetch_one(
        "WITH RECURSIVE same (id, nth) AS (SELECT :passage, 0 UNION ALL SELECT passages.replaces, nth + 1"
        " FROM same JOIN passages ON passages.id = same.id WHERE passages.replaces IS NOT NULL)"
        " SELECT queue, recent, lap FROM same JOIN turn_positions ON passage_id = same.id"
        " WHERE story_id = :story AND epoch = :epoch ORDER BY nth LIMIT 1",
        {"story": story_id, "passage": passage_id or 0, "epoch": epoch},
    )
    return (
        Order(tuple(json.loads(row["queue"])), tuple(json.loads(row["recent"])), row["lap"]) if row else None
    )


async def seats(reader: Reader, story_id: int) -> list[SeatRow]:
    """Return who has a seat, in the order in which they took it."""
    rows = await reader.fetch_all(
        "SELECT person_id, name, silent FROM turn_seats WHERE story_id = ? ORDER BY place", (story_id,)
    )
    return [SeatRow(*row) for row in rows]


async def seat(tx: Transaction, story_id: int, seated: Sequence[SeatRow]) -> None:
    """Note who has a seat: these and nobody else."""
    if list(seated) == await seats(tx, story_id):
        return
    await tx.execute("DELETE FROM turn_seats WHERE story_id = ?", (story_id,))
    for place, one in enumerate(seated):
        await tx.execute(
            "INSERT INTO turn_seats (story_id, place, person_id, name, silent) VALUES (?, ?, ?, ?, ?)",
            (story_id, place, one.person_id, one.name, one.silent),
        )


async def show_card(tx: Transaction, story_id: int, message_id: int | None) -> int | None:
    """Note which message says who is next and nothing else; return another one that said it before."""
    before = await get(tx, story_id)
    await tx.execute("UPDATE turns SET card = ? WHERE story_id = ?", (message_id, story_id))
    # What is said again after a crash is the same message, as its nonce is the same.
    return before.card if before and before.card != message_id else None


async def set_narrating(tx: Transaction, story_id: int, narrating: Narrating) -> None:
    """Note whether the narrator is to write by itself, where it was to."""
    await tx.execute(
        "UPDATE turns SET narrating = ? WHERE story_id = ? AND narrating = 'due'", (narrating, story_id)
    )


async def newest_passage(reader: Reader, story_id: int) -> int:
    """Return the id of the passage that was written last, on whatever branch; 0 before the first."""
    row = await reader.fetch_one(
        "SELECT coalesce(max(id), 0) AS id FROM passages WHERE story_id = ?", (story_id,)
    )
    return int(row["id"]) if row else 0


async def people_in_a_row(reader: Reader, head: int | None, *, limit: int) -> int:
    """Return how many passages up to a head were written by people, since the narrator's last; `limit` at most."""
    row = await reader.fetch_one(
        "WITH RECURSIVE up (id, parent, number) AS ("
        " SELECT id, parent, 1 FROM passages WHERE id = :head AND kind = 'person'"
        " UNION ALL SELECT passages.id, passages.parent, up.number + 1"
        " FROM passages JOIN up ON passages.id = up.parent"
        " WHERE passages.kind = 'person' AND up.number < :limit)"
        " SELECT count(*) AS number FROM up",
        {"head": head, "limit": limit},
    )
    return int(row["number"]) if row else 0


async def add_news(
    tx: Transaction, story_id: int, effects: Sequence[dict[str, Any]], *, created: int
) -> None:
    """Keep what is to be said until it is."""
    await tx.execute(
        "INSERT INTO turn_news (story_id, effects, created) VALUES (?, ?, ?)",
        (story_id, json.dumps(list(effects)), created),
    )


async def news_of(reader: Reader, story_id: int) -> list[News]:
    """Return what is to be said in a story, oldest first."""
    rows = await reader.fetch_all(
        "SELECT id, story_id, effects, created FROM turn_news WHERE story_id = ? ORDER BY id", (story_id,)
    )
    return [
        News(row["id"], row["story_id"], tuple(json.loads(row["effects"])), row["created"]) for row in rows
    ]


async def said(tx: Transaction, story_id: int, *, up_to: int) -> None:
    """Forget what was said."""
    await tx.execute("DELETE FROM turn_news WHERE story_id = ? AND id <= ?", (story_id, up_to))


async def unattended(reader: Reader, *, before: int) -> list[int]:
    """Return the running stories in which something is to be said since before a time, or a passage is to be made."""
    rows = await reader.fetch_all(
        "SELECT story_id FROM (SELECT story_id FROM turn_news WHERE created < ? UNION SELECT story_id FROM turns"
        " WHERE narrating = 'due' OR closed) JOIN stories ON stories.id = story_id"
        " WHERE stories.state = 'running'",
        (before,),
    )
    return [row["story_id"] for row in rows]
