"""Rank a book's entries for a text in four ways: by keys, patterns, rare words and meaning."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from statistics import median

from bot.story.lore import patterns
from bot.story.lore.archive import Archive, Ranking
from bot.story.lore.book import Book
from bot.story.lore.found import Reason
from bot.story.lore.merge import merge
from bot.story.lore.patterns import PatternFindings

KEYS, WORDS, MEANING = 2.0, 0.5, 1.0
"""What each ranking counts in the merged one."""

_LOOKED_AT = 200  # documents of each ranking
_SHARE = 0.16  # of what a text's rare words weigh must stand in an entry
_CLOSE, _ABOVE = 0.3, 0.17  # the least cosine, and how much it must be above the usual one
_FEW, _USUAL = 10, 0.22  # so few entries tell nothing of what is usual: then this is
_MOST_NAMED = 500  # entries that are weighed against each other; more would not fit into any prompt


@dataclass(slots=True)
class Rankings:
    """Hold the versions that each way found, the best first, and why each was found."""

    keys: list[int] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    meaning: list[int] = field(default_factory=list)
    reasons: dict[int, list[Reason]] = field(default_factory=dict)
    slow: Sequence[tuple[int, str]] = ()

    def merged(self) -> list[tuple[int, float]]:
        """Return everything that was found, the best first."""
        return merge(((KEYS, self.keys), (WORDS, self.words), (MEANING, self.meaning)))

    def add(self, version_id: int, reason: Reason) -> None:
        """Note why a version was found; the first reason of a way is enough."""
        known = self.reasons.setdefault(version_id, [])
        if reason.way not in {one.way for one in known}:
            known.append(reason)


@dataclass(frozen=True, slots=True)
class Ask:
    """Say what is looked for: keys in all of a text, words and meaning in `question`.

    With `strict` words and meaning find only what stands out; without, everything in its order.
    """

    story_id: int
    branch_id: int
    text: str
    question: str
    strict: bool


async def rank(archive: Archive, book: Book, ask: Ask) -> Rankings:
    """Return how the entries of a book rank."""
    by_keys, by_words, by_meaning = await asyncio.gather(
        _by_keys(book, ask.text),
        archive.by_words(ask.story_id, "lore", ask.question, branch_id=ask.branch_id, limit=_LOOKED_AT),
        archive.by_meaning(
            ask.story_id,
            "lore",
            ask.question,
            branch_id=ask.branch_id,
            limit=_LOOKED_AT,
            among=book.versions.keys(),
        ),
    )
    places, found = by_keys
    rankings = Rankings(slow=found.slow)
    for version_id, reason in places:
        rankings.add(version_id, reason)
    rankings.keys = list(rankings.reasons)
    least_share, least_cosine = (_SHARE, _close(by_meaning)) if ask.strict else (0.0, 0.0)
    rankings.words = [about for about, score in by_words if about in book.versions and score >= least_share]
    rankings.meaning = [about for about, score in by_meaning if score >= least_cosine]
    for version_id in rankings.words:
        rankings.add(version_id, Reason("words"))
    for version_id in rankings.meaning:
        rankings.add(version_id, Reason("meaning"))
    return rankings


def _close(by_meaning: Ranking) -> float:
    """Return the cosine from which on an entry stands out: languages and stories differ in how close all of it is."""
    usual = median(score for _about, score in by_meaning) if len(by_meaning) >= _FEW else _USUAL
    return max(_CLOSE, usual + _ABOVE)


async def _by_keys(book: Book, text: str) -> tuple[list[tuple[int, Reason]], PatternFindings]:
    """Return who is named by keys or patterns, what was named last first, and which patterns were too slow."""
    found = PatternFindings((), ())
    if book.patterns:
        found = await asyncio.to_thread(patterns.search, book.patterns, text)
    matches = await asyncio.to_thread(book.keys.find, text)
    named = [(match.at, match.owner, Reason("key", match.key)) for match in matches]
    named += [(match.at, match.owner, Reason("pattern", match.pattern)) for match in found.matches]
    if len(named) > _MOST_NAMED:
        named = nlargest(_MOST_NAMED, named, key=lambda one: (book.versions[one[1]].priority, one[0]))
    named.sort(key=lambda one: -one[0])
    return [(owner, reason) for _at, owner, reason in named], found
