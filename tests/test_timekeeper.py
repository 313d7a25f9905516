"""What is promised for a time is done then, once, whenever the bot stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.timekeeper import ABSENT, AGAIN, BEAT, Timekeeper
from storage import notices, timers
from storage.database import Database, Transaction
from storage.timers import Timer
from tests.loglines import Log
from tests.movable_clock import MovableClock

MINUTE = 60_000


class Bell:
    """Handle timers by noting in the database that they rang; may be told to fail, and how often."""

    def __init__(self, *, failures: int = 0) -> None:
        self.failures = failures
        self.rang: list[int] = []
        self.resumed: list[int] = []
        self.again: int | None = None
        self.broken: int | None = None
        self._changed = asyncio.Event()

    async def fire(self, tx: Transaction, timer: Timer, *, now: int) -> None:
        """Ring."""
        assert await notices.first_time(tx, "bell", f"{timer.about}:{timer.due}", created=now), "rung twice"
        if self.failures:
            self.failures -= 1
            raise ValueError("the rope broke")
        if self.again is not None:
            await timers.put(tx, timer.kind, timer.about, now + self.again)
            self.again = None

    async def resume(self, tx: Transaction, timer: Timer, *, now: int) -> None:
        """Give ten minutes more."""
        await timers.put(tx, timer.kind, timer.about, now + 10 * MINUTE)
        if timer.about == self.broken:
            raise ValueError("the rope broke")
        self.resumed.append(timer.about)

    def fired(self, timer: Timer) -> None:
        """Note that it is committed."""
        self.rang.append(timer.about)
        self._changed.set()

    async def wait(self, times: int) -> None:
        """Wait until the bell rang so often."""
        async with asyncio.timeout(5):
            while len(self.rang) < times:
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def keeping(database: Database, clock: MovableClock, bell: Bell) -> AsyncIterator[Timekeeper]:
    """Let a timekeeper run."""
    keeper = Timekeeper(database=database, clock=clock)
    keeper.register("bell", bell)
    task = asyncio.create_task(keeper.run())
    try:
        yield keeper
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def put(database: Database, about: int, due: int | None, kind: str = "bell") -> None:
    """Set a timer."""
    async with database.transaction() as tx:
        await timers.put(tx, kind, about, due)


async def test_timers_ring_in_their_order_when_their_time_has_come(database: Database) -> None:
    """Not before, the oldest first; a kind that nobody handles stays."""
    clock, bell = MovableClock(), Bell()
    for about, minutes in ((1, 3), (2, 2), (3, 90)):
        await put(database, about, clock.now() + minutes * MINUTE)
    await put(database, 9, clock.now() - MINUTE, kind="unknown")
    async with keeping(database, clock, bell):
        clock.move(minutes=5)
        await bell.wait(2)
        assert bell.rang == [2, 1]
        clock.move(hours=2)
        await bell.wait(3)
    assert bell.rang == [2, 1, 3]
    assert [timer.about for timer in await timers.all_of(database, "unknown")] == [9]


async def test_an_earlier_timer_is_seen_at_once(database: Database) -> None:
    """Whoever sets one wakes the timekeeper."""
    clock, bell = MovableClock(), Bell()
    await put(database, 1, clock.now() + 60 * MINUTE)
    async with keeping(database, clock, bell) as keeper:
        await asyncio.sleep(0.05)
        await put(database, 2, clock.now())
        keeper.wake()
        await bell.wait(1)
    assert bell.rang == [2]


async def test_a_timer_that_is_set_anew_or_taken_away_rings_accordingly(database: Database) -> None:
    """There is one of a kind for each thing."""
    clock, bell = MovableClock(), Bell()
    await put(database, 1, clock.now())
    await put(database, 1, clock.now() + 60 * MINUTE)
    await put(database, 2, clock.now())
    await put(database, 2, None)
    await put(database, 3, clock.now())
    bell.again = MINUTE
    async with keeping(database, clock, bell):
        await bell.wait(1)
        clock.move(minutes=2)
        await bell.wait(2)
    assert bell.rang == [3, 3]


async def test_a_timer_rings_once_over_restarts(tmp_path: Path) -> None:
    """What rang before a stop does not ring after it, and what came due meanwhile does, once."""
    clock, bell = MovableClock(), Bell()
    for _ in range(4):
        async with Database.open(tmp_path / "stories.db") as database:
            if not bell.rang:
                await put(database, 1, clock.now())
                await put(database, 2, clock.now() + BEAT)
            async with keeping(database, clock, bell):
                await bell.wait(1)
                await asyncio.sleep(0.02)
        clock.move(minutes=0.6)
    assert bell.rang == [1, 2]
    assert bell.resumed == []


async def test_what_fails_is_undone_and_tried_again(database: Database) -> None:
    """Its transaction leaves nothing behind; others are not held up, and the log has the error."""
    clock, bell = MovableClock(), Bell(failures=1)
    await put(database, 1, clock.now() - 2)
    await put(database, 2, clock.now() - 1)
    with Log.listening() as log:
        async with keeping(database, clock, bell):
            await bell.wait(1)
            assert bell.rang == [2]
            clock.move(minutes=AGAIN / MINUTE + 1)
            await bell.wait(2)
        assert any("a timer failed" in line for line in log.errors())
    assert bell.rang == [2, 1]


async def test_after_a_long_absence_there_is_time_again(tmp_path: Path) -> None:
    """What ran meanwhile is resumed before anything rings, once; a short stop changes nothing."""
    clock, bell = MovableClock(), Bell()
    async with Database.open(tmp_path / "stories.db") as database:
        await put(database, 1, clock.now() + 60 * MINUTE)
        async with keeping(database, clock, bell):
            await asyncio.sleep(0.05)
        clock.move(days=3)
        async with keeping(database, clock, bell):
            await asyncio.sleep(0.05)
            assert (bell.rang, bell.resumed) == ([], [1])
        clock.move(minutes=ABSENT / MINUTE - 0.5)
        async with keeping(database, clock, bell):
            await asyncio.sleep(0.05)
            clock.move(minutes=10)
            await bell.wait(1)
    assert (bell.rang, bell.resumed) == ([1], [1])


async def test_what_cannot_be_resumed_keeps_no_other_from_its_time(tmp_path: Path) -> None:
    """It is logged and left as it was, the others are given more, and what is due rings."""
    clock, bell = MovableClock(), Bell()
    bell.broken = 1
    async with Database.open(tmp_path / "stories.db") as database:
        async with keeping(database, clock, bell):
            await asyncio.sleep(0.05)
        for about in (1, 2):
            await put(database, about, clock.now() + about)
        clock.move(days=3)
        with Log.listening() as log:
            async with keeping(database, clock, bell):
                await bell.wait(1)
            assert any("a timer got no more time" in line for line in log.errors())
    assert (bell.rang, bell.resumed) == ([1], [2])


async def test_the_bot_tells_that_it_is_there(database: Database) -> None:
    """A sign of life is kept, so that the next start knows how long it was away."""
    clock, bell = MovableClock(), Bell()
    async with keeping(database, clock, bell):
        await asyncio.sleep(0.05)
        clock.move(minutes=7)
        await asyncio.sleep(0.05)
    seen = await timers.last_beat(database)
    assert seen is not None
    assert clock.now() - seen < MINUTE
