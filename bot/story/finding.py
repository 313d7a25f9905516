"""Find in a story's passages and lore what a question is about: by words and meaning, and the newest in any case."""

from collections.abc import Sequence

from bot.story.answering import Source
from bot.story.excerpts import LONGEST, excerpt
from bot.story.lore.archive import Archive
from bot.story.lore.passages import rank_passages
from bot.story.lore.search import LoreSearch
from bot.story.terms import content, covered
from storage import passages, trail
from storage.database import Database
from storage.stories import Story
from storage.trail import Told

_LOOKED_AT = 12  # passages
_LORE = 3  # entries at most
_NEWEST = 1200  # bytes of the newest passages, which no index may know yet
_NEAR = 0.34  # of a question's words must stand in what is shown as near it


class Finder:
    """Find what a question is about, on the branch that is read: what was taken back is not found."""

    def __init__(self, *, database: Database, archive: Archive, search: LoreSearch) -> None:
        self._database = database
        self._archive = archive
        self._search = search

    async def find(self, story: Story, question: str, *, size: int) -> list[Source]:
        """Return excerpts of at most `size` bytes: lore first, then passages in the order of the story."""
        wanted = content(question)
        found = [
            Source("lore", hit.version.entry_id, 0, hit.version.title, hit.version.text)
            for hit in await self._search.look_up(story, story.branch_id, question, limit=_LORE)
            if content(f"{hit.version.title} {hit.version.text}") & wanted
        ]
        told = await self._ranked(story, question)
        for one in await trail.newest(self._database, story.branch_id, size=_NEWEST):
            told.setdefault(one.passage.id, one)
        read = [_source(one, wanted) for one in told.values()]
        fitting = _fitting([*found, *(source for source in read if source.text)], size)
        return sorted(fitting, key=lambda source: (source.kind == "passage", source.number))

    def near(self, sources: Sequence[Source], question: str) -> list[Source]:
        """Return the sources that share enough words with a question, those with the most first."""
        wanted = content(question)
        rated = [(covered(wanted, content(f"{source.title} {source.text}")), source) for source in sources]
        near = [pair for pair in rated if wanted and pair[0] >= _NEAR]
        return [source for _share, source in sorted(near, key=lambda pair: -pair[0])]

    async def _ranked(self, story: Story, question: str) -> dict[int, Told]:
        """Return the passages that fit a question best, by their ids, the best first."""
        await self._archive.catch_up(story.id)
        rankings = await rank_passages(self._archive, self._search, story, story.branch_id, question)
        found: dict[int, Told] = {}
        for about in rankings.merged()[:_LOOKED_AT]:
            leaf = await trail.find(self._database, story.branch_id, about)
            if leaf is not None and leaf.shown == about:
                found[about] = Told(leaf.depth, leaf.slot, await passages.get(self._database, about))
        return found


def _source(told: Told, wanted: frozenset[str]) -> Source:
    text = excerpt(told.passage.text, wanted)
    return Source("passage", told.passage.id, told.depth + 1, "", text)


def _fitting(sources: Sequence[Source], size: int) -> list[Source]:
    """Return the first sources that fit; one always does."""
    room = max(size, LONGEST)
    taken: list[Source] = []
    for source in sources:
        room -= len(source.text.encode())
        if room >= 0 or not taken:
            taken.append(source)
    return taken
