"""Prove that a model starts on what suits it, from the host's settings alone, or says in one line why not."""

from pathlib import Path
from typing import Any

import pytest

from bot.composition import open_engine
from bot.config import Config, ModelSettings
from bot.engine.request import Message, Request, Sampling
from bot.errors import StartError
from tests import converted
from tests.tiny import edit_config, save_tiny


@pytest.fixture(autouse=True)
def _no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on a machine without a card, whatever this one has."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def settings(model: Path | str, **keys: Any) -> Config:
    """Return settings for a small model on one thread."""
    chosen = {"context": 1024, "parallel": 2, "threads": 1, "warm_gigabytes": 0.2} | keys
    return Config(model=ModelSettings(model=str(model), **chosen))


def asking(text: str) -> Request:
    """Return a request for the likeliest words."""
    sampling = Sampling(seed=1, temperature=0, max_tokens=12)
    return Request((Message("user", text),), sampling, "story", guild_id=1, channel_id=1, user_id=1)


async def written(config: Config) -> tuple[str, str]:
    """Start a model and return its id and what it writes."""
    async with open_engine(config) as engine:
        text = [piece async for piece in engine.submit(asking("What is the capital of France?"))]
        return engine.model.id, "".join(text)


async def test_a_folder_of_safetensors_runs_with_torch(tmp_path: Path) -> None:
    """Where it says nothing else, and without a card too; the id tells its content."""
    (tmp_path / "tale").mkdir()
    config = settings(save_tiny(tmp_path / "tale"), quantization="none")
    model, text = await written(config)

    assert model.startswith("tale#")
    assert text


@pytest.mark.model
async def test_a_gguf_file_runs_with_torch_where_the_host_wants_that(smollm2_folder: Path) -> None:
    """It is converted once: what a run before has made is used."""
    assert smollm2_folder.is_relative_to(converted.CACHE)
    config = settings("embedded", backend="transformers", quantization="none", cache_dir=converted.CACHE)

    assert "Paris" in (await written(config))[1]


async def test_a_model_that_is_too_big_ends_the_start_in_one_line(tmp_path: Path) -> None:
    """The sentence of the model's own process arrives at the host, with the memory that it would need."""
    edit_config(save_tiny(tmp_path), hidden_size=65_536, intermediate_size=1_048_576)
    said = r"needs \d+\.\d GB with one story of 1024 tokens, and the memory has \d+\.\d GB free: take a smaller model"
    with pytest.raises(StartError, match=said) as caught:
        await written(settings(tmp_path))

    assert "\n" not in str(caught.value)


async def test_llama_cpp_refuses_safetensors_before_anything_is_fetched(tmp_path: Path) -> None:
    """The hub is not even asked."""
    with pytest.raises(StartError, match=r"llama\.cpp reads GGUF files"):
        await written(settings("owner/tales", backend="llamacpp", cache_dir=tmp_path / "cache"))
