"""Prove what the engine promises whoever asks it for text, whichever backend writes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace

import pytest

from bot.engine.engine import Engine, Limits
from bot.engine.errors import (
    EngineClosed,
    GenerationCancelled,
    GenerationFailed,
    GenerationTimedOut,
    PromptTooLong,
    QueueFull,
)
from bot.engine.generation import Generation
from bot.engine.outcome import Outcome
from bot.engine.request import Chunk, Message, Request, Sampling
from tests.scripted import ScriptedBackend

WIDE = Limits(per_user=1000, per_guild=1000, waiting=1000)


def request(text: str = "Go on.", *, guild: int = 1, channel: int = 1, user: int = 1) -> Request:
    """Ask for a text."""
    return Request((Message("user", text),), Sampling(seed=1), f"{channel}", guild, channel, user)


async def read(generation: Generation) -> str:
    """Return a stream's whole text."""
    return "".join([piece async for piece in generation])


class Gate:
    """Hold every stream before its next token until it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def __call__(self) -> None:
        """Wait for it."""
        await self.open.wait()


@asynccontextmanager
async def held(
    *, parallel: int = 1, limits: Limits = WIDE
) -> AsyncIterator[tuple[Engine, ScriptedBackend, Gate]]:
    """Serve with streams that wait for the gate."""
    gate = Gate()
    backend = ScriptedBackend(delay=gate, parallel=parallel)
    async with Engine.open(backend, limits=limits) as engine:
        yield engine, backend, gate


async def settled() -> None:
    """Let every task take the steps that it can take now."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_request_streams_its_text_and_then_its_stats() -> None:
    """Pieces are never empty, together they are the text, and the stats come with the end."""
    async with Engine.open(ScriptedBackend(["A long way to the sea."])) as engine:
        generation = engine.submit(request())
        pieces = [piece async for piece in generation]

        assert "".join(pieces) == "A long way to the sea."
        assert all(pieces)
        assert generation.stats is not None
        assert (generation.stats.tokens, generation.stats.finish_reason) == (6, "stop")
        assert engine.status().tokens_per_second is not None


async def test_requests_are_served_in_the_order_that_their_places_told() -> None:
    """The place of each waiting request is its place in the order in which the backend gets them."""
    async with held() as (engine, backend, gate):
        first = engine.submit(request("0"))
        askers = [(1, 1), (1, 1), (1, 2), (2, 3), (2, 3), (3, 4)]
        waiting = [engine.submit(request(str(n), channel=c, user=u)) for n, (c, u) in enumerate(askers, 1)]
        told = [str(1 + waiting.index(g)) for g in sorted(waiting, key=lambda g: g.position)]

        assert first.position == 0
        assert sorted(g.position for g in waiting) == [1, 2, 3, 4, 5, 6]

        gate.open.set()
        for generation in waiting:
            await read(generation)

        assert [r.messages[0].content for r in backend.requests] == ["0", *told]


async def test_a_waiting_request_hears_of_every_move() -> None:
    """Places are told one after another, down to the first, and then comes the text."""
    async with held() as (engine, _, gate):
        for _ in range(3):
            engine.submit(request())
        last = engine.submit(request())
        places: list[int] = []

        async def watch() -> None:
            async for place in last.waiting():
                places.append(place.position)

        watching = asyncio.create_task(watch())
        await settled()
        gate.open.set()
        await watching

        assert places == [3, 2, 1]
        assert await read(last) == "Once upon a time."


async def test_a_slow_listener_hears_where_it_stands_now() -> None:
    """A move that came while the last place was being shown is not missed."""
    async with held() as (engine, _, _):
        running, before, last = (engine.submit(request()) for _ in range(3))
        async with aclosing(last.waiting()) as places:
            first = await anext(places)
            before.cancel()
            second = await asyncio.wait_for(anext(places), 5)

        assert (first.position, second.position) == (2, 1)
        assert running.position == 0


async def test_as_many_run_at_once_as_the_backend_can() -> None:
    """Neither more nor fewer."""
    async with held(parallel=3) as (engine, backend, _):
        for _ in range(5):
            engine.submit(request())
        await settled()

        assert backend.streams == engine.status().running == 3
        assert engine.status().waiting == 2


