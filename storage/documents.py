"""Keep what can be searched for: lore and passages, by their words (FTS5) and by their meaning (vectors).

Words come cut already. In the index each carries its story and kind, so a search costs what that story holds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from storage.database import Reader, Transaction

Kind = Literal["lore", "passage"]

FREQUENT = 1000
"""Documents that are counted at most."""

_LETTERS: Mapping[Kind, str] = {"lore": "q", "passage": "z"}
# In use on a branch: what is read there. Lore is told apart by who asks, who knows the versions in use.
_READ = " AND EXISTS (SELECT 1 FROM trail WHERE branch_id = :branch AND shown = about)"


@dataclass(frozen=True, slots=True)
class Document:
    """Name what is searched for: the id of a version of lore or of a passage, and its words, cut.

    By its pieces it is found too; its length is that of the words.
    """

    kind: Kind
    about: int
    words: Sequence[str]
    pieces: Sequence[str]
    vector: bytes | None

    def of(self, about: int) -> "Document":
        """Return the same, saying what it is about."""
        return replace(self, about=about)


async def put(tx: Transaction, story_id: int, document: Document) -> bool:
    """Add a document and return True; one that is there already stays as it is but for a vector that it lacked."""
    row = await tx.fetch_one(
        "INSERT INTO documents (story_id, kind, about, words, vector) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (story_id, kind, about) DO NOTHING RETURNING id",
        (story_id, document.kind, document.about, len(document.words), document.vector),
    )
    if row is None:
        await tx.execute(
            "UPDATE documents SET vector = ? WHERE story_id = ? AND kind = ? AND about = ? AND vector IS NULL",
            (document.vector, story_id, document.kind, document.about),
        )
        return False
    marked = " ".join(_mark(story_id, document.kind, word) for word in (*document.words, *document.pieces))
    await tx.execute("INSERT INTO documents_words (rowid, words) VALUES (?, ?)", (row["id"], marked))
    return True


async def frequencies(
    reader: Reader, story_id: int, kind: Kind, words: Sequence[str]
) -> tuple[int, list[int]]:
    """Return how many documents of a kind a story has, and in how many each word stands; `FREQUENT` is enough."""
    some = f"SELECT 1 FROM documents_words WHERE documents_words MATCH ? LIMIT {FREQUENT}"
    counted = ["SELECT count(*) FROM documents WHERE story_id = ? AND kind = ?"]
    counted += [f"SELECT count(*) FROM ({some})"] * len(words)
    row = await reader.fetch_one(
        "SELECT " + ", ".join(f"({one})" for one in counted),
        [story_id, kind, *(_phrase(story_id, kind, word) for word in words)],
    )
    assert row is not None  # a question for numbers always has an answer
    total, *found = row
    return total, found


async def matching(
    reader: Reader,
    story_id: int,
    kind: Kind,
    weights: Mapping[str, float],
    *,
    branch_id: int,
    damping: float,
    limit: int,
) -> list[tuple[int, float]]:
    """Return which documents hold some of the weighted words, with their scores, the best first.

    Passages are those read on the branch. A score is the share of all weights, less for long documents: `damping` is
    the number of words at which it halves.
    """
    if not weights:
        return []
    parts = " UNION ALL ".join(
        f"SELECT rowid AS id, :w{n} AS weight FROM documents_words WHERE documents_words MATCH :t{n}"
        for n in range(len(weights))
    )
    read = _READ if kind == "passage" else ""
    total = sum(weights.values())
    parameters: dict[str, object] = {
        "branch": branch_id,
        "total": total,
        "damping": damping,
        "limit": limit,
    }
    for n, (word, weight) in enumerate(weights.items()):
        parameters |= {f"w{n}": weight, f"t{n}": _phrase(story_id, kind, word)}
    rows = await reader.fetch_all(
        "SELECT about, score / :total / (1.0 + documents.words / :damping) AS score FROM ("
        f" SELECT id, sum(weight) AS score FROM ({parts}) GROUP BY id) AS hits"
        f" JOIN documents ON documents.id = hits.id WHERE true{read} ORDER BY 2 DESC, about LIMIT :limit",
        parameters,
    )
    return [(row["about"], row["score"]) for row in rows]


async def vectors(
    reader: Reader, story_id: int, kind: Kind, *, after: int, limit: int
) -> list[tuple[int, int, bytes]]:
    """Return the next vectors of a story's documents behind a row: the row's id, what it is about, the vector."""
    rows = await reader.fetch_all(
        "SELECT id, about, vector FROM documents INDEXED BY documents_of_story"
        " WHERE story_id = ? AND kind = ? AND vector IS NOT NULL AND id > ? ORDER BY id LIMIT ?",
        (story_id, kind, after, limit),
    )
    return [tuple(row) for row in rows]


async def read_on(reader: Reader, branch_id: int, passage_ids: Sequence[int]) -> set[int]:
    """Return which of some passages are read on a branch."""
    rows = await reader.fetch_all(
        "SELECT shown FROM trail JOIN json_each(?) AS wanted ON trail.shown = wanted.value WHERE branch_id = ?",
        (json.dumps(list(passage_ids)), branch_id),
    )
    return {row["shown"] for row in rows}


async def unsearchable(
    reader: Reader, story_id: int, *, with_vectors: bool, limit: int
) -> list[tuple[int, str]]:
    """Return the ids and texts of a story's passages that cannot be searched for yet, the oldest first.

    They are taken in by their ids, so nothing is looked at but what is new, however long the story is.
    """
    rows = await reader.fetch_all(
        "SELECT id, text FROM passages WHERE story_id = :story AND text <> '' AND id > ("
        "  SELECT coalesce(max(about), 0) FROM documents WHERE story_id = :story AND kind = 'passage')"
        " ORDER BY id LIMIT :limit",
        {"story": story_id, "limit": limit},
    )
    if not rows and with_vectors:
        rows = await reader.fetch_all(
            "SELECT passages.id, passages.text FROM documents JOIN passages ON passages.id = documents.about"
            " WHERE documents.story_id = :story AND documents.kind = 'passage' AND documents.vector IS NULL"
            " ORDER BY passages.id LIMIT :limit",
            {"story": story_id, "limit": limit},
        )
    return [tuple(row) for row in rows]


def _mark(story_id: int, kind: Kind, word: str) -> str:
    # Digits and consonants before a word leave its stem as it is.
    return f"{story_id}{_LETTERS[kind]}{word}"


def _phrase(story_id: int, kind: Kind, word: str) -> str:
    return f'"{_mark(story_id, kind, word)}"'
