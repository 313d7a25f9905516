"""Find the lore that matters for what was told last: pinned entries, and those that it triggers.

Keys and patterns count most, then rare words and meaning; the rankings are merged. What is found may mention others,
to a depth. Of a group the best is taken, what was used lately may rest, and all of it fits a budget of bytes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakValueDictionary

import structlog

from bot.clock import now
from bot.story.lore.archive import Archive
from bot.story.lore.book import Book, bind
from bot.story.lore.choice import choose
from bot.story.lore.found import Found, Hit
from bot.story.lore.ranking import Ask, Rankings, rank
from storage import lore
from storage.database import Database
from storage.lore import Version
from storage.stories import Story

log = structlog.get_logger(__name__)

_ASSOCIATED = 4  # entries at most that come into a prompt without a key
_TAIL = 300  # characters at the end of the story whose words and meaning are looked for
_HELD = 64 << 20  # bytes of books kept ready: forty thousand short entries


class LoreSearch:
    """Search the lore of stories; the books of those that were searched last are kept ready."""

    def __init__(self, *, database: Database, archive: Archive) -> None:
        self._database = database
        self._archive = archive
        self._books: OrderedDict[tuple[int, int], tuple[tuple[int, str], Book]] = OrderedDict()
        self._binding: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()

    async def find(
        self,
        story: Story,
        branch_id: int,
        recent_text: str,
        *,
        budget_bytes: int,
        depth: int | None = None,
    ) -> Found:
        """Return what belongs into the prompt of the passage that follows a text.

        `budget_bytes` is for pinned and triggered together. A passage that is written anew names its depth, so that
        what stood in its own prompt does not rest because of it.
        """
        book = await self.book(story.id, branch_id)
        if not book.versions:
            return Found()
        ask = Ask(story.id, branch_id, recent_text, recent_text[-_TAIL:], strict=True)
        rankings = await rank(self._archive, book, ask)
        await self._note_slow(story.id, rankings.slow)
        return await asyncio.to_thread(
            choose,
            book,
            _worth_telling(_hits(book, rankings, story.language), rankings),
            resting=await self._resting(book, branch_id, depth),
            language=story.language,
            budget_bytes=budget_bytes,
        )

    async def look_up(self, story: Story, branch_id: int, question: str, *, limit: int = 5) -> list[Hit]:
        """Return the entries that fit a question best, pinned or not, whatever their groups and cooldowns say."""
        book = await self.book(story.id, branch_id)
        rankings = await rank(self._archive, book, Ask(story.id, branch_id, question, question, strict=False))
        return _hits(book, rankings, story.language)[:limit]

    async def book(self, story_id: int, branch_id: int) -> Book:
        """Return what is in use on a branch."""
        # Whoever comes while a book is bound, which may take a second, waits for that one.
        async with self._binding.setdefault((story_id, branch_id), asyncio.Lock()):
            state = await lore.state(self._database, story_id, branch_id)
            kept = self._books.get((story_id, branch_id))
            if kept is None or kept[0] != state:
                versions = await lore.in_use(self._database, story_id, branch_id)
                slow = await lore.slow_patterns(self._database, story_id)
                kept = state, await asyncio.to_thread(bind, versions, slow=slow)
                self._books[story_id, branch_id] = kept
                self._let_go(but=(story_id, branch_id))
            self._books.move_to_end((story_id, branch_id))
        return kept[1]

    def _let_go(self, *, but: tuple[int, int]) -> None:
        """Forget the books that were not asked for longest, above what may be held."""
        held = sum(book.size for _state, book in self._books.values())
        for key in [key for key in self._books if key != but]:
            if held <= _HELD:
                return
            held -= self._books.pop(key)[1].size

    async def _resting(self, book: Book, branch_id: int, depth: int | None) -> set[int]:
        """Return the entries that were used too lately."""
        if not book.longest_cooldown:
            return set()
        uses = await lore.last_uses(self._database, branch_id, within=book.longest_cooldown, depth=depth)
        cooldowns = {version.entry_id: version.cooldown for version in book.versions.values()}
        return {entry for entry, ago in uses.items() if ago <= cooldowns.get(entry, 0)}

    async def _note_slow(self, story_id: int, slow: Sequence[tuple[int, str]]) -> None:
        """Skip slow patterns from now on."""
        if not slow:
            return
        log.warning("patterns of lore took too long; skipping them", story=story_id, patterns=len(slow))
        async with self._database.transaction() as tx:
            await lore.mark_slow(tx, slow, created=now())
        for key in [key for key in self._books if key[0] == story_id]:
            del self._books[key]


def _hits(book: Book, rankings: Rankings, language: str) -> list[Hit]:
    """Return everything that was found, the best first."""

    def hit(version: Version, score: float) -> Hit:
        return Hit(version, language, tuple(rankings.reasons[version.id]), score)

    return [hit(book.versions[version_id], score) for version_id, score in rankings.merged()]


def _worth_telling(hits: Sequence[Hit], rankings: Rankings) -> list[Hit]:
    """Return whom a key names, and the best of those that words and meaning suggest."""
    named = set(rankings.keys)
    suggested = [hit for hit in hits if hit.version.id not in named and not hit.version.pinned]
    return [hit for hit in hits if hit.version.id in named] + suggested[:_ASSOCIATED]
