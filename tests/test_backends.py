"""Prove the contract of a backend on the scripted one and on the real ones alike."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio

from bot.engine.backends.child import ServerProcess
from bot.engine.backends.llamacpp import SCRIPT, LlamaCpp, LlamaCppSettings, server_settings
from bot.engine.backends.openai import OpenAI, OpenAISettings
from bot.engine.backends.transformers.backend import Transformers, TransformersSettings
from bot.engine.engine import Engine, Limits
from bot.engine.errors import GenerationCancelled, GenerationFailed, PromptTooLong
from bot.engine.generation import Generation
from bot.engine.models import resolve
from bot.engine.request import Backend, Message, ModelInfo, Request, Sampling
from tests.faulty_proxy import FaultyProxy
from tests.scripted import ScriptedBackend
from tests.tiny import make_endless, save_tiny

pytestmark = pytest.mark.asyncio(loop_scope="module")
CONTEXT = 1024


def written(request: Request) -> str:
    """Write what depends on the request and its seed, long enough to be stopped."""
    name = f"{request.messages[-1].content}/{request.sampling.seed}"
    return " ".join(f"The {name} sailed on and the sea was calm." for _ in range(60))


@pytest.fixture(
    scope="module",
    params=[
        "scripted",
        "transformers",
        pytest.param("llamacpp", marks=pytest.mark.model),
        pytest.param("openai", marks=pytest.mark.model),
    ],
)
def kind(request: pytest.FixtureRequest) -> str:
    """Name the backend."""
    return cast(str, request.param)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machine(kind: str) -> AsyncIterator[ServerProcess | None]:
    """Run the server that a backend for other machines' servers needs."""
    if kind != "openai":
        yield None
        return
    info = await resolve("embedded", context=CONTEXT)
    settings = server_settings(info, LlamaCppSettings(parallel=4, threads=1)) | {"key": ""}
    async with ServerProcess(SCRIPT, settings) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def backend(
    kind: str, machine: ServerProcess | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Backend]:
    """Make a backend for four streams."""
    if kind == "scripted":
        yield ScriptedBackend(written, context=CONTEXT, delay=lambda: asyncio.sleep(0))
        return
    if kind == "transformers":
        yield tiny_transformers(tmp_path_factory.mktemp("tiny"))
        return
    info = await resolve("embedded", context=CONTEXT)
    if machine is None:
        yield LlamaCpp(info, LlamaCppSettings(parallel=4, threads=1))
        return
    async with FaultyProxy.open(machine.address) as proxy:  # its address stays when the server starts again
        yield OpenAI(info, OpenAISettings((proxy.url,)))


def tiny_transformers(folder: Path) -> Transformers:
    """Make the backend for the hub's models, with a tiny one that writes nonsense as long as it may."""
    info = ModelInfo("tiny", "Tiny", "1", make_endless(save_tiny(folder)), None, CONTEXT)
    settings = TransformersSettings(
        parallel=4, quantization="none", device="cpu", warm_gigabytes=0.02, threads=1
    )
    return Transformers(info, settings)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(backend: Backend) -> AsyncIterator[Engine]:
    """Serve with it."""
    async with Engine.open(backend, limits=Limits(per_user=99, per_guild=99)) as opened:
        yield opened


def request(
    text: str = "ship", *, seed: int = 7, max_tokens: int = 12, stop: tuple[str, ...] = ()
) -> Request:
    """Ask for a few words."""
    messages = (Message("system", "You write stories."), Message("user", text))
    sampling = Sampling(seed=seed, max_tokens=max_tokens, stop=stop)
    return Request(messages, sampling, text, 1, 1, 1)


async def read(generation: Generation) -> str:
    """Return a stream's whole text."""
    return "".join([piece async for piece in generation])


async def test_the_same_seed_gives_the_same_text(engine: Engine) -> None:
    """Alone, again, and beside three others."""
    first = await read(engine.submit(request()))
    again = await read(engine.submit(request()))
    company = [engine.submit(request(name)) for name in ("whale", "captain", "storm")]
    beside = await read(engine.submit(request()))
    for other in company:
        await read(other)

    assert first == again == beside


async def test_another_seed_gives_another_text(engine: Engine) -> None:
    """Seeds are not ignored."""
    texts = {await read(engine.submit(request(seed=seed))) for seed in range(3)}

    assert len(texts) > 1


async def test_no_more_tokens_come_than_allowed(engine: Engine) -> None:
    """The end is told as one of length."""
    generation = engine.submit(request(max_tokens=5))
    await read(generation)

    assert generation.stats is not None
    assert generation.stats.tokens == 5
    assert generation.stats.finish_reason == "length"
    assert generation.stats.prompt_tokens > 0


async def test_a_stop_string_ends_the_text_and_is_not_in_it(engine: Engine) -> None:
    """Even where it begins in one token and ends in another."""
    whole = await read(engine.submit(request(max_tokens=20)))
    stop = whole[len(whole) // 2 :][:7]
    generation = engine.submit(request(max_tokens=20, stop=("never seen", stop)))
    text = await read(generation)

    assert text == whole[: whole.index(stop)]
    assert generation.stats is not None
    assert generation.stats.finish_reason == "stop"


async def test_a_stream_can_be_cancelled_in_the_middle(engine: Engine) -> None:
    """It ends with the typed error, and the next request is served."""
    generation = engine.submit(request(max_tokens=400))
    await anext(generation)
    generation.cancel()
    with pytest.raises(GenerationCancelled):
        await read(generation)

    assert await read(engine.submit(request()))


async def test_a_prompt_beyond_the_context_is_refused(engine: Engine) -> None:
    """With both numbers, and the next request is served."""
    with pytest.raises(PromptTooLong) as caught:
        await read(engine.submit(request("word " * 5000)))

    assert caught.value.tokens > caught.value.limit == CONTEXT
    assert await read(engine.submit(request()))


async def test_tokens_are_counted(engine: Engine) -> None:
    """A longer text has more."""
    assert 0 < await engine.count_tokens("a ship") < await engine.count_tokens("a ship " * 50)


async def test_streams_run_side_by_side(engine: Engine) -> None:
    """The first word of every one comes before the end of any."""
    generations = [engine.submit(request(f"ship {n}", max_tokens=40)) for n in range(4)]
    for generation in generations:
        await anext(generation)

    assert [generation.stats for generation in generations] == [None] * 4

    for generation in generations:
        await read(generation)


async def test_a_failure_ends_its_streams_and_the_next_is_served(
    engine: Engine, backend: Backend, machine: ServerProcess | None
) -> None:
    """Streams in flight and those that wait behind them: the first fail, the others are served."""
    streams = [engine.submit(request(f"ship {n}", max_tokens=400 if n < 4 else 30)) for n in range(6)]
    for stream in streams[:4]:
        await anext(stream)
    if running := machine or (backend if isinstance(backend, LlamaCpp | Transformers) else None):
        os.kill(running.pid, signal.SIGKILL)
    else:
        cast(ScriptedBackend, backend).fail_at = 30
    for stream in streams[:4]:
        with pytest.raises(GenerationFailed):
            await read(stream)
    if isinstance(backend, ScriptedBackend):
        backend.fail_at = None
    for stream in streams[4:]:
        assert await read(stream)
