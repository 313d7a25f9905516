"""Take up adapters that were added to config.toml, or taken out, while the bot runs: the signal SIGHUP asks for it."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from bot.config import Config, adapter_paths
from bot.engine.engine import Engine
from bot.errors import StartError
from bot.story.narration.adapters import Adapters

log = structlog.get_logger(__name__)


@asynccontextmanager
async def reloading(
    *, reread: Callable[[], Config], engine: Engine, adapters: Adapters
) -> AsyncIterator[None]:
    """Listen for the signal until the end of the block; one that comes during a reload asks for another."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    task = asyncio.create_task(_reload_when(asked, reread=reread, engine=engine, adapters=adapters))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _reload_when(
    asked: asyncio.Event, *, reread: Callable[[], Config], engine: Engine, adapters: Adapters
) -> None:
    while await asked.wait():
        asked.clear()
        try:
            wanted = adapter_paths(reread())
        except StartError as error:
            log.error("configuration cannot be read; nothing is changed", reason=str(error.text))
            continue
        adapters.names = await engine.change_adapters(wanted)
        log.info("adapters changed", names=adapters.names, missing=sorted(set(wanted) - set(adapters.names)))