async def test_a_person_and_a_server_have_their_limits() -> None:
    """Running and waiting requests count, others' do not, and an ended one counts no more."""
    async with held(limits=Limits(per_user=2, per_guild=3)) as (engine, _, _):
        first = engine.submit(request(user=1))
        engine.submit(request(user=1))
        with pytest.raises(QueueFull, match="You already have 2 requests"):
            engine.submit(request(user=1))
        engine.submit(request(user=2))
        with pytest.raises(QueueFull, match="This server already has 3 requests"):
            engine.submit(request(user=3))
        engine.submit(request(user=4, guild=2))
        first.cancel()
        await settled()

        engine.submit(request(user=1))


async def test_a_full_queue_refuses_everybody_and_says_when_there_is_room() -> None:
    """What runs does not count, the wait is that of the next one, and who leaves makes room."""
    async with held(limits=Limits(per_user=9, per_guild=9, waiting=2)) as (engine, _, gate):
        measured = engine.submit(request())
        gate.open.set()
        await read(measured)
        gate.open.clear()
        _running, first, _second = (engine.submit(request(user=user, guild=user)) for user in (1, 2, 3))
        with pytest.raises(QueueFull, match="2 requests wait already") as caught:
            engine.submit(request(user=4, guild=4))

        assert caught.value.scope == "all"
        assert first.position == 1
        assert caught.value.eta is not None
        assert "There is room again in about" in str(caught.value)

        first.cancel()

        assert engine.submit(request(user=4, guild=4)).position == 2


async def test_a_server_with_fifty_requests_keeps_nine_others_waiting_for_one_each() -> None:
    """The backend gets the nine among the first ten, although all fifty came first."""
    async with held(limits=Limits(per_user=50, per_guild=51)) as (engine, backend, gate):
        engine.submit(request("running"))
        for number in range(50):
            engine.submit(request("many", channel=number % 7, user=number))
        others = [
            engine.submit(request(f"guild {guild}", guild=guild, channel=guild)) for guild in range(2, 11)
        ]

        assert all(other.position <= 10 for other in others)

        gate.open.set()
        for other in others:
            await read(other)
        served = [asked.messages[0].content for asked in backend.requests[1:11]]

        assert sorted(served) == sorted(["many", *(f"guild {guild}" for guild in range(2, 11))])


async def test_a_cancelled_stream_keeps_its_words_and_frees_the_backend() -> None:
    """What was written comes first, then the error; the next request runs."""
    async with held() as (engine, backend, gate):
        generation, following = engine.submit(request()), engine.submit(request())
        gate.open.set()
        first = await anext(generation)
        gate.open.clear()
        generation.cancel()
        rest: list[str] = []
        with pytest.raises(GenerationCancelled):
            rest.extend([piece async for piece in generation])
        gate.open.set()

        assert "Once upon a time.".startswith(first + "".join(rest))
        assert generation.stats is not None
        assert generation.stats.finish_reason == "cancelled"
        assert await read(following) == "Once upon a time."
        assert backend.streams == 0


async def test_a_waiting_request_can_be_cancelled() -> None:
    """It never reaches the backend."""
    async with held() as (engine, backend, gate):
        running, waiting = engine.submit(request("a")), engine.submit(request("b"))
        waiting.cancel()
        with pytest.raises(GenerationCancelled):
            await read(waiting)
        gate.open.set()
        await read(running)

        assert [r.messages[0].content for r in backend.requests] == ["a"]


async def test_cancelling_before_the_first_step_still_ends_the_stream() -> None:
    """A task that never ran any of its code frees its place all the same."""
    async with held() as (engine, _, gate):
        generation = engine.submit(request())
        generation.cancel()
        with pytest.raises(GenerationCancelled):
            await read(generation)
        gate.open.set()

        assert await read(engine.submit(request())) == "Once upon a time."


async def test_leaving_the_block_cancels() -> None:
    """Whoever stops reading stops the model."""
    async with held() as (engine, backend, _):
        async with engine.submit(request()):
            await settled()

            assert backend.streams == 1

        await settled()

        assert backend.streams == 0


