"""Prove that repetition is found as the definitions say it, written out plainly here."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.engine.backends.transformers.penalties import Dry, History, RepeatedRuns

BREAKERS = frozenset({3})
HISTORY = st.lists(st.integers(0, 4), max_size=60)
SPLIT = st.integers(0, 60)


def alike(history: Sequence[int], earlier: int) -> int:
    """Return how many tokens before `earlier` are those at the end, back to the last breaker."""
    count = 0
    while count < earlier and history[earlier - 1 - count] == history[-1 - count] != 3:
        count += 1
    return count


def plain_dry(history: Sequence[int], multiplier: float, base: float, allowed: int) -> dict[int, float]:
    """Return what each token loses, found by looking at every place."""
    lost: dict[int, float] = {}
    for place in range(1, len(history)):
        length, token = alike(history, place), history[place]
        if length >= allowed and token not in BREAKERS:
            lost[token] = max(lost.get(token, 0.0), multiplier * base ** (length - allowed))
    return lost


def dry(history: Sequence[int], split: int, *, allowed: int, base: float = 1.75) -> Dry:
    """Return DRY's state after a prompt and what was taken since."""
    state = Dry(multiplier=0.8, base=base, allowed=allowed, breakers=BREAKERS, prompt=history[:split])
    for token in history[split:]:
        state.took(token)
    return state


@given(history=HISTORY, split=SPLIT, allowed=st.integers(1, 4))
@example(history=[0, 1, 2, 2, 1, 4, 0, 1, 2], split=0, allowed=2)
@example(history=[0, 1, 3, 0, 1, 3, 0, 1], split=4, allowed=1)
@example(history=[0, 1, 3, 0, 1, 3, 0, 1, 2, 1, 3, 0, 1], split=60, allowed=1)
def test_dry_holds_back_what_would_go_on_repeating(history: list[int], split: int, allowed: int) -> None:
    """As much as the longest repeat is long; breakers end it, and are not held back."""
    assert dict(dry(history, split, allowed=allowed).amounts()) == plain_dry(history, 0.8, 1.75, allowed)


def test_dry_counts_the_length_beyond_the_allowed() -> None:
    """Three alike, two allowed: one factor of the base."""
    assert dict(dry([0, 1, 2, 4, 0, 1, 2], 0, allowed=2).amounts()) == {4: 0.8 * 1.75}


def test_dry_stays_a_number_however_long_the_repeat() -> None:
    """The power of a long repeat would be beyond all numbers that logits know."""
    assert 1e37 < dry([0] * 300, 300, allowed=2).amounts()[0] <= 1e38
    assert dict(dry([0] * 300, 300, allowed=2, base=1.0).amounts()) == {0: 0.8}


@pytest.mark.usefixtures("patience")
def test_dry_reads_a_prompt_that_says_one_thing_over_and_over() -> None:
    """In time with its length; looking back from every place would take its square."""
    assert dry([0] * 1_000_000, 1_000_000, allowed=2).amounts()[0] > 1e37


@given(history=HISTORY, split=SPLIT, length=st.integers(1, 5))
def test_runs_that_were_there_are_found(history: list[int], split: int, length: int) -> None:
    """A token is masked if it and the last ones before it stand together anywhere, in the prompt too."""
    runs = RepeatedRuns(length, history[:split])
    for token in history[split:]:
        runs.took(token)
    there = {tuple(history[i : i + length]) for i in range(len(history) - length + 1)}
    before = tuple(history[len(history) - length + 1 :])

    assert set(runs.masked()) == {token for token in range(5) if (*before, token) in there}


@given(history=st.lists(st.integers(0, 99), max_size=2000), split=SPLIT, count=st.integers(-1, 70))
def test_the_history_has_its_last_tokens(history: list[int], split: int, count: int) -> None:
    """The prompt's and those taken, as many as asked for, all for -1, however long it grows."""
    held = History(history[:split])
    for token in history[split:]:
        held.took(token)

    assert held.last(count).tolist() == (
        history if count < 0 else history[len(history) - min(count, len(history)) :]
    )
