"""Prove what only the real model server can: caches, whole characters, crashes, and that nobody is left behind."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.engine.backends import child
from bot.engine.backends.chat import ChatClient, chat_body
from bot.engine.backends.child import ServerProcess
from bot.engine.backends.llamacpp import SCRIPT, LlamaCpp, LlamaCppSettings
from bot.engine.engine import Engine
from bot.engine.errors import GenerationTimedOut
from bot.engine.generation import Stats
from bot.engine.models import resolve
from bot.engine.request import Message, ModelInfo, Request, Sampling
from bot.errors import StartError

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]
KEY = "a key for tests"
MIXED = "塔🗼 and 👩‍👩‍👧é雪"


def request(
    text: str,
    *,
    key: str = "story",
    seed: int = 1,
    max_tokens: int = 8,
    warm: bool = True,
    answers: int = 0,
) -> Request:
    """Ask for a few words after a text and as many earlier answers."""
    messages = [Message("system", f"You write the story of {key}."), Message("user", text)]
    for _ in range(answers):
        messages += [Message("assistant", "The wind rose over the grey sea."), Message("user", "Go on.")]
    return Request(tuple(messages), Sampling(seed=seed, max_tokens=max_tokens), key, 1, 1, 1, warm)


def long(name: str) -> str:
    """Return a story of more than a hundred tokens."""
    return " ".join(f"On day {day} the crew of the {name} saw island {day * 7}." for day in range(10))


async def outcome(engine: Engine, asked: Request) -> tuple[str, Stats]:
    """Return a request's text and stats."""
    generation = engine.submit(asked)
    text = "".join([piece async for piece in generation])
    assert generation.stats is not None
    return text, generation.stats


async def embedded(context: int = 2048) -> ModelInfo:
    """Find the embedded model."""
    return await resolve("embedded", context=context)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def backend() -> LlamaCpp:
    """Make a backend with two slots."""
    return LlamaCpp(await embedded(), LlamaCppSettings(parallel=2, threads=1))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(backend: LlamaCpp) -> AsyncIterator[Engine]:
    """Serve with it."""
    async with Engine.open(backend) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[ServerProcess]:
    """Run the server alone, with a key that the test knows."""
    info = await embedded()
    settings = {
        "path": str(info.path),
        "context": 2048,
        "parallel": 2,
        "threads": 1,
        "gpu_layers": 0,
        "cache_megabytes": 64,
        "adapters": [],
        "key": KEY,
    }
    async with ServerProcess(SCRIPT, settings) as running:
        yield running


async def test_a_story_pays_only_for_its_new_words(engine: Engine) -> None:
    """The second turn reads its prefix from the cache, although another story was told in between."""
    first = request(long("Swift"), key="one")
    await outcome(engine, first)
    await outcome(engine, request(long("Heron"), key="two"))
    _, stats = await outcome(engine, request(long("Swift"), key="one", answers=1))

    assert stats.cached > 100
    assert stats.prompt_tokens - stats.cached < 60


async def test_more_stories_than_slots_keep_their_caches_in_main_memory(engine: Engine) -> None:
    """A story that lost its slot finds its prefix again."""
    for name in ("three", "four", "five", "six"):
        await outcome(engine, request(long(name), key=name))
    _, stats = await outcome(engine, request(long("three"), key="three", answers=1))

    assert stats.cached > 100


async def test_the_same_seed_gives_the_same_text_whatever_is_cached(engine: Engine) -> None:
    """Fresh, after itself, after a longer turn and beside another stream."""
    asked = request(long("Petrel"), key="seven", max_tokens=24, warm=False)
    fresh, _ = await outcome(engine, asked)
    again, stats = await outcome(engine, asked)
    await outcome(engine, request(long("Petrel"), key="seven", answers=2))
    after, _ = await outcome(engine, asked)
    other = engine.submit(request("A storm.", key="eight", max_tokens=60))
    await anext(other)
    beside, _ = await outcome(engine, asked)
    other.cancel()

    assert fresh == again == after == beside
    assert stats.cached == 0


