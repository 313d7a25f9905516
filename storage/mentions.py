"""Keep which passages name which entries of lore, so that it is known who was there when something came up."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from storage.database import Reader, Transaction

_COMMON = 2000  # passages that name a thing

# CROSS JOIN keeps SQLite from turning the order round.
_BESIDE = (
    " CROSS JOIN trail ON trail.branch_id = :branch AND trail.shown = first.passage_id"
    " CROSS JOIN trail AS beside ON beside.branch_id = :branch"
    "  AND beside.depth BETWEEN trail.depth - :reach AND trail.depth + :reach"
    " CROSS JOIN mentions AS other ON other.passage_id = beside.shown"
)
_FROM_PERSON = (
    f"SELECT 1 FROM mentions AS first{_BESIDE} AND other.entry_id = pairs.thing"
    " WHERE first.entry_id = pairs.person AND first.here"
)
_FROM_THING = (
    f"SELECT 1 FROM mentions AS first{_BESIDE} AND other.entry_id = pairs.person AND other.here"
    " WHERE first.entry_id = pairs.thing"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """Say that a passage names an entry; `here` where that is told, not only spoken of."""

    entry_id: int
    here: bool


async def unsought(reader: Reader, branch_id: int, names: str, *, limit: int) -> list[tuple[int, str]]:
    """Return the ids and texts of passages read on a branch that were not searched for these names, newest first."""
    rows = await reader.fetch_all(
        "SELECT passages.id, passages.text FROM trail JOIN passages ON passages.id = trail.shown"
        " LEFT JOIN mentions_sought AS sought ON sought.passage_id = passages.id"
        " WHERE trail.branch_id = ? AND sought.names IS NOT ? ORDER BY trail.depth DESC LIMIT ?",
        (branch_id, names, limit),
    )
    return [(row["id"], row["text"]) for row in rows]


async def put(tx: Transaction, passage_id: int, names: str, found: Sequence[Mention]) -> None:
    """Note what a passage names, in the place of what was noted before."""
    await tx.execute("DELETE FROM mentions WHERE passage_id = ?", (passage_id,))
    await tx.execute(
        "INSERT INTO mentions (entry_id, passage_id, here)"
        " SELECT json_extract(value, '$[0]'), ?, json_extract(value, '$[1]') FROM json_each(?)",
        (passage_id, json.dumps([(one.entry_id, int(one.here)) for one in found])),
    )
    await tx.execute(
        "INSERT OR REPLACE INTO mentions_sought (passage_id, names) VALUES (?, ?)", (passage_id, names)
    )


async def present(reader: Reader, branch_id: int, entry_id: int, *, reach: int) -> list[int]:
    """Return the slots of a branch, in order, at or beside which somebody is named as being there."""
    rows = await reader.fetch_all(
        "SELECT DISTINCT beside.slot, beside.depth FROM mentions"
        " JOIN trail ON trail.branch_id = :branch AND trail.shown = mentions.passage_id"
        " JOIN trail AS beside ON beside.branch_id = :branch"
        "  AND beside.depth BETWEEN trail.depth - :reach AND trail.depth + :reach"
        " WHERE mentions.entry_id = :entry AND mentions.here ORDER BY beside.depth",
        {"branch": branch_id, "entry": entry_id, "reach": reach},
    )
    return [row["slot"] for row in rows]


async def missed(
    reader: Reader, branch_id: int, people: Sequence[int], things: Sequence[int], *, reach: int
) -> list[tuple[int, int]]:
    """Return pairs of a person and a thing that came up on a branch, but never where that person was.

    What is named in very many passages counts as known to all.
    """
    counts = await _counts(reader, {*people, *things})
    pairs = [(p, t) for p in people for t in things if p != t and 0 < counts.get(t, 0) <= _COMMON]
    # Each pair is looked for from whichever of the two is named in fewer passages.
    by_person = [(p, t) for p, t in pairs if counts.get(p, 0) <= counts[t]]
    by_thing = [(p, t) for p, t in pairs if counts.get(p, 0) > counts[t]]
    apart = [
        *await _apart(reader, branch_id, by_person, _FROM_PERSON, reach=reach),
        *await _apart(reader, branch_id, by_thing, _FROM_THING, reach=reach),
    ]
    return sorted(apart, key=pairs.index)


async def _counts(reader: Reader, entries: Collection[int]) -> dict[int, int]:
    rows = await reader.fetch_all(
        "SELECT entry_id, count(*) AS n FROM mentions WHERE entry_id IN (SELECT value FROM json_each(?))"
        " GROUP BY entry_id",
        (json.dumps(sorted(entries)),),
    )
    return {row["entry_id"]: row["n"] for row in rows}


async def _apart(
    reader: Reader, branch_id: int, pairs: Sequence[tuple[int, int]], together: str, *, reach: int
) -> list[tuple[int, int]]:
    """Return the pairs of which nothing shows that they were together, and whose thing came up."""
    if not pairs:
        return []
    rows = await reader.fetch_all(
        "WITH pairs (person, thing) AS (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]')"
        " FROM json_each(:pairs))"
        f" SELECT person, thing FROM pairs WHERE NOT EXISTS ({together})"
        " AND EXISTS (SELECT 1 FROM mentions JOIN trail ON trail.branch_id = :branch"
        "  AND trail.shown = mentions.passage_id WHERE mentions.entry_id = pairs.thing)",
        {"branch": branch_id, "pairs": json.dumps(pairs), "reach": reach},
    )
    return [(row["person"], row["thing"]) for row in rows]
