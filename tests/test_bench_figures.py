"""The plan of a bench, and how values of several ways become medians and ratios."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.bench.figures import Table, in_turns, spread, summed_up
from bot.engine.bench.plan import Plan, Turns

positive = st.floats(min_value=0.001, max_value=1000)


def test_rounds_go_forwards_and_backwards_by_turns() -> None:
    """Whoever came first comes last in the next round."""
    assert [list(order) for order in in_turns(["a", "b"], 3)] == [["a", "b"], ["b", "a"], ["a", "b"]]


def test_a_ratio_is_taken_within_a_round() -> None:
    """A machine that was slow in one round was so for both: the median of ratios does not see it."""
    table = Table()
    for ours, theirs in ((2.0, 1.0), (20.0, 10.0), (300.0, 100.0)):
        table.add("speed", "ours", ours)
        table.add("speed", "theirs", theirs)

    assert summed_up(table, "ours") == {
        "medians": {"speed": {"ours": 20.0, "theirs": 10.0}},
        "ratios": {"speed": {"theirs": 2.0}},
    }


@given(st.lists(positive, min_size=1))
def test_the_95th_percentile_is_a_time_that_was_measured(seconds: list[float]) -> None:
    """Neither figure lies outside the times, and the median is not the larger one."""
    figures = spread(seconds)
    known = {round(second * 1000, 2) for second in seconds}

    assert set(figures.values()) <= known
    assert figures["p50"] <= figures["p95"]


def test_the_95th_percentile_of_twenty_is_the_largest_and_of_forty_not() -> None:
    """Of 40 times two may be longer than 95 of a hundred, so the second longest is told."""
    assert spread([n / 1000 for n in range(20)])["p95"] == 19
    assert spread([n / 1000 for n in range(40)])["p95"] == 38


def test_a_plan_survives_the_way_to_another_process() -> None:
    """What comes out of JSON is the same plan."""
    plan = Plan(streams=(1, 2), turns=Turns(100, 300, 50), rounds=2, only=("words",))

    assert Plan.from_json(plan.as_json()) == plan


@pytest.mark.parametrize("text", ["", "1,2", "a,b,c", "500,100,50", "0,100,10", "100,200,0"])
def test_a_story_that_does_not_grow_is_refused(text: str) -> None:
    """Three numbers, the second larger than the first, and a step."""
    with pytest.raises(ValueError):  # noqa: PT011  # whose words are nobody's business
        Turns.parse(text)


def test_a_story_can_be_warm_at_the_first_turn_that_counts() -> None:
    """One turn more stands before them, a step shorter, or of one token where there is no room for a step."""
    assert Turns(500, 700, 100).with_the_one_before() == [400, 500, 600, 700]
    assert Turns(50, 150, 100).with_the_one_before() == [1, 50, 150]


def test_there_is_room_for_all_streams_and_for_the_longest_story() -> None:
    """Whichever needs more counts."""
    many = Plan(streams=(32,), prompt=700, tokens=100, turns=Turns(500, 1000, 100), asks=3)
    long = Plan(streams=(1,), arriving=(), prompt=700, tokens=100, turns=Turns(500, 6000, 100), asks=3)

    assert many.held == 32 * (700 + 300 + 100)
    assert long.held == 2 * long.context == 2 * 6100
