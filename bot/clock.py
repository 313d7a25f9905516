"""Tell the time in the one form that is stored, Unix milliseconds, UTC, and wait for a time to come."""

import asyncio
import time
from contextlib import suppress


class Clock:
    """Be the clock on the wall; tests have one that they can move."""

    def now(self) -> int:
        """Return the present time in Unix milliseconds."""
        return time.time_ns() // 1_000_000

    async def wait(self, woken: asyncio.Event, *, until: int) -> None:
        """Wait until a time, or until an event is set, whichever comes first."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0, until - self.now()) / 1000):
                await woken.wait()


SYSTEM = Clock()


def now() -> int:
    """Return the present time in Unix milliseconds."""
    return SYSTEM.now()