async def test_a_prompt_longer_than_a_batch_gives_the_same_text_in_company() -> None:
    """Beyond the 2,048 tokens that llama.cpp reads at once by itself."""
    asked = request(" ".join(long(name) for name in ("Petrel", "Swift") * 7), max_tokens=8, warm=False)
    settings = LlamaCppSettings(parallel=2, threads=1)
    async with Engine.open(LlamaCpp(await embedded(4096), settings)) as engine:
        alone, stats = await outcome(engine, asked)
        other = engine.submit(request("A storm.", key="other", max_tokens=200))
        await anext(other)
        beside, _ = await outcome(engine, asked)
        other.cancel()

    assert stats.prompt_tokens > 2048
    assert alone == beside


async def test_no_seed_is_taken_for_a_wish_for_chance(engine: Engine) -> None:
    """The one that llama.cpp understands so, and those beyond its 32 bits, are seeds like any other."""
    for seed in (-1, 2**32 - 1, 2**63 - 1):
        asked = request("A storm.", seed=seed, warm=False)
        first, _ = await outcome(engine, asked)

        assert (await outcome(engine, asked))[0] == first


async def text_of(server: ServerProcess, client: ChatClient, body: dict[str, Any]) -> list[str]:
    """Return the pieces of a completion."""
    async with aclosing(client.stream(await server.address(), body)) as chunks:
        return [chunk.text async for chunk in chunks]


async def test_characters_of_several_tokens_come_whole(server: ServerProcess) -> None:
    """However early the text is cut, it ends with a whole character."""
    body = chat_body(request("Copy.")) | {"grammar": f'root ::= "{MIXED}"'}
    async with ChatClient(key=KEY) as client:
        pieces = await text_of(server, client, body | {"max_tokens": 80})

        assert "".join(pieces) == MIXED

        for tokens in range(1, 12):
            cut = await text_of(server, client, body | {"max_tokens": tokens})

            assert MIXED.startswith("".join(cut))


async def slots(server: ServerProcess) -> list[bool]:
    """Return which slots are at work."""
    async with ChatClient(key=KEY) as client:
        return [slot["is_processing"] for slot in await client.get(f"{await server.address()}/slots")]


async def test_closing_a_stream_stops_the_server_at_once(server: ServerProcess) -> None:
    """The slot is free long before the text would have ended."""
    body = chat_body(request("Count.", max_tokens=1500)) | {"grammar": 'root ::= ("one " | "two ")*'}
    async with ChatClient(key=KEY) as client:
        async with aclosing(client.stream(await server.address(), body)) as chunks:
            await anext(chunks)

            assert any(await slots(server))

        async with asyncio.timeout(5):
            while any(await slots(server)):  # noqa: ASYNC110  # another process's state has no event
                await asyncio.sleep(0.02)


async def test_strangers_learn_nothing_from_the_port(server: ServerProcess) -> None:
    """Without the key there is no completion, no token count, no slot and no page."""
    base = await server.address()
    async with aiohttp.ClientSession() as session:
        for path, body in (("/v1/chat/completions", {}), ("/tokenize", {"content": "x"}), ("/slots", None)):
            method = "GET" if body is None else "POST"
            async with session.request(method, base + path, json=body) as response:
                assert response.status == 401
        async with session.get(base + "/") as response:
            assert response.status in {401, 404}


async def test_the_key_stands_in_no_process_list_and_no_log(server: ServerProcess) -> None:
    """It travels through standard input alone."""
    process = psutil.Process(server.pid)

    assert KEY not in " ".join(process.cmdline())
    assert KEY not in str(process.environ())

    with capture_logs() as logs:
        async with ChatClient(key=KEY) as client:
            await text_of(server, client, chat_body(request("Hello.")))

    assert KEY not in json.dumps(logs)
    assert any(entry["event"] == "llama.cpp" for entry in logs)


