"""Share out a prompt's bytes, and choose the passages that stand in it word for word; pure.

The window moves in large steps: when it is full, half of it is freed at once. Between two steps each prompt begins as
the one before it did, so that a backend pays only for what is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SEPARATOR = "\n\n"
SMALLEST = 200  # bytes of passages, however little room there is
# What the last message may take without moving the window: the request, the story's last words, a direction.
REQUEST = 900

_PINNED, _RECAPS, _SETTLED, _TRIGGERED = 0.35, 0.20, 0.08, 0.06


@dataclass(frozen=True, slots=True)
class PassageText:
    """Hold what is read at a slot, and where that stands: how many passages and bytes of text come before it."""

    id: int
    text: str
    depth: int
    bytes_before: int

    @property
    def start(self) -> int:
        """Return its first byte in the whole story's text, the gaps between passages counted."""
        return self.bytes_before + len(SEPARATOR) * self.depth

    @property
    def size(self) -> int:
        """Return the bytes that it takes, with the gap behind it."""
        return len(self.text.encode()) + len(SEPARATOR)


@dataclass(frozen=True, slots=True)
class Shares:
    """Say how many bytes each kind of memory may take at most."""

    pinned: int
    recaps: int
    settled: int
    triggered: int


@dataclass(frozen=True, slots=True)
class Window:
    """Hold the passages that stand in a prompt, the room that they may take, and what they were when it last moved.

    `settled` are the first of them, which were there already when the window moved to where it is; empty as long as it
    begins with the story.
    """

    included: tuple[PassageText, ...]
    room: int
    settled: tuple[PassageText, ...]
    whole: bool

    @property
    def first_depth(self) -> int:
        """Return the depth of the first passage in it; 0 where there is none."""
        return self.included[0].depth if self.included else 0


def budget_bytes(*, context_tokens: int, reserve_tokens: int, bytes_per_token: float) -> int:
    """Return how many bytes of prompt fit in a context that keeps room for an answer; a tenth stays free."""
    return max(0, int((context_tokens - reserve_tokens) * bytes_per_token * 0.9))


def shares(budget: int) -> Shares:
    """Return how much of a prompt each kind of memory may take."""
    return Shares(*(int(budget * share) for share in (_PINNED, _RECAPS, _SETTLED, _TRIGGERED)))


def window(told: Sequence[PassageText], *, budget: int, fixed: int, request: int, lively: bool) -> Window:
    """Choose from the newest passages, in order, those that fit beside `fixed` bytes and a request.

    `lively` keeps room for lore. The newest passage is always there.
    """
    kept = shares(budget)
    full = budget - fixed - REQUEST - (kept.triggered if lively else 0)
    less = max(0, request - REQUEST)
    room = max(SMALLEST, full - less)
    if sum(passage.size for passage in told) <= room:
        return Window(tuple(told), room, (), whole=True)
    full -= kept.recaps + (kept.settled if lively else 0)
    step = max(1, max(SMALLEST, full) // 2)
    room = max(SMALLEST, full - less)
    start = -(-_earliest(told, room) // step) * step
    included = tuple(passage for passage in told if passage.start >= start) or tuple(told[-1:])
    settled = tuple(passage for passage in included if passage.start + passage.size <= start + step)
    return Window(included, room, settled, whole=False)


def _earliest(told: Sequence[PassageText], room: int) -> int:
    """Return the start of the first passage from which on all fit."""
    start = told[-1].start
    for passage in reversed(told):
        room -= passage.size
        if room < 0:
            break
        start = passage.start
    return start
