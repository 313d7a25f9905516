"""Lend the numbered pages of a key-value cache, and count who holds each; pure and synchronous."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence


class OutOfPages(Exception):
    """Tell that more pages are wanted than can be had."""

    def __init__(self, wanted: int, free: int) -> None:
        super().__init__(f"{wanted} pages of the cache are wanted and {free} can be had")


class PagePool:
    """Lend pages `first` to `count - 1`, of `page_tokens` tokens each.

    A page has as many holders as took or share it, and is free when the last gives it. Pages are lent in runs of
    following numbers where that is possible: such a run is read without a copy.
    """

    def __init__(self, count: int, *, page_tokens: int, first: int = 0) -> None:
        self.count = count - first
        self.page_tokens = page_tokens
        self._holders: Counter[int] = Counter()
        self._runs = (
            [range(first, count)] if count > first else []
        )  # the free ones, ascending, none adjoining

    @property
    def free(self) -> int:
        """Return how many pages nobody holds."""
        return self.count - len(self._holders)

    def pages_for(self, tokens: int) -> int:
        """Return how many pages so many tokens fill or begin."""
        return -(-tokens // self.page_tokens)

    def holders(self, page: int) -> int:
        """Return how often a page was taken or shared and not given back."""
        return self._holders.get(page, 0)

    def take(self, count: int, *, after: int | None = None) -> list[int]:
        """Take free pages: those that follow the page `after`, else a run elsewhere, else several runs.

        Raises OutOfPages, and takes none, if there are not so many.
        """
        if count > self.free:
            raise OutOfPages(count, self.free)
        pages: list[int] = []
        while len(pages) < count:
            run = self._find(count - len(pages), after)
            self._cut(run)
            pages += run
        self._holders.update(pages)
        return pages

    def share(self, pages: Sequence[int]) -> None:
        """Hold pages once more; ValueError, and nothing done, if one is free."""
        if loose := [page for page in pages if page not in self._holders]:
            raise ValueError(f"pages {loose} are free and cannot be shared")
        self._holders.update(pages)

    def give(self, pages: Iterable[int]) -> None:
        """Hold pages once less; ValueError, and nothing done, if one was not held so often."""
        given = Counter(pages)
        if excess := [page for page, times in given.items() if times > self.holders(page)]:
            raise ValueError(f"pages {excess} are given but not held")
        for page, times in given.items():
            self._holders[page] -= times
            if not self._holders[page]:
                del self._holders[page]
                self._join(page)

    def _find(self, wanted: int, after: int | None) -> range:
        """Return the free pages to take first, at most as many as wanted; there must be free ones."""
        widest = max(self._runs, key=len)
        if after is not None:
            following = next((run for run in self._runs if run.start == after + 1), range(0))
            if len(following) >= wanted or (following and len(widest) < wanted):
                return following[:wanted]
        # The middle of the widest run leaves those on both sides room to grow in place.
        begin = max(0, len(widest) - wanted) // 2
        return widest[begin : begin + wanted]

    def _cut(self, taken: range) -> None:
        at = bisect_right(self._runs, taken.start, key=_start) - 1
        run = self._runs[at]
        rest = (range(run.start, taken.start), range(taken.stop, run.stop))
        self._runs[at : at + 1] = [part for part in rest if part]

    def _join(self, page: int) -> None:
        at = bisect_right(self._runs, page, key=_start)
        start, stop, first, last = page, page + 1, at, at
        if at > 0 and self._runs[at - 1].stop == page:
            start, first = self._runs[at - 1].start, at - 1
        if at < len(self._runs) and self._runs[at].start == stop:
            stop, last = self._runs[at].stop, at + 1
        self._runs[first:last] = [range(start, stop)]


def _start(run: range) -> int:
    return run.start
