"""Words are found however they are dressed up, and other words that have them inside are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.story.boundaries.matching import Terms, fold, separate

TERMS = Terms(["spiders, harm to animals", "torture", "stab", "body", "毒蛇；自杀", "kill", "eye"])


@pytest.mark.parametrize(
    "text",
    [
        *["A spider sat there.", "SPIDERS!", "the spider's web", "_spiders_", "**spider**", "“Spider,” he said."],
        *["s p i d e r", "s-p-i-d-e-r-s", "sp1der", "ѕріdеr", "spíder", "spiiiiider", "spi\u200bder"],
        *["ｓｐｉｄｅｒ", "𝓼𝓹𝓲𝓭𝓮𝓻"],
        *["他怕spider们", "harm to animals", "harm  to\nanimals", "tortured", "torturing", "the torturer"],
        *["stabbed him", "stabbing", "bodies", "k1lled", "killers", "her eyes", "eyeing"],
        *["毒蛇来了", "毒 蛇", "毒·蛇", "自殺", "他想自杀。"],
    ],
)  # fmt: skip
def test_a_word_is_found_in_its_disguises(text: str) -> None:
    """Plurals, look-alike letters, accents, spaces between letters and traditional characters hide nothing."""
    assert TERMS.within(text)


@pytest.mark.parametrize(
    "text",
    [
        *["spiderwort grew there", "a stable horse", "nobody came", "embodied", "skill"],
        *["他中了毒。蛇跑了。", "毒\n蛇", "animals came to harm", "an eyelash", "the keyed lock", "自己杀进来", "torn"],
        *["The torch went out.", "A splendid rider passed."],
    ],
)  # fmt: skip
def test_other_words_are_left_alone(text: str) -> None:
    """A word inside another, or across a sentence's end, is not the word."""
    assert not TERMS.within(text)


@pytest.mark.parametrize("text", ["AI 战争", "那场AI战争", "ai  战争", "打了 AI 战争"])
@pytest.mark.parametrize("term", ["AI 战争", "AI战争"])
def test_chinese_with_other_letters_in_it_is_found_with_and_without_blanks(term: str, text: str) -> None:
    """Many write a blank between the two, in what they agree on as in a story."""
    assert Terms([term]).within(text)


def test_the_last_word_of_a_growing_text_is_open() -> None:
    """What may go on to be another word is not found before it is whole; Chinese has no such end."""
    assert not TERMS.within("There was a spider", growing=True)
    assert TERMS.within("There was a spider ", growing=True)
    assert TERMS.within("有毒蛇", growing=True)


def test_a_long_row_of_signs_is_gone_through_once() -> None:
    """Looked at from each of its signs anew, this would take minutes."""
    assert not Terms(["spider"]).within("@$" * 100_000)
    assert Terms(["spider"]).within("@$" * 100_000 + " $p1der")


def test_entries_are_taken_apart_at_commas() -> None:
    """One entry holds several terms, in both kinds of commas."""
    assert separate(" spiders ,snakes； 毒蛇、自杀 |rats\nmice,, ") == [
        "spiders",
        "snakes",
        "毒蛇",
        "自杀",
        "rats",
        "mice",
    ]


@pytest.mark.parametrize("terms", [(), ("",), (" , ；",), ("...", "-")])
def test_nothing_asked_for_is_nowhere(terms: tuple[str, ...]) -> None:
    """Empty terms do not match everything."""
    assert not Terms(terms).within("Anything at all, 什么都行。")


@given(st.text(max_size=60), st.text(max_size=200))
def test_any_term_and_any_text_are_looked_at(term: str, text: str) -> None:
    """No term breaks the search, and a term of letters is found in itself."""
    Terms([term]).within(text)
    words = [w for w in separate(term) if w.isascii() and w.isalpha()]
    assert all(Terms([word]).within(f"x {word} y") for word in words)


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    """A folded text is folded."""
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("text", ["a " * 20_000, "s p i d e " * 5_000, "毒 " * 20_000, "1" * 40_000])
def test_long_texts_are_searched_as_fast_as_prose(text: str, patience: None) -> None:
    """Nothing that someone types makes the search look at it again and again."""
    assert not TERMS.within(text)
