"""Prove that llama.cpp writes each request with the adapter that it asks for, and with no other."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy
import pytest
import pytest_asyncio
from gguf import GGUFWriter

from bot.engine.backends.llamacpp import LlamaCpp, LlamaCppSettings
from bot.engine.engine import Engine, Limits
from bot.engine.errors import AdapterMissing
from bot.engine.generation import Stats
from bot.engine.models import resolve
from bot.engine.request import Message, Request, Sampling
from bot.errors import StartError

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]
LAYERS, WIDTH, RANK = 30, 576, 4  # of the embedded model; the rank is ours
NAMES = ("noir", "fable", "")


def save_adapter(path: Path, seed: int) -> Path:
    """Write a random LoRA adapter of the queries, strong enough to be seen in every text."""
    writer = GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 4.0 * RANK)
    random = numpy.random.default_rng(seed)
    for layer in range(LAYERS):
        for side, shape in (("a", (RANK, WIDTH)), ("b", (WIDTH, RANK))):
            weights = 0.08 * random.standard_normal(shape, dtype=numpy.float32)
            writer.add_tensor(f"blk.{layer}.attn_q.weight.lora_{side}", weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    """Serve two streams, with two adapters."""
    folder = tmp_path_factory.mktemp("adapters")
    adapters = {name: save_adapter(folder / f"{name}.gguf", seed) for seed, name in enumerate(NAMES[:2])}
    info = await resolve("embedded", context=1024)
    settings = LlamaCppSettings(parallel=2, threads=1, adapters=adapters)
    async with Engine.open(LlamaCpp(info, settings), limits=Limits(99, 99)) as opened:
        yield opened


def request(
    adapter: str, *, text: str = "Tell of the sea.", key: str = "story", warm: bool = False
) -> Request:
    """Ask for the likeliest words."""
    sampling = Sampling(seed=1, temperature=0, max_tokens=10)
    return Request((Message("user", text),), sampling, key, 1, 1, 1, warm, adapter)


async def outcome(engine: Engine, asked: Request) -> tuple[str, Stats]:
    """Return a request's text and stats."""
    generation = engine.submit(asked)
    text = "".join([piece async for piece in generation])
    assert generation.stats is not None
    return text, generation.stats


async def test_each_request_is_written_with_its_own_adapter(engine: Engine) -> None:
    """One after another or beside others: the same adapter gives the same text, another one another text."""
    alone = {name: (await outcome(engine, request(name)))[0] for name in NAMES}

    assert len(set(alone.values())) == 3

    mixed = NAMES * 3
    together = await asyncio.gather(
        *(outcome(engine, request(name, key=str(number))) for number, name in enumerate(mixed))
    )

    assert [text for text, _stats in together] == [alone[name] for name in mixed]


async def test_nothing_warm_is_shared_between_adapters(engine: Engine) -> None:
    """What a story has read with one is read again with another; turns with the same one stay cheap."""
    cached = []
    for number, name in enumerate(("noir", "")):
        # Others take the slots in between, which is when llama.cpp would put a cache aside and find it again.
        for other in ("x", "y"):
            await outcome(engine, request("fable", text=f"Tell of hill {number}.", key=other, warm=True))
        asked = request(name, text="Tell of the sea. " * 8, key="warm", warm=True)
        await outcome(engine, asked)
        cached.append((await outcome(engine, asked))[1].cached > 40)
        changed = request(
            "fable" if name != "fable" else "noir", text="Tell of the sea. " * 8, key="warm", warm=True
        )
        _, stats = await outcome(engine, changed)

        assert stats.cached == 0

    assert all(cached)


async def test_an_adapter_that_the_model_was_not_given_is_told_as_such(engine: Engine) -> None:
    """The asker reads what to do, and the next request is served."""
    with pytest.raises(AdapterMissing, match="does not have the voice"):
        await outcome(engine, request("opera"))

    assert (await outcome(engine, request("noir")))[0]


async def test_a_file_that_is_no_adapter_is_one_clear_line(tmp_path: Path) -> None:
    """The start ends with llama.cpp's reason."""
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(b"no adapter")
    info = await resolve("embedded", context=1024)
    backend = LlamaCpp(info, LlamaCppSettings(parallel=1, threads=1, adapters={"wrong": wrong}))

    with pytest.raises(StartError, match="cannot be loaded"):
        async with backend:
            pass
