"""Lengths are counted in what a text's script counts."""

import pytest

from bot.story.languages import LANGUAGES, Script, count_words, script_of


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("The captain's dog ran.", 4),
        ("well-known, 3,000 miles — don’t", 4),
        ("她走进了森林。", 6),
        ("她说 hello，然后走了。", 7),
        ("ひらがなと漢字", 7),
        ("한국어 문장", 2),
        ("snake_case", 2),
        ("「……！？」 *** 🙂", 0),
        ("𠮷野家", 3),
    ],
)
def test_words_and_characters_are_counted_each_in_its_way(text: str, count: int) -> None:
    """A word of a spaced script is one, a Chinese or Japanese character is one, punctuation is none."""
    assert count_words(text) == count


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Once upon a time", "spaced"),
        ("从前有座山", "cjk"),
        ("山 is a mountain", "spaced"),
        ("", "spaced"),
        ("我爱NLP技术", "cjk"),
    ],
)
def test_the_main_script_is_told(text: str, script: Script) -> None:
    """A text is Chinese when more of it is."""
    assert script_of(text) == script


def test_every_language_has_a_name_for_each_reader() -> None:
    """The codes are the keys, and no name is empty in either interface language."""
    for code, language in LANGUAGES.items():
        assert language.code == code
        assert all([language.name.render("en"), language.name.render("zh-CN")])
