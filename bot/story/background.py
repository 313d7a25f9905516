"""Do what nobody waits for, one small thing at a time: recaps, proposals, what makes passages searchable.

A job looks at a story's state, does the one thing that is most due, and tells whether there was one. Which stories to
look at the log of actions tells; and a start looks at all of them, so nothing is lost by a stop at any moment. Each job
goes through the stories by itself: one that waits for the model holds up no other.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.engine.errors import EngineClosed
from bot.errors import StoryloomError
from storage import actions, stories
from storage.database import Database
from storage.errors import StorageError

log = structlog.get_logger(__name__)

Job = Callable[[int], Awaitable[bool]]

LOOK = 1.0  # seconds between two looks at the log of actions


class _Worker:
    """Do one job in the stories that are due, each in turn."""

    def __init__(self, name: str, job: Job) -> None:
        self._name = name
        self._job = job
        self._due: dict[int, None] = {}
        self._wake = asyncio.Event()

    def nudge(self, story_id: int) -> None:
        self._due[story_id] = None
        self._wake.set()

    async def run(self) -> None:
        """Work until the engine is closed, or until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                story_id = next(iter(self._due))
                del self._due[story_id]
                try:
                    if await self._does(story_id):
                        self._due[story_id] = None
                except EngineClosed:
                    return

    async def _does(self, story_id: int) -> bool:
        """Do the thing that is most due in a story; tell whether there was any."""
        try:
            return await self._job(story_id)
        except EngineClosed:
            raise
        except StoryloomError as error:
            # Left until something is done in the story again.
            log.info("background work put off", job=self._name, story=story_id, reason=error.text.msgid)
        except Exception:  # the root of what nobody waits for
            log.exception("background work failed", job=self._name, story=story_id)
        return False


class Background:
    """Run jobs for the stories in which something was done."""

    def __init__(self, *, database: Database) -> None:
        self._database = database
        self._workers: list[_Worker] = []

    def register(self, name: str, job: Job) -> None:
        """Add a job, which is called with a story's id, before the running begins."""
        self._workers.append(_Worker(name, job))

    def nudge(self, story_id: int) -> None:
        """Have a story looked at now."""
        for worker in self._workers:
            worker.nudge(story_id)

    async def run(self) -> None:
        """Look at every running story once, then at each in which something is done; until cancelled."""
        seen = await actions.newest(self._database)
        for story_id in await stories.all_running(self._database):
            self.nudge(story_id)
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                group.create_task(worker.run())
            while True:
                await asyncio.sleep(LOOK)
                seen = await self._look(seen)

    async def _look(self, seen: int) -> int:
        """Note in which stories something was done after an action; return the newest."""
        try:
            touched = await actions.touched(self._database, after=seen)
        except StorageError as error:
            log.warning("the log of actions cannot be read just now", error=str(error))
            return seen
        for story_id in touched:
            self.nudge(story_id)
        return max(touched.values(), default=seen)