async def test_cancelling_after_the_end_changes_nothing() -> None:
    """A finished stream stays finished."""
    async with Engine.open(ScriptedBackend()) as engine:
        generation = engine.submit(request())
        text = await read(generation)
        generation.cancel()

        assert text == "Once upon a time."
        assert generation.stats is not None
        assert generation.stats.finish_reason == "stop"
        with pytest.raises(StopAsyncIteration):
            await anext(generation)


async def test_a_failed_stream_gives_its_words_then_its_error() -> None:
    """And the next request is served."""
    backend = ScriptedBackend(fail_at=2)
    async with Engine.open(backend) as engine:
        generation = engine.submit(request())
        text = await anext(generation)
        with pytest.raises(GenerationFailed):
            text += await read(generation)
        backend.fail_at = None

        assert "Once upo".startswith(text)
        assert await read(engine.submit(request())) == "Once upon a time."


async def test_an_unforeseen_error_ends_its_stream_alone() -> None:
    """A bug in a backend becomes a typed error for one reader."""

    def reply(asked: Request) -> str:
        if asked.user_id == 13:
            raise ZeroDivisionError
        return "Fine."

    async with Engine.open(ScriptedBackend(reply)) as engine:
        bad, good = engine.submit(request(user=13)), engine.submit(request())
        with pytest.raises(GenerationFailed):
            await read(bad)

        assert await read(good) == "Fine."


async def test_a_prompt_that_is_too_long_is_refused() -> None:
    """The reader learns both numbers."""
    async with Engine.open(ScriptedBackend(context=10)) as engine:
        with pytest.raises(PromptTooLong) as caught:
            await read(engine.submit(request("x" * 80)))

        assert (caught.value.tokens, caught.value.limit) == (20, 10)


class Clock:
    """Be the loop's clock, which stands still until it is moved: no test waits, and no slow machine matters."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.now = loop.time()

    def read(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the loop's clock."""
    loop = asyncio.get_running_loop()
    clock = Clock(loop)
    monkeypatch.setattr(loop, "time", clock.read)
    return clock


async def test_a_silent_stream_times_out_and_the_backend_recovers(clock: Clock) -> None:
    """Silence ends one stream, the backend is told, and the next request runs."""
    gate = Gate()
    backend = ScriptedBackend(delay=gate, parallel=1)
    async with Engine.open(backend, timeout_seconds=60) as engine:
        silent = engine.submit(request())
        await settled()
        clock.now += 61
        with pytest.raises(GenerationTimedOut):
            await read(silent)
        gate.open.set()

        assert await read(engine.submit(request())) == "Once upon a time."
        assert engine.status().restarts == 1


async def test_a_slow_stream_is_no_silent_one(clock: Clock) -> None:
    """Every word gives it the whole time again."""

    async def slowly() -> None:
        clock.now += 40
        await settled()

    async with Engine.open(ScriptedBackend(delay=slowly), timeout_seconds=60) as engine:
        assert await read(engine.submit(request())) == "Once upon a time."


async def test_closing_does_not_wait_for_a_recovery(clock: Clock) -> None:
    """A bot that stops does not first start its model again."""

    class Slow(ScriptedBackend):
        async def recover(self) -> None:
            await asyncio.Event().wait()

    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(Engine.open(Slow(delay=Gate()), timeout_seconds=60))
        silent = engine.submit(request())
        await settled()
        clock.now += 61
        with pytest.raises(GenerationTimedOut):
            await read(silent)
        closing = asyncio.create_task(stack.aclose())
        await settled()

        assert closing.done()


async def test_a_count_that_never_comes_times_out() -> None:
    """A server that does not return keeps nobody waiting for the size of a text."""

    class Gone(ScriptedBackend):
        async def count_tokens(self, text: str) -> int:
            await asyncio.Event().wait()
            return 0

    async with Engine.open(Gone(), timeout_seconds=0.01) as engine:
        with pytest.raises(GenerationTimedOut):
            await engine.count_tokens("How long?")
    with pytest.raises(EngineClosed):
        await engine.count_tokens("How long?")


async def test_a_backend_that_ends_without_an_end_has_failed() -> None:
    """Half a text is never taken for a whole one."""

    class Half(ScriptedBackend):
        async def stream(self, request: Request) -> AsyncGenerator[Chunk]:
            yield Chunk("Half a")

    async with Engine.open(Half()) as engine:
        with pytest.raises(GenerationFailed):
            await read(engine.submit(request()))


