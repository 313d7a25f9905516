"""Ask a model server that runs in a child process, and wait for its return whenever it is gone."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any, Self

import structlog

from bot.engine.backends.chat import ChatClient
from bot.engine.backends.child import ServerProcess, not_loaded
from bot.engine.errors import GenerationFailed
from bot.engine.request import Chunk
from bot.locales import Text

log = structlog.get_logger(__name__)

PROBE_SECONDS = 10.0  # a long prompt on a slow processor keeps a healthy server from answering for a while


class KeptServer:
    """Run a server script with a key that nobody else knows; opened as a context manager.

    The script has llama.cpp's routes: `/health` answers as long as there is a process, `/slots` only between two
    steps of the model, so that a hung one is known by its silence.
    """

    def __init__(
        self,
        script: Path,
        settings: Mapping[str, Any],
        *,
        name: str,
        probe_seconds: float = PROBE_SECONDS,
        blame: Callable[[str, str], Text] = not_loaded,
    ) -> None:
        key = secrets.token_urlsafe(32)
        self._client = ChatClient(key=key)
        self._process = ServerProcess(script, {**settings, "key": key}, name=name, blame=blame)
        self._probe_seconds = probe_seconds
        self._resources = AsyncExitStack()

    @property
    def restarts(self) -> int:
        """Return how often the server had to be started again."""
        return self._process.restarts

    @property
    def ready(self) -> bool:
        """Tell whether the server serves, as far as is known."""
        return self._process.ready

    @property
    def pid(self) -> int:
        """Return the process id of the server that runs now."""
        return self._process.pid

    async def __aenter__(self) -> Self:
        """Start the server; raises StartError if it does not start."""
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self._process)
            await opening.enter_async_context(self._client)
            self._resources = opening.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._resources.aclose()

    async def get(self, path: str) -> Any:
        """Return the server's answer; raises GenerationFailed if none comes."""
        return await self._client.get(await self._reachable() + path)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the server's answer to a JSON body; raises GenerationFailed if none comes."""
        return await self._client.post(await self._reachable() + path, body)

    async def stream(self, body: Mapping[str, Any]) -> AsyncGenerator[Chunk]:
        """Yield the text of a chat completion, as ChatClient does."""
        base = await self._reachable()
        async with aclosing(self._client.stream(base, body)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def readable(self, wanted: int) -> int:
        """Return how many tokens a stream may have: no more than the model was trained for, whatever is wanted."""
        trained = int((await self.get("/slots"))[0]["n_ctx"])
        if trained < wanted:
            log.warning("the model reads less than its configured context", tokens=trained, configured=wanted)
        return min(trained, wanted)

    async def recover(self) -> None:
        """Start the server again if its model does not answer; one that is just starting is left in peace."""
        if not self._process.ready:
            return
        base = await self._process.address()
        try:
            async with asyncio.timeout(self._probe_seconds):
                await self._client.get(f"{base}/slots")
        except (TimeoutError, GenerationFailed) as error:
            log.error("model server hangs", reason=repr(error))
            await self._process.lost(base)

    async def _reachable(self) -> str:
        """Return the address of a server that lives, waiting for its return if it just died."""
        while True:
            base = await self._process.address()
            try:
                await self._client.get(f"{base}/health")
            except GenerationFailed as error:
                log.warning("model server does not answer", reason=error.detail)
                await self._process.lost(base)
            else:
                return base
