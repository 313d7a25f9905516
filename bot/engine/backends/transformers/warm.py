"""Keep the keys and values of stories that were read, so that their next turns need read only what is new.

What a story has read stays in its pages after the text has ended. A new text of the same story begins with the longest
part that its prompt has in common with what is kept: whole pages are shared, a page that is common only in part is
copied, so that nobody ever writes into a page that another holds. When pages are short, what was used least recently
moves to main memory, and from there is let go.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import structlog

from bot.engine.backends.transformers.pages import OutOfPages, PagePool

log = structlog.get_logger(__name__)

PER_STORY = 4  # what is kept of one story at most: its branches and takes


class Saved(Protocol):
    """Be pages in main memory."""

    @property
    def bytes(self) -> int:
        """Return their size."""


class Mover(Protocol):
    """Move what is in pages."""

    @property
    def page_bytes(self) -> int:
        """Return the size of one page."""

    def copy(self, source: int, target: int) -> None:
        """Copy one page."""

    def save(self, pages: Sequence[int]) -> Saved:
        """Copy pages into main memory; raises MemoryError if there is no room."""

    # Any: only the mover itself knows what it made of the pages.
    def load(self, saved: Any, pages: Sequence[int]) -> None:
        """Copy the first of the saved pages back, as many as are named."""


@dataclass(slots=True, eq=False)
class Lease:
    """Hold the pages of a running text.

    `tokens` are those whose keys and values are in the pages, of which the first `cached` were there when it began;
    who runs the text sets them, and writes behind them only. `warm` tells whether it is kept.
    """

    key: str
    tokens: list[int]
    pages: list[int]
    cached: int
    warm: bool


@dataclass(slots=True, eq=False)
class _Kept:
    """Be a text that ended: in its pages, or saved."""

    key: str
    tokens: list[int]
    pages: list[int]
    saved: Saved | None = None


@dataclass(slots=True)
class Counts:
    """Count tokens that were found (`hits`) or must be read (`misses`), and texts that moved or had to go."""

    hits: int = 0
    misses: int = 0
    saved: int = 0
    loaded: int = 0
    dropped: int = 0


class WarmStories:
    """Lease pages to texts, and keep what they read under their story's key; keys share nothing.

    At most `host_bytes` of it are in main memory. Of what a story has read, an end shorter than `spare_tokens` (a page
    at least) is given up for the text that takes its place: a retry, or the next turn, goes on in the same pages.
    """

    def __init__(self, pool: PagePool, mover: Mover, host_bytes: int, *, spare_tokens: int = 0) -> None:
        self.counts = Counts()
        self._spare = max(spare_tokens, pool.page_tokens)
        self._pool = pool
        self._mover = mover
        self._host_bytes = host_bytes
        self._kept: list[_Kept] = []  # in the order of their last use
        self._running: list[Lease] = []

    def begin(self, key: str, prompt: Sequence[int], *, room: int, warm: bool) -> Lease:
        """Lease pages for a prompt and `room` more tokens, with all but the last of it that is known already.

        Raises OutOfPages, and lets nothing go, if the running texts hold too much.
        """
        size = self._pool.pages_for(len(prompt) + room)
        source, common = self._longest(key, prompt[:-1]) if warm else (None, 0)
        shared = source.pages[: self._pool.pages_for(common)] if source else []
        self._check(size, shared[: common // self._pool.page_tokens])
        lease = Lease(key, list(prompt[:common]), list(shared), common, warm)
        self._pool.share(shared)
        try:
            if isinstance(source, _Kept):
                self._use(source, common)
            self._fill(lease, size)
            if isinstance(source, _Kept) and source.saved and not shared:
                self._load(source.saved, lease)
        except BaseException:
            self._pool.give(lease.pages)
            raise
        self._running.append(lease)
        self.counts.hits += common
        self.counts.misses += len(prompt) - common
        return lease

    def end(self, lease: Lease) -> None:
        """Keep what a text has read as the newest of its story."""
        if not lease.warm or not lease.tokens:
            self.drop(lease)
            return
        self._running.remove(lease)
        used = self._pool.pages_for(len(lease.tokens))
        self._pool.give(lease.pages[used:])
        newest = _Kept(lease.key, lease.tokens, lease.pages[:used])
        for old in self._of(lease.key):
            if len(old.tokens) - _common(old.tokens, newest.tokens) < self._spare:
                self._forget(old)
        self._kept.append(newest)
        self._settle(newest)
        for old in self._of(lease.key)[:-PER_STORY]:
            self._forget(old)

    def drop(self, lease: Lease) -> None:
        """Take a text's pages back and keep nothing of it."""
        self._running.remove(lease)
        self._pool.give(lease.pages)

    def clear(self) -> None:
        """Let go everything, and keep nothing that still runs."""
        for kept in list(self._kept):
            self._forget(kept)
        for lease in self._running:
            lease.warm = False

    def stats(self) -> dict[str, int]:
        """Return figures for whoever watches: what is kept now, and the counts since the start."""
        return {
            "kept": len(self._kept),
            "kept_tokens": sum(len(kept.tokens) for kept in self._kept),
            "on_host": sum(kept.saved is not None for kept in self._kept),
            **asdict(self.counts),
        }

    def _of(self, key: str) -> list[_Kept]:
        return [kept for kept in self._kept if kept.key == key]

    def _longest(self, key: str, prompt: Sequence[int]) -> tuple[_Kept | Lease | None, int]:
        """Return what has the most in common with a prompt, and how many tokens; None and 0 if nothing has any."""
        known_ones: list[_Kept | Lease] = [
            lease for lease in self._running if lease.warm and lease.key == key
        ]
        known_ones += self._of(key)
        found: tuple[_Kept | Lease | None, int] = (None, 0)
        best = (0, False, 0)
        for known in known_ones:
            common = _common(known.tokens, prompt)
            # For less than a page nothing is fetched from main memory that is here already.
            worth = (common // self._pool.page_tokens, bool(known.pages), common)
            if common and worth >= best:
                found, best = (known, common), worth
        return found

    def _check(self, size: int, shared: Sequence[int]) -> None:
        """Raise OutOfPages unless `size` pages, some shared, can be had once all idle ones are let go."""
        running = {page for lease in self._running for page in lease.pages}
        idle = {page for kept in self._kept for page in kept.pages} - running
        wanted, free = size - len(running.intersection(shared)), self._pool.free + len(idle)
        if wanted > free:
            raise OutOfPages(wanted, free)

    def _use(self, source: _Kept, common: int) -> None:
        """Count a kept text as used, and leave its end to whoever goes on from there if nothing much is lost."""
        self._kept.remove(source)
        self._kept.append(source)
        whole = common // self._pool.page_tokens
        in_place = range(whole, self._pool.pages_for(common))  # the new text holds them already
        alone = all(
            self._pool.holders(page) == (2 if at in in_place else 1)
            for at, page in enumerate(source.pages[whole:], start=whole)
        )
        if source.pages and alone and len(source.tokens) - common < self._spare:
            self._pool.give(source.pages[whole:])
            del source.pages[whole:], source.tokens[whole * self._pool.page_tokens :]
            self._settle(source)

    def _settle(self, kept: _Kept) -> None:
        """Let a kept text go if it is empty or only the beginning of another that is in pages too.

        So no kept text shares its last page with another kept one, and there is always one to evict.
        """
        others = (other for other in self._of(kept.key) if other is not kept and other.pages)
        if not kept.tokens or any(other.tokens[: len(kept.tokens)] == kept.tokens for other in others):
            self._forget(kept)

    def _fill(self, lease: Lease, size: int) -> None:
        """Bring a lease to its size, with a last page of its own to write in."""
        whole = lease.cached // self._pool.page_tokens
        while self._pool.free < size - len(lease.pages) + self._borrowed(lease, whole):
            self._evict()
        if not self._borrowed(lease, whole):
            lease.pages += self._pool.take(size - len(lease.pages), after=_last(lease.pages))
            return
        partial = lease.pages[whole]
        fresh = self._pool.take(size - whole, after=_last(lease.pages[:whole]))
        lease.pages[whole:] = fresh
        try:
            self._mover.copy(partial, fresh[0])
        finally:
            self._pool.give([partial])

    def _borrowed(self, lease: Lease, whole: int) -> bool:
        """Tell whether the page in which a lease would write first is another's too."""
        return any(self._pool.holders(page) > 1 for page in lease.pages[whole:])

    def _load(self, saved: Saved, lease: Lease) -> None:
        self._mover.load(saved, lease.pages[: self._pool.pages_for(lease.cached)])
        self.counts.loaded += 1

    def _evict(self) -> None:
        """Free pages of the kept text that was used least recently: save it if main memory allows, else let it go."""
        oldest = next(kept for kept in self._kept if kept.pages and self._pool.holders(kept.pages[-1]) == 1)
        room = self._host_bytes - len(oldest.pages) * self._mover.page_bytes
        if room < 0:
            self._lose(oldest)
            return
        while sum(kept.saved.bytes for kept in self._kept if kept.saved) > room:
            self._lose(next(kept for kept in self._kept if kept.saved))
        try:
            oldest.saved = self._mover.save(oldest.pages)
        except MemoryError as error:
            log.warning("main memory is short", reason=str(error))
            self._lose(oldest)
            return
        self._pool.give(oldest.pages)
        oldest.pages = []
        self.counts.saved += 1

    def _lose(self, kept: _Kept) -> None:
        self._forget(kept)
        self.counts.dropped += 1

    def _forget(self, kept: _Kept) -> None:
        self._kept.remove(kept)
        self._pool.give(kept.pages)


def _last(pages: Sequence[int]) -> int | None:
    return pages[-1] if pages else None


def _common(known: Sequence[int], prompt: Sequence[int]) -> int:
    """Return how many tokens two sequences begin with in common."""
    pairs = enumerate(zip(known, prompt, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(known), len(prompt)))
