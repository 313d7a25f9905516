"""Prove that stories find what they have read, that nobody writes into another's pages, and that no page is lost."""

from collections.abc import Sequence
from itertools import takewhile
from weakref import WeakSet

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.engine.backends.transformers.pages import OutOfPages, PagePool
from bot.engine.backends.transformers.warm import PER_STORY, Lease, WarmStories

PAGE = 4
PAGE_BYTES = 10


class SavedCells:
    """Hold what stood in pages."""

    def __init__(self, cells: list[list[object]]) -> None:
        self.cells = cells
        self.bytes = len(cells) * PAGE_BYTES


class Broken(Exception):
    """Tell that a page could not be moved."""


class CellMover:
    """Move what stands in the places of pages, and fail when told to."""

    page_bytes = PAGE_BYTES

    def __init__(self, pages: int) -> None:
        self.cells: list[list[object]] = [[None] * PAGE for _page in range(pages)]
        self.saved: WeakSet[SavedCells] = WeakSet()
        self.moves: list[str] = []
        self.fails_in: int | None = None

    def copy(self, source: int, target: int) -> None:
        """Copy one page's cells."""
        self._count("copy")
        self.cells[target] = list(self.cells[source])

    def save(self, pages: Sequence[int]) -> SavedCells:
        """Copy cells out."""
        self._count("save")
        saved = SavedCells([list(self.cells[page]) for page in pages])
        self.saved.add(saved)
        return saved

    def load(self, saved: SavedCells, pages: Sequence[int]) -> None:
        """Copy the first saved cells back."""
        self._count("load")
        for page, cells in zip(pages, saved.cells, strict=False):
            self.cells[page] = list(cells)

    def _count(self, move: str) -> None:
        if self.fails_in is not None:
            self.fails_in -= 1
            if self.fails_in < 0:
                raise Broken
        self.moves.append(move)


