"""Describe the work of a bench, and what every way to do it looks like from outside.

All times are seconds of one clock (`time.perf_counter`).
"""

import time
from collections.abc import Sequence
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

    def run(self, asks: Sequence[Ask]) -> list[Timing]:
        """Run requests, sorted by their time, to the end; return their timings in the same order."""


def wait_until(moment: float) -> None:
    """Sleep until a time of the clock, which may be over."""
    time.sleep(max(0.0, moment - time.perf_counter()))
