"""Run the playground: one world, its gateway, its REST routes and its page, on one socket."""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final, Self

import structlog
from aiohttp import web

from bot.errors import StartError
from bot.locales import _
from bot.playground import page_routes, people, rest
from bot.playground.channels import threads, voting
from bot.playground.gateway import gateway
from bot.playground.gateway.hub import Hub
from bot.playground.http import middlewares
from bot.playground.http.faults import Faults
from bot.playground.http.password import Gate
from bot.playground.http.ratelimit import RateLimits
from bot.playground.http.security import is_loopback
from bot.playground.interactions import callbacks, commands, interactions
from bot.playground.interactions.book import InteractionBook
from bot.playground.persistence.snapshot import Keeper, load
from bot.playground.rest.requests import MAX_BODY_BYTES
from bot.playground.world.defaults import furnish
from bot.playground.world.world import World

# How often polls and threads are looked at.
TICK_SECONDS: Final = 1.0

logger = structlog.get_logger(__name__)


class Playground:
    """Be a running playground; get one from `Playground.open`."""

    def __init__(
        self, world: World, *, host: str, password: str | None, page: bool, rate_limits: bool
    ) -> None:
        self.world = world
        self.hub = Hub(world)
        world.publish = self.hub.publish
        self.book = InteractionBook(world)
        self.faults = Faults()
        self.requests: middlewares.Record = deque(maxlen=middlewares.RECORDED_REQUESTS)
        """What bots asked of the REST API, oldest first."""
        self._app = self._application(host, Gate(password), page=page, limits=RateLimits(enabled=rate_limits))

    @property
    def url(self) -> str:
        """Return the server's address, without a slash at its end."""
        return self.world.base_url

    @property
    def api_base(self) -> str:
        """Return the address under which Discord's REST routes stand."""
        return self.url + middlewares.PREFIX

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        data: Path | None = None,
        page: bool = True,
        password: str | None = None,
        rate_limits: bool = True,
    ) -> AsyncIterator[Self]:
        """Serve until the block ends; port 0 takes a free one, `data` is the folder that keeps the world.

        Raises StartError where the address cannot be had, or is open to others without a password.
        """
        if password is None and not is_loopback(host):
            raise StartError(
                _("To open the playground to other machines at {host}, set a password.", host=host)
            )
        with _listen(host, port) as listener:
            url = f"http://{_in_url(host)}:{listener.getsockname()[1]}"
            world = await asyncio.to_thread(_load, data, url)
            if not world.guilds:
                furnish(world)
            playground = cls(world, host=host, password=password, page=page, rate_limits=rate_limits)
            async with playground._serving(listener), Keeper(world, data).saving():
                yield playground

    @contextlib.asynccontextmanager
    async def _serving(self, listener: socket.socket) -> AsyncIterator[None]:
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        timekeeper = asyncio.create_task(self._keep_time())
        try:
            await web.SockSite(runner, listener).start()
            logger.info("playground open", url=self.url)
            yield
        finally:
            timekeeper.cancel()
            self.hub.close_all()
            self.book.close()
            await runner.cleanup()

    async def _keep_time(self) -> None:
        """Do what Discord does by the clock."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                voting.close_due(self.world)
                threads.archive_idle(self.world)
            except Exception:
                logger.exception("playground clock failed")

    def _application(self, host: str, gate: Gate, *, page: bool, limits: RateLimits) -> web.Application:
        layers = [
            middlewares.answer_errors(),
            middlewares.guard(host),
            gate.middleware(),
            middlewares.authenticate(self.world),
            middlewares.recorded(self.world, self.requests),
            middlewares.limited(self.world, faults=self.faults, limits=limits),
        ]
        app = web.Application(middlewares=layers, client_max_size=MAX_BODY_BYTES)
        app.add_routes(_under_prefix(self._api_routes()))
        app.add_routes([*gateway.routes(self.world, self.hub), *people.routes(self.world, self.hub)])
        app.add_routes([*gate.routes(), *page_routes.media_routes(self.world)])
        if page:
            app.add_routes(page_routes.page_routes(self.world))
        return app

    def _api_routes(self) -> list[web.RouteDef]:
        return [
            *interactions.routes(self.world, self.book),
            *callbacks.routes(self.world, self.book),
            *commands.routes(self.world),
            *rest.routes(self.world),
        ]


def _load(data: Path | None, url: str) -> World:
    try:
        return load(data, url)
    except OSError as refused:
        text = _(
            "The playground cannot use the folder {folder} ({reason}).",
            folder=data,
            reason=refused.strerror or "",
        )
        raise StartError(text) from refused


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as taken:
        where = f"{host}:{port}"
        text = _(
            "The playground cannot listen at {where} ({reason}); choose another --port.",
            where=where,
            reason=taken.strerror or "",
        )
        raise StartError(text) from taken


def _under_prefix(routes: list[web.RouteDef]) -> list[web.RouteDef]:
    return [web.RouteDef(r.method, middlewares.PREFIX + r.path, r.handler, r.kwargs) for r in routes]


def _in_url(host: str) -> str:
    """Return a host as links name it: a server bound to every address is found at the loopback one."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
