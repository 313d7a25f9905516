"""Do what nobody waits for, one small thing at a time: recaps, proposals, what makes passages searchable.

A job looks at a story's state, does the one thing that is most due, and tells whether there was one. So nothing needs to
be remembered over a restart: the next start looks at all stories again.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.engine.errors import EngineClosed
from bot.errors import StoryloomError
from storage import stories
from storage.database import Database

log = structlog.get_logger(__name__)

Job = Callable[[int], Awaitable[bool]]


class Background:
    """Run jobs for the stories that were nudged, each in turn."""

    def __init__(self, *, database: Database) -> None:
        self._database = database
        self._jobs: dict[str, Job] = {}
        self._due: dict[int, None] = {}
        self._wake = asyncio.Event()
        self._busy = False

    def register(self, name: str, job: Job) -> None:
        """Add a job, which is called with a story's id; a first name comes first."""
        self._jobs[name] = job

    def nudge(self, story_id: int) -> None:
        """Say that something may be due in a story."""
        self._due[story_id] = None
        self._wake.set()

    @property
    def idle(self) -> bool:
        """Tell whether nothing is due and nothing is being done."""
        return not self._due and not self._busy

    async def run(self) -> None:
        """Look at every running story once, then at each that is nudged; ends with the engine, or when cancelled."""
        for story_id in await stories.all_running(self._database):
            self.nudge(story_id)
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                story_id = next(iter(self._due))
                del self._due[story_id]
                self._busy = True
                try:
                    if await self._work(story_id):
                        self.nudge(story_id)
                except EngineClosed:
                    return
                finally:
                    self._busy = False

    async def _work(self, story_id: int) -> bool:
        """Do what is due in a story, one thing of each kind; tell whether there was anything."""
        done = False
        for name, job in self._jobs.items():
            try:
                done |= await job(story_id)
            except EngineClosed:
                raise
            except StoryloomError as error:
                # Left until the story is nudged again.
                log.info("background work put off", job=name, story=story_id, reason=error.text.msgid)
            except Exception:  # the root of what nobody waits for
                log.exception("background work failed", job=name, story=story_id)
        return done
