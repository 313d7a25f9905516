"""Run a model of the hub's own form with torch: in a child process, asked over HTTP, warm between a story's turns.

Torch never loads in the bot's process: a lost card or a hung kernel costs one child, which is started again.
"""

import importlib.util
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import structlog

from bot.engine.backends.cores import model_threads
from bot.engine.backends.kept import PROBE_SECONDS, KeptServer
from bot.engine.backends.transformers.wire import request_body
from bot.engine.errors import AdapterMissing, GenerationFailed
from bot.engine.models import default_cache
from bot.engine.request import Chunk, ModelInfo, Request
from bot.errors import StartError
from bot.locales import Text, _

log = structlog.get_logger(__name__)

SCRIPT = Path(__file__).with_name("server.py")
NEEDED = ("torch", "transformers", "bitsandbytes", "llguidance", "accelerate")
GIGABYTE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class TransformersSettings:
    """Say how the model runs: `parallel` streams side by side, each with the model's context.

    `device` `auto` is the card if there is one. `warm_gigabytes` are for the keys and values of the stories that run
    and of those that stay warm, `host_gigabytes` of main memory for those that lost their place on a card; 0 takes a
    share of what is free. `cache_dir` keeps what GGUF files are converted to, None takes the hub's own cache folder.
    `threads` 0 leaves one core for the bot. A step that takes `watchdog_seconds` counts as hung.
    """

    parallel: int = 8
    quantization: Literal["nf4", "int8", "none"] = "nf4"
    device: Literal["auto", "cuda", "cpu"] = "auto"
    warm_gigabytes: float = 0
    host_gigabytes: float = 0
    cache_dir: Path | None = None
    threads: int = 0
    watchdog_seconds: float = 60


class Transformers:
    """Be a `Backend` over the model's own process."""

    name = "transformers"

    def __init__(
        self,
        model: ModelInfo,
        settings: TransformersSettings | None = None,
        *,
        probe_seconds: float = PROBE_SECONDS,
    ) -> None:
        self.model = model
        self._settings = settings or TransformersSettings()
        self.parallel = self._settings.parallel
        # A server that is started again loads those that the last one had.
        self._adapters: dict[str, str] = {}
        self._server = KeptServer(
            SCRIPT,
            server_settings(model, self._settings) | {"adapters": self._adapters},
            name="transformers",
            probe_seconds=probe_seconds,
            blame=_not_loaded,
        )

    @property
    def restarts(self) -> int:
        """Return how often the server had to be started again."""
        return self._server.restarts

    @property
    def ready(self) -> bool:
        """Tell whether the server serves, as far as is known."""
        return self._server.ready

    @property
    def pid(self) -> int:
        """Return the process id of the server that runs now."""
        return self._server.pid

    async def __aenter__(self) -> Self:
        """Start the server; raises StartError where a library is missing or the model cannot be loaded."""
        if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
            raise StartError(
                _(
                    "{library} is not installed, which this model needs. Run `pip install .[gpu]`, or set backend "
                    'to "llamacpp" under [model].',
                    library=missing[0],
                )
            )
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self._server)
            self.model = replace(self.model, context=await self._server.readable(self.model.context))
            opening.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._server.__aexit__(*exc)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk]:
        """Yield a request's text."""
        try:
            async with aclosing(self._server.stream(request_body(request))) as chunks:
                async for chunk in chunks:
                    yield chunk
        except GenerationFailed as error:
            if error.kind == "adapter":
                raise AdapterMissing(error.detail) from error
            raise GenerationFailed(error.detail, _words(error.kind), kind=error.kind) from error

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has."""
        answer = await self._server.post("/tokenize", {"content": text})
        return len(answer["tokens"])

    async def stats(self) -> dict[str, Any]:
        """Return the figures of the scheduler, the warm stories and the memory."""
        answer: dict[str, Any] = await self._server.get("/stats")
        return answer

    async def load_adapter(self, name: str, folder: Path) -> None:
        """Let requests ask for an adapter; raises GenerationFailed if it cannot be loaded."""
        await self._server.post("/adapters/load", {"name": name, "folder": str(folder)})
        self._adapters[name] = str(folder)

    async def unload_adapter(self, name: str) -> None:
        """Let an adapter go once nobody writes with it; raises GenerationFailed if there is none of that name."""
        self._adapters.pop(name, None)  # first: a server that has lost it meanwhile shall not get it again
        await self._server.post("/adapters/unload", {"name": name})

    async def change_adapters(self, wanted: Mapping[str, Path]) -> tuple[str, ...]:
        """Unload what is wanted no more, or from elsewhere, and load what is new; what runs writes to its end."""
        for name in [name for name, folder in self._adapters.items() if str(wanted.get(name)) != folder]:
            await self._tried(name, self.unload_adapter(name))
        for name, folder in wanted.items():
            if name not in self._adapters:
                await self._tried(name, self.load_adapter(name, folder))
        return tuple(name for name in wanted if name in self._adapters)

    async def _tried(self, name: str, change: Awaitable[None]) -> None:
        try:
            await change
        except GenerationFailed as error:
            log.error("adapter not changed", adapter=name, reason=error.detail)

    async def recover(self) -> None:
        """Start the server again if the model's thread does not answer."""
        await self._server.recover()


def _words(kind: str) -> Text | None:
    """Say what a reader can do about a kind of failure, where there is something."""
    if kind == "memory":
        return _("The narrator's machine has no memory left for this just now. Please try again in a moment.")
    return None


def _not_loaded(path: str, reason: str) -> Text:
    return _("The model {path} cannot be loaded: {reason}.", path=path, reason=reason.rstrip("."))


def server_settings(model: ModelInfo, settings: TransformersSettings) -> dict[str, Any]:
    """Return what server.py wants to know, but for the key and the adapters."""
    return {
        "path": str(model.path),
        "context": model.context,
        "parallel": settings.parallel,
        "quantization": settings.quantization,
        "device": settings.device,
        "warm_bytes": int(settings.warm_gigabytes * GIGABYTE),
        "cache_dir": str(settings.cache_dir or default_cache()),
        "host_bytes": int(settings.host_gigabytes * GIGABYTE),
        "threads": settings.threads or model_threads(),
        "watchdog_seconds": settings.watchdog_seconds,
    }
