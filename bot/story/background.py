"""Do what nobody waits for, one small thing at a time: recaps, proposals, what makes passages searchable.

A job looks at a story's state, does the one thing that is most due, and tells whether there was one. Which stories to
look at the log of actions tells; and a start looks at all of them, so nothing is lost by a stop at any moment.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from bot.engine.errors import EngineClosed
from bot.errors import StoryloomError
from storage import actions, stories
from storage.database import Database
from storage.errors import StorageError

log = structlog.get_logger(__name__)

Job = Callable[[int], Awaitable[bool]]

LOOK = 1.0  # seconds between two looks at the log of actions


class Background:
    """Run jobs for the stories in which something was done, each in turn."""

    def __init__(self, *, database: Database) -> None:
        self._database = database
        self._jobs: dict[str, Job] = {}
        self._due: dict[int, None] = {}
        self._wake = asyncio.Event()

    def register(self, name: str, job: Job) -> None:
        """Add a job, which is called with a story's id; those added first are done first."""
        self._jobs[name] = job

    def nudge(self, story_id: int) -> None:
        """Have a story looked at now, though the log of actions does not tell of it."""
        self._due[story_id] = None
        self._wake.set()

    async def run(self) -> None:
        """Look at every running story once, then at each in which something is done; until the engine is closed."""
        seen = await actions.newest(self._database)
        self._due.update(dict.fromkeys(await stories.all_running(self._database)))
        with suppress(EngineClosed):
            while True:
                await self.work_off()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._wake.wait()
                self._wake.clear()
                seen = await self._look(seen)

    async def _look(self, seen: int) -> int:
        """Note in which stories something was done after an action; return the newest."""
        try:
            touched = await actions.touched(self._database, after=seen)
        except StorageError as error:
            log.warning("the log of actions cannot be read just now", error=str(error))
            return seen
        self._due.update(dict.fromkeys(touched))
        return max(touched.values(), default=seen)

    async def work_off(self) -> None:
        """Do all that is due, stories taking turns. Raises EngineClosed."""
        while self._due:
            story_id = next(iter(self._due))
            del self._due[story_id]
            if await self._work(story_id):
                self._due[story_id] = None

    async def _work(self, story_id: int) -> bool:
        """Do what is due in a story, one thing of each kind; tell whether there was anything."""
        done = False
        for name, job in self._jobs.items():
            try:
                done |= await job(story_id)
            except EngineClosed:
                raise
            except StoryloomError as error:
                # Left until something is done in the story again.
                log.info("background work put off", job=name, story=story_id, reason=error.text.msgid)
            except Exception:  # the root of what nobody waits for
                log.exception("background work failed", job=name, story=story_id)
        return done
