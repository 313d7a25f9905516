"""Merge rankings of the same things, whose scores cannot be compared, by their ranks."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

_T = TypeVar("_T")

_FLAT = 10.0  # how little a rank counts against being found at all


def merge(rankings: Iterable[tuple[float, Sequence[_T]]]) -> list[tuple[_T, float]]:
    """Return everything that is in some ranking, the best first; each ranking has a weight."""
    scores: dict[_T, float] = {}
    for weight, ranking in rankings:
        for rank, thing in enumerate(ranking):
            scores[thing] = scores.get(thing, 0.0) + weight / (_FLAT + rank)
    return sorted(scores.items(), key=lambda item: -item[1])
