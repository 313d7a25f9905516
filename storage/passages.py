"""Keep passages: the immutable nodes of a story's tree."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from sqlite3 import Row
from typing import Any, Literal

from storage.database import Reader, Transaction
from storage.inbox import Arrival

Kind = Literal["person", "narrator"]
Finish = Literal["stop", "length", "stopped"]
Sampling = Mapping[str, float | int | str | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPassage:
    """Describe a passage to be added; from asked_by on only a narrator's has values.

    parent is None for the first passage of a story. seed fits into 64 bits with a sign.
    """

    story_id: int
    parent: int | None
    kind: Kind
    text: str
    created: int
    author_id: int | None = None
    author_name: str | None = None
    asked_by: int | None = None
    direction: str | None = None
    model: str | None = None
    seed: int | None = None
    sampling: Sampling | None = None
    prompt_digest: str | None = None
    finish: Finish | None = None
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """Mirror one row; bytes_before counts the UTF-8 bytes of all ancestors' texts.

    Erasing a person's text blanks it here and leaves the positions of later passages as they were.
    """

    id: int
    story_id: int
    parent: int | None
    depth: int
    bytes_before: int
    author_id: int | None
    author_name: str | None
    kind: Kind
    text: str
    asked_by: int | None
    direction: str | None
    model: str | None
    seed: int | None
    sampling: Sampling | None
    prompt_digest: str | None
    finish: Finish | None
    created: int
    replaces: int | None

    @property
    def bytes_after(self) -> int:
        """Where the next passage starts."""
        return self.bytes_before + len(self.text.encode())


COLUMNS = tuple(field.name for field in fields(Passage))
_COLUMNS = ", ".join(COLUMNS)


def passage_of(values: dict[str, Any]) -> Passage:
    """Make a passage of a row's values, those of COLUMNS and no others."""
    return Passage(**values | {"sampling": json.loads(values["sampling"] or "null")})


def _passage(row: Row) -> Passage:
    return passage_of(dict(row))


async def add(tx: Transaction, new: NewPassage) -> Passage:
    """Add a passage below its parent, which must belong to the same story; no branch moves by it."""
    sampling = None if new.sampling is None else json.dumps(new.sampling)
    row = await tx.change(
        "INSERT INTO passages (story_id, parent, depth, bytes_before, author_id, author_name, kind, text,"
        " asked_by, direction, model, seed, sampling, prompt_digest, finish, created, replaces)"
        " SELECT :story_id, :parent, coalesce(above.depth + 1, 0),"
        " coalesce(above.bytes_before + length(CAST(above.text AS BLOB)), 0),"
        " :author_id, :author_name, :kind, :text, :asked_by, :direction, :model, :seed, :sampling,"
        " :prompt_digest, :finish, :created, :replaces"
        f" FROM (SELECT 1) LEFT JOIN passages AS above ON above.id = :parent RETURNING {_COLUMNS}",
        asdict(new) | {"sampling": sampling},
    )
    return _passage(row)


async def get(reader: Reader, passage_id: int) -> Passage:
    """Return a passage that is known to exist; LookupError where it does not."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM passages WHERE id = ?", (passage_id,))
    if row is None:
        raise LookupError(f"no passage {passage_id}")
    return _passage(row)


async def wish(reader: Reader, passage_id: int) -> str | None:
    """Return what a passage was directed by; of one that replaces others, what the first of these was."""
    row = await reader.fetch_one(
        "WITH RECURSIVE back (replaces, direction) AS ("
        " SELECT replaces, direction FROM passages WHERE id = ?"
        " UNION ALL SELECT passages.replaces, passages.direction FROM passages"
        " JOIN back ON passages.id = back.replaces)"
        " SELECT direction FROM back WHERE replaces IS NULL",
        (passage_id,),
    )
    return row["direction"] if row else None


async def joined_as(reader: Reader, arrival: Arrival) -> int:
    """Return the id of the passage that someone's waiting words became; LookupError if they did not."""
    row = await reader.fetch_one(
        # Newest first: the words joined a moment ago, so little of a long story is looked at.
        "SELECT id FROM passages WHERE story_id = ? AND author_id = ? AND created = ? AND text = ?"
        " ORDER BY id DESC LIMIT 1",
        (arrival.story_id, arrival.author_id, arrival.created, arrival.text),
    )
    if row is None:
        raise LookupError(f"the words of arrival {arrival.id} are no passage")
    return int(row["id"])


async def takes(reader: Reader, passage: Passage) -> list[int]:
    """Return the ids of a passage and its alternatives by the same author, oldest first."""
    rows = await reader.fetch_all(
        "SELECT id FROM passages WHERE story_id = ? AND parent IS ? AND kind = ? AND author_id IS ?"
        " ORDER BY id",
        (passage.story_id, passage.parent, passage.kind, passage.author_id),
    )
    return [row["id"] for row in rows]
