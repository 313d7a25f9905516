"""Keep when each person last took part in a story, and what was its newest passage then."""

from dataclasses import dataclass

from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Visit:
    """Mirror one row; slot is None where nothing had been told yet."""

    story_id: int
    person_id: int
    slot: int | None
    seen: int


async def note(tx: Transaction, visit: Visit) -> None:
    """Note that a person is here."""
    await tx.execute(
        "INSERT OR REPLACE INTO visits (story_id, person_id, slot, seen) VALUES (?, ?, ?, ?)",
        (visit.story_id, visit.person_id, visit.slot, visit.seen),
    )


async def last(reader: Reader, *, story_id: int, person_id: int) -> Visit | None:
    """Return a person's last visit to a story, if there was one."""
    row = await reader.fetch_one(
        "SELECT story_id, person_id, slot, seen FROM visits WHERE story_id = ? AND person_id = ?",
        (story_id, person_id),
    )
    return Visit(*row) if row else None


async def first_unseen(reader: Reader, visit: Visit, branch_id: int) -> int:
    """Return the depth from which on a branch holds what is new since a visit.

    Where what was the newest then is not on the branch, that is where the two ways part.
    """
    row = await reader.fetch_one(
        "WITH RECURSIVE up (id, parent, depth, known) AS ("
        " SELECT id, parent, depth, EXISTS (SELECT 1 FROM trail WHERE branch_id = :branch AND slot = id)"
        " FROM passages WHERE id = :slot"
        " UNION ALL SELECT p.id, p.parent, p.depth,"
        " EXISTS (SELECT 1 FROM trail WHERE branch_id = :branch AND slot = p.id)"
        " FROM passages AS p JOIN up ON p.id = up.parent WHERE NOT up.known)"
        " SELECT coalesce(max(depth) + 1, 0) AS depth FROM up WHERE known",
        {"branch": branch_id, "slot": visit.slot},
    )
    return int(row["depth"]) if row else 0
