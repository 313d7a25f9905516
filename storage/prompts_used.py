"""Keep the prompts that made the newest of the narrator's passages, for whoever asks why."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

from storage.database import Reader, Transaction

KEPT = 200  # of a story's prompts, the newest


async def add(
    tx: Transaction, *, story_id: int, passage_id: int, content: Mapping[str, object], created: int
) -> None:
    """Keep what a passage was made from, whatever JSON can hold, and let the oldest of its story go."""
    packed = zlib.compress(json.dumps(content, ensure_ascii=False).encode())
    await tx.execute(
        "INSERT INTO prompts_used (passage_id, story_id, content, created) VALUES (?, ?, ?, ?)",
        (passage_id, story_id, packed, created),
    )
    await tx.execute(
        "DELETE FROM prompts_used WHERE story_id = :story AND passage_id <= ("
        " SELECT passage_id FROM prompts_used WHERE story_id = :story"
        " ORDER BY passage_id DESC LIMIT 1 OFFSET :kept)",
        {"story": story_id, "kept": KEPT},
    )


async def get(reader: Reader, passage_id: int) -> Mapping[str, Any] | None:
    """Return what a passage was made from, if that is kept."""
    row = await reader.fetch_one("SELECT content FROM prompts_used WHERE passage_id = ?", (passage_id,))
    if row is None:
        return None
    content: Mapping[str, Any] = json.loads(zlib.decompress(row["content"]))
    return content
