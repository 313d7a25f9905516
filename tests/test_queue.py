"""Prove that the queue is fair, and that the places it tells are true."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.engine.pace import Pace
from bot.engine.queue import FairQueue

Asker = tuple[int, int]  # channel, user
ASKERS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=40)


def filled(askers: list[Asker]) -> FairQueue[int]:
    """Queue items 0, 1, 2 ... of these askers."""
    queue: FairQueue[int] = FairQueue()
    for number, (channel, user) in enumerate(askers):
        queue.add(number, channel_id=channel, user_id=user)
    return queue


def drained(queue: FairQueue[int]) -> list[int]:
    """Pop everything."""
    return [queue.pop() for _ in range(len(queue))]


@given(ASKERS)
def test_channels_take_turns(askers: list[Asker]) -> None:
    """Between two requests of one channel, no other channel is served twice, and none that waits is passed over."""
    channels = [askers[number][0] for number in drained(filled(askers))]
    for channel in set(channels):
        turns = [at for at, served in enumerate(channels) if served == channel]
        for first, second in pairwise(turns):
            between = Counter(channels[first + 1 : second])
            still_waiting = set(channels[second:]) - {channel}

            assert set(between.values()) <= {1}
            assert still_waiting <= set(between)


@given(ASKERS)
def test_people_of_a_channel_take_turns(askers: list[Asker]) -> None:
    """Inside a channel the same holds for its people."""
    served = [askers[number] for number in drained(filled(askers))]
    for channel in {channel for channel, _ in served}:
        users = [user for where, user in served if where == channel]
        for user in set(users):
            turns = [at for at, other in enumerate(users) if other == user]
            for first, second in pairwise(turns):
                between = Counter(users[first + 1 : second])

                assert set(between.values()) <= {1}
                assert set(users[second:]) - {user} <= set(between)


@given(ASKERS)
def test_a_person_is_served_in_the_order_of_asking(askers: list[Asker]) -> None:
    """Nobody's later request overtakes their earlier one in the same channel."""
    served = drained(filled(askers))
    for asker in set(askers):
        own = [number for number in served if askers[number] == asker]

        assert own == sorted(own)


def test_a_crowd_does_not_keep_a_newcomer_waiting() -> None:
    """A channel that comes when another has fifty waiting is served second at the latest."""
    queue = filled([(1, user % 5) for user in range(50)])
    queue.add(99, channel_id=2, user_id=9)

    assert list(queue.order()).index(99) == 1


class QueueMachine(RuleBasedStateMachine):
    """Add, remove and pop in any order beside a plain record of who waits and who was served meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: FairQueue[int] = FairQueue()
        self.waiting: dict[int, Asker] = {}
        self.count = 0
        # For each channel, and each person in it, that waits: who else was served since it last was.
        self.others: dict[int, Counter[int]] = {}
        self.neighbours: dict[Asker, Counter[int]] = {}

    def forget(self, gone: int) -> None:
        """Strike an item off the record, with all that nobody waits for any more."""
        del self.waiting[gone]
        left = set(self.waiting.values())
        self.neighbours = {asker: seen for asker, seen in self.neighbours.items() if asker in left}
        channels = {channel for channel, _ in left}
        self.others = {channel: seen for channel, seen in self.others.items() if channel in channels}

    @rule(channel=st.integers(1, 3), user=st.integers(1, 3))
    def add(self, channel: int, user: int) -> None:
        """Add somebody's request."""
        self.queue.add(self.count, channel_id=channel, user_id=user)
        self.waiting[self.count] = (channel, user)
        self.others.setdefault(channel, Counter())
        self.neighbours.setdefault((channel, user), Counter())
        self.count += 1

    @precondition(lambda self: self.waiting)
    @rule()
    def pop(self) -> None:
        """Serve the one that was said to be next, of whom nobody else can say that it was served twice meanwhile."""
        told = next(self.queue.order())

        assert self.queue.pop() == told

        channel, user = self.waiting[told]
        for other, seen in self.others.items():
            seen[channel] += other != channel
        for (where, person), seen in self.neighbours.items():
            seen[user] += where == channel and person != user
        self.others[channel], self.neighbours[channel, user] = Counter(), Counter()

        assert all(times <= 1 for seen in self.others.values() for times in seen.values())
        assert all(times <= 1 for seen in self.neighbours.values() for times in seen.values())

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

        assert sorted(order) == sorted(self.waiting)
        assert order == list(self.queue.order())
        assert len(self.queue) == len(self.waiting)
        assert all(item in self.queue for item in self.waiting)


TestQueueMachine = QueueMachine.TestCase


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


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0.1, 100)), min_size=1))
def test_averages_stay_between_the_slowest_and_the_fastest(streams: list[tuple[int, float]]) -> None:
    """An average of speeds is a speed that could have been measured."""
    pace = Pace()
    for tokens, seconds in streams:
        pace.record(tokens, seconds)
    rates = [tokens / seconds for tokens, seconds in streams]

    assert pace.tokens_per_second is not None
    assert min(rates) * 0.999 <= pace.tokens_per_second <= max(rates) * 1.001
