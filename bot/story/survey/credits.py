"""Count who wrote how much of a story, as it is read, and of each of its chapters."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

CHAPTER = 50
"""Passages in a chapter, where the story has no other chapters yet."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """Tell what one passage brought: at which depth it is read, who wrote the words that are read, how many."""

    depth: int
    writer: int
    words: int


@dataclass(frozen=True, slots=True)
class Chapter:
    """Hold the words of each writer between two depths, both included."""

    first: int
    last: int
    words: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Credits:
    """Hold what each writer wrote; `names` are their newest names. Chapters without a word are left out."""

    names: Mapping[int, str]
    words: Mapping[int, int]
    passages: Mapping[int, int]
    chapters: tuple[Chapter, ...]


def tally(
    contributions: Iterable[Contribution], names: Mapping[int, str], chapters: Sequence[tuple[int, int]] = ()
) -> Credits:
    """Add up what is read; `chapters` are the depths of those that the story has, in order.

    What lies outside of these is counted in chapters of a fixed length.
    """
    words: Counter[int] = Counter()
    passages: Counter[int] = Counter()
    parts: defaultdict[tuple[int, int], Counter[int]] = defaultdict(Counter)
    spans = _Spans(chapters)
    for given in contributions:
        words[given.writer] += given.words
        passages[given.writer] += 1
        parts[spans.of(given.depth)][given.writer] += given.words
    ends = sorted(parts)
    return Credits(names, words, passages, tuple(Chapter(*span, parts[span]) for span in ends))


class _Spans:
    """Find the chapter of a depth, for depths that come in order."""

    def __init__(self, chapters: Sequence[tuple[int, int]]) -> None:
        self._waiting = list(chapters)[::-1]
        self._from = 0

    def of(self, depth: int) -> tuple[int, int]:
        while self._waiting and self._waiting[-1][1] < depth:
            self._from = self._waiting.pop()[1] + 1
        if self._waiting and self._waiting[-1][0] <= depth:
            return self._waiting[-1]
        first = self._from + (depth - self._from) // CHAPTER * CHAPTER
        last = first + CHAPTER - 1
        return first, min(last, self._waiting[-1][0] - 1) if self._waiting else last
