"""Search a story's lore and passages by their words and by their meaning.

Documents are versions of lore and passages; these are taken in by `catch_up`, bit by bit, so that the background can do
that. Vectors of the stories searched last are held in memory.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from bot.story.lore.meaning import WIDTH, Encoder, Vectors, pack, unpack
from bot.story.lore.words import cut, pieces
from storage import documents
from storage.database import Database, Transaction
from storage.documents import Document, Kind

Ranking = list[tuple[int, float]]
"""Ids of what was found with their scores, the best first."""

_BATCH = 24  # passages that are taken in at once
_HELD = 50_000  # vectors held in memory, about 100 MB
_READ = 1000  # vectors read at once
_ASKED = 32  # questions whose vectors are known
_SPARE = 8  # of what is held, the part for which there is room besides
_MOST_WORDS = 16  # of a question are looked up: the rarest
_DAMPING = 120.0  # words at which a document's score halves


@dataclass(frozen=True, slots=True)
class _Matrix:
    """Hold the vectors of a story's documents of one kind, up to a row's id; behind `size` of them is spare room."""

    about: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    rows: Vectors = field(default_factory=lambda: np.zeros((0, WIDTH), np.float32))
    size: int = 0
    last: int = 0


class Archive:
    """Take documents in, and find them again."""

    def __init__(self, *, database: Database, encoder: Encoder | None) -> None:
        """Search by words alone where there is no encoder: the host can turn meaning off."""
        self._database = database
        self._encoder = encoder
        self._matrices: OrderedDict[tuple[int, Kind], _Matrix] = OrderedDict()
        self._asked: OrderedDict[str, Vectors] = OrderedDict()
        self._growing: WeakValueDictionary[tuple[int, Kind], asyncio.Lock] = WeakValueDictionary()

    async def prepare(self, kind: Kind, texts: Sequence[str]) -> list[Document]:
        """Return documents to be kept, not yet saying what they are about. Takes milliseconds each, in threads."""
        words, parts = await cut(texts), await pieces(texts)
        vectors: list[bytes | None] = [None] * len(texts)
        if self._encoder is not None:
            vectors = [pack(vector) for vector in await self._encoder.encode(texts)]
        return [
            Document(kind, 0, one, part, vector)
            for one, part, vector in zip(words, parts, vectors, strict=True)
        ]

    async def keep(self, tx: Transaction, story_id: int, document: Document) -> bool:
        """Keep a document that says what it is about; False if only its vector was new."""
        return await documents.put(tx, story_id, document)

    async def catch_up(self, story_id: int) -> bool:
        """Take in some of a story's passages that cannot be found yet; tell if there were any."""
        new = await documents.unsearchable(
            self._database, story_id, with_vectors=self._encoder is not None, limit=_BATCH
        )
        prepared = await self.prepare("passage", [text for _id, text in new])
        async with self._database.transaction() as tx:
            whole = [
                await self.keep(tx, story_id, document.of(about))
                for (about, _text), document in zip(new, prepared, strict=True)
            ]
        if not all(whole):
            # A vector among those that were read already; only now can it be read.
            self._matrices.pop((story_id, "passage"), None)
        return bool(new)

    async def by_words(
        self, story_id: int, kind: Kind, question: str, *, branch_id: int, limit: int
    ) -> Ranking:
        """Return what holds the question's words, rare ones first of all; the best possible score is 1.

        Passages are those read on the branch; lore is of all versions, among which the caller chooses.
        """
        [words] = await cut([question])
        weights = await self._weights(story_id, kind, words)
        return await documents.matching(
            self._database, story_id, kind, weights, branch_id=branch_id, damping=_DAMPING, limit=limit
        )

    async def by_meaning(
        self,
        story_id: int,
        kind: Kind,
        question: str,
        *,
        branch_id: int,
        limit: int,
        among: Collection[int] | None = None,
    ) -> Ranking:
        """Return what is nearest in meaning, with cosines; nothing where the host has turned that off.

        Passages are those read on the branch; lore is that of the versions in `among`.
        """
        if self._encoder is None or not question.strip():
            return []
        matrix, vector = await asyncio.gather(
            self._matrix(story_id, kind), self._vector(self._encoder, question)
        )
        if among is None:
            return await self._nearest_read(matrix, vector, branch_id, limit)
        return await asyncio.to_thread(_nearest, matrix, vector, limit, among)

    async def _vector(self, encoder: Encoder, question: str) -> Vectors:
        """Return a question's vector; those asked last are known: lore and passages, drafts and takes ask the same."""
        if question not in self._asked:
            [self._asked[question]] = await encoder.encode([question])
        self._asked.move_to_end(question)
        vector = self._asked[question]
        if len(self._asked) > _ASKED:
            self._asked.popitem(last=False)
        return vector

    async def _nearest_read(self, matrix: _Matrix, vector: Vectors, branch_id: int, limit: int) -> Ranking:
        """Return the nearest passages that are read on a branch, looking further while too many are not."""
        size = 4 * limit
        while True:
            nearest = await asyncio.to_thread(_nearest, matrix, vector, size, None)
            read = await documents.read_on(self._database, branch_id, [about for about, _score in nearest])
            found = [one for one in nearest if one[0] in read]
            if len(found) >= limit or len(nearest) < size:
                return found[:limit]
            size *= 4

    async def _weights(self, story_id: int, kind: Kind, words: Sequence[str]) -> dict[str, float]:
        """Return the rarest of some words, each with what it tells; none that stand nowhere, or nearly everywhere."""
        different = list(dict.fromkeys(words))
        if not different:
            return {}
        total, found = await documents.frequencies(self._database, story_id, kind, different)
        weights = {
            word: math.log(1 + (total - n + 0.5) / (n + 0.5))
            for word, n in zip(different, found, strict=True)
            if 0 < n < documents.FREQUENT
        }
        rarest = sorted(weights.items(), key=lambda item: -item[1])[:_MOST_WORDS]
        return dict(rarest)

    async def _matrix(self, story_id: int, kind: Kind) -> _Matrix:
        """Return a story's vectors, with those that came since the last time."""
        key = story_id, kind
        async with self._growing.setdefault(key, asyncio.Lock()):
            known = self._matrices.setdefault(key, _Matrix())
            self._matrices.move_to_end(key)
            matrix = known
            while new := await documents.vectors(
                self._database, story_id, kind, after=matrix.last, limit=_READ
            ):
                matrix = await asyncio.to_thread(_grown, matrix, new)
                if len(new) < _READ:
                    break
            # Where it was forgotten meanwhile, some that come before its last one may be missing.
            if matrix is not known and self._matrices.get(key) is known:
                self._matrices[key] = matrix
                self._let_go()
        return matrix

    def _let_go(self) -> None:
        """Forget the vectors of stories that were not searched for longest, above what may be held."""
        while len(self._matrices) > 1 and sum(m.size for m in self._matrices.values()) > _HELD:
            self._matrices.popitem(last=False)


