"""Run any GGUF model with llama.cpp: its server in a child process, asked like any OpenAI-compatible server.

The same seed gives the same text: alone, again, and in the company of other streams (measured with the embedded model
and prompts of up to 5,700 tokens). A warm cache changes it, because one word at a time is summed in another order than
many at once, and quantized activations magnify the last bit: of four texts, two stayed the same when the whole prompt
was cached, none when the story had grown. A cache in 32-bit floats, twice the memory, kept three and none; so the
cache stays at 16 bits, and only a `warm` request, which a story's turn is, reads from it.

Streams with different adapters take turns at the model and give the same text as alone. Two with the same one share a
step, in which llama.cpp sums up an adapter's part in another order than alone: there a seed may give another text.
"""

import importlib.util
import json
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import structlog

from bot.engine.backends.chat import chat_body
from bot.engine.backends.cores import model_threads
from bot.engine.backends.kept import PROBE_SECONDS, KeptServer
from bot.engine.backends.slots import SlotTable
from bot.engine.errors import AdapterMissing
from bot.engine.request import Chunk, ModelInfo, Request, Sampling
from bot.errors import StartError
from bot.locales import _

log = structlog.get_logger(__name__)

SCRIPT = Path(__file__).with_name("llamaserver.py")
RANDOM_SEED = 2**32 - 1  # llama.cpp keeps 32 bits, and takes this for the wish for another seed each time


@dataclass(frozen=True, slots=True)
class LlamaCppSettings:
    """Say how the model runs: `parallel` streams side by side, each with the model's context.

    `threads` 0 leaves one core for the bot, `gpu_layers` -1 puts the whole model on the card, and
    `cache_megabytes` is main memory for the caches of stories that lost their slot to another. `adapters` are GGUF
    files by name; with any, that cache is off, since llama.cpp does not ask there with which adapter it was written.
    """

    parallel: int = 4
    threads: int = 0
    gpu_layers: int = 0
    cache_megabytes: int = 512
    adapters: Mapping[str, Path] = field(default_factory=dict)


class LlamaCpp:
    """Be a `Backend` over llama.cpp."""

    name = "llamacpp"

    def __init__(
        self,
        model: ModelInfo,
        settings: LlamaCppSettings | None = None,
        *,
        probe_seconds: float = PROBE_SECONDS,
    ) -> None:
        self.model = model
        self._settings = settings or LlamaCppSettings()
        self.parallel = self._settings.parallel
        self._slots = SlotTable(self.parallel)
        self._server = KeptServer(
            SCRIPT, server_settings(model, self._settings), name="llama.cpp", probe_seconds=probe_seconds
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
        """Start the server; raises StartError where llama.cpp is missing or cannot load the model."""
        if importlib.util.find_spec("xllamacpp") is None:
            raise StartError(
                _("llama.cpp is not installed. Run `make play` or `make run`, which install it.")
            )
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self._server)
            self.model = replace(self.model, context=await self._server.readable(self.model.context))
            opening.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._server.__aexit__(*exc)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk]:
        """Yield a request's text from the slot that has its story's cache."""
        voice = _voice(request.adapter, self._settings.adapters)
        slot = self._slots.acquire(request.cache_key)
        try:
            async with aclosing(self._server.stream(request_body(request, slot) | voice)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self._slots.release(slot)

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has."""
        answer = await self._server.post("/tokenize", {"content": text})
        return len(answer["tokens"])

    async def change_adapters(self, wanted: Mapping[str, Path]) -> tuple[str, ...]:
        """Offer those that it was started with and that are still wanted; it takes others at its next start only."""
        there = self._settings.adapters
        if late := [name for name, path in wanted.items() if there.get(name) != path]:
            log.warning("llama.cpp takes new adapters at its start only", adapters=late)
        return tuple(name for name, path in wanted.items() if there.get(name) == path)

    async def recover(self) -> None:
        """Start the server again if its main loop does not answer."""
        await self._server.recover()


def server_settings(model: ModelInfo, settings: LlamaCppSettings) -> dict[str, Any]:
    """Return what llamaserver.py wants to know, but for the key."""
    return {
        "path": str(model.path),
        "context": model.context,
        "parallel": settings.parallel,
        "threads": settings.threads or model_threads(),
        "gpu_layers": settings.gpu_layers,
        "cache_megabytes": 0 if settings.adapters else settings.cache_megabytes,
        "adapters": [str(path) for path in settings.adapters.values()],
    }


def request_body(request: Request, slot: int) -> dict[str, Any]:
    """Return the request with what llama.cpp knows beyond OpenAI's fields."""
    sampling = request.sampling
    return (
        chat_body(request)
        | {
            "seed": sampling.seed % RANDOM_SEED,
            "id_slot": slot,
            "cache_prompt": request.warm,
            "top_k": sampling.top_k,
            "min_p": sampling.min_p,
            "repeat_penalty": sampling.repetition_penalty,
            "repeat_last_n": sampling.repetition_window,
            "dry_multiplier": sampling.dry_multiplier,
            "dry_base": sampling.dry_base,
            "dry_allowed_length": sampling.dry_allowed_length,
            "xtc_probability": sampling.xtc_probability,
            "xtc_threshold": sampling.xtc_threshold,
            "timings_per_token": False,
        }
        | _constraint(sampling)
    )


def _voice(wanted: str, adapters: Iterable[str]) -> dict[str, Any]:
    """Return how much each adapter counts, all of them named: llama.cpp applies those of which nothing is said."""
    names = list(adapters)
    if wanted and wanted not in names:
        raise AdapterMissing(f"llama.cpp was started without the adapter {wanted}")
    scales = [{"id": number, "scale": float(name == wanted)} for number, name in enumerate(names)]
    return {"lora": scales} if scales else {}


def _constraint(sampling: Sampling) -> dict[str, Any]:
    if sampling.grammar:
        return {"grammar": sampling.grammar}
    return {"json_schema": json.loads(sampling.json_schema)} if sampling.json_schema else {}
