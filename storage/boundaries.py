"""Keep what the people of a place want left out of its stories, for a server, a channel or a thread.

A server is kept as channel 0. Direct messages have no server, so nothing of theirs reaches beyond their own channel.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from sqlite3 import Row
from typing import Literal

from storage.database import Reader, Transaction
from storage.stories import Rating

Kind = Literal["line", "veil"]
"""A line is never crossed; what is veiled may happen, but out of sight."""

WHOLE_SERVER = 0
"""The channel_id of what holds for a whole server."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """Mirror one row; one that is not agreed is somebody's proposal. Nobody's name is kept."""

    id: int
    guild_id: int
    channel_id: int
    kind: Kind
    text: str
    agreed: bool
    created: int


_COLUMNS = ", ".join(field.name for field in fields(Boundary))


def _boundary(row: Row) -> Boundary:
    values = dict(row)
    return Boundary(**values | {"agreed": bool(values["agreed"])})


async def note_thread(tx: Transaction, channel_id: int, parent_id: int) -> None:
    """Note to which channel a thread belongs."""
    await tx.execute(
        "INSERT INTO threads (channel_id, parent_id) VALUES (?, ?)"
        " ON CONFLICT (channel_id) DO UPDATE SET parent_id = excluded.parent_id"
        " WHERE parent_id <> excluded.parent_id",
        (channel_id, parent_id),
    )


async def scopes(reader: Reader, guild_id: int, channel_id: int) -> list[int]:
    """Return the channel ids under which a place's boundaries are kept, nearest first."""
    row = await reader.fetch_one("SELECT parent_id FROM threads WHERE channel_id = ?", (channel_id,))
    return [channel_id, *([row["parent_id"]] if row else []), *([WHOLE_SERVER] if guild_id else [])]


async def of_scopes(reader: Reader, guild_id: int, channel_ids: Sequence[int]) -> list[Boundary]:
    """Return what holds under some channel ids, and what was proposed there, oldest first."""
    marks = ", ".join("?" * len(channel_ids))
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} FROM boundaries WHERE guild_id = ? AND channel_id IN ({marks}) ORDER BY id",
        (guild_id, *channel_ids),
    )
    return [_boundary(row) for row in rows]


async def get(reader: Reader, boundary_id: int) -> Boundary | None:
    """Return one, if it is still there."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM boundaries WHERE id = ?", (boundary_id,))
    return _boundary(row) if row else None


async def put(
    tx: Transaction, *, guild_id: int, channel_id: int, kind: Kind, text: str, agreed: bool, created: int
) -> Boundary:
    """Keep a boundary; the same words again change its kind, and what was agreed stays so."""
    row = await tx.change(
        "INSERT INTO boundaries (guild_id, channel_id, kind, text, agreed, created) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (guild_id, channel_id, text) DO UPDATE SET"
        " kind = CASE WHEN excluded.agreed OR NOT agreed THEN excluded.kind ELSE kind END,"
        f" agreed = max(agreed, excluded.agreed) RETURNING {_COLUMNS}",
        (guild_id, channel_id, kind, text, agreed, created),
    )
    return _boundary(row)


async def agree(tx: Transaction, boundary_id: int) -> None:
    """Let a proposal hold from now on."""
    await tx.execute("UPDATE boundaries SET agreed = 1 WHERE id = ?", (boundary_id,))


async def remove(tx: Transaction, boundary_id: int) -> None:
    """Forget one."""
    await tx.execute("DELETE FROM boundaries WHERE id = ?", (boundary_id,))


async def ratings(reader: Reader, guild_id: int, channel_ids: Sequence[int]) -> dict[int, Rating]:
    """Return the ratings that were set under some channel ids."""
    marks = ", ".join("?" * len(channel_ids))
    rows = await reader.fetch_all(
        f"SELECT channel_id, rating FROM channel_ratings WHERE guild_id = ? AND channel_id IN ({marks})",
        (guild_id, *channel_ids),
    )
    return {row["channel_id"]: row["rating"] for row in rows}


async def rate(tx: Transaction, guild_id: int, channel_id: int, rating: Rating | None) -> None:
    """Set who may read the stories of a place, or, with None, leave it to what is above it."""
    if rating is None:
        await tx.execute(
            "DELETE FROM channel_ratings WHERE guild_id = ? AND channel_id = ?", (guild_id, channel_id)
        )
    else:
        await tx.execute(
            "INSERT OR REPLACE INTO channel_ratings (guild_id, channel_id, rating) VALUES (?, ?, ?)",
            (guild_id, channel_id, rating),
        )


async def end_scene(tx: Transaction, story_id: int) -> None:
    """Note that a story's scene is over, and that nobody told so yet."""
    await tx.execute(
        "INSERT OR REPLACE INTO scenes_over (story_id, used_after) VALUES (?, NULL)", (story_id,)
    )


async def scene_is_over(reader: Reader, story_id: int, parent: int | None) -> bool:
    """Tell whether the passage behind `parent` is the one that leaves the scene; None is the very beginning."""
    row = await reader.fetch_one("SELECT used_after FROM scenes_over WHERE story_id = ?", (story_id,))
    return row is not None and row["used_after"] in (None, parent or 0)


async def left_scene(tx: Transaction, story_id: int, parent: int | None) -> None:
    """Note behind which passage it was told that the scene is over, unless that was told before."""
    await tx.execute(
        "UPDATE scenes_over SET used_after = ? WHERE story_id = ? AND used_after IS NULL",
        (parent or 0, story_id),
    )
