"""Turn what several ways gave, round by round, into medians and ratios."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


class Table:
    """Gather values: what was measured → the way that it was measured of → one value a round, or a turn of it."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, list[float]]] = {}

    def add(self, what: str, way: str, value: float) -> None:
        """Take a way's next value."""
        self._values.setdefault(what, {}).setdefault(way, []).append(value)

    def of(self, what: str) -> Mapping[str, Sequence[float]]:
        """Return all values of one thing, by way."""
        return self._values[what]

    def medians(self, what: str) -> dict[str, float]:
        """Return the median of each way's values of one thing."""
        return {way: statistics.median(given) for way, given in self._values[what].items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)


def in_turns(names: Sequence[str], rounds: int) -> Iterator[Sequence[str]]:
    """Yield each round's order: forwards and backwards by turns, so that a drift of the machine favours nobody."""
    for number in range(rounds):
        yield names if number % 2 == 0 else names[::-1]


def summed_up(table: Table, ours: str) -> dict[str, dict[str, Any]]:
    """Return each way's `medians` of everything, and `ratios`: the median of ours over theirs, value by value."""
    return {
        "medians": {
            what: {way: rounded(value) for way, value in table.medians(what).items()} for what in table
        },
        "ratios": {
            what: {
                way: rounded(statistics.median(_divided(table.of(what)[ours], given)))
                for way, given in table.of(what).items()
                if way != ours
            }
            for what in table
        },
    }


def spread(seconds: Iterable[float]) -> dict[str, float]:
    """Return the median and the 95th percentile of some times, in milliseconds; at least one must be given."""
    ranked = sorted(seconds)
    at = {"p50": len(ranked) // 2, "p95": len(ranked) * 95 // 100}
    return {name: round(ranked[place] * 1000, 2) for name, place in at.items()}


def _divided(ours: Sequence[float], theirs: Sequence[float]) -> Iterator[float]:
    return (a / b for a, b in zip(ours, theirs, strict=True))


def rounded(value: float) -> float:
    """Return a value rounded to four digits."""
    return float(f"{value:.4g}")
