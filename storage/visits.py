"""Keep when each person last took part in a story, and what was its newest passage then.

What somebody does within half an hour of what they did last belongs to one visit; where they left the story before that
visit is kept too, so that whoever came back can be told what is new, however long they have been here again.
"""

from dataclasses import dataclass

from storage.database import Reader, Transaction

PAUSE = 30 * 60 * 1000
"""Milliseconds without doing anything after which a person counts as away."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Tell when a person left a story, and its newest slot then; None where nothing had been told yet."""

    slot: int | None
    at: int


@dataclass(frozen=True, slots=True)
class Voice:
    """Count the passages of one writer; without a name they are the narrator's, or somebody's whose data is gone."""

    kind: str
    name: str | None
    passages: int


async def note(tx: Transaction, *, story_id: int, person_id: int, now: int) -> None:
    """Note that a person is here, where the story is read now."""
    await tx.execute(
        "INSERT INTO visits (story_id, person_id, slot, seen)"
        " SELECT stories.id, :person, branches.head, :now"
        " FROM stories JOIN branches ON branches.id = stories.branch_id WHERE stories.id = :story"
        " ON CONFLICT DO UPDATE SET slot = excluded.slot, seen = excluded.seen,"
        " left_slot = iif(excluded.seen - seen > :pause, slot, left_slot),"
        " left_at = iif(excluded.seen - seen > :pause, seen, left_at)",
        {"story": story_id, "person": person_id, "now": now, "pause": PAUSE},
    )


async def left(reader: Reader, *, story_id: int, person_id: int, now: int) -> Leaving | None:
    """Return where a person left a story before this visit; None where they were never here before."""
    row = await reader.fetch_one(
        "SELECT iif(:now - seen > :pause, slot, left_slot) AS slot,"
        " iif(:now - seen > :pause, seen, left_at) AS at"
        " FROM visits WHERE story_id = :story AND person_id = :person",
        {"story": story_id, "person": person_id, "now": now, "pause": PAUSE},
    )
    return Leaving(*row) if row and row["at"] is not None else None


async def first_unseen(reader: Reader, branch_id: int, *, person_id: int, leaving: Leaving) -> int:
    """Return the depth from which on a branch holds what is new to someone who left then.

    Where the newest slot of then is not on the branch, this is where the two ways part. What they had written until
    then they know, though it was not in the story yet when they were noted.
    """
    row = await reader.fetch_one(
        "WITH RECURSIVE up (id, parent, depth, known) AS ("
        " SELECT id, parent, depth, EXISTS (SELECT 1 FROM trail WHERE branch_id = :branch AND slot = id)"
        " FROM passages WHERE id = :slot"
        " UNION ALL SELECT p.id, p.parent, p.depth,"
        " EXISTS (SELECT 1 FROM trail WHERE branch_id = :branch AND slot = p.id)"
        " FROM passages AS p JOIN up ON p.id = up.parent WHERE NOT up.known)"
        " SELECT 1 + max(coalesce((SELECT max(depth) FROM up WHERE known), -1), coalesce(("
        "  SELECT max(trail.depth) FROM passages JOIN trail ON trail.branch_id = :branch AND trail.shown = passages.id"
        "  WHERE passages.author_id = :person AND passages.created <= :until), -1)) AS depth",
        {
            "branch": branch_id,
            "slot": leaving.slot,
            "person": person_id,
            "until": leaving.at + PAUSE,
        },
    )
    return int(row["depth"]) if row else 0


async def writers(reader: Reader, branch_id: int, *, first: int) -> list[Voice]:
    """Return who wrote what is read from a depth on, those with the most passages first."""
    rows = await reader.fetch_all(
        "SELECT kind, max(author_name) AS name, count(*) AS passages"
        " FROM trail JOIN passages ON passages.id = trail.shown"
        " WHERE branch_id = ? AND trail.depth >= ? GROUP BY kind, author_id"
        " ORDER BY passages DESC, max(passages.id) DESC",
        (branch_id, first),
    )
    return [Voice(*row) for row in rows]
