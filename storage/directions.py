"""Keep what a group chose for the narrator's next passage, until a passage that used it is in the story."""

from storage.database import Reader, Transaction
from storage.passages import Passage


async def add(tx: Transaction, story_id: int, text: str, *, created: int) -> None:
    """Keep one more for the narrator's next passage."""
    await tx.execute(
        "INSERT INTO directions (story_id, text, created) VALUES (?, ?, ?)", (story_id, text, created)
    )


async def waiting(reader: Reader, story_id: int) -> list[str]:
    """Return what waits for a story's narrator, the oldest first."""
    rows = await reader.fetch_all("SELECT text FROM directions WHERE story_id = ? ORDER BY id", (story_id,))
    return [row["text"] for row in rows]


async def use_up(tx: Transaction, passage: Passage) -> None:
    """Forget what a passage was directed by, now that it is in the story; what was chosen meanwhile stays."""
    await tx.execute(
        "DELETE FROM directions WHERE story_id = ? AND instr(?, text) > 0",
        (passage.story_id, passage.direction or ""),
    )
