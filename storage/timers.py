"""Keep what the bot must do at which time; a timer is taken in the same transaction in which that is done."""

from collections.abc import Collection
from dataclasses import dataclass

from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Timer:
    """Mirror one row: `about` is the id of what the timer is for; there is one of a kind for each."""

    kind: str
    about: int
    due: int


async def put(tx: Transaction, kind: str, about: int, due: int | None) -> None:
    """Set a timer, anew where it was set before; None takes it away."""
    if due is None:
        await tx.execute("DELETE FROM timers WHERE kind = ? AND about = ?", (kind, about))
    else:
        await tx.execute(
            "INSERT OR REPLACE INTO timers (kind, about, due) VALUES (?, ?, ?)", (kind, about, due)
        )


async def take(tx: Transaction, kinds: Collection[str], *, now: int) -> Timer | None:
    """Take the timer of these kinds that has been due for longest, if one is; it is gone then."""
    row = await tx.fetch_one(
        "DELETE FROM timers WHERE (kind, about) = ("
        f" SELECT kind, about FROM timers WHERE due <= ? AND kind IN ({_marks(kinds)}) ORDER BY due, about LIMIT 1)"
        " RETURNING kind, about, due",
        (now, *kinds),
    )
    return Timer(*row) if row else None


async def next_due(reader: Reader, kinds: Collection[str]) -> int | None:
    """Return when the next timer of these kinds is due."""
    row = await reader.fetch_one(
        f"SELECT min(due) AS due FROM timers WHERE kind IN ({_marks(kinds)})", tuple(kinds)
    )
    return row["due"] if row else None


async def all_of(reader: Reader, kind: str) -> list[Timer]:
    """Return every timer of a kind, by its time."""
    rows = await reader.fetch_all(
        "SELECT kind, about, due FROM timers WHERE kind = ? ORDER BY due, about", (kind,)
    )
    return [Timer(*row) for row in rows]


async def beat(tx: Transaction, *, now: int) -> None:
    """Note that the bot runs."""
    await tx.execute("INSERT OR REPLACE INTO heartbeat (id, at) VALUES (1, ?)", (now,))


async def last_beat(reader: Reader) -> int | None:
    """Return when the bot was last known to run."""
    row = await reader.fetch_one("SELECT at FROM heartbeat")
    return row["at"] if row else None


def _marks(kinds: Collection[str]) -> str:
    return ", ".join("?" * len(kinds))
