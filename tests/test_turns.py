"""Whose turn it is: fair in every mode, never stuck, and the same again after undo and redo."""

import itertools
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.story.turns import moves
from bot.story.turns.keeping import encoded
from bot.story.turns.news import decoded, still_true
from bot.story.turns.state import (
    DAY,
    GATHERING,
    HOUR,
    IN_TURN,
    Emptied,
    Freed,
    Gathered,
    Mode,
    Narrate,
    NextUp,
    Nudge,
    Outcome,
    Position,
    RoundOpened,
    Rules,
    Skipped,
    Switched,
    TurnState,
)

NAMES = {1: "Mara", 2: "Jun", 3: "Ola", 4: "Wei", 5: "Tom"}
MODES: tuple[Mode, ...] = ("free", "robin", "random", "between", "blind", "round", "vote")


def table(*people: int, seed: int = 7, **rules: object) -> TurnState:
    """Return a table at which people sit from time 0 on."""
    state, _ = moves.switch(TurnState(), Rules(**rules), now=0, seed=seed)  # type: ignore[arg-type]  # the rules of a test
    for one in people:
        state, _ = moves.join(state, one, NAMES[one], now=0)
    return state


def write(state: TurnState, person: int, now: int = 0) -> TurnState:
    """Let a person write who may."""
    assert moves.may_write(state, person) == "yes"
    return moves.passed(state, person, NAMES[person], now=now)[0]


def holder(state: TurnState) -> int:
    """Return whose turn it is."""
    assert state.holder is not None
    return state.holder.id


def kinds(outcome: Outcome) -> list[str]:
    """Return what came of a move, by name."""
    return [type(effect).__name__ for effect in outcome[1]]


@pytest.mark.parametrize("mode", ["robin", "blind"])
def test_in_turn_goes_by_the_order_of_the_seats(mode: Mode) -> None:
    """One after the other; who joins comes last."""
    state = table(1, 2, 3, mode=mode)
    wrote = []
    for _ in range(4):
        wrote.append(holder(state))
        state = write(state, holder(state))
    state, _ = moves.join(state, 4, "Wei", now=0)
    for _ in range(4):
        wrote.append(holder(state))
        state = write(state, holder(state))
    assert wrote == [1, 2, 3, 1, 2, 3, 1, 4]


@pytest.mark.parametrize("seed", range(20))
def test_random_lets_everyone_write_once_a_lap(seed: int) -> None:
    """Each lap has everyone once, nobody writes twice running, and laps differ."""
    state = table(1, 2, 3, 4, 5, mode="random", seed=seed)
    wrote = []
    for _ in range(50):
        wrote.append(holder(state))
        state = write(state, holder(state))
    laps = [tuple(wrote[at : at + 5]) for at in range(0, 50, 5)]
    assert all(sorted(lap) == [1, 2, 3, 4, 5] for lap in laps)
    assert all(one != other for one, other in itertools.pairwise(wrote))
    assert len(set(laps)) > 1


def test_others_between_counts_different_people() -> None:
    """After a passage two others must write; a table of two needs one, a table of one none."""
    state = table(1, 2, 3, 4, mode="between", others=2)
    state = write(state, 1)
    state = write(state, 2)
    assert [moves.may_write(state, one) for one in (1, 2, 3, 4)] == [
        "others first",
        "others first",
        "yes",
        "yes",
    ]
    state = write(state, 3)
    assert moves.may_write(state, 1) == "yes"
    state, _ = moves.leave(state, 3, now=0)
    state, _ = moves.leave(state, 4, now=0)
    assert [moves.may_write(state, one) for one in (1, 2)] == ["yes", "others first"]
    state, _ = moves.leave(state, 1, now=0)
    assert moves.may_write(state, 2) == "yes"


def test_coming_back_is_no_way_around_the_others() -> None:
    """Who leaves and sits down again waits as before: for the others, or for the next lap."""
    state = write(table(1, 2, 3, mode="between", others=2), 1)
    state, _ = moves.leave(state, 1, now=0)
    assert moves.may_write(state, 1) == "others first"
    state, _ = moves.join(state, 1, "Mara", now=0)
    assert moves.may_write(state, 1) == "others first"
    state = table(1, 2, 3, mode="random")
    first = holder(state)
    state = write(state, first)
    state, _ = moves.leave(state, first, now=0)
    state, _ = moves.join(state, first, NAMES[first], now=0)
    assert first not in [seat.id for seat in moves.order(state)]
    assert (
        moves.may_write(write(write(state, holder(state)), holder(write(state, holder(state)))), 9)
        == "no seat"
    )


