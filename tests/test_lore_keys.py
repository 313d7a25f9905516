"""Keys are found as whole words where scripts have spaces, anywhere where they have none."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.story.languages import is_unspaced
from bot.story.lore.keys import KeyIndex, fold, names_in

LETTERS = "abAB é灯塔のÅ１ 'ﬁ-_ก"
KEYS = st.text(alphabet=LETTERS, min_size=1, max_size=5)
TEXTS = st.text(alphabet=LETTERS + "。.\n", max_size=40)


def named(keys: list[str], text: str) -> set[str]:
    """Return the keys that are found."""
    return {match.key for match in KeyIndex(enumerate(keys)).find(text)}


@pytest.mark.parametrize(
    ("key", "text", "there"),
    [
        ("art", "the start of art", True),
        ("art", "the start", False),
        ("Mara", "mara's lamp", True),
        ("O’Neill", "old o'neill laughed", True),
        ("old lamp", "the old\n  lamp", True),
        ("ＬＡＭＰ", "a lamp", True),
        ("Straße", "DIE STRASSE", True),
        ("灯", "她点亮灯塔", True),
        ("Mara", "玛拉Mara走了", True),
        ("Mara的灯", "她看见mara的灯塔", True),
        ("Mara的灯", "她看见Amara的灯", False),
        ("C3", "C3PO", False),
        ("e", "é", False),
        ("café", "cafe\u0301", True),
        ("!", "stop!", False),
    ],
)
def test_words_are_whole_where_there_are_spaces(key: str, text: str, there: bool) -> None:
    """Width, case and apostrophes do not matter; a Chinese neighbour cuts no English word."""
    assert bool(named([key], text)) is there


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("The lamp", ["The lamp"]),
        ("Old Han 老韩", ["Old Han 老韩", "Old Han", "老韩"]),
        ("玛拉（Mara）", ["玛拉（Mara）", "玛拉", "Mara"]),
        ("第3章", ["第3章"]),
        ("X战队", ["X战队", "战队"]),
        ("灯", ["灯"]),
        ("...", ["..."]),
    ],
)
def test_a_name_in_two_scripts_is_two_names(title: str, names: list[str]) -> None:
    """Whoever writes either language brings up the entry; single characters are left out."""
    assert names_in(title) == names


def slowly(key: str, text: str) -> bool:
    """Tell the same with a regular expression for each end."""
    folded, wanted = fold(text), fold(key)
    if not any(character.isalnum() for character in wanted):
        return False
    joined = "".join(c for c in fold(LETTERS) if not is_unspaced(c) and (c.isalnum() or c == "_"))
    before = f"(?<![{joined}])" if re.match(f"[{joined}]", wanted) else ""
    after = f"(?![{joined}])" if re.search(f"[{joined}]\\Z", wanted) else ""
    return re.search(before + re.escape(wanted) + after, folded) is not None


@given(keys=st.lists(KEYS, max_size=8), text=TEXTS)
def test_many_keys_at_once_are_found_as_each_alone(keys: list[str], text: str) -> None:
    """However keys overlap or share their beginnings, each is found where a plain search finds it."""
    assert named(keys, text) == {key for key in keys if slowly(key, fold(text))}


@given(keys=st.lists(KEYS, min_size=1, max_size=5), text=TEXTS)
def test_matches_come_in_the_order_of_the_text(keys: list[str], text: str) -> None:
    """The last place of each key counts, and stands where the key is."""
    matches = KeyIndex(enumerate(keys)).find(text)
    assert [match.at for match in matches] == sorted(match.at for match in matches)
    assert all(fold(text)[match.at :].startswith(fold(match.key)) for match in matches)


def test_everyone_with_the_same_key_is_found() -> None:
    """Two hundred owners of a key are two hundred matches."""
    assert len(KeyIndex((n, "lamp") for n in range(200)).find("A Lamp.")) == 200
