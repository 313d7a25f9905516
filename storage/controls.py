"""Keep which message carries a story's buttons."""

from dataclasses import dataclass

from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Controls:
    """Mirror one row; a story has one message with buttons."""

    story_id: int
    channel_id: int
    message_id: int


async def get(reader: Reader, story_id: int) -> Controls | None:
    """Return where a story's buttons stand, if anywhere."""
    row = await reader.fetch_one(
        "SELECT story_id, channel_id, message_id FROM controls WHERE story_id = ?", (story_id,)
    )
    return Controls(*row) if row else None


@dataclass(frozen=True, slots=True)
class Astray:
    """Name a story, and its newest slot, where that does not stand in its channel with the buttons under it."""

    story_id: int
    head: int | None


async def astray(reader: Reader) -> list[Astray]:
    """Return the running stories that a crash, or a stop while people typed, left with buttons out of place.

    Those that the narrator is writing for are not among them. Message ids grow, so what is older stands above.
    """
    rows = await reader.fetch_all(
        "SELECT stories.id, branches.head FROM stories"
        " JOIN branches ON branches.id = stories.branch_id"
        " LEFT JOIN trail ON trail.branch_id = branches.id AND trail.slot = branches.head"
        " LEFT JOIN controls ON controls.story_id = stories.id"
        " LEFT JOIN displays AS under ON under.message_id = controls.message_id"
        " WHERE stories.state = 'running'"
        " AND NOT EXISTS (SELECT 1 FROM narrations WHERE narrations.story_id = stories.id)"
        " AND (controls.message_id IS NULL OR under.passage_id <> trail.shown"
        " OR branches.head IS NOT NULL AND under.passage_id IS NULL AND NOT EXISTS ("
        "  SELECT 1 FROM displays WHERE passage_id = trail.shown AND NOT own"
        "  AND displays.message_id < controls.message_id))"
        " ORDER BY stories.id"
    )
    return [Astray(*row) for row in rows]


async def place(tx: Transaction, controls: Controls) -> None:
    """Note where a story's buttons stand from now on."""
    await tx.execute(
        "INSERT OR REPLACE INTO controls (story_id, channel_id, message_id) VALUES (?, ?, ?)",
        (controls.story_id, controls.channel_id, controls.message_id),
    )


async def remove(tx: Transaction, story_id: int) -> None:
    """Note that a story has no buttons."""
    await tx.execute("DELETE FROM controls WHERE story_id = ?", (story_id,))