class Place:
    """Run texts over a small pool: what a token leaves in its cell tells all that came before it."""

    def __init__(self, *, pages: int = 20, host_pages: int = 0) -> None:
        self.pool = PagePool(pages + 1, page_tokens=PAGE, first=1)
        self.mover = CellMover(pages + 1)
        self.host_bytes = host_pages * PAGE_BYTES
        self.warm = WarmStories(self.pool, self.mover, self.host_bytes)

    def read(self, lease: Lease, tokens: Sequence[int], stamp: object = "") -> None:
        """Compute tokens that follow in a lease, each into a cell of which the lease is the only holder."""
        for token in tokens:
            at = len(lease.tokens)
            page = lease.pages[at // PAGE]
            assert self.pool.holders(page) == 1
            lease.tokens.append(token)
            self.mover.cells[page][at % PAGE] = (lease.key, stamp, tuple(lease.tokens))

    def holds(self, lease: Lease, stamp: object = "") -> bool:
        """Tell whether all of a lease's tokens stand in its pages."""
        return all(
            self.mover.cells[lease.pages[at // PAGE]][at % PAGE]
            == (lease.key, stamp, tuple(lease.tokens[: at + 1]))
            for at in range(len(lease.tokens))
        )

    def turn(self, prompt: Sequence[int], answer: Sequence[int] = (), *, key: str = "story") -> Lease:
        """Run a whole text and return its lease, which has ended."""
        lease = self.warm.begin(key, prompt, room=len(answer), warm=True)
        assert lease.tokens == list(prompt[: lease.cached])
        assert self.holds(lease)
        self.read(lease, [*prompt[lease.cached :], *answer])
        self.warm.end(lease)
        return lease

    @property
    def free(self) -> int:
        """Return how many pages nobody holds."""
        return self.pool.free


KEYS = ["\0one", "\0two", "sailor\0one"]
TOKENS = st.lists(st.integers(0, 1), max_size=9)


class WarmMachine(RuleBasedStateMachine):
    """Begin, read, end and drop texts of three stories in any order, short of pages, and short of main memory."""

    @initialize(host_pages=st.sampled_from([0, 3, 8, 100]), pages=st.sampled_from([4, 9, 20]))
    def open(self, host_pages: int, pages: int) -> None:
        """Begin with all pages free."""
        self.pages = pages
        self.place = Place(pages=pages, host_pages=host_pages)
        self.stamps = dict.fromkeys(KEYS, 0)
        self.running: dict[Lease, tuple[list[int], int]] = {}  # the prompt and more to read, and the stamp
        self.known: dict[str, list[list[int]]] = {key: [] for key in KEYS}
        self.newest: dict[str, tuple[list[int], int]] = {}  # what ended last, and the count of losses then

    @rule(
        data=st.data(),
        key=st.sampled_from(KEYS),
        more=TOKENS,
        room=st.integers(0, 9),
        warm=st.sampled_from([True, True, True, False]),
        fails_in=st.sampled_from([None, None, None, 0, 1]),
    )
    def begin(
        self, data: st.DataObject, key: str, more: list[int], room: int, warm: bool, fails_in: int | None
    ) -> None:
        """Go on from any place of any text that was ever read."""
        texts = [text for texts in self.known.values() for text in texts]
        text = data.draw(st.sampled_from([*texts, []]))
        prompt = [*text[: data.draw(st.integers(0, len(text)))], *more] or [0]
        before, free = self.place.warm.stats(), self.place.free
        self.place.mover.fails_in = fails_in
        try:
            lease = self.place.warm.begin(key, prompt, room=room, warm=warm)
        except OutOfPages:
            held = {page for lease in self.running for page in lease.pages}
            assert -(-(len(prompt) + room) // PAGE) > self.pages - len(held)
            assert (self.place.warm.stats(), self.place.free) == (before, free)
            return
        except Broken:
            self.newest.clear()
            return
        finally:
            self.place.mover.fails_in = None
        self.check_prefix(lease, prompt, warm)
        assert len(lease.pages) == -(-(len(prompt) + room) // PAGE)
        self.newest.pop(key, None)
        extra = data.draw(st.lists(st.integers(0, 1), min_size=room, max_size=room))
        self.running[lease] = ([*prompt, *extra], self.stamps[key])

    def check_prefix(self, lease: Lease, prompt: list[int], warm: bool) -> None:
        """Hold what was found to the texts that it may and must have found."""
        assert lease.cached < len(prompt)
        assert lease.tokens == prompt[: lease.cached]
        texts = self.known[lease.key] if warm else []
        assert lease.cached <= max((common(text, prompt) for text in texts), default=0)
        text, losses = self.newest.get(lease.key, ([], -1))
        if warm and losses == self.place.warm.counts.dropped:
            assert lease.cached // PAGE >= common(text, prompt[:-1]) // PAGE

    @rule(key=st.sampled_from(KEYS), prompt=st.lists(st.integers(0, 1), min_size=1, max_size=24))
    def turn(self, key: str, prompt: list[int]) -> None:
        """Run a whole text, if there is room."""
        try:
            lease = self.place.warm.begin(key, prompt, room=0, warm=True)
        except OutOfPages:
            return
        self.check_prefix(lease, prompt, warm=True)
        self.place.read(lease, prompt[lease.cached :], self.stamps[key])
        self.place.warm.end(lease)
        self.known[key].append(prompt)
        self.newest[key] = (prompt, self.place.warm.counts.dropped)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), count=st.integers(1, 9))
    def read(self, data: st.DataObject, count: int) -> None:
        """Read a chunk."""
        lease = data.draw(st.sampled_from(list(self.running)))
        text, stamp = self.running[lease]
        at = len(lease.tokens)
        self.place.read(lease, text[at : at + count], stamp)
        if lease.warm:
            self.known[lease.key].append(list(lease.tokens))

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """Come to an end, early perhaps."""
        lease = data.draw(st.sampled_from(list(self.running)))
        del self.running[lease]
        tokens, keeps = list(lease.tokens), lease.warm and lease.tokens
        self.place.warm.end(lease)
        if keeps:
            self.newest[lease.key] = (tokens, self.place.warm.counts.dropped)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        """Fail."""
        lease = data.draw(st.sampled_from(list(self.running)))
        del self.running[lease]
        self.place.warm.drop(lease)

    @rule()
    def shed(self) -> None:
        """Let one go, if there is one."""
        kept = self.place.warm.stats()["kept"]
        assert self.place.warm.shed() == (kept > 0)
        assert self.place.warm.stats()["kept"] == max(0, kept - 1)

    @rule(prefix=st.sampled_from(["", "sailor\0", "\0"]))
    def forget(self, prefix: str) -> None:
        """Let what an adapter has computed count no more, whoever still runs with it."""
        self.place.warm.forget(prefix)
        for key in KEYS:
            if key.startswith(prefix):
                self.stamps[key] += 1
                self.known[key].clear()
                self.newest.pop(key, None)

    @invariant()
    def nothing_is_overwritten(self) -> None:
        """Find every running text's tokens in its pages, after all free pages are spoilt."""
        for page in range(self.pages + 1):
            if not self.place.pool.holders(page):
                self.place.mover.cells[page] = ["spoilt"] * PAGE
        for lease, (_text, stamp) in self.running.items():
            assert self.place.holds(lease, stamp)

    @invariant()
    def accounts_are_exact(self) -> None:
        """Hold no page but for a text, and no more main memory than is allowed."""
        stats = self.place.warm.stats()
        held = {page for lease in self.running for page in lease.pages}
        in_use = self.pages - self.place.free
        assert in_use >= len(held)
        if stats["kept"] == stats["on_host"]:
            assert in_use == len(held)
        assert sum(saved.bytes for saved in self.place.mover.saved) <= self.place.host_bytes
        assert len(self.place.mover.saved) == stats["on_host"]

    def teardown(self) -> None:
        """Have every page back at the end."""
        for lease in self.running:
            self.place.warm.drop(lease)
        self.place.warm.clear()
        assert self.place.free == self.pages
        assert not self.place.mover.saved


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens both begin with."""
    equal = (left == right for left, right in zip(one, other, strict=False))
    return sum(takewhile(bool, equal))


TestWarmMachine = WarmMachine.TestCase
TestWarmMachine.settings = settings(stateful_step_count=60)


def test_the_next_turn_reads_only_what_is_new_and_stays_in_one_run() -> None:
    """A story that grows turn by turn copies nothing and keeps its pages consecutive."""
    place = Place(pages=40)
    text = list(range(6))
    for turn in range(5):
        lease = place.turn(text, [100 + turn] * 7)
        assert lease.cached == (len(text) - 6 if turn else 0)
        assert lease.pages == list(range(lease.pages[0], lease.pages[0] + len(lease.pages)))
        text = [*lease.tokens, *[200 + turn] * 6]
    assert place.mover.moves == []
    assert place.warm.stats()["kept"] == 1


def test_a_retry_reads_only_the_last_token() -> None:
    """The same prompt again finds all but its last token, and what was written first is found again."""
    place = Place()
    prompt = list(range(10))
    first = place.turn(prompt, [20] * 6)
    assert place.turn(prompt, [30] * 6).cached == 9
    assert place.turn([*prompt, *[20] * 6, 1]).cached == len(first.tokens)
    assert place.turn([*prompt, *[30] * 6, 1]).cached == 16


def test_undo_crops() -> None:
    """A prompt that ends earlier finds that part, and its story grows another way from there."""
    place = Place()
    place.turn(list(range(16)))
    assert place.turn([*range(6), 50, 51]).cached == 6
    assert place.turn([*range(6), 50, 51, 52]).cached == 8


def test_takes_at_once_share_whole_pages_and_copy_the_one_that_is_common_in_part() -> None:
    """Three texts of one prompt need it once, and each its own last page."""
    place = Place()
    prompt = list(range(10))
    place.turn(prompt, [20] * 6)
    takes = [place.warm.begin("story", prompt, room=2, warm=True) for _take in range(3)]
    assert all(take.pages[:2] == takes[0].pages[:2] for take in takes)
    assert len({take.pages[2] for take in takes}) == 3
    assert place.mover.moves == ["copy"] * 3
    for number, take in enumerate(takes):
        place.read(take, [prompt[9], number, number])
    assert all(place.holds(take) for take in takes)


def test_a_short_answer_is_written_over_in_place() -> None:
    """A retry takes over the page of an answer that is shorter than a page; nothing is copied."""
    place = Place()
    prompt = list(range(10))
    first = place.turn(prompt, [20])
    again = place.turn(prompt, [30])
    assert again.cached == 9
    assert again.pages == first.pages
    assert place.mover.moves == []


def test_a_page_is_not_taken_over_from_a_text_that_runs() -> None:
    """The second of two retries at once copies what the first has taken over."""
    place = Place()
    prompt = list(range(10))
    place.turn(prompt, [20])
    one, other = (place.warm.begin("story", prompt, room=1, warm=True) for _take in range(2))
    assert (one.cached, other.cached) == (9, 9)
    assert one.pages[2] != other.pages[2]
    place.read(one, [9, 30])
    place.read(other, [9, 40])
    assert place.holds(one)
    assert place.holds(other)


def test_what_another_reads_in_is_not_taken_over() -> None:
    """A branch leaves the last page of a kept text alone while a running text has it, and the kept one stays whole."""
    place = Place()
    place.turn(list(range(12)))
    running = place.warm.begin("story", list(range(16)), room=0, warm=True)
    branch = place.warm.begin("story", [*range(10), 50], room=0, warm=True)
    assert (running.cached, branch.cached) == (12, 10)
    place.warm.drop(running)
    place.warm.drop(branch)
    assert place.turn(list(range(16))).cached == 12


def test_two_branches_that_lost_their_ends_are_kept_once() -> None:
    """Where both have given up all but their common pages, and nothing came of it, those pages can be had again."""
    place = Place(pages=8)
    one = place.turn(list(range(14))).tokens
    other = place.turn([*range(9), 50]).tokens
    takes = [
        place.warm.begin("story", prompt, room=0, warm=True) for prompt in ([*one[:11], 60], [*other[:9], 60])
    ]
    assert [take.cached for take in takes] == [11, 9]
    assert place.warm.stats()["kept"] == 1
    for take in takes:
        place.warm.drop(take)
    assert place.turn(list(range(100, 132))).cached == 0


@pytest.mark.parametrize("move", ["copy", "save", "load"])
def test_a_move_that_fails_loses_no_page(move: str) -> None:
    """When a page cannot be moved the text does not begin, and all its pages are free again."""
    place = Place(pages=8, host_pages=12)
    place.turn(list(range(16)))
    if move == "load":
        place.turn(list(range(100, 132)), key="other")
    prompt = {"copy": [*range(10), 50], "save": list(range(100, 132)), "load": list(range(20))}[move]
    place.mover.moves.clear()
    place.mover.fails_in = 1 if move == "load" else 0
    with pytest.raises(Broken):
        place.warm.begin("story", prompt, room=0, warm=True)
    place.mover.fails_in = None
    assert place.mover.moves == (["save"] if move == "load" else [])
    assert place.turn(list(range(16))).cached == 15
    place.warm.clear()
    assert place.free == 8


def test_stories_and_adapters_share_nothing() -> None:
    """The same tokens under another key are read anew."""
    place = Place()
    place.turn(list(range(10)), key="\0one")
    assert place.turn(list(range(10)), key="sailor\0one").cached == 0
    assert place.turn(list(range(10)), key="\0two").cached == 0


def test_what_shall_not_be_warm_finds_nothing_and_is_not_kept() -> None:
    """A cold text reads its whole prompt and gives all pages back."""
    place = Place()
    place.turn(list(range(10)))
    free = place.free
    lease = place.warm.begin("story", list(range(12)), room=0, warm=False)
    assert lease.cached == 0
    place.read(lease, range(12))
    place.warm.end(lease)
    assert place.free == free
    assert place.turn(list(range(12))).cached == 10


def test_only_a_handful_of_branches_is_kept() -> None:
    """Of a story with many branches the oldest is let go, and its pages are free."""
    place = Place(pages=40)
    for branch in range(PER_STORY + 2):
        place.turn([7, *[branch] * 11])
    assert place.warm.stats()["kept"] == PER_STORY
    assert place.free == 40 - 3 * PER_STORY


def test_the_least_recently_used_story_is_saved_and_comes_back() -> None:
    """Short of pages, what was not used for longest moves to main memory; asked for, it is there as before."""
    place = Place(pages=9, host_pages=6)
    for key in "abc":
        place.turn(list(range(12)), key=key)
    place.turn([*range(10), 60], key="a")
    place.turn(list(range(12)), key="d")
    assert place.warm.stats() == {
        "kept": 4,
        "kept_tokens": 47,
        "on_host": 1,
        "hits": 10,
        "misses": 49,
        "saved": 1,
        "loaded": 0,
        "dropped": 0,
    }
    assert place.turn([*range(12), 1], key="b").cached == 12
    assert place.warm.counts.loaded == 1


def test_a_story_that_is_gone_on_from_counts_as_used() -> None:
    """What a text began from is not the next to go, even if nothing came of that text."""
    place = Place(pages=7)
    place.turn(list(range(12)), key="a")
    place.turn(list(range(12)), key="b")
    place.warm.drop(place.warm.begin("a", [*range(4), 50], room=0, warm=True))
    place.turn(list(range(12)), key="c")
    assert place.turn(list(range(12)), key="a").cached == 11


def test_main_memory_lets_the_oldest_go() -> None:
    """Where main memory holds one story and no second, the one saved before is lost."""
    place = Place(pages=3, host_pages=5)
    for key in "abc":
        place.turn(list(range(12)), key=key)
    assert place.warm.counts.dropped == 1
    assert place.turn(list(range(12)), key="b").cached == 11
    assert place.turn(list(range(12)), key="a").cached == 0


def test_without_main_memory_the_oldest_is_let_go_at_once() -> None:
    """With no bytes for it nothing is saved."""
    place = Place(pages=6)
    for key in "abc":
        place.turn(list(range(12)), key=key)
    assert place.mover.moves == []
    assert (place.warm.counts.dropped, place.warm.stats()["kept"]) == (1, 2)
    assert place.turn(list(range(12)), key="a").cached == 0


def test_a_story_that_fills_the_pool_still_finds_its_beginning() -> None:
    """Where no page is left for a copy, a branch takes the old one's last common page, and the old one is saved."""
    place = Place(pages=4, host_pages=4)
    place.turn(list(range(16)))
    lease = place.turn([*range(10), 60, 61, 62, 63, 64, 65])
    assert lease.cached == 10
    assert place.mover.moves == ["save"]
    assert place.turn([*range(15), 70]).cached == 15


def test_no_pages_are_lent_and_nothing_is_lost_while_others_hold_too_many() -> None:
    """A text for which there is no room waits, and the kept ones stay."""
    place = Place(pages=8)
    place.turn(list(range(8)), key="kept")
    running = place.warm.begin("running", list(range(16)), room=0, warm=True)
    with pytest.raises(OutOfPages, match="5 pages"):
        place.warm.begin("story", list(range(20)), room=0, warm=True)
    assert place.warm.stats()["kept"] == 1
    place.warm.drop(running)
    assert place.turn(list(range(20))).cached == 0


def test_short_of_memory_what_is_in_pages_goes_before_what_is_saved() -> None:
    """Shedding frees pages first, the oldest first, and tells when there is nothing left."""
    place = Place(pages=6, host_pages=3)
    for key in "abc":
        place.turn(list(range(12)), key=key)
    assert place.warm.shed()
    assert (place.free, place.warm.stats()["on_host"]) == (3, 1)
    assert place.turn(list(range(12)), key="c").cached == 11
    assert [place.warm.shed() for _time in range(3)] == [True, True, False]
    assert (place.free, place.warm.counts.dropped) == (6, 3)


def test_an_adapter_that_is_unloaded_leaves_nothing_behind() -> None:
    """What it has read is forgotten, also what it is reading still; other stories stay."""
    place = Place()
    place.turn(list(range(10)), key="sailor\0one")
    place.turn(list(range(10)), key="\0one")
    running = place.warm.begin("sailor\0two", list(range(10)), room=0, warm=True)
    place.read(running, range(10))
    place.warm.forget("sailor\0")
    assert place.turn(list(range(10)), key="sailor\0two").cached == 0
    place.warm.forget("sailor\0")
    place.warm.end(running)
    assert place.turn(list(range(10)), key="sailor\0two").cached == 0
    assert place.turn(list(range(10)), key="sailor\0one").cached == 0
    assert place.turn(list(range(10)), key="\0one").cached == 9


def test_reused_and_read_tokens_add_up_to_the_prompts() -> None:
    """The counts tell how much reading was spared."""
    place = Place()
    place.turn(list(range(10)))
    place.turn(list(range(14)))
    assert (place.warm.counts.hits, place.warm.counts.misses) == (10, 14)
