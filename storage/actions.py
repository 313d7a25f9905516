"""Keep the log of what was done in a story, by whom; it only grows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from sqlite3 import Row

from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Action:
    """Mirror one row; the actor is None where the bot acted by itself."""

    id: int
    story_id: int
    actor_id: int | None
    actor_name: str | None
    kind: str
    passage_id: int | None
    detail: Mapping[str, object]
    created: int


_COLUMNS = ", ".join(field.name for field in fields(Action))


def _action(row: Row) -> Action:
    return Action(**dict(row) | {"detail": json.loads(row["detail"])})


async def append(
    tx: Transaction,
    *,
    story_id: int,
    kind: str,
    created: int,
    actor_id: int | None = None,
    actor_name: str | None = None,
    passage_id: int | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Log one action; detail is whatever JSON can hold and must carry no text of a person."""
    await tx.execute(
        "INSERT INTO actions (story_id, actor_id, actor_name, kind, passage_id, detail, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (story_id, actor_id, actor_name, kind, passage_id, json.dumps(detail or {}), created),
    )


async def newest(reader: Reader) -> int:
    """Return the id of the newest action of all; 0 before the first."""
    row = await reader.fetch_one("SELECT max(id) AS id FROM actions")
    return row["id"] or 0 if row else 0


async def touched(reader: Reader, *, after: int) -> dict[int, int]:
    """Return the stories in which something was done after an action, each with the id of its newest."""
    rows = await reader.fetch_all(
        "SELECT story_id, max(id) AS id FROM actions WHERE id > ? GROUP BY story_id ORDER BY id", (after,)
    )
    return {row["story_id"]: row["id"] for row in rows}


async def of_story(
    reader: Reader, story_id: int, *, before: int | None = None, limit: int = 50
) -> list[Action]:
    """Return a story's actions, newest first; the next page starts before the id of this one's last."""
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} FROM actions WHERE story_id = :story AND (:before IS NULL OR id < :before)"
        " ORDER BY id DESC LIMIT :limit",
        {"story": story_id, "before": before, "limit": limit},
    )
    return [_action(row) for row in rows]