async def test_closing_ends_every_stream_and_every_task() -> None:
    """Running and waiting streams end with EngineClosed, and nothing is left behind."""
    before = asyncio.all_tasks()
    async with held() as (engine, backend, _):
        streams = [engine.submit(request()) for _ in range(3)]
        await settled()
    for stream in streams:
        with pytest.raises(EngineClosed):
            await read(stream)

    assert backend.streams == 0
    assert asyncio.all_tasks() == before
    with pytest.raises(EngineClosed):
        engine.submit(request())


async def test_whoever_keeps_count_hears_of_each_request_once_when_it_is_over(clock: Clock) -> None:
    """Whole, cut, too long, silent, stopped while it waited, or ended with the bot: each has its word."""
    heard: list[Outcome] = []
    gate = Gate()
    gate.open.set()
    backend = ScriptedBackend(delay=gate, parallel=1, context=10)
    async with Engine.open(backend, limits=WIDE, timeout_seconds=60, observer=heard.append) as engine:
        await read(engine.submit(request()))
        await read(engine.submit(replace(request(), sampling=Sampling(seed=1, max_tokens=2))))
        with pytest.raises(PromptTooLong):
            await read(engine.submit(request("x" * 80)))
        gate.open.clear()
        silent, waiting = engine.submit(request()), engine.submit(request())
        await settled()
        waiting.cancel()
        clock.now += 61
        with pytest.raises(GenerationTimedOut):
            await read(silent)
        await settled()
        engine.submit(request())
        await settled()

    assert [outcome.ending for outcome in heard] == [
        "stop",
        "length",
        "too long",
        "cancelled",
        "timed out",
        "closed",
    ]
    assert [outcome.tokens for outcome in heard] == [5, 2, 0, 0, 0, 0]
    assert [outcome.waited is None for outcome in heard] == [False, False, False, True, False, False]
    assert [outcome.first_word is None for outcome in heard] == [False, False, True, True, True, True]
    assert heard[0].prompt_tokens == 2


async def test_an_eta_comes_with_the_first_measurement() -> None:
    """Unknown before, a number for those who wait after."""
    async with held() as (engine, _, gate):
        first, second, third = (engine.submit(request()) for _ in range(3))

        assert third.eta() is None

        gate.open.set()
        await read(first)
        gate.open.clear()
        await settled()

        assert second.eta() == 0.0
        eta = third.eta()
        assert eta is not None
        assert eta >= 0.0


async def test_a_refusal_is_said_in_the_readers_language_with_the_wait() -> None:
    """The sentence has the number of requests, and the seconds once they are known."""
    refusal = QueueFull("user", 2, 30.4)

    assert str(refusal).endswith("The last one starts in about 30 s.")
    assert "30" in refusal.text.render("zh-CN")
    assert "Stop" not in refusal.text.render("zh-CN")
    assert not str(QueueFull("guild", 1, None)).endswith("s.")
    assert "room again in about 12 s" in str(QueueFull("all", 200, 12.2))
    assert "12 秒" in QueueFull("all", 200, 12.2).text.render("zh-CN")
    assert "in a moment" in str(QueueFull("all", 200, None))


async def test_a_refusal_foretells_the_start_of_the_askers_own_last_request() -> None:
    """Not that of somebody else's."""
    async with held(limits=Limits(per_user=2, per_guild=4)) as (engine, _, gate):
        measured = engine.submit(request(user=9))
        gate.open.set()
        await read(measured)
        gate.open.clear()
        engine.submit(request(user=9))
        own = [engine.submit(request(user=1)) for _ in range(2)]
        with pytest.raises(QueueFull) as person:
            engine.submit(request(user=1))
        others = engine.submit(request(user=2, channel=2))
        with pytest.raises(QueueFull) as server:
            engine.submit(request(user=3))

        assert [generation.position for generation in (*own, others)] == [1, 3, 2]
        assert person.value.eta is not None
        assert server.value.eta is not None
        assert person.value.eta > 0
        assert server.value.eta >= person.value.eta
