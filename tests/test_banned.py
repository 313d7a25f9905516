"""Prove that banned strings never come, and that nothing else is kept out for them."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.engine.backends.transformers.banned import BannedTail
from bot.engine.backends.transformers.sampling import Picker, pick
from bot.engine.backends.transformers.text import TextStream
from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.request import Sampling
from tests.tiny import tiny_tokenizer

TINY = tiny_tokenizer()
# Pieces in which banned strings may be spread: over letters, in both cases, over parts of characters.
PIECES = ("The", " the lamp", "amp s", "LA", "ẞ", "É", "eé", "灯塔", "塔", "ss", "ab", "ba", "aba")
TINY.add_tokens(list(PIECES))
ENDS = frozenset({1})
VOCABULARY = Vocabulary(TINY, len(TINY), ENDS)

BANNED = st.lists(
    st.sampled_from(
        ["the lamp", "a", "ab", "bab", "灯", "灯塔", "é", "LAMP", "straße", "ß", "e", "  ", "K", "aé灯"]
    )
    | st.text("abéÉ灯s ", min_size=1, max_size=4),
    min_size=1,
    max_size=4,
).map(tuple)
LETTERS = TINY.encode("the lampabss 灯塔éÉßẞeK", add_special_tokens=False)
TOKENS = st.lists(st.sampled_from([0, *LETTERS, *range(400, len(TINY))]) | st.integers(2, 399), max_size=12)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Leave the other cores to others: these tensors are small."""
    torch.set_num_threads(1)


def written(tokens: list[int]) -> str:
    """Return the text of tokens, casefolded."""
    stream = TextStream(VOCABULARY, ())
    return ("".join(map(stream.feed, tokens)) + stream.flush()).casefold()


def holds(text: str, banned: tuple[str, ...]) -> bool:
    """Tell whether a banned string is in a casefolded text."""
    return any(string.casefold() in text for string in banned)


@settings(max_examples=200, deadline=None)
@given(tokens=TOKENS, banned=BANNED)
@example(tokens=TINY.encode("aaa", add_special_tokens=False), banned=("aab",))
@example(tokens=TINY.encode("aé", add_special_tokens=False)[:-1], banned=("aé",))
def test_exactly_the_completing_tokens_are_masked(tokens: list[int], banned: tuple[str, ...]) -> None:
    """Of all tokens, those after which a banned string is in the text that was not there before them."""
    tail = BannedTail(VOCABULARY.banned_strings(banned))
    so_far: list[int] = []
    for token in tokens:
        if holds(written([*so_far, token]), banned):
            continue
        so_far.append(token)
        tail.took(VOCABULARY.bytes_of(token))
    completing = {token for token in range(2, len(TINY)) if holds(written([*so_far, token]), banned)}

    assert set(tail.masked().tolist()) == completing


@settings(max_examples=40, deadline=None)
@given(banned=BANNED, seed=st.integers(), temperature=st.sampled_from([0.0, 0.7, 3.0]))
def test_no_banned_string_is_ever_written(banned: tuple[str, ...], seed: int, temperature: float) -> None:
    """Whatever the model would like best."""
    generator = torch.Generator().manual_seed(seed % 2**63)
    picker = Picker(
        Sampling(seed=seed, temperature=temperature, top_k=0, banned=banned),
        prompt=[5, 6],
        vocabulary=VOCABULARY,
    )
    tokens: list[int] = []
    for _ in range(60):
        tokens += pick(torch.randn(1, len(TINY), generator=generator) * 4, [picker])
        picker.took(tokens[-1])

    assert not holds(written(tokens), banned)
    assert len(set(tokens)) > 1


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_case_does_not_matter(case: Callable[[str], str]) -> None:
    """A model that insists on a banned word in other letters does not get it past."""
    tokens = TINY.encode(case("the lamp"), add_special_tokens=False)
    picker = Picker(Sampling(seed=0, temperature=0, banned=("tHE laMP",)), prompt=[], vocabulary=VOCABULARY)
    got = []
    for token in tokens:
        logits = torch.zeros(1, len(TINY))
        logits[0, token] = 9
        got += pick(logits, [picker])
        picker.took(got[-1])

    assert got[:-1] == tokens[:-1]
    assert got[-1] != tokens[-1]


def test_what_the_prompt_began_is_not_counted() -> None:
    """A banned string must be in the answer; its beginning in the prompt bans nothing."""
    letters = TINY.get_vocab()
    picker = Picker(
        Sampling(seed=0, temperature=0, banned=("xy",)), prompt=[letters["x"]], vocabulary=VOCABULARY
    )
    logits = torch.zeros(1, len(TINY))
    logits[0, letters["y"]] = 9

    assert pick(logits, [picker]) == [letters["y"]]


def test_a_banned_string_across_a_special_token_is_one() -> None:
    """Special tokens are not in the text, so they part nothing in it."""
    letters = TINY.get_vocab()
    tail = BannedTail(VOCABULARY.banned_strings(("xy",)))
    for token in (letters["x"], 0):
        tail.took(VOCABULARY.bytes_of(token))

    assert letters["y"] in tail.masked()


def test_the_end_can_always_come() -> None:
    """Where all that the model would write is banned, the answer ends."""
    logits = torch.full((1, len(TINY)), -torch.inf)
    logits[0, TINY.get_vocab()["a"]] = 9
    logits[0, 1] = -9
    picker = Picker(Sampling(seed=0, banned=("A",)), prompt=[], vocabulary=VOCABULARY)

    assert pick(logits, [picker]) == [1]
