"""Read all of a story's tree in outline: who wrote which passage below which, and how it begins."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, fields

from storage.database import Reader
from storage.passages import Kind

_CHUNK = 1000  # passages read at once: a large tree must not hold the event loop


@dataclass(frozen=True, slots=True)
class Sketch:
    """Hold a passage in outline; `opening` are its first characters, `replaces` what it was written to stand for."""

    id: int
    parent: int | None
    depth: int
    kind: Kind
    author_id: int | None
    author_name: str | None
    replaces: int | None
    opening: str


_COLUMNS = ", ".join(field.name for field in fields(Sketch) if field.name != "opening")


async def of_story(reader: Reader, story_id: int, *, characters: int) -> AsyncIterator[list[Sketch]]:
    """Yield every passage of a story, on whatever branch or on none, in lists; parents come before children."""
    after = 0
    while True:
        rows = await reader.fetch_all(
            f"SELECT {_COLUMNS}, substr(text, 1, :characters) AS opening FROM passages"
            " WHERE story_id = :story AND id > :after ORDER BY id LIMIT :limit",
            {"story": story_id, "after": after, "characters": characters, "limit": _CHUNK},
        )
        if rows:
            yield [Sketch(*row) for row in rows]
        if len(rows) < _CHUNK:
            return
        after = rows[-1]["id"]


async def changed(reader: Reader, branch_id: int) -> dict[int, int | None]:
    """Return what is read at the slots of a branch where that is another passage, or none."""
    rows = await reader.fetch_all(
        "SELECT slot, shown FROM trail WHERE branch_id = ? AND shown IS NOT slot", (branch_id,)
    )
    return {row["slot"]: row["shown"] for row in rows}
