"""Know what of a woven passage is whose: whether it has something of everyone, and how many words are theirs; pure."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from bot.story import terms

_W = TypeVar("_W")

RECOGNISED = 0.4  # of the content words of what somebody handed in stand in the passage, at the least


def recognisable(handed_in: Sequence[str], text: str) -> bool:
    """Tell whether a passage speaks of each of some texts."""
    said = terms.content(text)
    return all(terms.covered(terms.content(one), said) >= RECOGNISED for one in handed_in)


def shared(words: int, handed_in: Mapping[_W, int]) -> tuple[dict[_W, int], int]:
    """Return how many of a passage's words count for each who handed in, and how many are left for the narrator.

    Everyone gets as many as they handed in, or their part of the passage where that is shorter than all of it.
    """
    total = sum(handed_in.values())
    part = min(1.0, words / total) if total else 0.0
    given = {writer: int(number * part) for writer, number in handed_in.items()}
    return given, words - sum(given.values())
