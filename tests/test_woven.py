"""Prove when a woven passage has something of everyone."""

from hypothesis import given
from hypothesis import strategies as st

from bot.story.votes.woven import recognisable, shared

CLIFF = "Mara runs down to the cliff and finds the rope cut."
LAMP = "Tom hides the lamp under his coat and whistles."
DOOR = "玛拉在悬崖边发现绳子断了。"


def test_a_passage_that_tells_of_all_is_recognised() -> None:
    """Other forms of the words will do, in both languages."""
    assert recognisable(
        [CLIFF, LAMP], "The rope at the cliff was cut, Mara saw; Tom hid the lamp in his coat."
    )
    assert recognisable([DOOR], "风很大，玛拉跑到悬崖边，那根绳子已经断了。")


def test_a_passage_that_leaves_somebody_out_is_not() -> None:
    """A name alone is not what somebody wrote."""
    assert not recognisable([CLIFF, LAMP], "The rope at the cliff was cut, Mara saw, and Tom slept.")
    assert not recognisable([DOOR], "玛拉睡着了，外面下着雨。")


@given(st.lists(st.text(max_size=60), max_size=5))
def test_all_of_it_word_for_word_is_always_recognised(handed_in: list[str]) -> None:
    """What stands there as it was handed in has something of everyone; nothing is asked where nobody handed in."""
    assert recognisable(handed_in, "\n".join(handed_in))
    assert recognisable([], "Anything.")


@given(st.integers(0, 500), st.dictionaries(st.integers(1, 8), st.integers(0, 200)))
def test_words_are_shared_out_once(words: int, handed_in: dict[int, int]) -> None:
    """Nobody gets more than they handed in, and all shares make the passage."""
    given_, left = shared(words, handed_in)
    assert sum(given_.values()) + left == words
    assert left >= 0
    assert all(0 <= given_[one] <= number for one, number in handed_in.items())
