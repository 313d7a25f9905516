"""Have a clock that a test can move, so that a day of waiting takes no time."""

import asyncio

from bot.clock import Clock


class MovableClock(Clock):
    """Go like the clock on the wall, but ahead of it by what it was moved."""

    def __init__(self) -> None:
        self._ahead = 0
        self._moved = asyncio.Event()

    def now(self) -> int:
        """Return the time on this clock in Unix milliseconds."""
        return super().now() + self._ahead

    def move(self, *, days: float = 0, hours: float = 0, minutes: float = 0) -> None:
        """Move the clock forward; who waits for a time that has come then goes on."""
        self._ahead += round(((days * 24 + hours) * 60 + minutes) * 60_000)
        self._moved.set()

    async def wait(self, woken: asyncio.Event, *, until: int) -> None:
        """Wait until a time on this clock, or until an event is set."""
        self._moved.clear()
        if self.now() >= until:
            return
        waits = [asyncio.create_task(event.wait()) for event in (woken, self._moved)]
        try:
            timeout = (until - self.now()) / 1000
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
