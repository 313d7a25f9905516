"""A length of a turn is read as people write it, and a secret passage shows no more than its end."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refused
from bot.story.turns.blind import LINE, last_lines
from bot.story.turns.lengths import SUGGESTED, parse, written
from bot.story.turns.state import DAY, HOUR, LONGEST, MINUTE, SHORTEST


@pytest.mark.parametrize(
    ("raw", "length"),
    [
        ("10", 10 * MINUTE),
        ("10m", 10 * MINUTE),
        ("90 Minutes", 90 * MINUTE),
        ("2h", 2 * HOUR),
        ("1.5h", 90 * MINUTE),
        ("1,5 h", 90 * MINUTE),
        (" 1 day ", DAY),
        ("2w", 14 * DAY),
        ("10分钟", 10 * MINUTE),
        ("半小时", 30 * MINUTE),
        ("两天", 2 * DAY),
        ("3 天", 3 * DAY),
        ("一个小时", HOUR),
        ("一周", 7 * DAY),
        ("２h", 2 * HOUR),
    ],
)
def test_a_length_is_read_as_people_write_it(raw: str, length: int) -> None:
    """In both languages, with and without blanks, and fullwidth digits too."""
    assert parse(raw) == length


@pytest.mark.parametrize(
    "raw", ["", "soon", "h", "10x", "-5m", "1h30", "10 10", "１day of rest", "٣h x", "9" * 40]
)
def test_what_is_no_length_is_refused_kindly(raw: str) -> None:
    """With an example of how to write one."""
    with pytest.raises(Refused, match="10m, 2h or 1d"):
        parse(raw)


@pytest.mark.parametrize("raw", ["0", "0.1m", "15d", "3w", "999999"])
def test_a_length_has_bounds(raw: str) -> None:
    """From one minute to fourteen days."""
    with pytest.raises(Refused, match="one minute to 14 days"):
        parse(raw)


@given(st.text(max_size=30))
def test_any_text_is_a_length_or_refused(raw: str) -> None:
    """Nothing else comes of it."""
    with suppress(Refused):
        assert SHORTEST <= parse(raw) <= LONGEST


@given(st.integers(SHORTEST // MINUTE, LONGEST // MINUTE))
def test_what_is_written_is_read_again(minutes: int) -> None:
    """The choices that are offered mean what they say."""
    assert parse(written(minutes * MINUTE)) == minutes * MINUTE


def test_every_suggestion_can_be_chosen() -> None:
    """None is out of bounds."""
    assert [parse(written(length)) for length in SUGGESTED] == list(SUGGESTED)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("One line.", "One line."),
        ("A king lived here.\n\nHe lost his hat.", "He lost his hat."),
        (f"{'x' * 300}. The end came.", "The end came."),
        (f"{'他走了很久，' * 40}天亮了。灯也灭了。", "灯也灭了。"),
        ("y" * 500, "…" + "y" * LINE),
    ],
)
def test_only_the_end_of_a_passage_is_shown(text: str, shown: str) -> None:
    """Its last line; of a long line its last sentences."""
    assert last_lines(text).endswith(shown)
    assert len(last_lines(text)) <= LINE + 1


@given(st.text(min_size=1, max_size=800).filter(str.strip))
def test_the_end_of_a_passage_is_short(text: str) -> None:
    """Whatever the passage is."""
    assert 0 < len(last_lines(text)) <= LINE + 1
