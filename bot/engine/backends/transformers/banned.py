"""Keep banned strings out of the text, however they are spread over tokens and written in large or small letters.

Texts are compared casefolded, character by character as Unicode folds them. What has been written is remembered as its
longest end that begins a banned string; for every such end the tokens that would complete one are looked up once, in
an index over the vocabulary, and kept. The prompt is not counted.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from bot.engine.backends.transformers.characters import REPLACEMENT, Characters

CONTINUATION = bytes(range(0x80, 0xC0))  # bytes that go on with a character in UTF-8
LAST = chr(0x10FFFF)  # no character: it sorts behind every text, and parts texts that are joined

Tokens = NDArray[np.int64]


class Shapes:
    """Index tokens by their text; `tokens` gives their bytes.

    A token's bytes are a head, which completes a character begun before (mostly none), then a body of characters, then
    perhaps the beginning of another, which completes nothing by itself.
    """

    def __init__(self, tokens: Mapping[int, bytes]) -> None:
        self._bodies: dict[bytes, list[tuple[str, int]]] = defaultdict(list)
        for token, data in tokens.items():
            rest = data.lstrip(CONTINUATION)
            body = rest.decode(errors="ignore").replace(REPLACEMENT, "").casefold()
            self._bodies[data[: len(data) - len(rest)]].append((body, token))
        for bodies in self._bodies.values():
            bodies.sort()
        every = [body for bodies in self._bodies.values() for body in bodies]
        self._joined = LAST.join(body for body, _ in every)
        self._tokens = [token for _, token in every]
        self._places = [0, *np.cumsum([len(body) + 1 for body, _ in every]).tolist()]

    @property
    def heads(self) -> Iterable[bytes]:
        """Return every head, the empty one too."""
        return self._bodies.keys()

    def beginning(self, head: bytes, text: str) -> Iterator[int]:
        """Yield the tokens with this head whose body begins so."""
        bodies = self._bodies[head]
        for i in range(bisect_left(bodies, (text, -1)), bisect_left(bodies, (text + LAST, -1))):
            yield bodies[i][1]

    def holding(self, text: str) -> Iterator[int]:
        """Yield the tokens with this anywhere in their body."""
        place = self._joined.find(text)
        while place >= 0:
            body = bisect_right(self._places, place) - 1
            yield self._tokens[body]
            place = self._joined.find(text, self._places[body + 1])


class BannedStrings:
    """Know, for every end of a text, the tokens that would complete one of these strings."""

    def __init__(self, strings: Iterable[str], shapes: Shapes) -> None:
        self._strings = frozenset(string.casefold() for string in strings if string)
        self._begun = {string[:size] for string in self._strings for size in range(len(string) + 1)} | {""}
        self._rests: dict[str, list[str]] = defaultdict(list)
        for string in self._strings:
            for size in range(1, len(string)):
                self._rests[string[:size]].append(string[size:])
        self._shapes = shapes
        self._always = np.array(sorted({t for s in self._strings for t in shapes.holding(s)}), dtype=np.int64)
        self._known: dict[tuple[str, bytes], Tokens] = {}

    def after(self, end: str, text: str) -> str:
        """Return the longest end of `end` and then `text`, casefolded, that begins a banned string."""
        for letter in text:
            end += letter
            while end not in self._begun:
                end = end[1:]
        return end

    def completing(self, end: str, pending: bytes) -> Tokens:
        """Return the tokens that must not come after such an end and a character begun."""
        key = (end, pending)
        if key not in self._known:
            found = {token for head in self._shapes.heads for token in self._with_head(end, pending, head)}
            more = np.array(sorted(found.difference(self._always.tolist())), dtype=np.int64)
            self._known[key] = np.concatenate([self._always, more]) if len(more) else self._always
        return self._known[key]

    def _with_head(self, end: str, pending: bytes, head: bytes) -> Iterator[int]:
        for letter in Characters(pending).feed(head).casefold():
            end = self.after(end, letter)
            if any(end[i:] in self._strings for i in range(len(end))):
                yield from self._shapes.beginning(head, "")
                return
        for i in range(len(end)):
            for rest in self._rests.get(end[i:], ()):
                yield from self._shapes.beginning(head, rest)


class BannedTail:
    """Follow one answer."""

    def __init__(self, strings: BannedStrings) -> None:
        self._strings = strings
        self._end = ""
        self._characters = Characters()

    def took(self, data: bytes) -> None:
        """Go on by a token's bytes."""
        self._end = self._strings.after(self._end, self._characters.feed(data).casefold())

    def masked(self) -> Tokens:
        """Return the tokens that would complete a banned string now."""
        return self._strings.completing(self._end, self._characters.pending)
