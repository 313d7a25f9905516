"""Load the model, give it its thread, and open the port: all that the model's process is made of."""

import asyncio
import faulthandler
import sys
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import structlog
import torch
from aiohttp import web

from bot.engine.backends.transformers.assembly import assemble
from bot.engine.backends.transformers.loading import Loaded, load
from bot.engine.backends.transformers.prompts import Prompts
from bot.engine.backends.transformers.routes import Routes
from bot.engine.backends.transformers.scheduler import Scheduler
from bot.engine.backends.transformers.support import LoadError
from bot.engine.backends.transformers.worker import Worker

log = structlog.get_logger(__name__)

READERS = 2  # threads that turn messages into tokens
LOOKS = 4  # how often the watchdog looks while it waits for a step
LAST_WORDS = 0.3  # seconds for the streams in flight to be told that the process ends


@asynccontextmanager
async def serving(settings: dict[str, Any]) -> AsyncIterator[tuple[str, asyncio.Task[None]]]:
    """Serve a model as the settings say; yield the address, and a task that is done when the process must end.

    Raises LoadError if the model cannot be loaded.
    """
    began = time.monotonic()
    torch.set_num_threads(settings["threads"])
    # In a thread that ends: each thread that computes has its own team of helpers, and two teams at once, of which one
    # only waits, halve the speed of the other (130 against 76 ms for a step of eight streams on three threads).
    with ThreadPoolExecutor(1, thread_name_prefix="loader") as loader:
        loaded, scheduler = await asyncio.get_running_loop().run_in_executor(loader, prepare, settings)
    hurt: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    with ThreadPoolExecutor(READERS, thread_name_prefix="reader") as readers:
        async with Worker(scheduler, lost=_teller(hurt)) as worker:
            routes = Routes(
                worker=worker,
                prompts=Prompts(loaded.vocabulary.tokenizer),
                readers=readers,
                context=settings["context"],
                stats=lambda: scheduler.stats() | _memory(loaded),
                adapters=scheduler.adapters,
            )
            async with _port(routes.application(settings["key"])) as address:
                log.info("model ready", seconds=round(time.monotonic() - began, 1), device=loaded.device)
                watching = asyncio.create_task(watch(worker, hurt, settings["watchdog_seconds"]))
                yield address, watching
                watching.cancel()


def prepare(settings: dict[str, Any]) -> tuple[Loaded, Scheduler]:
    """Load a model and everything under it; raises LoadError.

    An adapter that cannot be loaded is only missed: whoever asks for it is told.
    """
    device = settings["device"]
    try:
        loaded = load(
            Path(settings["path"]),
            quantization=settings["quantization"],
            device=("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device,
            context=settings["context"],
            cache=Path(settings["cache_dir"]),
        )
        scheduler = assemble(
            loaded,
            parallel=settings["parallel"],
            context=settings["context"],
            warm_bytes=settings["warm_bytes"],
            host_bytes=settings["host_bytes"],
        )
    except torch.OutOfMemoryError as error:
        raise LoadError(
            "the memory is full: close what else runs on the card, or lower context or parallel under [model]"
        ) from error
    for name, folder in settings["adapters"].items():
        try:
            scheduler.adapters.load(name, Path(folder))
        except ValueError as error:
            log.error("adapter not loaded", adapter=name, reason=str(error))
    return loaded, scheduler


async def watch(worker: Worker, hurt: "asyncio.Future[str]", seconds: float) -> None:
    """Return when the model's thread gave up, or hung for so many seconds in one step; tells why in the log."""
    while worker.silence() < seconds:
        with suppress(TimeoutError):
            reason = await asyncio.wait_for(asyncio.shield(hurt), seconds / LOOKS)
            log.error("model gave up", reason=reason)
            await asyncio.sleep(LAST_WORDS)
            return
    log.error("model hangs", seconds=round(worker.silence()))
    faulthandler.dump_traceback(sys.stderr)


def _teller(hurt: "asyncio.Future[str]") -> Callable[[str], None]:
    loop = asyncio.get_running_loop()

    def tell(reason: str) -> None:
        loop.call_soon_threadsafe(hurt.set_result, reason)

    return tell


def _memory(loaded: Loaded) -> dict[str, int]:
    on_card = torch.cuda.memory_allocated(loaded.device) if loaded.device.type == "cuda" else 0
    return {"weight_bytes": loaded.weight_bytes, "card_bytes": on_card}


@asynccontextmanager
async def _port(app: web.Application) -> AsyncIterator[str]:
    # Who hangs up wants no more words, so the handler is cancelled, and with it the job.
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
