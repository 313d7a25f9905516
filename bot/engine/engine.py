"""Serve requests for text: a fair queue in front of a backend, and a stream for each who asked.

Every stream ends, with its last word or with a typed error, and whatever ended it, the next request is served. A task
per running request moves words from the backend to the stream; all bookkeeping happens when it is done.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Self

import structlog

from bot.engine.errors import (
    EngineClosed,
    GenerationCancelled,
    GenerationFailed,
    GenerationTimedOut,
    QueueFull,
    SetAside,
)
from bot.engine.generation import Generation
from bot.engine.outcome import Observer, Outcome, word_for
from bot.engine.pace import Pace
from bot.engine.queue import FairQueue
from bot.engine.request import Backend, ModelInfo, Request
from bot.errors import StoryloomError

log = structlog.get_logger(__name__)

PLACES = 4  # of which the background may have one


@dataclass(frozen=True, slots=True)
class Limits:
    """Say how many requests, waiting and running, a person and a server may have, and how many may wait in all."""

    per_user: int = 2
    per_guild: int = 50
    waiting: int = 200


@dataclass(frozen=True, slots=True)
class Status:
    """Tell how the engine is doing.

    `ready` is whether the model answers, as far as is known; speed is one stream's, None before the first was measured;
    `uptime` is in seconds.
    """

    model: ModelInfo
    backend: str
    ready: bool
    tokens_per_second: float | None
    waiting: int
    running: int
    restarts: int
    uptime: float

    @property
    def health(self) -> Literal["ready", "restarting"]:
        """Say in one word how the model is."""
        return "ready" if self.ready else "restarting"


class Engine:
    """Take requests from everybody and serve them fairly, as many at once as the backend can."""

    def __init__(
        self, backend: Backend, *, limits: Limits, timeout_seconds: float, observer: Observer | None
    ) -> None:
        self._backend = backend
        self._limits = limits
        self._timeout = timeout_seconds
        self._queue: FairQueue[Generation] = FairQueue()
        self._running: dict[Generation, asyncio.Task[None]] = {}
        self._places: dict[Generation, int] | None = None
        self._users: Counter[int] = Counter()
        self._guilds: Counter[int] = Counter()
        self._pace = Pace()
        self._observer = observer
        self._opened = time.monotonic()
        self._closed = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        backend: Backend,
        *,
        limits: Limits | None = None,
        timeout_seconds: float = 120,
        observer: Observer | None = None,
    ) -> AsyncIterator[Self]:
        """Start the backend and serve until the end of the block, which ends all streams with EngineClosed.

        A stream that gives no token for `timeout_seconds` ends with GenerationTimedOut, as does a count of tokens.
        The observer hears once of every request, when it is over.
        """
        limits = limits or Limits()
        async with backend:
            engine = cls(backend, limits=limits, timeout_seconds=timeout_seconds, observer=observer)
            try:
                yield engine
            finally:
                await engine._close()

    @property
    def model(self) -> ModelInfo:
        """Return the model that writes."""
        return self._backend.model

    def submit(self, request: Request) -> Generation:
        """Queue a request and return its stream at once.

        Raises QueueFull if the person, the server or everybody together has as many requests as allowed, and
        EngineClosed when the bot is shutting down.
        """
        if self._closed:
            raise EngineClosed
        try:
            self._require_room(request)
        except QueueFull as refusal:
            self._observe(Outcome(word_for(refusal)))
            raise
        generation = Generation(self, request)
        self._count(request, +1)
        self._queue.add(
            generation,
            guild_id=request.guild_id,
            channel_id=request.channel_id,
            user_id=request.user_id,
            background=request.background,
        )
        self._dispatch()
        return generation

    def position(self, generation: Generation) -> int:
        """Return a stream's place in the queue; 0 when it does not wait."""
        return self._waiting().get(generation, 0)

    def eta(self, generation: Generation) -> float | None:
        """Return in how many seconds a stream starts; None while no speed was measured."""
        return self._eta(self.position(generation))

    def cancel(self, generation: Generation) -> None:
        """End a stream with GenerationCancelled, unless it has ended."""
        self._abort(generation, GenerationCancelled())

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens the model makes of a text; raises what ends a stream if no answer comes."""
        if self._closed:
            raise EngineClosed
        try:
            async with asyncio.timeout(self._timeout):
                return await self._backend.count_tokens(text)
        except TimeoutError:
            raise GenerationTimedOut(self._timeout) from None

    async def change_adapters(self, wanted: Mapping[str, Path]) -> tuple[str, ...]:
        """Offer these adapters from now on, by name; return those that requests may ask for."""
        return await self._backend.change_adapters(wanted)

    def status(self) -> Status:
        """Return how the engine is doing right now."""
        return Status(
            model=self._backend.model,
            backend=self._backend.name,
            ready=self._backend.ready,
            tokens_per_second=self._pace.tokens_per_second,
            waiting=len(self._queue),
            running=len(self._running),
            restarts=self._backend.restarts,
            uptime=time.monotonic() - self._opened,
        )

    def _require_room(self, request: Request) -> None:
        """Refuse one more request of who has enough, with the start of the last of theirs that waits."""
        limits = self._limits
        if request.background:
            return  # whoever works in the background asks for one thing at a time
        if self._users[request.user_id] >= limits.per_user:
            own = [place for g, place in self._waiting().items() if g.request.user_id == request.user_id]
            raise QueueFull("user", limits.per_user, self._eta(max(own, default=0)))
        if self._guilds[request.guild_id] >= limits.per_guild:
            own = [place for g, place in self._waiting().items() if g.request.guild_id == request.guild_id]
            raise QueueFull("guild", limits.per_guild, self._eta(max(own, default=0)))
        if sum(not waiting.request.background for waiting in self._queue) >= limits.waiting:
            raise QueueFull("all", limits.waiting, self._eta(1))

    def _waiting(self) -> dict[Generation, int]:
        """Return who waits, each with its place; counted once after each move, however many ask."""
        if self._places is None:
            self._places = {waiting: place for place, waiting in enumerate(self._queue.order(), start=1)}
        return self._places

    def _eta(self, position: int) -> float | None:
        running = [other.seconds for other in self._running if not other.request.background]
        return self._pace.eta(position, running=running, parallel=self._backend.parallel)

    def _dispatch(self) -> None:
        while self._may_start():
            generation = self._queue.pop()
            task = asyncio.create_task(self._stream(generation))
            self._running[generation] = task
            generation.begin()
            # A task cancelled before its first step runs none of its code, so the clean-up stands outside.
            task.add_done_callback(partial(self._done, generation))
        self._make_room()
        self._moved()

    def _may_start(self) -> bool:
        """Tell whether the next can run; the background has a quarter of all places, and never people's last."""
        parallel = self._backend.parallel
        free = parallel - len(self._running)
        if not self._queue or free <= 0 or self._closed:
            return False
        if self._queue.has_people:
            return True
        work = sum(running.request.background for running in self._running)
        return work < max(1, parallel // PLACES) and (free > 1 or parallel == 1)

    def _make_room(self) -> None:
        """Set background work aside where a person waits for a place."""
        if self._queue.has_people and not self._closed:
            work = [running for running in self._running if running.request.background]
            if work and not any(running.ended for running in work):
                self._abort(work[-1], SetAside())

    def _moved(self) -> None:
        self._places = None
        for waiting in self._queue:
            waiting.moved()

    async def _stream(self, generation: Generation) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with (
                asyncio.timeout(self._timeout) as deadline,
                aclosing(self._backend.stream(generation.request)) as chunks,
            ):
                async for chunk in chunks:
                    deadline.reschedule(loop.time() + self._timeout)
                    generation.take(chunk)
        except TimeoutError:
            generation.end(GenerationTimedOut(self._timeout))
            log.warning("stream timed out", seconds=self._timeout)
            await self._backend.recover()

    def _done(self, generation: Generation, task: asyncio.Task[None]) -> None:
        """End the stream as its task ended, and give its place to the next."""
        del self._running[generation]
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StoryloomError):
            generation.end(error)
        elif error is not None:
            log.error("stream failed", exc_info=error)
            generation.end(GenerationFailed(repr(error)))
        elif generation.usage is None:
            generation.end(GenerationFailed("the stream stopped in the middle"))
        else:
            generation.end()
            if not generation.request.background:
                self._pace.record(generation.usage.tokens, generation.seconds)
        self._release(generation)
        self._dispatch()

    def _abort(self, generation: Generation, error: StoryloomError) -> None:
        if generation in self._queue:
            self._queue.remove(generation)
            generation.end(error)
            self._release(generation)
            self._moved()
        elif generation in self._running and not generation.ended:
            generation.end(error)
            self._running[generation].cancel()

    def _release(self, generation: Generation) -> None:
        self._observe(generation.outcome())
        self._count(generation.request, -1)

    def _count(self, request: Request, change: int) -> None:
        """Note that a person and a server have one request more or less."""
        if request.background:
            return
        for counter, key in ((self._users, request.user_id), (self._guilds, request.guild_id)):
            counter[key] += change
            if not counter[key]:
                del counter[key]

    def _observe(self, outcome: Outcome) -> None:
        if self._observer is not None:
            self._observer(outcome)

    async def _close(self) -> None:
        self._closed = True
        tasks = list(self._running.values())
        for generation in [*self._queue, *self._running]:
            self._abort(generation, EngineClosed())
        # A stream that timed out has ended already, while its task may still be at work on the recovery.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
