"""Do at its time what was promised, also when the bot was not there at that time.

Timers are kept in SQLite. Each is taken in the same transaction in which its work is done, so it happens once or not
at all, whenever the bot stops. What a long stop made late gets a chance first: `resume` comes before anything is due.
"""

import asyncio
from typing import Protocol

import structlog

from bot.clock import Clock
from storage import timers
from storage.database import Database, Transaction
from storage.errors import StorageError
from storage.timers import Timer

log = structlog.get_logger(__name__)

BEAT = 30_000  # milliseconds between two signs of life
ABSENT = 2 * BEAT  # milliseconds after which people may have missed the bot
AGAIN = 60_000  # milliseconds until something that failed is tried again


class Handler(Protocol):
    """Know what to do when a timer of some kind is due."""

    async def fire(self, tx: Transaction, timer: Timer, *, now: int) -> None:
        """Do it inside the transaction that took the timer; setting it anew there is fine."""
        ...

    async def resume(self, tx: Transaction, timer: Timer, *, now: int) -> None:
        """Give more time, if that is fair, to what ran while the bot was away and nobody could act."""
        ...

    def fired(self, timer: Timer) -> None:
        """Go on with what is not in the database, now that it is committed."""
        ...


class Timekeeper:
    """Wait for the next timer, and let its handler act."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._handlers: dict[str, Handler] = {}
        self._woken = asyncio.Event()
        self._beaten = 0

    def register(self, kind: str, handler: Handler) -> None:
        """Say who handles the timers of a kind; those of unknown kinds stay as they are."""
        self._handlers[kind] = handler

    def wake(self) -> None:
        """Look at the timers anew: an earlier one may have been set."""
        self._woken.set()

    async def run(self) -> None:
        """Keep time until cancelled."""
        resumed = False
        while True:
            self._woken.clear()
            until = self._clock.now() + BEAT
            try:
                resumed = resumed or await self._resume()
                due = await self._fire_due()
                until = until if due is None else min(until, due)
                await self._beat()
            except StorageError as error:
                log.error("time cannot be kept", error=str(error))
            await self._clock.wait(self._woken, until=until)

    async def _resume(self) -> bool:
        """Give what was running more time if the bot was away for so long that people missed it."""
        now = self._clock.now()
        seen = await timers.last_beat(self._database)
        if seen is not None and now - seen >= ABSENT:
            log.info("back after an absence", seconds=(now - seen) // 1000)
            for kind in self._handlers:
                for timer in await timers.all_of(self._database, kind):
                    await self._resume_one(timer, now)
        # Only now, so that a stop in between gives the rest their time at the next start.
        async with self._database.transaction() as tx:
            await timers.beat(tx, now=now)
        self._beaten = now
        return True

    async def _resume_one(self, timer: Timer, now: int) -> None:
        try:
            async with self._database.transaction() as tx:
                await self._handlers[timer.kind].resume(tx, timer, now=now)
        except StorageError:
            raise
        except Exception:  # the root of what is done for one timer: the others get their time
            log.exception("a timer got no more time", kind=timer.kind, about=timer.about)

    async def _fire_due(self) -> int | None:
        """Do everything that is due; return when the next is."""
        kinds = tuple(self._handlers)
        while (due := await timers.next_due(self._database, kinds)) is not None and due <= self._clock.now():
            await self._fire_one()
        return due

    async def _fire_one(self) -> None:
        try:
            timer = await self._take_one()
        except _Failed as failure:
            log.error("a timer failed", kind=failure.timer.kind, exc_info=failure.__cause__)
            async with self._database.transaction() as tx:
                late = self._clock.now() + AGAIN
                await timers.put(tx, failure.timer.kind, failure.timer.about, late)
            return
        if timer is not None:
            log.info("timer fired", kind=timer.kind, about=timer.about)
            self._handlers[timer.kind].fired(timer)

    async def _take_one(self) -> Timer | None:
        async with self._database.transaction() as tx:
            now = self._clock.now()
            timer = await timers.take(tx, tuple(self._handlers), now=now)
            if timer is not None:
                try:
                    await self._handlers[timer.kind].fire(tx, timer, now=now)
                except StorageError:
                    raise
                except Exception as error:  # the root of what one timer sets off
                    raise _Failed(timer) from error
            return timer

    async def _beat(self) -> None:
        if self._clock.now() - self._beaten >= BEAT:
            async with self._database.transaction() as tx:
                self._beaten = self._clock.now()
                await timers.beat(tx, now=self._beaten)


class _Failed(Exception):
    """Carry the timer whose handler failed out of the transaction, which is rolled back by it."""

    def __init__(self, timer: Timer) -> None:
        super().__init__(timer)
        self.timer = timer
