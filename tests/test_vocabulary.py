"""Prove that a vocabulary knows what its tokens write."""

import random

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from bot.engine.backends.transformers.characters import Characters
from bot.engine.backends.transformers.vocabulary import Vocabulary
from tests.tiny import TEXTS, tiny_tokenizer

ENDS = frozenset({1})


def sentencepiece() -> PreTrainedTokenizerFast:
    """Return a tokenizer as SentencePiece has it: marks for spaces, bytes for what is no token, no space at first."""
    pieces = ["<unk>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁The", "▁lamp", "s", "灯", "▁"]
    tokenizer = Tokenizer(
        models.BPE({piece: i for i, piece in enumerate(pieces)}, [], unk_token="<unk>", byte_fallback=True)
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", eos_token="</s>")


def text_of(vocabulary: Vocabulary, tokens: list[int]) -> str:
    """Return what these tokens write."""
    return Characters().feed(b"".join(vocabulary.bytes_of(token) for token in tokens))


@pytest.mark.parametrize("text", TEXTS)
def test_the_bytes_of_tokens_are_the_text(text: str) -> None:
    """What a byte-level tokenizer reads, its tokens' bytes spell."""
    tokenizer = tiny_tokenizer()
    tokens = tokenizer.encode(text, add_special_tokens=False)

    assert text_of(Vocabulary(tokenizer, 450, ENDS), tokens) == text


def test_the_bytes_of_tokens_are_what_sentencepiece_decodes() -> None:
    """Marks are spaces, and bytes are bytes; the space at the beginning is for the text to drop."""
    tokenizer = sentencepiece()
    vocabulary = Vocabulary(tokenizer, len(tokenizer), ENDS)
    names = ["▁The", "▁lamp", "s", "<0xE7>", "<0x81>", "<0xAF>", "灯", "▁"]
    tokens = [tokenizer.get_vocab()[name] for name in names]

    assert text_of(vocabulary, tokens) == " The lamps灯灯 "
    assert vocabulary.first_bytes_of(tokens[0]) == b"The"
    assert tokenizer.decode(tokens) == "The lamps灯灯 "


def test_a_text_that_begins_with_a_space_keeps_it_where_the_tokenizer_does() -> None:
    """A byte-level tokenizer drops nothing."""
    tokenizer = tiny_tokenizer()
    token = tokenizer.get_vocab()["Ġthe"]

    assert Vocabulary(tokenizer, 450, ENDS).first_bytes_of(token) == b" the"


def test_tokens_added_later_write_their_own_letters() -> None:
    """An added token's name is its text, not byte-level spelling; a special one writes nothing."""
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens([AddedToken("Ġé")])
    tokenizer.add_tokens([AddedToken("<|pad|>")], special_tokens=True)
    vocabulary = Vocabulary(tokenizer, 450, ENDS)

    assert text_of(vocabulary, [400]) == "Ġé"
    assert vocabulary.bytes_of(401) == vocabulary.bytes_of(0) == vocabulary.bytes_of(1) == b""
    assert vocabulary.padding == list(range(402, 450))


def test_a_width_below_the_tokenizer_leaves_out_what_the_model_does_not_know() -> None:
    """Ids beyond the logits write nothing, and are not looked for."""
    vocabulary = Vocabulary(tiny_tokenizer(), 300, ENDS)

    assert vocabulary.bytes_of(350) == b""
    assert vocabulary.padding == []
    assert max(vocabulary.breakers) < 300


def test_a_model_without_an_end_is_refused() -> None:
    """It would write until its context is full."""
    with pytest.raises(ValueError, match="ends its turn"):
        Vocabulary(tiny_tokenizer(), 400, frozenset())


def test_dry_breaks_at_every_token_with_a_break_in_its_text() -> None:
    """Newline, colon, quotation mark and asterisk, wherever they stand in a token."""
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(['said: "', "plain"])
    vocabulary = Vocabulary(tokenizer, 450, ENDS)
    single = {tokenizer.get_vocab()[name] for name in ("Ċ", ":", '"', "*")}

    assert vocabulary.breakers == single | {400}


def test_characters_come_whole_whatever_the_cuts() -> None:
    """Cut anywhere, bytes make the same characters; what is no text makes none."""
    data = "灯é😀".encode() + b"\x81\xf0\x9f" + "a\ufffdb".encode() + b"\xe7"
    for seed in range(200):
        cuts = sorted(random.Random(seed).choices(range(len(data)), k=5))
        characters = Characters()
        pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]

        assert "".join(characters.feed(piece) for piece in pieces) == "灯é😀ab"
        assert characters.pending == b"\xe7"
