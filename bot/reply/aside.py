"""Do things beside the events, so that nobody waits for them; their failures are logged."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from bot.reply.answers import UNSAID

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Aside:
    """Hold the tasks that run beside the events."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T | None]:
        """Begin something; nobody needs to keep what is returned. None comes of what failed."""
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def rest(self) -> None:
        """Wait until all that was begun is done."""
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _logged(work: Coroutine[Any, Any, T]) -> T | None:
    try:
        return await work
    except UNSAID as error:
        log.warning("something could not be shown", error=repr(error))
    except Exception:  # the root of a task that nobody waits for
        log.exception("something beside the events failed")
    return None
