"""Prove that pages of the cache are lent to no two strangers, counted exactly, and lent in runs where there are any."""

from collections import Counter
from itertools import groupby

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.engine.backends.transformers.pages import OutOfPages, PagePool

FIRST, COUNT = 2, 14


class PoolMachine(RuleBasedStateMachine):
    """Take, share and give in any order beside a plain count of holders."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = PagePool(COUNT, page_tokens=4, first=FIRST)
        self.held: Counter[int] = Counter()

    def unheld(self) -> list[int]:
        """Return the free pages, ascending."""
        return [page for page in range(FIRST, COUNT) if not self.held[page]]

    @rule(count=st.integers(0, COUNT), after=st.none() | st.integers(FIRST, COUNT))
    def take(self, count: int, after: int | None) -> None:
        """Get pages that nobody holds: behind the given one, else in one run, if there is such a run."""
        free = self.unheld()
        if count > len(free):
            with pytest.raises(OutOfPages):
                self.pool.take(count, after=after)
            return
        pages = self.pool.take(count, after=after)

        assert len(set(pages)) == len(pages) == count
        assert set(pages) <= set(free)
        if after is not None and self.held[after] and set(range(after + 1, after + 1 + count)) <= set(free):
            assert pages == list(range(after + 1, after + 1 + count))
        elif count <= longest_run(free):
            assert pages == list(range(pages[0], pages[0] + count)) if pages else not count

        self.held.update(pages)

    @precondition(lambda self: self.held.total())
    @rule(data=st.data())
    def share(self, data: st.DataObject) -> None:
        """Hold some once more."""
        pages = data.draw(st.lists(st.sampled_from(sorted(self.held)), unique=True))
        self.pool.share(pages)
        self.held.update(pages)

    @precondition(lambda self: self.held.total())
    @rule(data=st.data())
    def give(self, data: st.DataObject) -> None:
        """Give back some of what is held, one of them perhaps for several holders at once."""
        everything = sorted(self.held.elements())
        pages = data.draw(st.permutations(everything))[: data.draw(st.integers(0, len(everything)))]
        self.pool.give(pages)
        self.held = +(self.held - Counter(pages))

    @rule(page=st.integers(0, COUNT + 1))
    def give_too_often(self, page: int) -> None:
        """Refuse to take back what is not held, and then also what comes with it."""
        pages = [*self.held, *[page] * (self.held[page] + 1)]
        self.held = +self.held
        with pytest.raises(ValueError, match="not held"):
            self.pool.give(pages)

    @rule(page=st.integers(0, COUNT + 1))
    def share_what_is_free(self, page: int) -> None:
        """Refuse to share what nobody holds, and then also what comes with it."""
        if not self.held[page]:
            self.held = +self.held
            with pytest.raises(ValueError, match="free"):
                self.pool.share([*self.held, page])

    @invariant()
    def counts_are_exact(self) -> None:
        """Know every page's holders, and how many have none."""
        assert [self.pool.holders(page) for page in range(COUNT)] == [
            self.held[page] for page in range(COUNT)
        ]
        self.held = +self.held
        assert self.pool.free == len(self.unheld())

    def teardown(self) -> None:
        """Find one whole run again once everything is given back."""
        self.pool.give(list(self.held.elements()))
        assert self.pool.take(COUNT - FIRST) == list(range(FIRST, COUNT))


def longest_run(pages: list[int]) -> int:
    """Return how many of the pages follow each other at most."""
    runs = groupby(enumerate(pages), key=lambda pair: pair[1] - pair[0])
    return max((len(list(run)) for _offset, run in runs), default=0)


TestPoolMachine = PoolMachine.TestCase


def test_a_new_run_leaves_its_neighbours_room_to_grow() -> None:
    """Two stories that began one after the other both find the pages behind their last one free."""
    pool = PagePool(30, page_tokens=4)
    one, other = pool.take(4), pool.take(4)
    assert pool.take(4, after=one[-1]) == list(range(one[-1] + 1, one[-1] + 5))
    assert pool.take(4, after=other[-1]) == list(range(other[-1] + 1, other[-1] + 5))


def test_scattered_pages_are_lent_when_no_run_is_long_enough() -> None:
    """A request gets all that is free, however it lies."""
    pool = PagePool(6, page_tokens=4)
    pages = pool.take(6)
    pool.give(pages[::2])
    assert sorted(pool.take(3)) == pages[::2]


def test_what_follows_is_lent_first_when_no_run_is_long_enough() -> None:
    """A story that must be scattered goes on in place as far as it can."""
    pool = PagePool(10, page_tokens=4)
    pool.take(10)
    pool.give([3, 4, 7, 8, 9])
    assert pool.take(4, after=2) == [3, 4, 7, 8]


@pytest.mark.parametrize(("tokens", "pages"), [(0, 0), (1, 1), (4, 1), (5, 2)])
def test_a_page_that_is_begun_counts_whole(tokens: int, pages: int) -> None:
    """The number of pages for tokens is rounded up."""
    assert PagePool(2, page_tokens=4).pages_for(tokens) == pages
