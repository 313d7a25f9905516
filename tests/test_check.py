"""Prove that `check` tells what is right and wrong, and changes nothing."""

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import AnyHttpUrl, SecretStr

from bot.check import check, findings
from bot.config import Config, DiscordSettings, MetricsSettings, ModelSettings, OpenAISection, StorageSettings
from bot.engine.engine import Engine
from bot.engine.shapes import SHAPES
from bot.metrics.figures import Figures
from bot.metrics.server import serving
from bot.playground.people import register_bot
from bot.playground.server import Playground
from storage.database import Database
from tests.model_server import model_server
from tests.scripted import ScriptedBackend


async def verdicts(config: Config) -> dict[str, tuple[str, str]]:
    """Return what was found, by its subject."""
    return {found.subject: (found.verdict, found.detail) async for found in findings(config)}


def config_in(folder: Path, **sections: object) -> Config:
    """Return a configuration whose database stands in a folder."""
    return Config(storage=StorageSettings(path=folder / "stories.db"), **sections)  # type: ignore[arg-type]  # sections by name


async def test_new_installation_is_sound_and_stays_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a token or a database there is nothing wrong yet, and looking creates nothing."""
    assert await check(config_in(tmp_path)) == 0
    printed = capsys.readouterr().out
    assert [line.split()[1] for line in printed.splitlines()] == [
        "python",
        "config",
        "token",
        "database",
        "disk",
        "model",
        "graphics",
        "fonts",
    ]
    assert os.listdir(tmp_path) == []


async def test_sound_database_is_told_while_the_bot_uses_it(tmp_path: Path) -> None:
    """The check reads beside a running bot."""
    config = config_in(tmp_path)
    async with Database.open(config.storage.path):
        assert (await verdicts(config))["database"][0] == "ok"


async def test_damaged_database_is_wrong_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no database ends in exit code 1 and the remedy."""
    config = config_in(tmp_path)
    config.storage.path.write_bytes(b"not a database" * 1000)

    assert await check(config) == 1
    assert "restore" in capsys.readouterr().out


async def test_lost_database_is_wrong_and_the_check_goes_on(tmp_path: Path) -> None:
    """A log without its database is one finding among the others."""
    config = config_in(tmp_path)
    config.storage.path.with_name("stories.db-wal").write_bytes(b"words that were acknowledged")
    found = await verdicts(config)

    assert found["database"][0] == "wrong"
    assert "fonts" in found


async def test_token_is_tried_and_never_shown(tmp_path: Path) -> None:
    """A right token names the bot, a wrong one says so; neither is printed."""
    async with Playground.open() as playground:
        base = AnyHttpUrl(playground.api_base)
        right = SecretStr(register_bot(playground.world, "Storyloom"))
        wrong = SecretStr("sesame")
        good = await verdicts(config_in(tmp_path, discord=DiscordSettings(token=right, api_base=base)))
        bad = await verdicts(config_in(tmp_path, discord=DiscordSettings(token=wrong, api_base=base)))

    assert good["token"] == ("ok", "accepted, the bot is Storyloom")
    assert bad["token"][0] == "wrong"
    assert "sesame" not in str(bad)


async def test_unreachable_discord_is_told(tmp_path: Path) -> None:
    """A closed port is named, without a traceback."""
    discord = DiscordSettings(token=SecretStr("x"), api_base=AnyHttpUrl("http://127.0.0.1:9/api/v10"))

    verdict, detail = (await verdicts(config_in(tmp_path, discord=discord)))["token"]

    assert verdict == "wrong"
    assert "127.0.0.1:9" in detail


