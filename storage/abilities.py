"""Keep what each model was found able to do, so that it is tried once."""

from storage.database import Reader, Transaction


async def get(reader: Reader, *, model: str, skill: str) -> bool | None:
    """Return whether a model has a skill; None while that was not tried."""
    row = await reader.fetch_one("SELECT able FROM abilities WHERE model = ? AND skill = ?", (model, skill))
    return bool(row["able"]) if row else None


async def note(tx: Transaction, *, model: str, skill: str, able: bool, created: int) -> None:
    """Note what a trial showed."""
    await tx.execute(
        "INSERT OR REPLACE INTO abilities (model, skill, able, created) VALUES (?, ?, ?, ?)",
        (model, skill, able, created),
    )
