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


async def change(tx: Transaction, held_id: int, text: str) -> bool:
    """Put other words in the place of some that wait; False if those were decided before."""
    row = await tx.fetch_one("UPDATE held SET text = ? WHERE id = ? RETURNING id", (text, held_id))
    return row is not None


async def remove(tx: Transaction, held_id: int, text: str) -> bool:
    """Forget words, whose writer has decided; False if they were decided before, or are others by now."""
    row = await tx.fetch_one("DELETE FROM held WHERE id = ? AND text = ? RETURNING id", (held_id, text))
    return row is not None
