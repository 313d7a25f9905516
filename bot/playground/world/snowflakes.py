"""Make Discord's ids: milliseconds since 2015 in the high bits, a counter in the low ones."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000
HIGHEST = (1 << 63) - 1


class Snowflakes:
    """Give ids that only ever grow, even when the clock steps back."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        """Return an id greater than every one before it."""
        now = (int(self._clock() * 1000) - EPOCH_MS) << 22
        self._last = max(now, self._last + 1)
        return self._last

    def skip_past(self, used: int) -> None:
        """Never give an id up to `used`, which a snapshot already holds."""
        self._last = max(self._last, used)


def from_time(seconds: float) -> int:
    """Return the lowest id that could have been made at this Unix time."""
    return (int(seconds * 1000) - EPOCH_MS) << 22


def unix_time(snowflake: int) -> float:
    """Return the Unix time, in seconds, at which an id was made."""
    return ((snowflake >> 22) + EPOCH_MS) / 1000


def iso_time(snowflake: int) -> str:
    """Return the moment an id was made, as Discord writes timestamps."""
    return iso(unix_time(snowflake))


def iso(seconds: float) -> str:
    """Return a Unix time as Discord writes timestamps."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def moment(timestamp: str) -> float:
    """Return the Unix time of a timestamp, in UTC where it does not say; raises ValueError where it is none."""
    when = datetime.fromisoformat(timestamp)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def parse(value: object) -> int | None:
    """Return an id given as a string or an integer, or None where it is neither."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) <= 20):
        return None
    number = int(value)
    return number if 0 <= number <= HIGHEST else None
