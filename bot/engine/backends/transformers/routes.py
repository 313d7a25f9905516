"""Answer the bot's requests for text over HTTP, with llama.cpp's routes, for whoever has the key."""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.engine.backends.transformers import wire
from bot.engine.backends.transformers.prompts import BadMessages, Prompts
from bot.engine.backends.transformers.sequence import Job
from bot.engine.backends.transformers.stream import EventStream
from bot.engine.backends.transformers.worker import Worker

BODY_BYTES = 64 * 1024 * 1024


class AdapterNames(Protocol):
    """Be the adapters that can be loaded and unloaded; both raise ValueError with a sentence."""

    def load(self, name: str, folder: Path) -> None:
        """Load one under a name."""

    def unload(self, name: str) -> None:
        """Let one go."""


class Routes:
    """Turn requests into jobs for the worker, and their events into streams."""

    def __init__(
        self,
        *,
        worker: Worker,
        prompts: Prompts,
        readers: Executor,
        context: int,
        stats: Callable[[], dict[str, Any]],
        adapters: AdapterNames,
    ) -> None:
        """Read prompts in the threads of `readers`; `stats` is called in the model's thread."""
        self._worker = worker
        self._prompts = prompts
        self._readers = readers
        self._context = context
        self._stats = stats
        self._adapters = adapters
        self._ids = count(1)

    def application(self, key: str) -> web.Application:
        """Return the web application; it knows nobody without the key."""
        app = web.Application(client_max_size=BODY_BYTES, middlewares=[_guard(key)])
        app.add_routes(
            [
                web.post("/v1/chat/completions", self._complete),
                web.post("/tokenize", self._tokenize),
                web.get("/health", self._health),
                web.get("/slots", self._slots),
                web.get("/stats", self._tell_stats),
                web.post("/adapters/load", self._load),
                web.post("/adapters/unload", self._unload),
            ]
        )
        return app

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        try:
            asked = wire.asked(await request.json())
            prompt = await self._in_thread(partial(self._prompts.prompt, asked.messages))
        except (BadMessages, KeyError, TypeError, ValueError) as error:
            return _refused("invalid_request_error", f"{type(error).__name__}: {error}")
        if len(prompt) >= self._context:
            numbers = {"n_prompt_tokens": len(prompt), "n_ctx": self._context}
            return _refused("exceed_context_size_error", "the prompt is too long", **numbers)
        job = Job(next(self._ids), prompt, asked.sampling, asked.cache_key, asked.warm, asked.adapter)
        return await self._streamed(request, job)

    async def _streamed(self, request: web.Request, job: Job) -> web.StreamResponse:
        events = EventStream()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        self._worker.submit(job, events.hear)
        try:
            await response.prepare(request)
            async for line in events.lines():
                await response.write(line)
        finally:
            self._worker.cancel(job.id)
        return response

    async def _tokenize(self, request: web.Request) -> web.Response:
        text = str((await request.json())["content"])
        return web.json_response({"tokens": await self._in_thread(partial(self._prompts.tokens, text))})

    async def _in_thread(self, work: Callable[[], list[int]]) -> list[int]:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _slots(self, _request: web.Request) -> web.Response:
        # Asked of the model's thread: one that hangs gives no answer.
        stats = await self._worker.ask(self._stats)
        return web.json_response([{"n_ctx": self._context, "is_processing": bool(stats["running"])}])

    async def _tell_stats(self, _request: web.Request) -> web.Response:
        return web.json_response(await self._worker.ask(self._stats))

    async def _load(self, request: web.Request) -> web.Response:
        body = await request.json()
        return await self._changed(partial(self._adapters.load, str(body["name"]), Path(body["folder"])))

    async def _unload(self, request: web.Request) -> web.Response:
        body = await request.json()
        return await self._changed(partial(self._adapters.unload, str(body["name"])))

    async def _changed(self, change: Callable[[], None]) -> web.Response:
        try:
            await self._worker.ask(change)
        except ValueError as error:
            return _refused("adapter", str(error))
        return web.json_response({"status": "ok"})


def _guard(key: str) -> Middleware:
    wanted = f"Bearer {key}".encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode(errors="replace")
        if not secrets.compare_digest(given, wanted):
            return _refused("authentication_error", "the key is wrong", status=401)
        return await handler(request)

    return guard


def _refused(kind: str, message: str, *, status: int = 400, **more: Any) -> web.Response:
    return web.json_response({"error": {"type": kind, "message": message, **more}}, status=status)
