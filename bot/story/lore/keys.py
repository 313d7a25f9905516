"""Find many keys in a text at once: whole words where a script has spaces, anywhere where it has none.

Case, width and apostrophes do not matter. What a search costs grows with the text, hardly with the number of keys.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress

from bot.story.languages import is_unspaced

_APOSTROPHES = str.maketrans("’‘ʼ`", "''''")
_BETWEEN = " ·・/|,，、()（）「」-—"
_HEAD = 2  # characters by which keys are looked up


@dataclass(frozen=True, slots=True)
class Match:
    """Tell that a key stands in a text, whose it is, and where its last occurrence begins in the folded text."""

    owner: int
    key: str
    at: int


def fold(text: str) -> str:
    """Return what is compared: one case, one width, one kind of apostrophe, single blanks."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.translate(_APOSTROPHES).split())


def names_in(title: str) -> list[str]:
    """Return a title and, where it says a name in two scripts (`Old Han 老韩`), each of them too."""
    runs: list[str] = []
    unspaced = None
    for character in title:
        if character.isalpha() and is_unspaced(character) != unspaced:
            runs.append("")
            unspaced = is_unspaced(character)
        if runs:
            runs[-1] += character
    parts = [run.strip(_BETWEEN) for run in runs]
    return [title] + [part for part in parts if len(part) > 1] if len(parts) > 1 else [title]


class KeyIndex:
    """Hold the keys of many owners; made once, searched often."""

    def __init__(self, keys: Iterable[tuple[int, str]]) -> None:
        """Take pairs of an owner and a key; a key without a letter or digit is nowhere."""
        self._owners: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for owner, key in keys:
            folded = fold(key)
            if any(character.isalnum() for character in folded):
                self._owners[folded].append((owner, key))
        lengths: dict[str, set[int]] = defaultdict(set)
        for folded in self._owners:
            lengths[folded[:_HEAD]].add(len(folded))
        self._lengths = {head: tuple(sorted(found)) for head, found in lengths.items()}
        self._single = {folded for folded in self._owners if len(folded) == 1}

    def find(self, text: str) -> list[Match]:
        """Return every owner's keys that stand in a text, in the order of their last occurrences."""
        folded = fold(text)
        joins = [*map(_joins, folded), False]  # nothing joins beyond either end
        edges = [not (here and before) for here, before in zip(joins, [False, *joins], strict=False)]
        lengths, owners, size = self._lengths, self._owners, len(folded)
        last: dict[str, int] = {}
        for at in compress(range(size), edges):
            if folded[at] in self._single and edges[at + 1]:
                last[folded[at]] = at
            for length in lengths.get(folded[at : at + _HEAD], ()):
                # Whether a word ends there is quicker to see than what it is.
                end = at + length
                if end <= size and edges[end] and (key := folded[at:end]) in owners:
                    last[key] = at
        found = sorted(last.items(), key=lambda item: item[1])
        return [Match(owner, key, at) for folded_key, at in found for owner, key in self._owners[folded_key]]


@lru_cache(maxsize=4096)
def _joins(character: str) -> bool:
    """Tell whether a character makes one word with such a one beside it."""
    if is_unspaced(character):
        return False
    return character == "_" or unicodedata.category(character)[0] in "LMN"
