"""Measure how late the event loop is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

TICK = 0.005  # seconds


@asynccontextmanager
async def loop_lag() -> AsyncIterator[list[float]]:
    """Give the list of lags in seconds, one per tick, that grows while the block runs."""
    lags: list[float] = []
    task = asyncio.create_task(_measure(lags))
    try:
        yield lags
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _measure(lags: list[float]) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time() + TICK
    while True:
        await asyncio.sleep(due - loop.time())
        now = loop.time()
        # A loop that was blocked was late for every tick that it slept through, not for the first alone.
        while due <= now:
            lags.append(now - due)
            due += TICK