async def test_a_hung_server_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The silent stream ends with the typed error, and the next request is served by a new process."""
    monkeypatch.setattr(child, "EXIT_SECONDS", 0.2)
    backend = LlamaCpp(await embedded(512), LlamaCppSettings(parallel=1, threads=1), probe_seconds=0.2)
    async with Engine.open(backend, timeout_seconds=5) as engine:
        hung = engine.submit(request("Wait.", max_tokens=400))
        await anext(hung)
        pid = backend.pid
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(GenerationTimedOut):
            async for _ in hung:
                pass
        text = ""
        while not text:
            # On a busy machine the new process may need longer than the timeout of this test.
            with suppress(GenerationTimedOut):
                text, _ = await outcome(engine, request("Go on."))

        assert backend.pid != pid
        assert engine.status().restarts >= 1


async def test_a_server_that_died_is_replaced(backend: LlamaCpp, engine: Engine) -> None:
    """The status counts it, and the story goes on."""
    os.kill(backend.pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        while engine.status().ready:  # noqa: ASYNC110  # the end of a process is no event of this one
            await asyncio.sleep(0.01)

    assert engine.status().health == "restarting"

    text, _ = await outcome(engine, request("Again."))

    assert text
    assert engine.status().restarts == 1
    assert engine.status().health == "ready"


async def test_closing_leaves_no_process() -> None:
    """Not even one in the middle of a text."""
    backend = LlamaCpp(await embedded(512), LlamaCppSettings(parallel=1, threads=1))
    async with Engine.open(backend) as engine:
        generation = engine.submit(request("Long.", max_tokens=400))
        await anext(generation)
        pid = backend.pid

    assert not psutil.pid_exists(pid)


async def test_a_killed_bot_leaves_no_server() -> None:
    """The server ends when its standard input does."""
    program = """
import asyncio
from bot.engine.backends.llamacpp import LlamaCpp
from bot.engine.models import resolve

async def main():
    async with LlamaCpp(await resolve("embedded", context=512)) as backend:
        print("pid", backend.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert bot.stdout
    line = b""
    while not line.startswith(b"pid"):
        line = await bot.stdout.readline()
        assert line
    server = psutil.Process(int(line.split()[1]))
    bot.kill()
    await bot.wait()

    _, alive = await asyncio.to_thread(psutil.wait_procs, [server], timeout=10)

    assert not alive


async def test_the_context_is_no_larger_than_the_model_was_trained_for() -> None:
    """Whoever builds a prompt learns what can be read, and not what the host wished."""
    async with Engine.open(LlamaCpp(await embedded(8448), LlamaCppSettings(parallel=1))) as engine:
        assert engine.model.context == 8192


async def test_a_context_beyond_all_machines_ends_in_one_line() -> None:
    """The host reads which keys ask for less."""
    with pytest.raises(StartError, match=r"lower context or parallel under \[model\]") as caught:
        async with LlamaCpp(await embedded(10**8), LlamaCppSettings(parallel=64)):
            pass

    assert "\n" not in str(caught.value)


async def test_a_missing_llama_cpp_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is not blamed for it."""
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(StartError, match="make play"):
        async with LlamaCpp(await embedded()):
            pass


@pytest.mark.parametrize("length", [200, 5_000_000])
async def test_a_truncated_model_ends_in_one_line(tmp_path: Path, length: int) -> None:
    """Cut in its header or in its weights, it is named with the reason and the remedy."""
    whole = await embedded()
    assert whole.path is not None
    path = tmp_path / "cut.gguf"
    path.write_bytes(whole.path.read_bytes()[:length])
    info = await resolve(str(path), context=512)
    with pytest.raises(StartError, match=r"cut\.gguf cannot be loaded") as caught:
        async with LlamaCpp(info, LlamaCppSettings(parallel=1)):
            pass

    assert "\n" not in str(caught.value)
