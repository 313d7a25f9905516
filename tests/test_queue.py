"""Prove that the queue is fair, and that the places it tells are true."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.engine.pace import Pace
from bot.engine.queue import FairQueue

Asker = tuple[int, int, int]  # server, channel, user
IDS = st.integers(1, 3)
ASKERS = st.lists(st.tuples(IDS, IDS, IDS), max_size=40)


def put(queue: FairQueue[int], number: int, asker: Asker) -> None:
    """Queue one item."""
    guild, channel, user = asker
    queue.add(number, guild_id=guild, channel_id=channel, user_id=user)


def filled(askers: Sequence[Asker]) -> FairQueue[int]:
    """Queue items 0, 1, 2 ... of these askers."""
    queue: FairQueue[int] = FairQueue()
    for number, asker in enumerate(askers):
        put(queue, number, asker)
    return queue


def drained(queue: FairQueue[int]) -> list[int]:
    """Pop everything."""
    return [queue.pop() for _ in range(len(queue))]


def lines(askers: Sequence[Asker]) -> Iterator[list[int]]:
    """Yield, for everybody, for each server alone and for each channel alone, who takes turns there."""
    yield [guild for guild, _, _ in askers]
    for guild in {guild for guild, _, _ in askers}:
        yield [channel for where, channel, _ in askers if where == guild]
    for place in {asker[:2] for asker in askers}:
        yield [user for *where, user in askers if tuple(where) == place]


@given(ASKERS)
def test_servers_channels_and_people_take_turns(askers: list[Asker]) -> None:
    """Between two requests of one, each other of its kind that waits is served once: not twice, and not later."""
    for served in lines([askers[number] for number in drained(filled(askers))]):
        for one in set(served):
            turns = [at for at, other in enumerate(served) if other == one]
            for first, second in pairwise(turns):
                between = Counter(served[first + 1 : second])
                still_waiting = set(served[second:]) - {one}

                assert set(between.values()) <= {1}
                assert still_waiting <= set(between)


@given(ASKERS)
def test_a_person_is_served_in_the_order_of_asking(askers: list[Asker]) -> None:
    """Nobody's later request overtakes their earlier one in the same channel."""
    served = drained(filled(askers))
    for asker in set(askers):
        own = [number for number in served if askers[number] == asker]

        assert own == sorted(own)


@given(ASKERS, st.data())
def test_the_background_waits_behind_all_people(askers: list[Asker], data: st.DataObject) -> None:
    """Whenever it came; people and the work take turns among themselves as if the other were not there."""
    behind = data.draw(st.sets(st.sampled_from(range(len(askers))))) if askers else set()
    queue: FairQueue[int] = FairQueue()
    alone: tuple[FairQueue[int], FairQueue[int]] = (FairQueue(), FairQueue())
    for number, (guild, channel, user) in enumerate(askers):
        background = number in behind
        queue.add(number, guild_id=guild, channel_id=channel, user_id=user, background=background)
        put(alone[background], number, (guild, channel, user))
    told = list(queue.order())

    assert queue.has_people == (len(behind) < len(askers))
    assert told == drained(queue) == [*drained(alone[False]), *drained(alone[True])]


def crowd(channels: int, users: int) -> list[Asker]:
    """Ask 50 times from server 0, over many channels and users, and once from each of nine others."""
    many = [(0, 100 + n % channels, 200 + n % users) for n in range(50)]
    return [*many, *((guild, guild, guild) for guild in range(1, 10))]


@pytest.mark.parametrize(("channels", "users"), [(1, 1), (1, 50), (50, 1), (50, 50), (7, 11)])
@pytest.mark.parametrize("seed", range(10))
def test_nine_servers_pass_one_that_asks_fifty_times(channels: int, users: int, seed: int) -> None:
    """Each of the nine is served within the first ten places, in whatever order all came."""
    askers = crowd(channels, users)
    if seed:  # 0 has the fifty first
        random.Random(seed).shuffle(askers)
    first = [askers[number][0] for number in drained(filled(askers))[:10]]

    assert sorted(first) == list(range(10))


@given(st.permutations(crowd(5, 7)))
def test_those_who_come_while_others_are_served_wait_no_longer(askers: list[Asker]) -> None:
    """With one served after each that comes, none of the nine sees ten others served before it."""
    queue: FairQueue[int] = FairQueue()
    waited: dict[int, int] = {}
    for number, asker in enumerate(askers):
        put(queue, number, asker)
        if number % 2:
            guild = askers[queue.pop()][0]
            waited.pop(guild, None)
            waited = {other: places + 1 for other, places in waited.items()}
        waited |= {guild: waited.get(guild, 0) for guild in {askers[left][0] for left in queue.order()} - {0}}

        assert all(places < 10 for places in waited.values())


def test_a_crowd_does_not_keep_a_newcomer_waiting() -> None:
    """A server, or a channel of the same one, that comes when another has fifty waiting is served second."""
    for newcomer in ((2, 1, 9), (1, 2, 9)):
        queue = filled([(1, 1, user % 5) for user in range(50)])
        put(queue, 99, newcomer)

        assert list(queue.order()).index(99) == 1


