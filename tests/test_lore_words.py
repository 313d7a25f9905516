"""Texts are cut into words quietly, whatever script they are in."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.story.lore.keys import fold
from bot.story.lore.stopwords import STOPWORDS
from bot.story.lore.words import cut_now

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Dragons' fire", {"dragons", "fire"}),
        ("两条龙飞过了灯塔。", {"灯塔"}),
        ("Mara点亮了ＬＡＭＰ", {"mara", "点亮", "lamp"}),
        ("the of and", set()),
        ("", set()),
    ],
)
def test_words_are_cut_where_each_script_has_them(text: str, words: set[str]) -> None:
    """One case, one width; words of grammar are left out."""
    assert words <= set(cut_now(text))
    assert bool(words) == bool(cut_now(text))


@given(st.text(max_size=60))
def test_any_text_is_cut_into_its_own_words(text: str) -> None:
    """Every word stands in the text, and none is a stopword or has a blank in it."""
    folded = "".join(fold(text).split())
    for word in cut_now(text):
        assert word not in STOPWORDS
        assert not any(character.isspace() for character in word)
        assert set(word) <= set(folded)


def test_chinese_is_cut_without_a_word_about_it() -> None:
    """A new process in which warnings are errors says nothing of jieba's age or of how long it took."""
    code = "from bot.story.lore.words import cut_now; print(len(cut_now('守塔人点亮了灯')))"
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (int(ran.stdout) > 1, ran.stderr) == (True, "")