async def test_a_running_bot_is_asked_how_it_is(tmp_path: Path) -> None:
    """Well, its model starting again, or not there at all; with a port that is set, and only then."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        metrics = MetricsSettings(port=taken.getsockname()[1])
    config = config_in(tmp_path, metrics=metrics)
    absent = (await verdicts(config))["bot"]
    backend = ScriptedBackend()
    async with Engine.open(backend) as engine, serving(metrics, figures=Figures(), engine=engine):
        well = (await verdicts(config))["bot"]
        backend.ready, backend.restarts = False, 1
        ill = (await verdicts(config))["bot"]

    assert absent == ("note", f"not running: nothing answers at {metrics.url}")
    assert well == ("ok", "running, model restarted 0 times")
    assert ill == ("wrong", "running, but its model is restarting; restarted 1 time before")
    assert "bot" not in await verdicts(config_in(tmp_path))


async def test_adapters_are_looked_for(tmp_path: Path) -> None:
    """Each that is not where the host says is named."""
    (tmp_path / "noir").mkdir()
    here, gone = {"noir": str(tmp_path / "noir")}, {"fable": str(tmp_path / "fable")}

    assert (await verdicts(config_in(tmp_path, adapters=here)))["adapters"] == ("ok", "noir")
    verdict, detail = (await verdicts(config_in(tmp_path, adapters=here | gone)))["adapters"]
    assert verdict == "wrong"
    assert f"fable ({gone['fable']})" in detail
    assert "noir" not in detail.split(":")[1]


async def test_another_program_on_the_metrics_port_is_no_bot(tmp_path: Path) -> None:
    """A server that says something else there is named as such."""
    async with Playground.open() as playground:
        metrics = MetricsSettings(port=int(playground.url.rsplit(":", 1)[1]))
        verdict, detail = (await verdicts(config_in(tmp_path, metrics=metrics)))["bot"]

    assert verdict == "wrong"
    assert "something else answers" in detail


async def test_a_missing_model_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that leads nowhere, and what would have to be fetched from a hub that does not answer."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    nowhere = ModelSettings(model=str(tmp_path / "none.gguf"))
    coming = ModelSettings(model="owner/tales:tale.gguf", cache_dir=tmp_path / "cache")

    assert (await verdicts(config_in(tmp_path, model=nowhere)))["model"][0] == "wrong"
    verdict, detail = (await verdicts(config_in(tmp_path, model=coming)))["model"]
    assert (verdict, "owner/tales:tale.gguf@main could not be downloaded" in detail) == ("wrong", True)
    assert not (tmp_path / "cache").exists()


async def test_each_model_server_is_asked_what_it_serves(tmp_path: Path, unused_tcp_port: int) -> None:
    """One that answers is named with its model; one that is away, or serves another, is wrong."""
    gone = f"http://127.0.0.1:{unused_tcp_port}"
    async with model_server("Qwen/Qwen3-8B") as first, model_server("other") as second:
        servers = OpenAISection(base_urls=(f"{first}/v1", gone, second))  # type: ignore[arg-type]  # as the file has them
        config = config_in(tmp_path, model=ModelSettings(backend="openai"), openai=servers)
        found = [(f.verdict, f.detail) for f in [f async for f in findings(config)] if f.subject == "server"]

    assert [verdict for verdict, _ in found] == ["ok", "wrong", "wrong"]
    assert found[0][1] == f"{first} serves Qwen/Qwen3-8B (vllm), reads 8192 tokens"
    assert gone in found[1][1]
    assert "serves other, not Qwen/Qwen3-8B" in found[2][1]


async def test_a_model_server_without_an_adapter_is_wrong(tmp_path: Path) -> None:
    """Adapters have the same names there as in the settings; which one is missing is said."""
    async with model_server("m", "noir") as url:
        servers = OpenAISection(base_urls=(AnyHttpUrl(url),))
        for adapters, verdict in (({"noir": ""}, "ok"), ({"noir": "", "pirate": ""}, "wrong")):
            config = config_in(
                tmp_path, model=ModelSettings(backend="openai"), openai=servers, adapters=adapters
            )
            found = (await verdicts(config))["server"]

            assert found[0] == verdict
            assert ("pirate" in found[1]) == (verdict == "wrong")


async def test_a_missing_model_server_is_named(tmp_path: Path) -> None:
    """The line says which key to set."""
    found = await verdicts(config_in(tmp_path, model=ModelSettings(backend="openai")))

    assert found["server"] == ("wrong", "none: set base_urls under [openai]")
    assert "model" not in found


@pytest.fixture
def big_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a driver's program on this machine, which tells of a card with 24 GB."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA GeForce RTX 4090, 20000, 24564'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def folder_of(path: Path, shape: Mapping[str, object]) -> ModelSettings:
    """Return settings of a model whose folder has no more than is looked at."""
    path.mkdir()
    (path / "config.json").write_text(json.dumps(shape))
    (path / "tokenizer.json").write_text("{}")
    (path / "model.safetensors").write_bytes(b"weights")
    return ModelSettings(model=str(path))


@pytest.mark.usefixtures("big_card")
async def test_a_card_is_told_with_what_would_fit(tmp_path: Path) -> None:
    """The largest model of each choice of languages, with its weights and warm stories."""
    verdict, detail = (await verdicts(config_in(tmp_path)))["graphics"]

    assert verdict == "ok"
    assert "NVIDIA GeForce RTX 4090, 21.0 of 25.8 GB free; fits in nf4" in detail
    assert "mistralai/Mistral-Small-24B-Instruct-2501 (en, 14.2 GB and 12 warm stories)" in detail
    assert "Qwen/Qwen3-32B (en/zh, 19.2 GB and 3 warm stories)" in detail


async def test_a_machine_without_a_card_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the driver shows none to this program."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    verdict, detail = (await verdicts(config_in(tmp_path)))["graphics"]

    assert (verdict, "no card that can be used" in detail) == ("note", True)


@pytest.mark.usefixtures("big_card")
async def test_the_chosen_model_is_told_with_what_it_takes(tmp_path: Path) -> None:
    """Its revision, what runs it, its weights and a story; one that is too big is wrong, with what would help."""
    small = folder_of(tmp_path / "small", SHAPES["qwen3-8b"])
    verdict, detail = (await verdicts(config_in(tmp_path, model=small)))["model"]
    assert verdict == "ok"
    assert "small (revision " in detail
    assert "run by transformers" in detail
    assert "6.1 GB as nf4, 0.60 GB for each story of 4096 tokens" in detail

    plain = small.model_copy(update={"model": str(tmp_path / "plain"), "quantization": "none"})
    folder_of(tmp_path / "plain", SHAPES["qwen3-14b"])
    verdict, detail = (await verdicts(config_in(tmp_path, model=plain)))["model"]
    assert (verdict, detail.rpartition(": ")[2]) == ("wrong", 'set quantization = "int8"')

    huge = folder_of(tmp_path / "huge", SHAPES["llama-3.3-70b"])
    verdict, detail = (await verdicts(config_in(tmp_path, model=huge)))["model"]
    assert (verdict, detail.rpartition(": ")[2]) == ("wrong", "take a smaller model")

    strange = folder_of(tmp_path / "strange", {"model_type": "mixtral"})
    assert (await verdicts(config_in(tmp_path, model=strange)))["model"][0] == "ok"


async def test_a_backend_that_cannot_read_the_model_is_wrong(tmp_path: Path) -> None:
    """Before anything is fetched for it."""
    model = ModelSettings(model="owner/tales", backend="llamacpp", cache_dir=tmp_path / "cache")
    verdict, detail = (await verdicts(config_in(tmp_path, model=model)))["model"]

    assert (verdict, "llama.cpp reads GGUF files" in detail) == ("wrong", True)
