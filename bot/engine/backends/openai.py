"""Let other machines write: any servers that have OpenAI's chat completions, all with the same model.

A request that got no word yet may be asked again, of the next server or later of the same one. Once words came, a
failure ends the stream: they were shown, and another server would go on with others.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

import structlog

from bot.engine.backends.cards import Dialect
from bot.engine.backends.chat import ChatClient, ServerRefused
from bot.engine.backends.dialects import count_tokens, estimate
from bot.engine.backends.servers import Server, Servers
from bot.engine.errors import AdapterMissing, GenerationFailed, NarratorAway, PromptTooLong
from bot.engine.request import Chunk, ModelInfo, Request
from bot.errors import StartError
from bot.locales import _

log = structlog.get_logger(__name__)

FIRST_WAIT = 0.5  # seconds before the second round; doubles
LONGEST_WAIT = 8.0
LONGEST_REST = 30.0  # of a Retry-After: nobody waits for a story longer than that without a word
BUSY = {408, 425, 429, 500}  # this server, just now
UNKNOWN_MODEL = 404
GONE = {401, 403, UNKNOWN_MODEL, 502, 503, 504}  # this server, for everybody


@dataclass(frozen=True, slots=True)
class OpenAISettings:
    """Say where the servers are and how they are asked.

    `retries` are rounds over all servers after the first; `health_seconds` lie between two checks of each.
    """

    base_urls: tuple[str, ...]
    api_key: str = ""
    model: str = ""
    dialect: Dialect | Literal["auto"] = "auto"
    parallel: int = 4
    health_seconds: float = 10.0
    retries: int = 4


class OpenAI:
    """Be a `Backend` over servers on the network."""

    name = "openai"

    def __init__(self, model: ModelInfo, settings: OpenAISettings) -> None:
        """Serve a model of which only `languages` and the largest `context` are known before a server tells."""
        self.model = model
        self.parallel = settings.parallel
        self._retries = settings.retries
        self._client = ChatClient(key=settings.api_key)
        self._servers = Servers(
            self._client,
            settings.base_urls,
            model=settings.model,
            dialect=settings.dialect,
            health_seconds=settings.health_seconds,
        )
        self._resources = AsyncExitStack()

    @property
    def restarts(self) -> int:
        """Return how often a server that was lost came back."""
        return self._servers.returns

    @property
    def ready(self) -> bool:
        """Tell whether any server is up, as far as is known."""
        return bool(self._servers.up)

    async def __aenter__(self) -> Self:
        """Find the servers; raises StartError where none is named or none answers."""
        if not self._servers.all:
            raise StartError(
                _(
                    "There is no model server: set base_urls under [openai], for example "
                    '["http://192.168.0.2:8000"], or choose another backend under [model].'
                )
            )
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self._client)
            await opening.enter_async_context(self._servers)
            self.model = self._told()
            self._resources = opening.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._resources.aclose()

    async def stream(self, request: Request) -> AsyncGenerator[Chunk]:
        """Yield a request's text from the server that has its story's cache, or from the next that answers."""
        self._require_adapter(request.adapter)
        async with aclosing(self._turns(request.cache_key, adapter=request.adapter)) as turns:
            async for server in turns:
                async with aclosing(self._asked(server, request)) as chunks:
                    try:
                        first = await _first(server, chunks)
                    except GenerationFailed as error:
                        self._failed(server, error, request)
                        continue
                    yield first
                    async for chunk in chunks:
                        yield chunk
                    return
        raise self._away()

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has; an estimate that is rather high where no server counts."""
        async with aclosing(self._turns("")) as turns:
            async for server in turns:
                assert server.card is not None
                try:
                    return await count_tokens(self._client, server.root, server.card, text)
                except GenerationFailed as error:
                    self._failed(server, error)
        raise self._away()

    async def change_adapters(self, wanted: Mapping[str, Path]) -> tuple[str, ...]:
        """Offer all of them: the servers know their adapters by name."""
        return tuple(wanted)

    async def recover(self) -> None:
        """Look after every server: the one that fell silent is asked again only if it is well."""
        await self._servers.check()

    def _told(self) -> ModelInfo:
        """Return the model as the servers tell it, with the smallest context of all."""
        cards = [server.card for server in self._servers.up if server.card]
        contexts = [card.context for card in cards if card.context]
        first = cards[0]
        return replace(
            self.model,
            id=first.label,
            name=first.label,
            revision=first.revision,
            context=min([self.model.context, *contexts]),
        )

    def _require_adapter(self, adapter: str) -> None:
        cards = [server.card for server in self._servers.all if server.card]
        if adapter and not any(adapter in card.served for card in cards):
            raise AdapterMissing(f"no server has the adapter {adapter}")

    async def _turns(self, key: str, *, adapter: str = "") -> AsyncGenerator[Server]:
        """Yield whom to ask next, round after round, with a pause that grows between two rounds."""
        for number in range(self._retries + 1):
            if number:
                wait = self._wait(number)
                if wait > LONGEST_REST:
                    return
                await asyncio.sleep(wait)
            for server in self._servers.ranked(key, adapter=adapter):
                yield server

    def _wait(self, number: int) -> float:
        """Return how long to wait: not all requests that failed together shall come back together."""
        backoff = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (number - 1)) * random.uniform(0.5, 1.0)
        candidates = self._servers.up or self._servers.all
        return max(backoff, min(server.rests for server in candidates))

    async def _asked(self, server: Server, request: Request) -> AsyncGenerator[Chunk]:
        """Yield a server's text, asked again at once if it does not know one of the request's fields."""
        while True:
            body = server.body(request)
            try:
                async with aclosing(self._client.stream(server.root, body)) as chunks:
                    async for chunk in chunks:
                        server.speaks()
                        yield chunk
                return
            except ServerRefused as error:
                if not server.learns(error, body):
                    raise

    def _failed(self, server: Server, error: GenerationFailed, request: Request | None = None) -> None:
        """Take note of what a failure says of its server; raises what no other server would do better."""
        log.warning("model server failed", url=server.root, reason=error.detail)
        if not isinstance(error, ServerRefused):
            self._servers.lost(server, error.detail)
            return
        if error.status in GONE and not (error.status == UNKNOWN_MODEL and request and request.adapter):
            self._servers.lost(server, error.detail)
        elif error.status not in BUSY:
            self._require_sense(error, request)
            raise error
        if error.retry_after:
            server.rest(error.retry_after)

    def _require_sense(self, error: ServerRefused, request: Request | None) -> None:
        """Raise what a refusal means, where that is known: a voice just unloaded, or a long prompt without numbers."""
        if request and error.status == UNKNOWN_MODEL:
            raise AdapterMissing(error.detail) from error
        if request and "context_length_exceeded" in error.words:
            tokens = sum(estimate(message.content) for message in request.messages)
            raise PromptTooLong(max(tokens, self.model.context + 1), self.model.context) from error

    def _away(self) -> NarratorAway:
        reasons = "; ".join(f"{server.root} ({server.reason or 'busy'})" for server in self._servers.all)
        log.error("no model server answers", servers=reasons)
        return NarratorAway(reasons)


async def _first(server: Server, chunks: AsyncGenerator[Chunk]) -> Chunk:
    """Return the first words; raises GenerationFailed too when the server is found down before they came."""
    try:
        async with asyncio.timeout(None) as deadline:
            with server.first_word(deadline):
                return await anext(chunks)
    except TimeoutError:
        raise GenerationFailed("it fell silent before the first word") from None
