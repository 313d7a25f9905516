"""Hold one request's stream between the engine that fills it and whoever reads it."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.engine.errors import GenerationCancelled
from bot.engine.outcome import Outcome, word_for
from bot.engine.request import Chunk, FinishReason, Request, Usage
from bot.errors import StoryloomError

if TYPE_CHECKING:
    from bot.engine.engine import Engine


@dataclass(frozen=True, slots=True)
class Stats:
    """Tell what a stream took; `cached` of the prompt's tokens had not to be read again.

    Of a cancelled stream only the pieces that came are known: `tokens` counts those.
    """

    tokens: int
    seconds: float
    finish_reason: FinishReason
    prompt_tokens: int = 0
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Tell a place in the queue, 1 being next, and in how many seconds it starts if that is known."""

    position: int
    eta: float | None


class Generation:
    """Give the text of one request, piece by piece: `async for piece in generation`.

    Iteration ends after the last piece, or, after all pieces that came before, raises the error that ended the
    stream. As a context manager it cancels what is still to come. `begin`, `take`, `end` and `moved` are for the
    engine that fills it.
    """

    def __init__(self, engine: "Engine", request: Request) -> None:
        self.request = request
        self.stats: Stats | None = None
        self.usage: Usage | None = None
        self.ended = False
        self._engine = engine
        self._pieces: deque[str] = deque()
        self._tokens = 0
        self._asked = time.monotonic()
        self._started: float | None = None
        self._spoke: float | None = None
        self._error: StoryloomError | None = None
        self._news = asyncio.Event()

    @property
    def position(self) -> int:
        """Return the place in the queue: 1 is next, 0 runs already or has ended."""
        return self._engine.position(self)

    def eta(self) -> float | None:
        """Return in how many seconds it starts, from measured speed; None while nothing was measured."""
        return self._engine.eta(self)

    async def waiting(self) -> AsyncGenerator[Place]:
        """Yield the place in the queue at each change until it runs; yields nothing if it runs at once.

        Whoever is slow to take one gets the newest next.
        """
        told = 0
        while place := self.position:
            if place == told:
                await self._wait()
            else:
                told = place
                yield Place(place, self.eta())

    def cancel(self) -> None:
        """Stop it; what was written can still be read, then comes GenerationCancelled."""
        self._engine.cancel(self)

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        while not self._pieces:
            if self._error:
                raise self._error
            if self.ended:
                raise StopAsyncIteration
            await self._wait()
        text = "".join(self._pieces)
        self._pieces.clear()
        return text

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.cancel()

    @property
    def seconds(self) -> float:
        """Return how long it has been running; 0 while it waits."""
        return 0.0 if self._started is None else time.monotonic() - self._started

    def moved(self) -> None:
        """Let whoever waits look at its place again."""
        self._news.set()

    def begin(self) -> None:
        """Note that it runs from now on."""
        self._started = time.monotonic()
        self._news.set()

    def take(self, chunk: Chunk) -> None:
        """Add what came."""
        self.usage = chunk.usage
        if chunk.text:
            self._spoke = self._spoke or time.monotonic()
            self._tokens += 1
            self._pieces.append(chunk.text)
            self._news.set()

    def end(self, error: StoryloomError | None = None) -> None:
        """End the stream; the first ending counts."""
        if self.ended:
            return
        self.ended = True
        self._error = error
        self._news.set()
        usage = self.usage
        if usage and error is None:
            self.stats = Stats(usage.tokens, self.seconds, usage.ending, usage.prompt_tokens, usage.cached)
        elif isinstance(error, GenerationCancelled):
            self.stats = Stats(self._tokens, self.seconds, "cancelled")

    def outcome(self) -> Outcome:
        """Return how it went, for whoever keeps count; it must have ended."""
        usage, started = self.usage, self._started
        return Outcome(
            ending=word_for(self._error) if self._error else usage.ending if usage else "failed",
            tokens=usage.tokens if usage else self._tokens,
            prompt_tokens=usage.prompt_tokens if usage else 0,
            cached=usage.cached if usage else 0,
            waited=started - self._asked if started else None,
            first_word=self._spoke - started if started and self._spoke else None,
        )

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()