class QueueMachine(RuleBasedStateMachine):
    """Add, remove and pop in any order beside a plain record of who waits and who was served meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: FairQueue[int] = FairQueue()
        self.waiting: dict[int, Asker] = {}
        self.count = 0
        # For each server, channel and person that waits, by their path: whom of their kind they saw served since.
        self.seen: dict[tuple[int, ...], Counter[int]] = {}

    def forget(self, gone: int) -> None:
        """Strike an item off the record, with all that nobody waits for any more."""
        del self.waiting[gone]
        left = {path for asker in self.waiting.values() for path in paths(asker)}
        self.seen = {path: seen for path, seen in self.seen.items() if path in left}

    @rule(guild=IDS, channel=IDS, user=IDS)
    def add(self, guild: int, channel: int, user: int) -> None:
        """Add somebody's request."""
        asker = (guild, channel, user)
        put(self.queue, self.count, asker)
        self.waiting[self.count] = asker
        for path in paths(asker):
            self.seen.setdefault(path, Counter())
        self.count += 1

    @precondition(lambda self: self.waiting)
    @rule()
    def pop(self) -> None:
        """Serve the one that was said to be next, of whom nobody else can say that it was served twice meanwhile."""
        told = next(self.queue.order())

        assert self.queue.pop() == told

        for *above, served in paths(self.waiting[told]):
            for path, seen in self.seen.items():
                if path[:-1] == tuple(above):
                    seen[served] += path[-1] != served
            self.seen[*above, served] = Counter()

        assert all(times <= 1 for seen in self.seen.values() for times in seen.values())

        self.forget(told)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        """Take one out; nobody has to wait longer for it."""
        gone = data.draw(st.sampled_from(sorted(self.waiting)))
        before = {item: place for place, item in enumerate(self.queue.order())}
        self.queue.remove(gone)
        self.forget(gone)
        after = {item: place for place, item in enumerate(self.queue.order())}

        assert after.keys() == before.keys() - {gone}
        assert all(after[item] <= before[item] for item in after)

    @invariant()
    def holds_what_was_put_in(self) -> None:
        """Nothing is lost, doubled or invented, and looking changes nothing."""
        order = list(self.queue.order())

        assert sorted(order) == sorted(self.waiting) == list(self.queue)
        assert order == list(self.queue.order())
        assert len(self.queue) == len(self.waiting)
        assert all(item in self.queue for item in self.waiting)


def paths(asker: Asker) -> list[tuple[int, ...]]:
    """Return the paths of an asker's server, channel and person."""
    return [asker[:1], asker[:2], asker]


TestQueueMachine = QueueMachine.TestCase


def test_what_waits_already_cannot_be_put_in_again() -> None:
    """One request has one place."""
    queue = filled([(1, 1, 1)])

    with pytest.raises(ValueError, match="already waits"):
        put(queue, 0, (2, 2, 2))


def test_an_eta_is_told_only_from_measurement() -> None:
    """Before the first stream has ended nobody knows how long anything takes."""
    pace = Pace()

    assert pace.eta(1, running=[0.0], parallel=1) is None

    pace.record(tokens=0, seconds=1.0)

    assert pace.eta(1, running=[0.0], parallel=1) is None


def test_an_eta_counts_what_runs_and_what_waits_before() -> None:
    """With streams of 10 s: two workers, 4 s and 6 s into theirs, are free in 6 s and 4 s, then 10 s later."""
    pace = Pace()
    pace.record(tokens=100, seconds=10.0)

    etas = [pace.eta(position, running=[4.0, 6.0], parallel=2) for position in range(5)]

    assert etas == [0.0, 4.0, 6.0, 14.0, 16.0]


def test_an_idle_worker_takes_the_next_at_once() -> None:
    """A free place means no wait."""
    pace = Pace()
    pace.record(tokens=100, seconds=10.0)

    assert pace.eta(1, running=[1.0], parallel=2) == 0.0


@given(st.lists(st.floats(0, 30), max_size=6), st.integers(0, 40))
def test_an_eta_is_when_that_many_have_found_a_worker(running: list[float], position: int) -> None:
    """Told at once, it is what following each request to the worker that is free first comes to."""
    pace = Pace()
    pace.record(tokens=100, seconds=10.0)
    free_at = sorted([max(0.0, 10.0 - seconds) for seconds in running] + [0.0] * (6 - len(running)))
    start = 0.0
    for _ in range(position):
        start = free_at.pop(0)
        free_at = sorted([*free_at, start + 10.0])

    assert pace.eta(position, running=running, parallel=6) == pytest.approx(start)


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0.1, 100)), min_size=1))
def test_averages_stay_between_the_slowest_and_the_fastest(streams: list[tuple[int, float]]) -> None:
    """An average of speeds is a speed that could have been measured."""
    pace = Pace()
    for tokens, seconds in streams:
        pace.record(tokens, seconds)
    rates = [tokens / seconds for tokens, seconds in streams]

    assert pace.tokens_per_second is not None
    assert min(rates) * 0.999 <= pace.tokens_per_second <= max(rates) * 1.001
