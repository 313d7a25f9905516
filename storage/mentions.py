"""Keep which passages name which entries of lore, so that it is known who was there when something came up."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from storage.database import Reader, Transaction


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
    """Return pairs of a person and a thing that came up on a branch, but never where that person was."""
    rows = await reader.fetch_all(
        "SELECT person.value AS person, thing.value AS thing"
        " FROM json_each(:people) AS person, json_each(:things) AS thing"
        " WHERE person.value <> thing.value AND EXISTS ("
        "  SELECT 1 FROM mentions JOIN trail ON trail.branch_id = :branch AND trail.shown = mentions.passage_id"
        "  WHERE mentions.entry_id = thing.value)"
        " AND NOT EXISTS ("
        "  SELECT 1 FROM mentions JOIN trail ON trail.branch_id = :branch AND trail.shown = mentions.passage_id"
        "  JOIN trail AS beside ON beside.branch_id = :branch"
        "   AND beside.depth BETWEEN trail.depth - :reach AND trail.depth + :reach"
        "  JOIN mentions AS there ON there.entry_id = person.value AND there.passage_id = beside.shown AND there.here"
        "  WHERE mentions.entry_id = thing.value)",
        {
            "branch": branch_id,
            "people": json.dumps(list(people)),
            "things": json.dumps(list(things)),
            "reach": reach,
        },
    )
    return [(row["person"], row["thing"]) for row in rows]