def test_between_seats_whoever_writes() -> None:
    """Nobody needs to ask for a seat where there is no order."""
    state = table(1, mode="between")
    state = write(write(state, 1), 2)
    assert [seat.id for seat in state.seats] == [1, 2]


def test_a_turn_is_nudged_once_and_then_passes() -> None:
    """The reminder comes at its share, the end after it, and each only once."""
    state = table(1, 2, mode="robin", length=10 * HOUR, nudge=60)
    assert state.alarm == 6 * HOUR
    assert kinds(moves.expire(state, now=6 * HOUR - 1)) == []
    state, effects = moves.expire(state, now=6 * HOUR)
    assert effects == (Nudge((state.seats[0],), 10 * HOUR),)
    assert moves.expire(state, now=10 * HOUR - 1)[1] == ()
    state, effects = moves.expire(state, now=10 * HOUR)
    assert [type(effect) for effect in effects] == [Skipped, NextUp]
    assert (holder(state), state.seats[0].silent) == (2, 1)


def test_a_late_clock_nudges_first_and_leaves_time() -> None:
    """However late the bot comes, nobody is skipped who was not reminded."""
    state = table(1, 2, mode="robin", length=DAY, nudge=50)
    state, effects = moves.expire(state, now=30 * DAY)
    assert [type(effect) for effect in effects] == [Nudge]
    assert state.due == 30 * DAY + DAY // 2


