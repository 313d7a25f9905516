"""Prove how votes are counted, for every set of ballots."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bot.story.votes.counting import Nobody, Tied, Won, all_voted, count, outcome

OPTIONS = st.sets(st.integers(1, 6), min_size=1)
BALLOTS = st.dictionaries(st.integers(1, 12), st.integers(1, 8))
SEATED = st.none() | st.sets(st.integers(1, 12))


@given(OPTIONS, BALLOTS, SEATED)
def test_every_valid_ballot_counts_once(
    standing: set[int], ballots: dict[int, int], seated: set[int] | None
) -> None:
    """The votes add up to the people who may vote and chose something that stands."""
    counted = count(standing, ballots, seated)
    valid = [v for v, number in ballots.items() if number in standing and (seated is None or v in seated)]
    assert sum(counted.votes.values()) == counted.voters == len(valid)
    assert set(counted.votes) == standing
    assert all(counted.votes[n] == Counter(ballots[v] for v in valid)[n] for n in standing)


@given(OPTIONS, BALLOTS, SEATED)
def test_whoever_wins_has_more_than_any_other(
    standing: set[int], ballots: dict[int, int], seated: set[int] | None
) -> None:
    """One leader wins, several are named as tied in full, and without a vote nothing wins."""
    votes = count(standing, ballots, seated).votes
    match outcome(count(standing, ballots, seated)):
        case Won(number):
            assert all(votes[number] > other for n, other in votes.items() if n != number)
        case Tied(numbers):
            most = max(votes.values())
            assert most > 0
            assert len(numbers) > 1
            assert set(numbers) == {n for n, v in votes.items() if v == most}
        case Nobody():
            assert not any(votes.values())


@given(OPTIONS, BALLOTS, st.integers(1, 12), st.integers(1, 6))
def test_a_changed_ballot_replaces_the_one_before(
    standing: set[int], ballots: dict[int, int], voter: int, number: int
) -> None:
    """Nobody has more than one vote, however often they change it."""
    before = count(standing, ballots, None)
    after = count(standing, ballots | {voter: number}, None)
    assert after.voters - before.voters in (-1, 0, 1)
    moved = sum(abs(after.votes[n] - before.votes[n]) for n in standing)
    assert moved <= 2


@given(OPTIONS, BALLOTS, st.sets(st.integers(1, 12)), st.integers(1, 12))
def test_who_has_no_seat_changes_nothing(
    standing: set[int], ballots: dict[int, int], seated: set[int], stranger: int
) -> None:
    """A ballot without a seat counts for nothing, and counts again with one."""
    others = seated - {stranger}
    without = {v: n for v, n in ballots.items() if v != stranger}
    assert count(standing, ballots, others) == count(standing, without, others)
    back = count(standing, ballots, others | {stranger})
    assert back.voters == count(standing, ballots, others).voters + (ballots.get(stranger) in standing)


@given(OPTIONS, BALLOTS, st.sets(st.integers(1, 12)))
def test_all_have_voted_only_when_nobody_is_left(
    standing: set[int], ballots: dict[int, int], seated: set[int]
) -> None:
    """Where everybody may vote one never knows; an empty table never has voted."""
    assert not all_voted(ballots, standing, None)
    missing = [one for one in seated if ballots.get(one) not in standing]
    assert all_voted(ballots, standing, seated) == (bool(seated) and not missing)
