"""Prove that a stream of tokens becomes the text that the whole would be."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.engine.backends.transformers.text import TextStream
from bot.engine.backends.transformers.vocabulary import Vocabulary
from tests.test_vocabulary import sentencepiece
from tests.tiny import tiny_tokenizer

TINY = tiny_tokenizer()
VOCABULARY = Vocabulary(TINY, 450, frozenset({1}))

TOKENS = st.lists(st.integers(0, 449), max_size=40)
WRITTEN = st.text("ab灯😀", max_size=30).map(lambda text: TINY.encode(text, add_special_tokens=False))
STOPS = st.lists(st.text("ab灯", max_size=4), max_size=4).map(tuple)


def streamed(tokens: Sequence[int], stop: tuple[str, ...] = ()) -> tuple[list[str], bool]:
    """Return the pieces that a stream gives, the held back one last, and whether it was stopped."""
    stream = TextStream(VOCABULARY, stop)
    pieces = []
    for token in tokens:
        pieces.append(stream.feed(token))
        if stream.stopped:
            break
    return [*pieces, stream.flush()], stream.stopped


def cut(text: str, stop: tuple[str, ...]) -> tuple[str, bool]:
    """Return a whole text up to its first stop string, read letter by letter."""
    for end in range(len(text) + 1):
        hits = [word for word in stop if word and text[:end].endswith(word)]
        if hits:
            return text[: end - max(map(len, hits))], True
    return text, False


@given(tokens=TOKENS | WRITTEN, stop=STOPS)
@example(tokens=TINY.encode("abab", add_special_tokens=False), stop=("ba", "abab"))
@example(tokens=TINY.encode("aaab", add_special_tokens=False), stop=("aab",))
def test_the_stream_is_the_whole_text_cut(tokens: list[int], stop: tuple[str, ...]) -> None:
    """For any tokens, those that are no text too, and any stop strings."""
    whole = str(TINY.decode(tokens, skip_special_tokens=True)).replace("\ufffd", "")

    pieces, stopped = streamed(tokens, stop)

    assert ("".join(pieces), stopped) == cut(whole, stop)


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd")))
def test_any_text_comes_back(text: str) -> None:
    """Whatever the characters, and over however many tokens they are spread."""
    pieces, _ = streamed(TINY.encode(text, add_special_tokens=False, split_special_tokens=True))

    assert "".join(pieces) == text


@given(tokens=WRITTEN, stop=STOPS)
def test_nothing_is_held_back_that_no_stop_string_can_claim(tokens: list[int], stop: tuple[str, ...]) -> None:
    """What is held is the beginning of a stop string, and of no other length than it must be."""
    stream = TextStream(VOCABULARY, stop)
    told = ""
    for i, token in enumerate(tokens):
        told += stream.feed(token)
        whole = str(TINY.decode(tokens[: i + 1])).rstrip("\ufffd")
        held = whole[len(told) :]
        if stream.stopped:
            break
        assert not held or any(word.startswith(held) for word in stop)


def test_an_emoji_shows_when_it_is_whole() -> None:
    """Its tokens give nothing, nothing, nothing, and then all of it."""
    tokens = TINY.encode("😀", add_special_tokens=False)

    assert streamed(tokens)[0] == ["", "", "", "😀", ""]


def test_half_a_character_is_dropped_at_the_end() -> None:
    """An answer that ends at its length may end within a character."""
    tokens = TINY.encode("ab😀", add_special_tokens=False)

    assert "".join(streamed(tokens[:-1])[0]) == "ab"


def test_special_tokens_are_no_text() -> None:
    """Neither the end of the turn nor the beginning of another."""
    letter = TINY.get_vocab()["a"]

    assert streamed([0, letter, 1, letter]) == (["", "a", "", "a", ""], False)


def test_what_was_held_back_comes_when_the_answer_ends() -> None:
    """The beginning of a stop string alone is text."""
    stream = TextStream(VOCABULARY, ("END",))
    pieces = [stream.feed(TINY.get_vocab()[letter]) for letter in "aEN"]

    assert pieces == ["a", "", ""]
    assert stream.flush() == "EN"
    assert stream.flush() == ""


def test_a_stopped_stream_says_no_more() -> None:
    """Tokens that come after the stop string are not text."""
    stream = TextStream(VOCABULARY, ("b",))
    letters = TINY.get_vocab()

    assert [stream.feed(letters[letter]) for letter in "aba"] == ["a", "", ""]
    assert stream.stopped
    assert stream.flush() == ""


@pytest.mark.parametrize("special_first", [False, True])
def test_the_space_before_the_first_word_goes_where_the_tokenizer_drops_it(special_first: bool) -> None:
    """As its own decoder does; later spaces stay."""
    tokenizer = sentencepiece()
    names = tokenizer.get_vocab()
    stream = TextStream(Vocabulary(tokenizer, len(tokenizer), frozenset({1})), ())
    tokens = [names["▁The"], names["▁lamp"], names["s"]]

    assert "".join(map(stream.feed, [1, *tokens] if special_first else tokens)) == "The lamps"
