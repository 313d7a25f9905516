"""Find what one answer's history holds against its next tokens; the prompt belongs to the history."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

LARGEST = 1e38  # what a 32-bit float holds, about


class History:
    """Hold the tokens so far in an array that grows."""

    def __init__(self, prompt: Sequence[int]) -> None:
        self._tokens = np.empty(len(prompt) + 512, dtype=np.int64)
        self._tokens[: len(prompt)] = prompt
        self._size = len(prompt)

    def took(self, token: int) -> None:
        """Add a token."""
        if self._size == len(self._tokens):
            self._tokens = np.concatenate([self._tokens, np.empty_like(self._tokens)])
        self._tokens[self._size] = token
        self._size += 1

    def last(self, count: int) -> NDArray[np.int64]:
        """Return a view of the last tokens, of all for -1."""
        start = 0 if count < 0 else max(0, self._size - count)
        return self._tokens[start : self._size]


class RepeatedRuns:
    """Know which tokens would repeat a run of `length` tokens that was there before."""

    def __init__(self, length: int, prompt: Iterable[int]) -> None:
        self._length = length
        self._next: dict[tuple[int, ...], set[int]] = defaultdict(set)
        self._end: tuple[int, ...] = ()
        for token in prompt:
            self.took(token)

    def took(self, token: int) -> None:
        """Go on by a token."""
        if len(self._end) == self._length - 1:
            self._next[self._end].add(token)
        self._end = (*self._end, token)[-(self._length - 1) :] if self._length > 1 else ()

    def masked(self) -> AbstractSet[int]:
        """Return the tokens that would complete such a run."""
        return self._next.get(self._end, frozenset())


def shared_beginnings(tokens: Sequence[int]) -> list[int]:
    """Return, for each place, how many tokens from there on are those from the beginning on.

    In one pass, so that a prompt that says one thing a thousand times takes no longer than another.
    """
    counts = [0] * len(tokens)
    start = stop = 0  # the stretch that reaches furthest of those known to repeat the beginning
    for place in range(1, len(tokens)):
        count = min(counts[place - start], stop - place) if place < stop else 0
        while place + count < len(tokens) and tokens[count] == tokens[place + count]:
            count += 1
        counts[place] = count
        if place + count > stop:
            start, stop = place, place + count
    return counts


class Dry:
    """Find by how much each token shall be less likely because it goes on repeating, by llama.cpp's rules.

    Where the text ends as an earlier part of it did, the token that came next there loses `multiplier` times `base`
    to the power of how much longer than `allowed` the two ends are alike. No end reaches back over a token in
    `breakers`, nor is such a token held back.
    """

    def __init__(
        self,
        *,
        multiplier: float,
        base: float,
        allowed: int,
        breakers: AbstractSet[int],
        prompt: Iterable[int],
    ) -> None:
        self._multiplier = multiplier
        self._base = base
        self._allowed = allowed
        self._limit = int(math.log(LARGEST) / math.log(base)) if base > 1 else math.inf  # for the power
        self._breakers = breakers
        self._tokens = list(prompt)
        self._places: dict[int, list[int]] = defaultdict(list)
        for place, token in enumerate(self._tokens):
            self._places[token].append(place)
        # Place of an earlier token -> how many up to it are alike the last ones.
        self._alike = {place: count for place, count in self._counted() if count}

    def _counted(self) -> Iterator[tuple[int, int]]:
        last = len(self._tokens) - 1
        since = next(
            (i for i, token in enumerate(reversed(self._tokens)) if token in self._breakers), last + 1
        )
        for distance, count in enumerate(shared_beginnings(self._tokens[::-1])):
            if distance:
                yield last - distance, min(count, since)

    def took(self, token: int) -> None:
        """Go on by a token."""
        places = self._places[token]
        before = self._alike
        self._alike = {} if token in self._breakers else {p: before.get(p - 1, 0) + 1 for p in places}
        places.append(len(self._tokens))
        self._tokens.append(token)

    def amounts(self) -> Mapping[int, float]:
        """Return what to take from the logits of which tokens."""
        longest: dict[int, int] = {}
        for place, alike in self._alike.items():
            token = self._tokens[place + 1]
            if alike >= self._allowed and token not in self._breakers:
                longest[token] = max(alike, longest.get(token, 0))
        return {token: self._amount(alike) for token, alike in longest.items()}

    def _amount(self, alike: int) -> float:
        return min(LARGEST, self._multiplier * self._base ** min(alike - self._allowed, self._limit))
