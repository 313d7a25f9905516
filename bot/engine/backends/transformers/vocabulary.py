"""Know a model's tokens: which bytes each writes, which end its turn, which are never text."""

from collections.abc import Mapping
from functools import cached_property, lru_cache

from llguidance import LLTokenizer
from llguidance.hf import from_tokenizer
from transformers import PreTrainedTokenizerFast

from bot.engine.backends.transformers.banned import BannedStrings, Shapes

SPACE = "▁"  # how SentencePiece writes a space
KEPT_BANS = 64  # lists of banned strings kept ready: servers ask again and again with the same
BREAKING = frozenset(b'\n:"*')  # llama.cpp's own choice


def _alphabet() -> dict[str, int]:
    """Return which byte each letter of a byte-level tokenizer stands for: printable ones for themselves."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + i): byte for i, byte in enumerate(others)}


ALPHABET = _alphabet()


class Vocabulary:
    """Hold a tokenizer beside the width of its model's logits.

    `size` is that width, which may exceed the tokenizer's; `padding` are the ids below it that are no tokens. `ends`
    are the tokens that end the model's turn. Raises ValueError if there is none: such a model would never stop.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, size: int, ends: frozenset[int]) -> None:
        if not ends:
            raise ValueError("a model needs a token that ends its turn")
        self.tokenizer = tokenizer
        self.size = size
        self.ends = ends
        self.special = frozenset(tokenizer.all_special_ids) | ends | _added(tokenizer, special=True)
        self._writes_bytes = "ByteLevel" in repr(tokenizer.backend_tokenizer.decoder)
        names = {token: name for name, token in tokenizer.get_vocab().items() if token < size}
        self.padding = [token for token in range(size) if token not in names]
        self._texts = self._bytes_of(names)
        self.banned_strings = lru_cache(KEPT_BANS)(self._banned_strings)

    def bytes_of(self, token: int) -> bytes:
        """Return what a token adds to the text, in UTF-8; a character may be spread over several tokens."""
        return self._texts.get(token, b"")

    def first_bytes_of(self, token: int) -> bytes:
        """Return what a token writes at the beginning of a text, where some tokenizers drop a space."""
        data = self.bytes_of(token)
        if data.startswith(b" ") and not self.tokenizer.backend_tokenizer.decode([token]).startswith(" "):
            return data[1:]
        return data

    def _bytes_of(self, names: Mapping[int, str]) -> dict[int, bytes]:
        added = _added(self.tokenizer, special=False)
        texts = {token: name for token, name in names.items() if token not in self.special}
        return {
            token: name.encode() if token in added else self._spelt(name) for token, name in texts.items()
        }

    def _spelt(self, name: str) -> bytes:
        if self._writes_bytes:
            data = [ALPHABET.get(letter, -1) for letter in name]
            return name.encode() if -1 in data else bytes(data)
        if len(name) == 6 and name.startswith("<0x") and name.endswith(">"):
            return bytes.fromhex(name[3:5])
        return name.replace(SPACE, " ").encode()

    @cached_property
    def breakers(self) -> frozenset[int]:
        """Return the tokens at which DRY starts to look for repeated text anew."""
        return frozenset(token for token, data in self._texts.items() if BREAKING.intersection(data))

    def warm_up(self) -> None:
        """Make the indexes of banned strings, DRY and grammars now: nobody's stream shall stall for them later."""
        _made = self.breakers, self.shapes, self.grammar_tokenizer

    @cached_property
    def shapes(self) -> Shapes:
        """Return the index in which tokens that complete a banned string are found."""
        return Shapes(self._texts)

    def _banned_strings(self, strings: tuple[str, ...]) -> BannedStrings:
        return BannedStrings(strings, self.shapes)

    @cached_property
    def grammar_tokenizer(self) -> LLTokenizer:
        """Return llguidance's view of the tokens; made when the first grammar is asked for, it takes a second."""
        width = max(self.size, len(self.tokenizer))
        return from_tokenizer(self.tokenizer, n_vocab=width, eos_token=sorted(self.ends))


def _added(tokenizer: PreTrainedTokenizerFast, *, special: bool) -> frozenset[int]:
    decoder = tokenizer.added_tokens_decoder
    return frozenset(token for token, added in decoder.items() if added.special == special)
