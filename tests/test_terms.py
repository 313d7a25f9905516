"""Prove what a text is taken to speak of, in both languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.story.terms import content, covered, names, numbers, stem


def test_words_that_carry_no_meaning_are_left_out() -> None:
    """Articles, pronouns and the rest say nothing about a story."""
    assert content("She was there, and so were they.") == frozenset()
    assert content("她在那里，他也是。") == frozenset()


def test_inflected_words_are_the_same() -> None:
    """A fact is found again in another tense or number."""
    assert content("The keepers carried bells") == content("A keeper carries a bell")
    assert stem("Mara's") == stem("Mara’s") == stem("mara")


def test_numbers_are_the_same_however_they_are_written() -> None:
    """Digits, English words and Chinese characters."""
    assert numbers("three ships, 1,200 men and twenty") == {"3", "1200", "20"}
    assert numbers("二十五年前，三艘船，一万两千人") == {"25", "3", "12000"}
    assert numbers("一个人，一起走，万一下雨") == frozenset()
    assert numbers("二〇二四年") == {"2024"}


def test_names_stand_in_capitals_inside_a_sentence() -> None:
    """The first word of a sentence is in capitals anyway, and so no name by that alone."""
    text = "Nobody saw Captain Varn. Then Ilse of Holm smiled. Rain fell."

    assert names(text) == {stem(name) for name in ("Captain", "Varn", "Ilse", "Holm")}


@pytest.mark.parametrize(
    ("part", "whole", "share"), [("守灯人阿青", "守灯人阿青走了", 1.0), ("red fox", "red hen", 0.5)]
)
def test_the_share_of_terms_that_stand_elsewhere(part: str, whole: str, share: float) -> None:
    """It is 1 where all are there."""
    assert covered(content(part), content(whole)) == share


@given(st.text())
def test_any_text_has_terms(text: str) -> None:
    """No text breaks the search for terms, and a text covers itself."""
    numbers(text)
    names(text)

    assert covered(content(text), content(text)) == 1.0


def test_a_row_of_thousands_of_digits_is_one_number() -> None:
    """However long it is, nothing that reads the text breaks."""
    assert numbers("一二三" * 2000) == {"123" * 2000}
    assert numbers("〇〇七") == {"7"}
