"""Run any GGUF model with llama.cpp: its server in a child process, asked like any OpenAI-compatible server.

The same seed gives the same text: alone, again, and in the company of other streams (measured with the embedded model
and prompts of up to 5,700 tokens). A warm cache changes it, because one word at a time is summed in another order than
many at once, and quantized activations magnify the last bit: of four texts, two stayed the same when the whole prompt
was cached, none when the story had grown. A cache in 32-bit floats, twice the memory, kept three and none; so the
cache stays at 16 bits, and only a `warm` request, which a story's turn is, reads from it.
"""

import asyncio
import importlib.util
import json
import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import structlog

from bot.engine.backends.chat import ChatClient, chat_body
from bot.engine.backends.child import ServerProcess
from bot.engine.backends.cores import model_threads
from bot.engine.backends.slots import SlotTable
from bot.engine.errors import GenerationFailed
from bot.engine.request import Chunk, ModelInfo, Request, Sampling
from bot.errors import StartError
from bot.locales import _

log = structlog.get_logger(__name__)

SCRIPT = Path(__file__).with_name("llamaserver.py")
RANDOM_SEED = 2**32 - 1  # llama.cpp keeps 32 bits, and takes this for the wish for another seed each time
PROBE_SECONDS = 10.0  # a long prompt on a slow processor keeps a healthy server from answering for a while


@dataclass(frozen=True, slots=True)
class LlamaCppSettings:
    """Say how the model runs: `parallel` streams side by side, each with the model's context.

    `threads` 0 leaves one core for the bot, `gpu_layers` -1 puts the whole model on the card, and
    `cache_megabytes` is main memory for the caches of stories that lost their slot to another.
    """

    parallel: int = 4
    threads: int = 0
    gpu_layers: int = 0
    cache_megabytes: int = 512


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
        self._probe_seconds = probe_seconds
        self._slots = SlotTable(self.parallel)
        key = secrets.token_urlsafe(32)
        self._client = ChatClient(key=key)
        self._server = ServerProcess(SCRIPT, server_settings(model, self._settings, key))
        self._resources = AsyncExitStack()

    @property
    def restarts(self) -> int:
        """Return how often the server had to be started again."""
        return self._server.restarts

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
            await opening.enter_async_context(self._client)
            self.model = replace(self.model, context=await self._readable())
            self._resources = opening.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._resources.aclose()

    async def stream(self, request: Request) -> AsyncGenerator[Chunk]:
        """Yield a request's text from the slot that has its story's cache."""
        slot = self._slots.acquire(request.cache_key)
        try:
            base = await self._reachable()
            async with aclosing(self._client.stream(base, request_body(request, slot))) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            self._slots.release(slot)

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has."""
        answer = await self._client.post(f"{await self._reachable()}/tokenize", {"content": text})
        return len(answer["tokens"])

    async def recover(self) -> None:
        """Start the server again if its main loop does not answer; one that is just starting is left in peace."""
        if not self._server.ready:
            return
        base = await self._server.address()
        try:
            async with asyncio.timeout(self._probe_seconds):
                await self._client.get(f"{base}/slots")
        except (TimeoutError, GenerationFailed) as error:
            log.error("model server hangs", reason=repr(error))
            await self._server.lost(base)

    async def _readable(self) -> int:
        """Return how many tokens a stream may have: no more than the model was trained for, whatever was asked."""
        slots = await self._client.get(f"{await self._reachable()}/slots")
        trained, wanted = int(slots[0]["n_ctx"]), self.model.context
        if trained < wanted:
            log.warning("the model reads less than its configured context", tokens=trained, configured=wanted)
        return min(trained, wanted)

    async def _reachable(self) -> str:
        """Return the address of a server that lives, waiting for its return if it just died."""
        while True:
            base = await self._server.address()
            try:
                await self._client.get(f"{base}/health")
            except GenerationFailed as error:
                log.warning("model server does not answer", reason=error.detail)
                await self._server.lost(base)
            else:
                return base


def server_settings(model: ModelInfo, settings: LlamaCppSettings, key: str) -> dict[str, Any]:
    """Return what llamaserver.py wants to know."""
    return {
        "path": str(model.path),
        "context": model.context,
        "parallel": settings.parallel,
        "threads": settings.threads or model_threads(),
        "gpu_layers": settings.gpu_layers,
        "cache_megabytes": settings.cache_megabytes,
        "key": key,
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


def _constraint(sampling: Sampling) -> dict[str, Any]:
    if sampling.grammar:
        return {"grammar": sampling.grammar}
    return {"json_schema": json.loads(sampling.json_schema)} if sampling.json_schema else {}
