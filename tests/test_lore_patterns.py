"""Patterns are tried as they are saved, and none holds a search up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refused
from bot.story.lore.patterns import is_pattern, require_sound, search
from bot.story.lore.writing import Sketch, checked, split_keys

SLOW = "/(x+x+)+y/"


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("/(a+)+$/", "too long"),
        ("/a*|b/", "fits every text"),
        ("/(\\w+\\s?)+b$/", "too long"),
        ("/(灯|灯)+塔/", "too long"),
        ("/[/", "broken"),
        ("/(?P<n>a)(?P=m)/", "broken"),
        ("/x{99999999999}/", "too long"),
        ("/(((a?){99}){99}){99}b/", "too long"),
        ("/(?x)(?:(?:a?) { 9 9 } ) {9 9}b/", "too long"),
        (f"/{'(?:' * 20}a{'+)' * 20}+b/", "too long"),
        (f"/{'a' * 250}/", "up to 200 characters"),
    ],
)
def test_a_bad_pattern_is_refused_with_what_to_do(pattern: str, words: str) -> None:
    """Each kind of bad pattern has a sentence of its own."""
    with pytest.raises(Refused, match=words):
        require_sound(pattern, "The lamp.")


def test_a_pattern_without_end_that_was_kept_before_is_skipped_in_a_search() -> None:
    """It is never made ready, which could take all memory."""
    huge = "/((((a?){99}){99}){99}){99}b/"
    assert search([(1, huge)], "ab").slow == ((1, huge),)


@pytest.mark.parametrize(
    "key", ["/\\d{4}-\\d{2}-\\d{2}/", "/(?:old|grey) \\w+ (?:of|from) \\w+/", "/x{2,500}y/"]
)
def test_a_modest_repeat_is_welcome(key: str) -> None:
    """Dates, words and long rows do not count as without end."""
    require_sound(key, "The lamp.")


def test_a_pattern_that_is_slow_on_its_own_text_is_refused() -> None:
    """The entry's text is one of the trial texts."""
    with pytest.raises(Refused, match="too long"):
        require_sound("/(?:é+é+)+y/", "é" * 2000)


def test_a_slow_pattern_is_told_and_the_others_are_found() -> None:
    """A search goes on behind a pattern that does not end."""
    found = search([(1, SLOW), (2, "/l(a|u)mp/"), (3, "/[/")], "x" * 5000 + " LUMP")
    assert [(match.owner, match.at) for match in found.matches] == [(2, 5001)]
    assert found.slow == ((1, SLOW), (3, "/[/"))


@given(key=st.text(max_size=30).map(lambda body: f"/{body}/"))
def test_whatever_is_typed_is_saved_or_refused(key: str) -> None:
    """No pattern breaks anything else."""
    if not is_pattern(key):
        return
    try:
        require_sound(key, "A lamp, 一盏灯.")
    except Refused:
        return
    search([(1, key)], "A lamp, 一盏灯.")


@pytest.mark.parametrize(
    ("raw", "keys"),
    [
        ("lamp, light", ["lamp", "light"]),
        ("灯、光，塔；火", ["灯", "光", "塔", "火"]),
        ("/a{1,3}/, b", ["/a{1,3}/", "b"]),
        ("AC/DC, he/she", ["AC/DC", "he/she"]),
        ("/x\\/y/; z", ["/x\\/y/", "z"]),
        (" , ,\n", []),
        ("a, a", ["a"]),
    ],
)
def test_keys_are_typed_with_commas_between(raw: str, keys: list[str]) -> None:
    """Patterns keep their commas; blanks and doubles are no keys."""
    assert split_keys(raw) == keys


@given(
    st.lists(st.sampled_from(["lamp", "灯", "/a{1,2}b/", "old lamp", "he/she", "/灯[一,二]/"]), unique=True)
)
def test_keys_survive_a_window(keys: list[str]) -> None:
    """What a window shows is read back as the same keys."""
    clean = checked(Sketch(title="T", text="X", keys=", ".join(keys)), "fact", None)
    assert split_keys(clean.keys or "") == keys
