"""Keep words that go against the lore, until their writer says what to do with them."""

from dataclasses import asdict, dataclass, fields

from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHeld:
    """Describe words that wait for their writer's decision."""

    story_id: int
    channel_id: int
    author_id: int
    author_name: str
    text: str
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(NewHeld):
    """Mirror one row."""

    id: int


_COLUMNS = ", ".join(field.name for field in fields(Held))


async def add(tx: Transaction, new: NewHeld) -> Held:
    """Keep words."""
    row = await tx.change(
        "INSERT INTO held (story_id, channel_id, author_id, author_name, text, created)"
        f" VALUES (:story_id, :channel_id, :author_id, :author_name, :text, :created) RETURNING {_COLUMNS}",
        asdict(new),
    )
    return Held(**dict(row))


async def get(reader: Reader, held_id: int) -> Held | None:
    """Return words that still wait, if they do."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM held WHERE id = ?", (held_id,))
    return Held(**dict(row)) if row else None


async def beyond(reader: Reader, *, story_id: int, author_id: int, newest: int, since: int) -> list[Held]:
    """Return somebody's words that wait in a story, oldest first, but for the newest ones kept since a time."""
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} FROM held WHERE author_id = :author AND story_id = :story AND (created < :since"
        "  OR id NOT IN (SELECT id FROM held WHERE author_id = :author AND story_id = :story"
        "   ORDER BY id DESC LIMIT :newest)) ORDER BY id",
        {"author": author_id, "story": story_id, "newest": newest, "since": since},
    )
    return [Held(**dict(row)) for row in rows]


async def forget(tx: Transaction, *, before: int, but_of: int) -> None:
    """Forget all words kept before a time, but for those of one person."""
    await tx.execute("DELETE FROM held WHERE created < ? AND author_id <> ?", (before, but_of))


async def change(tx: Transaction, held_id: int, text: str) -> bool:
    """Put other words in the place of some that wait; False if those were decided before."""
    row = await tx.fetch_one("UPDATE held SET text = ? WHERE id = ? RETURNING id", (text, held_id))
    return row is not None


async def remove(tx: Transaction, held_id: int, text: str) -> bool:
    """Forget words, whose writer has decided; False if they were decided before, or are others by now."""
    row = await tx.fetch_one("DELETE FROM held WHERE id = ? AND text = ? RETURNING id", (held_id, text))
    return row is not None
