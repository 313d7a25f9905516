"""Prove that nobody writes into another's pages and that no page is lost, in whatever order texts come and go."""

from collections.abc import Sequence
from itertools import takewhile

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.engine.backends.transformers.pages import OutOfPages
from bot.engine.backends.transformers.warm import Lease
from tests.warm_place import PAGE, Broken, Place

KEYS = ["\0one", "\0two", "sailor\0one"]
TOKENS = st.lists(st.integers(0, 1), max_size=9)


class WarmMachine(RuleBasedStateMachine):
    """Begin, read, end and drop texts of three stories in any order, short of pages, and short of main memory."""

    @initialize(
        host_pages=st.sampled_from([0, 3, 8, 100]),
        pages=st.sampled_from([4, 9, 20]),
        spare=st.sampled_from([0, 7, 100]),
    )
    def open(self, host_pages: int, pages: int, spare: int) -> None:
        """Begin with all pages free."""
        self.pages = pages
        self.place = Place(pages=pages, host_pages=host_pages, spare=spare)
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
    def clear(self) -> None:
        """Let what was computed count no more, whoever still runs with it."""
        self.place.warm.clear()
        for key in KEYS:
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