def test_after_an_absence_there_is_time_again() -> None:
    """Who was reminded already gets what is left of a turn after its reminder."""
    state = table(1, 2, mode="robin", length=DAY, nudge=50)
    state, _ = moves.expire(state, now=DAY // 2)
    state, effects = moves.resumed(state, now=3 * DAY)
    assert (state.due, effects) == (3 * DAY + DAY // 2, ())
    assert moves.expire(state, now=3 * DAY) == (state, ())


def test_silence_frees_a_seat_and_a_passage_forgives_it() -> None:
    """Only silence in a row counts, and a skip that was asked for is none."""
    state = table(1, 2, mode="robin", length=HOUR, nudge=0, patience=2)
    state, _ = moves.expire(state, now=HOUR)
    state = write(state, 2, HOUR)
    state = write(state, 1, HOUR)
    assert state.seats[0].silent == 0
    state = write(state, 2, HOUR)
    for _ in range(3):
        state, effects = moves.skip(state, now=HOUR)
        assert Freed not in [type(effect) for effect in effects]
    state, _ = moves.skip(state, now=HOUR)
    state, _ = moves.expire(state, now=2 * HOUR)
    state = write(state, holder(state), 2 * HOUR) if holder(state) == 2 else state
    state, effects = moves.expire(state, now=4 * HOUR)
    assert Freed in [type(effect) for effect in effects]


def test_the_last_seat_leaves_and_the_table_is_open() -> None:
    """No clock runs, and whoever writes next has the first seat."""
    state = table(1, mode="robin")
    state, effects = moves.leave(state, 1, now=5)
    assert [type(effect).__name__ for effect in effects] == ["Left", "Emptied"]
    assert (state.due, moves.may_write(state, 2)) == (None, "yes")
    state = write(state, 2, 9)
    assert (holder(state), state.due) == (2, 9 + DAY)


def test_everyone_falling_silent_empties_the_table() -> None:
    """A forgotten story calls nobody for ever."""
    state = table(1, 2, mode="robin", length=HOUR, nudge=0, patience=1)
    state, _ = moves.expire(state, now=HOUR)
    state, effects = moves.expire(state, now=2 * HOUR)
    assert isinstance(effects[-1], Emptied)
    assert state.alarm is None


def test_the_narrator_fills_in_where_that_is_the_rule() -> None:
    """The turn passes on as well."""
    state = table(1, 2, mode="robin", length=HOUR, nudge=0, then="narrator")
    state, effects = moves.expire(state, now=HOUR)
    assert [type(effect) for effect in effects] == [Skipped, Narrate, NextUp]
    assert holder(state) == 2
    assert moves.narrated(state, now=HOUR) == (state, ())


@pytest.mark.parametrize("mode", GATHERING)
def test_a_round_closes_with_the_last_hand_and_opens_again(mode: Mode) -> None:
    """Everyone hands in once; the passage that is made of it opens the next round."""
    state = table(1, 2, mode=mode)
    state = write(state, 2)
    assert [moves.may_write(state, one) for one in (1, 2)] == ["yes", "handed in"]
    state, effects = moves.passed(state, 1, "Mara", now=3)
    assert effects == (Gathered(),)
    assert (moves.may_write(state, 1), state.alarm) == ("closed", None)
    state, effects = moves.narrated(state, now=9)
    assert effects == (RoundOpened(9 + DAY),)
    assert len(state.missing) == 2


def test_a_round_ends_in_time_with_what_there_is() -> None:
    """Who was missing was silent; with nothing at all the round begins again."""
    state = table(1, 2, mode="round", length=HOUR, nudge=0, patience=3)
    state, effects = moves.expire(state, now=HOUR)
    assert [type(effect) for effect in effects] == [Skipped, Skipped, RoundOpened]
    state = write(state, 1, HOUR)
    state, effects = moves.expire(state, now=2 * HOUR)
    assert [type(effect) for effect in effects] == [Skipped, Gathered]
    assert [seat.silent for seat in state.seats] == [0, 2]


def test_a_switch_in_mid_turn_keeps_the_turn() -> None:
    """Whose turn it was keeps it, also under a shuffled order; everyone keeps their seat."""
    state = write(table(1, 2, 3, mode="robin"), 1)
    for mode in ("blind", "random", "robin"):
        state, effects = moves.switch(state, replace(state.rules, mode=mode), now=5, seed=1)
        assert effects[0] == Switched(mode)
        assert (holder(state), len(state.seats)) == (2, 3)
    state, effects = moves.switch(state, replace(state.rules, mode="free"), now=5, seed=1)
    assert (effects, state.due, len(state.seats)) == ((Switched("free"),), None, 3)


def test_a_turn_is_given_away() -> None:
    """The one it is given to is next, and those who were before follow."""
    state, effects = moves.give(table(1, 2, 3, mode="robin"), 3, now=5)
    assert effects == (NextUp(state.sure(3), 5 + DAY),)
    assert [seat.id for seat in moves.order(state)] == [3, 1, 2]


def test_rewinding_finds_the_turn_of_that_place() -> None:
    """People who left since then are passed over; people who came since then come last."""
    state = table(1, 2, 3, mode="robin")
    here = state.position
    state = write(write(state, 1), 2)
    state, _ = moves.leave(state, 1, now=0)
    state, _ = moves.join(state, 4, "Wei", now=0)
    back, effects = moves.rewound(state, here, now=5)
    assert [seat.id for seat in moves.order(back)] == [2, 3, 4]
    assert effects == (NextUp(back.sure(2), 5 + DAY),)
    assert moves.rewound(back, None, now=6) == (back, ())


def test_news_keeps_what_is_still_true() -> None:
    """Of several calls only the newest is said, and none for whom it is not the turn any more."""
    state = table(1, 2, mode="robin")
    old = NextUp(state.sure(2), 9)
    skipped = Skipped(state.sure(2), silent=True)
    new = NextUp(state.sure(1), 9)
    said = [decoded(encoded(effect)) for effect in (old, skipped, new)]
    assert still_true(said, state) == [skipped, new]
    assert still_true(said[:2], state) == [skipped]


class Play(RuleBasedStateMachine):
    """Play at a table in any way that people can, in any mode, with time going by."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.state = TurnState()
        self.wrote: list[int] = []
        self.places: list[tuple[Position, int]] = []

    def keep(self, outcome: Outcome) -> None:
        """Take over a state."""
        self.state = outcome[0]

    @initialize(
        mode=st.sampled_from(MODES),
        others=st.integers(1, 4),
        patience=st.integers(1, 3),
        nudge=st.sampled_from([0, 50, 90]),
    )
    def begin(self, mode: Mode, others: int, patience: int, nudge: int) -> None:
        """Choose the rules."""
        rules = Rules(mode=mode, length=HOUR, nudge=nudge, patience=patience, others=others)
        self.keep(moves.switch(self.state, rules, now=0, seed=3))

    @rule(one=st.sampled_from(list(NAMES)))
    def join(self, one: int) -> None:
        """Sit down."""
        self.keep(moves.join(self.state, one, NAMES[one], now=self.now))
        assert self.state.seat(one)

    @rule(one=st.sampled_from(list(NAMES)))
    def leave(self, one: int) -> None:
        """Get up."""
        self.keep(moves.leave(self.state, one, now=self.now))
        assert not self.state.seat(one)

    @rule(one=st.sampled_from(list(NAMES)))
    def write(self, one: int) -> None:
        """Write, if that is allowed; then it is somebody else's turn, if there is anybody else."""
        if moves.may_write(self.state, one) != "yes":
            return
        self.keep(moves.passed(self.state, one, NAMES[one], now=self.now))
        assert self.state.rules.mode == "free" or self.state.seat(one)
        if self.state.rules.in_turn and len(self.state.seats) > 1:
            assert self.state.holder is not None
            assert self.state.holder.id != one
        if self.state.rules.mode == "between" and len(self.state.seats) > 1:
            assert moves.may_write(self.state, one) == "others first"

    @rule()
    def skip(self) -> None:
        """Skip whose turn it is."""
        before = self.state.holder
        self.keep(moves.skip(self.state, now=self.now))
        if self.state.rules.in_turn and len(self.state.seats) > 1:
            assert self.state.holder != before

    @rule(minutes=st.integers(1, 5000))
    def wait(self, minutes: int) -> None:
        """Let time go by, with a look at the clock at the end: at most one step comes of it."""
        self.now += minutes * 60_000
        state, effects = moves.expire(self.state, now=self.now)
        nudges = [effect for effect in effects if isinstance(effect, Nudge)]
        assert not (nudges and len(effects) > 1)
        assert state.alarm is None or state.alarm > self.now
        self.state = state

    @precondition(lambda self: self.state.closed)
    @rule()
    def weave(self) -> None:
        """Make the passage of a round."""
        self.keep(moves.narrated(self.state, now=self.now))

    @rule(mode=st.sampled_from(MODES))
    def switch(self, mode: Mode) -> None:
        """Go by other rules; nobody loses a seat by it, nor their turn to another order."""
        before, seats = self.state.holder, self.state.seats
        in_turn = self.state.rules.in_turn and mode in IN_TURN
        rules = replace(self.state.rules, mode=mode)
        self.keep(moves.switch(self.state, rules, now=self.now, seed=self.now))
        assert self.state.seats == seats
        assert not in_turn or self.state.holder == before
        self.places.clear()

    @rule(ids=st.lists(st.sampled_from(sorted(NAMES)), max_size=7))
    def arrange(self, ids: list[int]) -> None:
        """Put people in another order: who is named comes first in that order, nobody else changes places."""
        before = [seat.id for seat in moves.order(self.state)]
        seats, since = set(self.state.seats), self.state.since
        named = list(dict.fromkeys(one for one in ids if self.state.seat(one)))
        self.now += 1
        self.keep(moves.arrange(self.state, ids, now=self.now))
        assert set(self.state.seats) == seats
        if not self.state.rules.in_turn:
            assert [seat.id for seat in moves.order(self.state)] == before
            return
        after = [seat.id for seat in moves.order(self.state)]
        assert after == named + [one for one in before if one not in named]
        kept = after[:1] == before[:1]
        assert self.state.since == (since if kept else self.now)

    @rule()
    def note(self) -> None:
        """Remember this place in the story."""
        self.places.append((self.state.position, self.state.holder.id if self.state.holder else 0))

    @precondition(lambda self: self.places)
    @rule(data=st.data())
    def rewind(self, data: st.DataObject) -> None:
        """Go back to a place: it is the turn of whose it was, if they still have a seat."""
        position, whose = data.draw(st.sampled_from(self.places))
        self.keep(moves.rewound(self.state, position, now=self.now))
        if self.state.rules.in_turn and self.state.seat(whose):
            assert self.state.holder == self.state.seat(whose)

    @invariant()
    def nobody_is_there_twice(self) -> None:
        """Seats and order name each person once, and the order only who has a seat."""
        ids = [seat.id for seat in self.state.seats]
        queue = self.state.position.queue
        assert max(Counter(ids).values(), default=1) == 1
        assert max(Counter(queue).values(), default=1) == 1
        assert set(queue) <= set(ids)

    @invariant()
    def never_stuck(self) -> None:
        """Somebody may always write, or the round is closed; and where one is waited for, a clock runs."""
        state = self.state
        if state.closed:
            assert state.rules.gathers
            assert state.due is None
            return
        assert any(moves.may_write(state, one) == "yes" for one in NAMES)
        waits = state.rules.mode != "free" and bool(state.seats)
        assert (state.due is not None) == waits
        assert not state.rules.in_turn or (state.holder is not None) == waits


def test_play_is_fair_and_never_stuck() -> None:
    """Whatever people do, in whatever mode."""
    run_state_machine_as_test(
        Play,
        settings=settings(
            max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
