"""Prove the model's own process: what it answers and refuses, and that its end costs nobody more than a text."""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import pytest
import pytest_asyncio
import torch
from structlog.testing import capture_logs

from bot.engine.backends import child
from bot.engine.backends.chat import ChatClient
from bot.engine.backends.transformers import backend as backend_module
from bot.engine.backends.transformers import serving
from bot.engine.backends.transformers.backend import Transformers, TransformersSettings, server_settings
from bot.engine.backends.transformers.runner import Row, Runner
from bot.engine.backends.transformers.wire import request_body
from bot.engine.errors import GenerationFailed, PromptTooLong
from bot.engine.request import Message, ModelInfo, Request, Sampling, Usage
from bot.errors import StartError
from tests.lora import opened, save_lora
from tests.tiny import save_tiny

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY = "a key for tests"
CONTEXT = 512
SETTINGS = TransformersSettings(parallel=3, quantization="none", device="cpu", warm_gigabytes=0.02, threads=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a tiny model."""
    return save_tiny(tmp_path_factory.mktemp("tiny"))


def info(folder: Path) -> ModelInfo:
    """Name it."""
    return ModelInfo("tiny", "Tiny", "1", folder, None, CONTEXT)


def settings_for(folder: Path, **changes: object) -> dict[str, Any]:
    """Return what a server gets told."""
    return server_settings(info(folder), SETTINGS) | {"key": KEY, "adapters": {}} | changes


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def base(folder: Path) -> AsyncIterator[str]:
    """Serve in this process; return the address."""
    async with serving.serving(settings_for(folder)) as (address, _ended):
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[ChatClient]:
    """Ask with the key."""
    async with ChatClient(key=KEY) as asking:
        yield asking


def request(
    text: str, *, key: str = "story", warm: bool = False, adapter: str = "", **sampling: Any
) -> Request:
    """Ask for a few words."""
    values = {"seed": 1, "max_tokens": 8} | sampling
    return Request((Message("user", text),), Sampling(**values), key, 1, 1, 1, warm, adapter)


# The likeliest token, again and again: a text that does not end by itself.
LONG = request("x", temperature=0, repetition_penalty=1.0, max_tokens=480)


async def answer(client: ChatClient, base: str, asked: Request) -> tuple[str, Usage]:
    """Return a text and its usage."""
    async with aclosing(client.stream(base, request_body(asked))) as chunks:
        told = [chunk async for chunk in chunks]
    assert told[-1].usage is not None
    return "".join(chunk.text for chunk in told), told[-1].usage


async def test_a_warm_turn_reads_only_what_is_new(client: ChatClient, base: str) -> None:
    """And one that is not warm reads everything."""
    asked = request("The keeper counted the ships again. " * 5, key="warm", warm=True)
    _text, first = await answer(client, base, asked)
    _text, second = await answer(client, base, asked)
    _text, cold = await answer(client, base, replace(asked, warm=False))

    assert (first.cached, cold.cached) == (0, 0)
    assert second.cached == first.prompt_tokens - 1
    assert second.prompt_tokens == first.prompt_tokens


async def test_more_streams_than_places_are_all_served(client: ChatClient, base: str) -> None:
    """Each with its own text, which is the one that it has alone."""
    asked = [request(f"ship {n}", seed=n, key=str(n), max_tokens=24) for n in range(7)]
    together = await asyncio.gather(*(answer(client, base, one) for one in asked))
    alone = [await answer(client, base, one) for one in asked]

    assert together == alone
    assert len({text for text, _usage in alone}) == 7


async def test_the_words_of_people_are_no_signs(client: ChatClient, base: str) -> None:
    """They count as the characters that they are."""
    counted = await client.post(f"{base}/tokenize", {"content": "<|im_end|>"})

    assert len(counted["tokens"]) > 1


async def test_a_prompt_beyond_the_context_is_refused_with_both_numbers(
    client: ChatClient, base: str
) -> None:
    """Its answer would have no room."""
    with pytest.raises(PromptTooLong) as caught:
        await answer(client, base, request("word " * CONTEXT))

    assert caught.value.tokens > caught.value.limit == CONTEXT


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        (request("x", adapter="pirate"), "adapter"),
        (request("x", grammar="root ::= ("), "constraint"),
        (request("x", json_schema='{"type": "nonsense"}'), "constraint"),
    ],
)
async def test_what_cannot_be_done_fails_by_its_kind(
    client: ChatClient, base: str, asked: Request, kind: str
) -> None:
    """And the next is served."""
    with pytest.raises(GenerationFailed) as caught:
        await answer(client, base, asked)

    assert caught.value.kind == kind
    assert (await answer(client, base, request("x")))[1].tokens


async def test_a_json_schema_holds(client: ChatClient, base: str) -> None:
    """The text is such JSON."""
    schema = json.dumps({"enum": ["ship", "island"]})
    text, usage = await answer(client, base, request("x", json_schema=schema, max_tokens=60))

    assert json.loads(text) in {"ship", "island"}
    assert usage.ending == "stop"


async def test_an_adapter_that_is_none_is_refused_in_words(
    client: ChatClient, base: str, tmp_path: Path
) -> None:
    """As is letting go one that is not there."""
    with pytest.raises(GenerationFailed) as loading:
        await client.post(f"{base}/adapters/load", {"name": "pirate", "folder": str(tmp_path)})
    with pytest.raises(GenerationFailed) as unloading:
        await client.post(f"{base}/adapters/unload", {"name": "pirate"})

    assert loading.value.detail.startswith("400 ")
    assert "no adapter pirate" in unloading.value.detail


async def test_a_body_that_is_no_request_is_refused(client: ChatClient, base: str) -> None:
    """In one line, and nothing was run."""
    for body in ({}, {"messages": 7}, request_body(request("x")) | {"seed": "x"}):
        with pytest.raises(GenerationFailed) as caught:
            await client.post(f"{base}/v1/chat/completions", body)

        assert caught.value.detail.startswith("400 ")


async def test_hanging_up_stops_the_model(client: ChatClient, base: str) -> None:
    """Long before the text would have ended."""
    async with aclosing(client.stream(base, request_body(LONG))) as chunks:
        await anext(chunks)

        assert (await client.get(f"{base}/stats"))["running"] == 1

    async with asyncio.timeout(10):
        while (await client.get(f"{base}/stats"))["running"]:  # noqa: ASYNC110  # the server tells no events
            await asyncio.sleep(0)


async def test_strangers_learn_nothing_from_the_port(base: str) -> None:
    """No path answers without the key, were there such a path or not."""
    async with aiohttp.ClientSession() as session:
        for path in (
            "/v1/chat/completions",
            "/tokenize",
            "/adapters/load",
            "/slots",
            "/stats",
            "/health",
            "/",
        ):
            method = "GET" if path in {"/slots", "/stats", "/health", "/"} else "POST"
            async with session.request(method, base + path, json={}) as response:
                assert response.status == 401


async def test_slots_are_silent_while_a_step_hangs(
    client: ChatClient, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the process itself still answers; so whoever asks can tell the one from the other."""
    inside, go = threading.Event(), threading.Event()
    forward = Runner.forward

    def hang(runner: Runner, rows: Sequence[Row]) -> torch.Tensor:
        inside.set()
        go.wait()
        return forward(runner, rows)

    monkeypatch.setattr(Runner, "forward", hang)
    stream = asyncio.create_task(answer(client, base, request("x")))
    await asyncio.to_thread(inside.wait)
    silent = asyncio.create_task(client.get(f"{base}/slots"))

    assert (await client.get(f"{base}/health"))["status"] == "ok"
    assert not silent.done()

    go.set()

    assert (await silent)[0]["n_ctx"] == CONTEXT
    assert (await stream)[1].tokens


@pytest.mark.parametrize("error", [torch.AcceleratorError("CUDA error: out of luck"), None])
async def test_a_model_of_no_more_use_ends_its_streams_and_its_process(
    client: ChatClient, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    """A lost card, and a model that gives no numbers: streams end by their kind, and the process asks to be ended."""
    monkeypatch.setattr(serving, "LAST_WORDS", 0)

    def spoil(_runner: Runner, rows: Sequence[Row]) -> torch.Tensor:
        if error:
            raise error
        return torch.full((sum(row.wants_logits for row in rows), 400), torch.nan)

    with capture_logs() as logs:
        async with serving.serving(settings_for(folder)) as (address, ended):
            monkeypatch.setattr(Runner, "forward", spoil)
            streams = [asyncio.create_task(answer(client, address, request("x"))) for _ in range(2)]
            await asyncio.wait_for(ended, 10)
            failed = [await asyncio.gather(stream, return_exceptions=True) for stream in streams]

    kinds = {error.kind for (error,) in failed if isinstance(error, GenerationFailed)}
    assert ("error" if error else "nan") in kinds
    assert "model gave up" in [entry["event"] for entry in logs]


# As server.py, but that a long prompt hangs.
HANGING = """
import time
from bot.engine.backends.transformers import runner, server

forward = runner.Runner.forward

def hang(self, rows):
    if sum(len(row.tokens) for row in rows) > 100:
        time.sleep(3600)
    return forward(self, rows)

runner.Runner.forward = hang
server.main()
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def backend(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Transformers]:
    """Run the real process, in which one thing is wrong; closing leaves none, not even in the middle of a text."""
    script = tmp_path_factory.mktemp("script") / "server.py"
    script.write_text(HANGING)
    settings = replace(SETTINGS, watchdog_seconds=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child, "EXIT_SECONDS", 0.2)
        patch.setattr(backend_module, "SCRIPT", script)
        async with Transformers(info(folder), settings, probe_seconds=0.5) as running:
            yield running
            left = running.stream(LONG)
            await anext(left)
    assert not psutil.pid_exists(running.pid)
    await left.aclose()


async def read(backend: Transformers, asked: Request) -> str:
    """Return a text of the backend's."""
    async with aclosing(backend.stream(asked)) as chunks:
        return "".join([chunk.text async for chunk in chunks])


async def test_the_key_stands_in_no_process_list_and_no_log(backend: Transformers) -> None:
    """Nor does what was written."""
    process = psutil.Process(backend.pid)
    seen = " ".join([*process.cmdline(), str(process.environ())])
    key = backend._server._client._key  # it is told to nobody, so it is looked at where it is
    with capture_logs() as logs:
        text = await read(backend, request("A secret word."))

    assert key not in seen + json.dumps(logs)
    assert text not in json.dumps(logs, ensure_ascii=False)


async def test_a_process_that_hangs_is_replaced_by_its_like(
    backend: Transformers, folder: Path, tmp_path: Path
) -> None:
    """Once somebody says that it is silent; the new one has the adapters of the old, and writes as it did."""
    await backend.load_adapter("pirate", save_lora(tmp_path / "pirate", opened(folder), seed=3))
    asked = request("x", adapter="pirate", temperature=0)
    before, plain = await read(backend, asked), await read(backend, replace(asked, adapter=""))
    await backend.recover()  # it is only silent
    restarts, hung = backend.restarts, backend.pid
    os.kill(hung, signal.SIGSTOP)
    await backend.recover()

    assert await read(backend, asked) == before != plain
    assert backend.restarts == restarts + 1
    assert not psutil.pid_exists(hung)

    await backend.unload_adapter("pirate")
    with pytest.raises(GenerationFailed, match="voice"):
        await read(backend, asked)


async def test_adapters_come_and_go_while_the_model_runs(
    backend: Transformers, folder: Path, tmp_path: Path
) -> None:
    """What is new is loaded, what changed its place is exchanged, and what cannot be loaded is only logged."""
    first, second = (
        save_lora(tmp_path / name, opened(folder), seed=seed) for name, seed in (("one", 3), ("two", 4))
    )
    asked = request("x", adapter="pirate", temperature=0)
    assert await backend.change_adapters({"pirate": first}) == ("pirate",)
    before = await read(backend, asked)
    with capture_logs() as logs:
        assert await backend.change_adapters({"pirate": second, "poet": tmp_path / "none"}) == ("pirate",)
    assert [entry["adapter"] for entry in logs if entry["log_level"] == "error"] == ["poet"]
    assert await read(backend, asked) != before
    assert await backend.change_adapters({}) == ()
    with pytest.raises(GenerationFailed, match="voice"):
        await read(backend, asked)


async def test_a_step_that_takes_too_long_ends_its_process(backend: Transformers) -> None:
    """Nobody has to ask: the process ends itself, says why, and is started again."""
    restarts = backend.restarts
    with capture_logs() as logs:
        with pytest.raises(GenerationFailed):
            await read(backend, request("word " * 50))
        assert await read(backend, request("x"))

    assert backend.restarts == restarts + 1
    told = [str(entry.get("line")) for entry in logs if entry["log_level"] == "error"]
    assert any(line.startswith("model hangs") for line in told)


async def test_a_model_that_cannot_be_loaded_ends_in_one_line(tmp_path: Path) -> None:
    """With its path, the reason, and what would help."""
    (save_tiny(tmp_path) / "config.json").unlink()
    with pytest.raises(StartError) as caught:
        async with Transformers(info(tmp_path), SETTINGS):
            pass

    assert str(caught.value).startswith(f"The model {tmp_path} cannot be loaded: ")
    assert "has no config.json: it is not the folder of a model." in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_missing_library_names_the_remedy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is not blamed for it."""
    monkeypatch.setattr(backend_module, "NEEDED", ("torch", "no_such_library"))
    with pytest.raises(StartError, match=r"no_such_library is not installed.*pip install"):
        async with Transformers(info(folder), SETTINGS):
            pass


async def test_the_bot_itself_loads_no_torch() -> None:
    """Naming the backend costs nothing."""
    program = "import sys, bot.engine.backends.transformers.backend; sys.exit('torch' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)

    assert await process.wait() == 0
