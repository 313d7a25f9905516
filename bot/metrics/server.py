"""Serve /metrics and /health on an address of the host's choice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from bot.config import MetricsSettings
from bot.engine.engine import Engine
from bot.errors import StartError
from bot.locales import _
from bot.metrics.figures import Figures

log = structlog.get_logger(__name__)

TICK = 0.5  # seconds between two looks at the event loop: often enough to see it blocked, too seldom to cost anything


@asynccontextmanager
async def serving(settings: MetricsSettings, *, figures: Figures, engine: Engine) -> AsyncIterator[None]:
    """Serve figures and the engine's health until the end of the block; nothing where the port is 0.

    Raises StartError where the address cannot be had.
    """
    if not settings.port:
        yield
        return
    figures.watch(engine)
    runner = web.AppRunner(_application(figures, engine), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    watcher = asyncio.create_task(_watch_loop(figures))
    try:
        await _listen(runner, settings)
        log.info("metrics open", url=settings.url)
        yield
    finally:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        await runner.cleanup()


def _application(figures: Figures, engine: Engine) -> web.Application:
    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=figures.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(_request: web.Request) -> web.Response:
        told = _health(engine)
        return web.json_response(told, status=200 if told["status"] == "ready" else 503)

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/health", health)])
    return app


def _health(engine: Engine) -> dict[str, object]:
    status = engine.status()
    return {
        "bot": "storyloom",
        "status": status.health,
        "model": status.model.name,
        "revision": status.model.revision,
        "backend": status.backend,
        "restarts": status.restarts,
        "waiting": status.waiting,
        "running": status.running,
        "tokens_per_second": status.tokens_per_second,
        "uptime_seconds": round(status.uptime, 1),
    }


async def _listen(runner: web.AppRunner, settings: MetricsSettings) -> None:
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        raise StartError(
            _(
                "Metrics cannot be served at {url} ({reason}): choose another host or port under [metrics].",
                url=settings.url,
                reason=error.strerror or error,
            )
        ) from error


async def _watch_loop(figures: Figures) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + TICK
        await asyncio.sleep(TICK)
        figures.record_lag(max(0.0, loop.time() - due))
