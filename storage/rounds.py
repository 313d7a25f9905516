"""Keep rounds: what everyone hands in, by whom, and the passage that was woven of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from sqlite3 import Row
from typing import Literal

from storage.database import Reader, Transaction
from storage.passages import Passage

State = Literal["open", "weaving", "done"]


@dataclass(frozen=True, slots=True)
class Round:
    """Mirror one row; a story has one at most that is not done."""

    id: int
    story_id: int
    state: State
    passage_id: int | None
    created: int
    closed: int | None


@dataclass(frozen=True, slots=True)
class Contribution:
    """Mirror what one person handed in; the author is None once erased."""

    id: int
    round_id: int
    author_id: int | None
    author_name: str | None
    text: str
    created: int
    changed: int


_COLUMNS = ", ".join(field.name for field in fields(Round))
_CONTRIBUTION = ", ".join(field.name for field in fields(Contribution))


def _round(row: Row | None) -> Round | None:
    return Round(*row) if row else None


async def current(reader: Reader, story_id: int) -> Round | None:
    """Return a story's round that is not done."""
    return _round(
        await reader.fetch_one(
            f"SELECT {_COLUMNS} FROM rounds WHERE story_id = ? AND state <> 'done'", (story_id,)
        )
    )


async def begin(tx: Transaction, story_id: int, *, created: int) -> Round:
    """Open a round; its story must have none that is not done."""
    return Round(
        *await tx.change(
            f"INSERT INTO rounds (story_id, state, created) VALUES (?, 'open', ?) RETURNING {_COLUMNS}",
            (story_id, created),
        )
    )


async def contribute(
    tx: Transaction, round_id: int, *, author_id: int, author_name: str, text: str, now: int
) -> None:
    """Keep what a person hands in, in the place of what they handed in before."""
    await tx.execute(
        "INSERT INTO contributions (round_id, author_id, author_name, text, created, changed)"
        " VALUES (:round, :author, :name, :text, :now, :now) ON CONFLICT (round_id, author_id)"
        " DO UPDATE SET text = :text, author_name = :name, changed = :now",
        {"round": round_id, "author": author_id, "name": author_name, "text": text, "now": now},
    )


async def contributions(reader: Reader, round_id: int) -> list[Contribution]:
    """Return what was handed in, in the order in which each person first did."""
    rows = await reader.fetch_all(
        f"SELECT {_CONTRIBUTION} FROM contributions WHERE round_id = ? ORDER BY id", (round_id,)
    )
    return [Contribution(*row) for row in rows]


async def weave(tx: Transaction, round_id: int) -> None:
    """Note that the narrator makes a passage of a round."""
    await tx.execute("UPDATE rounds SET state = 'weaving' WHERE id = ?", (round_id,))


async def finish(tx: Transaction, round_id: int, *, passage_id: int | None, closed: int) -> None:
    """Note that a round is done: with the passage that was woven, or None where all stands as it was handed in."""
    await tx.execute(
        "UPDATE rounds SET state = 'done', passage_id = ?, closed = ? WHERE id = ?",
        (passage_id, closed, round_id),
    )


async def handed_in_for(reader: Reader, passages: Sequence[Passage]) -> dict[int, list[Contribution]]:
    """Return what was woven into passages, or into those whose place they took; the others are left out."""
    woven = {one.replaces or one.id: one.id for one in passages if one.kind == "narrator"}
    marks = ", ".join("?" * len(woven))
    rows = await reader.fetch_all(
        f"SELECT rounds.passage_id AS woven, {', '.join('c.' + n for n in _CONTRIBUTION.split(', '))}"
        f" FROM contributions AS c JOIN rounds ON rounds.id = c.round_id WHERE rounds.passage_id IN ({marks})"
        " ORDER BY c.id",
        tuple(woven),
    )
    found: dict[int, list[Contribution]] = {}
    for row in rows:
        passage_id, *rest = row
        found.setdefault(woven[passage_id], []).append(Contribution(*rest))
    return found
