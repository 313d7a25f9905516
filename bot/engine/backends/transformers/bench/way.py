"""Describe the work of a bench, and what every way to do it looks like from outside.

All times are seconds of one clock (`time.perf_counter`).
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for `tokens` more after a prompt, `at` seconds after the start; `story` names whose turn it is."""

    prompt: list[int]
    tokens: int
    story: str
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Tell when an answer was asked for, when its first token was there, and when its last."""

    asked: float
    first: float
    end: float


class Way(Protocol):
    """Run requests, in whatever order and company it likes; every request is written to its full length."""

    name: str

    def run(self, asks: Sequence[Ask], *, limit: int) -> list[Timing]:
        """Run requests, sorted by their time, to the end; return their timings in the same order.

        At most `limit` run at once, and of one story one at a time: its next turn goes on from the last.
        """


class Line:
    """Hold requests until they are due; used by one run, which begins when it is made."""

    def __init__(self, asks: Sequence[Ask]) -> None:
        self.begin = time.perf_counter()
        self._asks = asks
        self._left = list(range(len(asks)))
        self._told: dict[int, Timing] = {}

    @property
    def over(self) -> bool:
        """Tell whether all were answered."""
        return len(self._told) == len(self._asks)

    def due(self, room: int, running: Iterable[int] = ()) -> list[int]:
        """Take out the numbers of at most `room` requests that are due, of stories of which none is running."""
        now = time.perf_counter() - self.begin
        busy = {self._asks[number].story for number in running}
        taken: list[int] = []
        for number in self._left:
            ask = self._asks[number]
            if len(taken) >= room or ask.at > now:
                break
            if ask.story not in busy:
                busy.add(ask.story)
                taken.append(number)
        self._left = [number for number in self._left if number not in taken]
        return taken

    def wait(self) -> None:
        """Sleep until the next one is due."""
        time.sleep(max(0.0, self.begin + self._asks[self._left[0]].at - time.perf_counter()))

    def answered(self, number: int, first: float, end: float) -> None:
        """Note when a request's first token came, and its last."""
        self._told[number] = Timing(self.begin + self._asks[number].at, first, end)

    def timings(self) -> list[Timing]:
        """Return what was noted, in the order of the requests."""
        return [self._told[number] for number in range(len(self._asks))]
