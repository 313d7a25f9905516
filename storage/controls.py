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


async def place(tx: Transaction, controls: Controls) -> None:
    """Note where a story's buttons stand from now on."""
    await tx.execute(
        "INSERT OR REPLACE INTO controls (story_id, channel_id, message_id) VALUES (?, ?, ?)",
        (controls.story_id, controls.channel_id, controls.message_id),
    )


async def remove(tx: Transaction, story_id: int) -> None:
    """Note that a story has no buttons."""
    await tx.execute("DELETE FROM controls WHERE story_id = ?", (story_id,))
