"""Find the passages that a question is about: by its words, by its meaning, and by what the lore calls it.

People ask in other words than a story uses, and in another language. The entry of lore that fits the question best
often knows the story's own: its names and keys are looked for too.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bot.story.lore.archive import Archive
from bot.story.lore.book import keys_of
from bot.story.lore.merge import merge
from bot.story.lore.patterns import is_pattern
from bot.story.lore.search import LoreSearch
from storage.stories import Story

WORDS, MEANING, NAMES = 0.5, 1.0, 1.0
"""What each ranking counts in the merged one."""

_LOOKED_AT = 50  # passages of each ranking


@dataclass(frozen=True, slots=True)
class PassageRankings:
    """Hold the ids of passages that each way found, the best first; `closeness` has the cosines."""

    words: list[int]
    meaning: list[int]
    names: list[int]
    closeness: Mapping[int, float]

    def merged(self) -> list[int]:
        """Return everything that was found, the best first."""
        ranked = merge(((WORDS, self.words), (MEANING, self.meaning), (NAMES, self.names)))
        return [passage_id for passage_id, _score in ranked]


async def rank_passages(
    archive: Archive, search: LoreSearch, story: Story, branch_id: int, question: str
) -> PassageRankings:
    """Return how the passages that are read on a branch rank for a question."""
    hits = await search.look_up(story, branch_id, question, limit=1)
    names = [name for hit in hits for name in (hit.version.title, *keys_of(hit.version))]
    bridge = " ".join(name for name in names if not is_pattern(name))

    async def by_words(words: str) -> list[int]:
        found = await archive.by_words(story.id, "passage", words, branch_id=branch_id, limit=_LOOKED_AT)
        return [about for about, _score in found]

    words, named, near = await asyncio.gather(
        by_words(question),
        by_words(bridge),
        archive.by_meaning(story.id, "passage", question, branch_id=branch_id, limit=_LOOKED_AT),
    )
    return PassageRankings(words, [about for about, _score in near], named, dict(near))
