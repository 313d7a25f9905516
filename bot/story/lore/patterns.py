"""Let people write keys as patterns between slashes, and let no pattern take long.

    /dragon(s|fire)?/     /第[一二三]盏灯/

A pattern that is broken, fits everything or does not end on trial texts is refused as it is saved. One that takes long
later, on a text that nobody thought of, is told to whoever searches, who skips it from then on.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter

import regex

from bot.errors import Refused
from bot.locales import _

LONGEST = 200
TRIAL_SECONDS = 0.05
SEARCH_SECONDS = 0.01
"""How long one pattern may take in a search."""
TOTAL_SECONDS = 0.05
"""How long all patterns together may take in a search; of thousands, the last may have no turn."""

_REPEATS = 2000
_UNROLLED = 4096  # copies of its parts that a pattern may be made of
_COUNT = re.compile(r"\{\s*(\d[\d\s]*)")
_FLAGS = regex.IGNORECASE | regex.UNICODE


@dataclass(frozen=True, slots=True)
class PatternMatch:
    """Tell that a pattern fits a text, whose it is, and where it begins to."""

    owner: int
    pattern: str
    at: int


@dataclass(frozen=True, slots=True)
class PatternFindings:
    """Hold what fitted, and which patterns (with their owners) took too long."""

    matches: tuple[PatternMatch, ...]
    slow: tuple[tuple[int, str], ...]


def is_pattern(key: str) -> bool:
    """Tell whether a key is meant as a pattern."""
    return len(key) > 2 and key.startswith("/") and key.endswith("/")


def require_sound(key: str, text: str) -> None:
    """Refuse a pattern that is broken, fits everything, or is slow on its entry's own text or on trial texts.

    Blocks for up to half a second: for a thread.
    """
    if len(key) > LONGEST:
        raise Refused(
            _(
                "A pattern has up to {limit} characters. Split {key} into several.",
                limit=LONGEST,
                key=key[:40],
            )
        )
    if _is_huge(key):
        raise _too_slow(key)
    compiled = _compiled(key)
    if compiled is None:
        raise Refused(
            _(
                "The pattern {key} is broken. Check its brackets and repeats, or write a plain key without slashes.",
                key=key,
            )
        )
    try:
        if compiled.search("", timeout=TRIAL_SECONDS):
            raise Refused(
                _(
                    "The pattern {key} fits every text. Pin the entry instead, or ask the pattern for more.",
                    key=key,
                )
            )
        for trial in (text, *_trials(key)):
            compiled.search(trial, timeout=TRIAL_SECONDS)
    except TimeoutError:
        raise _too_slow(key) from None


def search(patterns: Iterable[tuple[int, str]], text: str) -> PatternFindings:
    """Return whose patterns fit a text. Blocks for up to `TOTAL_SECONDS` and one pattern's turn: for a thread."""
    matches, slow = [], []
    end = perf_counter() + TOTAL_SECONDS
    for owner, key in patterns:
        if perf_counter() > end:
            break
        compiled = _compiled(key)
        if compiled is None:
            slow.append((owner, key))
            continue
        try:
            if found := compiled.search(text, timeout=SEARCH_SECONDS, concurrent=True):
                matches.append(PatternMatch(owner, key, found.start()))
        except TimeoutError:
            slow.append((owner, key))
    return PatternFindings(tuple(matches), tuple(slow))


@lru_cache(maxsize=2048)
def _compiled(key: str) -> "regex.Pattern[str] | None":
    """Return a key's pattern, or None where it is broken."""
    if _is_huge(key):
        return None
    try:
        return regex.compile(key[1:-1], _FLAGS)
    except (regex.error, ValueError, KeyError, IndexError, OverflowError, RecursionError):
        return None


def _is_huge(key: str) -> bool:
    """Tell whether a pattern, made ready, could take memory without end.

    What is repeated so often at least is copied so often, and repeats inside of repeats multiply.
    """
    counts = [int("".join(count.split())) for count in _COUNT.findall(key)]
    return math.prod(max(1, count) for count in counts) * (1 << key.count("+")) > _UNROLLED


def _too_slow(key: str) -> Refused:
    return Refused(
        _(
            "The pattern {key} takes too long on some texts. Avoid repeats inside of repeats, like (a+)+,"
            " or write plain keys.",
            key=key,
        )
    )


def _trials(key: str) -> list[str]:
    """Return texts on which careless patterns do not end: each of its own characters over and over, then another."""
    own = list(dict.fromkeys(c for c in key[1:-1] if c.isalnum()))[:4]
    return [character * _REPEATS + "!" for character in dict.fromkeys([*own, "a", "1", " "])]
