"""Prove that the host's adapters reach the model that is to write with them."""

from pathlib import Path

import pytest

from bot.composition import open_engine
from bot.config import Config, ModelSettings
from bot.engine.engine import Engine
from bot.engine.errors import AdapterMissing
from bot.engine.request import Message, Request, Sampling
from bot.errors import StartError
from tests.lora import opened, save_lora
from tests.tiny import save_tiny


async def test_adapters_of_the_configuration_are_there_from_the_start(tmp_path: Path) -> None:
    """A request writes with the one that it names; a folder that holds none ends the start with one line."""
    (tmp_path / "tiny").mkdir()
    tiny = save_tiny(tmp_path / "tiny")
    adapter = save_lora(tmp_path / "noir", opened(tiny), seed=1)
    model = ModelSettings(
        backend="transformers", model=str(tiny), quantization="none", context=1024, parallel=1, threads=1
    )

    async def text(engine: Engine, adapter: str) -> str:
        sampling = Sampling(seed=1, temperature=0, max_tokens=12)
        asked = Request((Message("user", "The lamp."),), sampling, "1", 1, 1, 1, adapter=adapter)
        return "".join([piece async for piece in engine.submit(asked)])

    async with open_engine(Config(model=model, adapters={"noir": str(adapter)})) as engine:
        assert await text(engine, "noir") != await text(engine, "")
        with pytest.raises(AdapterMissing):
            await text(engine, "fable")
    with pytest.raises(StartError, match=r"noir cannot be loaded from .*nowhere"):
        async with open_engine(Config(model=model, adapters={"noir": str(tmp_path / "nowhere")})):
            pass