def _grown(matrix: _Matrix, new: Sequence[tuple[int, int, bytes]]) -> _Matrix:
    """Return a matrix with more rows, in its spare room where that is enough. Blocks."""
    size = matrix.size + len(new)
    about, rows = matrix.about, matrix.rows
    if size > len(about):
        room = size + size // _SPARE
        about, rows = np.zeros(room, np.int64), np.zeros((room, WIDTH), np.float32)
        about[: matrix.size] = matrix.about[: matrix.size]
        rows[: matrix.size] = matrix.rows[: matrix.size]
    about[matrix.size : size] = [one for _id, one, _blob in new]
    rows[matrix.size : size] = unpack([blob for _id, _about, blob in new])
    return _Matrix(about, rows, size, new[-1][0])


def _nearest(matrix: _Matrix, vector: Vectors, limit: int, among: Collection[int] | None) -> Ranking:
    """Return the nearest, looking further down while too many are not among those that count."""
    about, rows = matrix.about[: matrix.size], matrix.rows[: matrix.size]
    scores = rows @ vector
    size = 2 * limit
    while True:
        best = _top(scores, size)
        found = [(int(about[n]), float(scores[n])) for n in best if among is None or int(about[n]) in among]
        if len(found) >= limit or size >= len(scores):
            return found[:limit]
        size *= 4


def _top(scores: Vectors, size: int) -> NDArray[np.intp]:
    """Return the places of the best scores, the best first."""
    some = np.argpartition(-scores, size)[:size] if size < len(scores) else np.arange(len(scores))
    best: NDArray[np.intp] = some[np.argsort(-scores[some], kind="stable")]
    return best
