"""Keep the facts that the narrator proposes as lore, with the passages they came from.

A proposal is in use while each of its slots is on the branch and shows what it was read from.
"""

import json
from dataclasses import asdict, dataclass, fields
from sqlite3 import Row
from typing import Literal

from storage.database import Reader, Transaction

State = Literal["open", "approved", "refused"]
Slots = tuple[tuple[int, int], ...]
"""Pairs: a slot, and the passage that was read there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProposal:
    """Describe a proposal: what it is about, what it says, and `since`, the newest of its slots."""

    story_id: int
    title: str
    text: str
    slots: Slots
    since: int
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(NewProposal):
    """Mirror one row."""

    id: int
    state: State
    version_id: int | None
    decided_by: int | None
    decider_name: str | None
    decided: int | None


_COLUMNS = ", ".join(field.name for field in fields(Proposal))
_IN_USE = (
    "NOT EXISTS (SELECT 1 FROM json_each(proposals.slots) AS pair WHERE NOT EXISTS ("
    " SELECT 1 FROM trail WHERE branch_id = :branch AND slot = json_extract(pair.value, '$[0]')"
    " AND shown = json_extract(pair.value, '$[1]')))"
)


def _proposal(row: Row) -> Proposal:
    values = dict(row)
    slots = tuple((slot, shown) for slot, shown in json.loads(values["slots"]))
    return Proposal(**values | {"slots": slots})


async def add(tx: Transaction, new: NewProposal) -> Proposal:
    """Keep a proposal, open to be decided."""
    row = await tx.change(
        "INSERT INTO proposals (story_id, title, text, slots, since, state, created) VALUES"
        " (:story_id, :title, :text, :slots, :since, 'open', :created)"
        f" RETURNING {_COLUMNS}",
        asdict(new) | {"slots": json.dumps(new.slots)},
    )
    return _proposal(row)


async def get(reader: Reader, proposal_id: int) -> Proposal | None:
    """Return a proposal, if there is one with that id."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM proposals WHERE id = ?", (proposal_id,))
    return _proposal(row) if row else None


async def open_on(reader: Reader, story_id: int, branch_id: int) -> list[Proposal]:
    """Return the proposals of a story that are in use on a branch and not decided, oldest first."""
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} FROM proposals WHERE story_id = :story AND state = 'open' AND {_IN_USE} ORDER BY id",
        {"story": story_id, "branch": branch_id},
    )
    return [_proposal(row) for row in rows]


async def is_in_use(reader: Reader, proposal_id: int, branch_id: int) -> bool:
    """Tell whether the passages that a proposal came from are read on a branch as they were."""
    row = await reader.fetch_one(
        f"SELECT 1 FROM proposals WHERE id = :id AND {_IN_USE}", {"id": proposal_id, "branch": branch_id}
    )
    return row is not None


async def texts(reader: Reader, story_id: int, *, limit: int) -> list[str]:
    """Return what was proposed in a story lately, whatever became of it."""
    rows = await reader.fetch_all(
        "SELECT title || ' ' || text AS whole FROM proposals WHERE story_id = ? ORDER BY id DESC LIMIT ?",
        (story_id, limit),
    )
    return [row["whole"] for row in rows]


async def decide(
    tx: Transaction,
    proposal_id: int,
    *,
    state: State,
    person_id: int,
    person_name: str,
    version_id: int | None,
    decided: int,
) -> bool:
    """Note what became of a proposal; False if it was decided before."""
    row = await tx.fetch_one(
        "UPDATE proposals SET state = ?, decided_by = ?, decider_name = ?, version_id = ?, decided = ?"
        " WHERE id = ? AND state = 'open' RETURNING id",
        (state, person_id, person_name, version_id, decided, proposal_id),
    )
    return row is not None


async def read_up_to(reader: Reader, branch_id: int) -> int:
    """Return the depth up to which a branch was read for facts; -1 where it was not."""
    row = await reader.fetch_one(
        "SELECT max(trail.depth) AS depth FROM trail JOIN proposals_read ON proposals_read.slot = trail.slot"
        " WHERE trail.branch_id = ?",
        (branch_id,),
    )
    return -1 if row is None or row["depth"] is None else int(row["depth"])


async def note_read(tx: Transaction, slot: int, *, created: int) -> None:
    """Note that a story was read for facts up to a slot."""
    await tx.execute("INSERT OR IGNORE INTO proposals_read (slot, created) VALUES (?, ?)", (slot, created))
