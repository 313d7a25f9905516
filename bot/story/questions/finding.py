"""Find in a story's passages, recaps and lore what a question is about, by words and meaning; the newest anyway."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.story.lore.archive import Archive
from bot.story.lore.passages import rank_passages
from bot.story.lore.search import LoreSearch
from bot.story.memory.recall import covering
from bot.story.questions.answering import Source
from bot.story.questions.excerpts import LONGEST, excerpt
from bot.story.terms import content, covered
from storage import passages, trail
from storage.database import Database
from storage.stories import Story
from storage.trail import Told

_LOOKED_AT = 12  # passages
_LORE, _RECAPS = 3, 2  # at most
_SWEEPING = re.compile(
    r"\bwhat(?: has| have| had|'s|’s)? happen|\bso far\b|\bsummar|\brecap|\bthe (?:story|plot) about\b"
    r"|发生了什么|讲了什么|到目前|至今|情节|概要|总结",
    re.IGNORECASE,
)
_END = 1_000_000_000  # further than any story
_ORDER = ("lore", "recap", "passage")
_NEWEST = 1200  # bytes of the newest passages, which no index may know yet
# Measured on 48 questions that three stories answer and 30 that they do not: 5 in 6 of the ones reach this, 1 in 8 of
# the others; of the passages that answer one, three in five are among the three with the highest scores.
_NEAR = 0.25


class Finder:
    """Find what a question is about, on the branch that is read: what was taken back is not found."""

    def __init__(self, *, database: Database, archive: Archive, search: LoreSearch) -> None:
        self._database = database
        self._archive = archive
        self._search = search

    async def find(self, story: Story, question: str, *, size: int) -> list[Source]:
        """Return excerpts of at most `size` bytes: lore, recaps, then passages in the order of the story."""
        wanted = content(question)
        found = [
            Source("lore", hit.version.entry_id, 0, hit.version.title, hit.version.text, share)
            for hit in await self._search.look_up(story, story.branch_id, question, limit=_LORE)
            if (share := _share(wanted, f"{hit.version.title} {hit.version.text}"))
        ]
        found += await self._recaps(story, question)
        told, close = await self._ranked(story, question)
        for one in await trail.newest(self._database, story.branch_id, size=_NEWEST):
            told.setdefault(one.passage.id, one)
        found += await asyncio.to_thread(_sources, list(told.values()), close, wanted)
        fitting = _fitting([source for source in found if source.text], size)
        numbered = [await self._numbered(story, source) for source in fitting]
        return sorted(numbered, key=lambda source: (_ORDER.index(source.kind), source.number))

    async def _numbered(self, story: Story, source: Source) -> Source:
        """Return a source with the number of its passage as readers count: what was taken back is left out."""
        if source.kind != "passage":
            return source
        before = await trail.count(self._database, story.branch_id, before=source.number - 1)
        return replace(source, number=before + 1)

    def near(self, sources: Sequence[Source]) -> list[Source]:
        """Return the sources that are near enough to their question to be shown instead of an answer, best first."""
        near = [source for source in sources if source.score >= _NEAR]
        return sorted(near, key=lambda source: -source.score)

    async def _recaps(self, story: Story, question: str) -> list[Source]:
        """Return the recaps that share most words with a question; of one that asks for all, the newest."""
        wanted = content(question)
        found = await covering(self._database, story, before=_END)
        told = [Source("recap", recap.id, recap.first_depth + 1, "", recap.text) for recap in found]
        rated = [replace(source, score=_share(wanted, source.text)) for source in reversed(told)]
        fitting = [source for source in rated if source.score >= _NEAR or _SWEEPING.search(question)]
        best = sorted(fitting, key=lambda source: -source.score)[:_RECAPS]
        ranges = {recap.id: (recap.first_depth, recap.last_depth + 1) for recap in found}
        return [await self._ranged(story, source, *ranges[source.about]) for source in best]

    async def _ranged(self, story: Story, source: Source, first: int, end: int) -> Source:
        """Return a recap with its range as readers count."""
        before = await trail.count(self._database, story.branch_id, before=first)
        last = await trail.count(self._database, story.branch_id, before=end)
        return replace(source, title=f"{before + 1}–{last}")

    async def _ranked(self, story: Story, question: str) -> tuple[dict[int, Told], Mapping[int, float]]:
        """Return the passages that fit a question best, by their ids, the best first; and the cosines of some."""
        await self._archive.catch_up(story.id)
        rankings = await rank_passages(self._archive, self._search, story, story.branch_id, question)
        found: dict[int, Told] = {}
        for about in rankings.merged()[:_LOOKED_AT]:
            leaf = await trail.find(self._database, story.branch_id, about)
            if leaf is not None and leaf.shown == about:
                found[about] = Told(leaf.depth, leaf.slot, await passages.get(self._database, about))
        return found, rankings.closeness


def _sources(told: Sequence[Told], close: Mapping[int, float], wanted: frozenset[str]) -> list[Source]:
    """Return what passages say of a question. Blocks: passages may be long."""
    found = []
    for one in told:
        score = _share(wanted, one.passage.text) + close.get(one.passage.id, 0.0)
        text = excerpt(one.passage.text, wanted)
        found.append(Source("passage", one.passage.id, one.depth + 1, "", text, score))
    return found


def _share(wanted: frozenset[str], text: str) -> float:
    """Return the share of a question's words that stand in a text; 0 where it has none."""
    return covered(wanted, content(text)) if wanted else 0.0


def _fitting(sources: Sequence[Source], size: int) -> list[Source]:
    """Return the first sources that fit; one always does."""
    room = max(size, LONGEST)
    taken: list[Source] = []
    for source in sources:
        room -= len(source.text.encode())
        if room >= 0 or not taken:
            taken.append(source)
    return taken
