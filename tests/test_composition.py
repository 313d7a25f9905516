"""Prove what a host sees when Discord does not let the bot in, or not with everything it asks for."""

import asyncio
from pathlib import Path

import pytest
from pydantic import AnyHttpUrl, SecretStr

from bot.composition import open_engine, run
from bot.config import Config, DiscordSettings, ModelSettings, OpenAISection, StorageSettings
from bot.errors import StartError
from bot.playground.people import register_bot
from bot.playground.server import Playground
from tests.model_server import model_server
from tests.openapi import described, violations_of
from tests.person import Person
from tests.stage import answered

pytestmark = pytest.mark.model


def config_for(playground: Playground, folder: Path, *, token: str | None = None) -> Config:
    """Return the configuration of a bot on a playground, as `make run` would read it."""
    secret = SecretStr(register_bot(playground.world, "Storyloom") if token is None else token)
    return Config(
        discord=DiscordSettings(token=secret, api_base=AnyHttpUrl(playground.api_base)),
        storage=StorageSettings(path=folder / "stories.db"),
    )


async def test_refused_token_is_one_clear_line(tmp_path: Path) -> None:
    """A wrong token ends the start with where to get a right one."""
    async with Playground.open() as playground:
        with pytest.raises(StartError, match="refuses the token"):
            await run(config_for(playground, tmp_path, token="wrong"), reread=Config)


async def test_discord_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A closed port ends the start with its address."""
    discord = DiscordSettings(token=SecretStr("x"), api_base=AnyHttpUrl("http://127.0.0.1:9/api/v10"))
    config = Config(discord=discord, storage=StorageSettings(path=tmp_path / "stories.db"))
    with pytest.raises(StartError, match=r"127\.0\.0\.1:9"):
        await run(config, reread=Config)


async def test_without_the_message_content_intent_the_bot_runs_and_says_why_typing_does_not(
    tmp_path: Path,
) -> None:
    """Discord closes the first connection; the second asks for less."""
    async with Playground.open() as playground:
        config = config_for(playground, tmp_path)
        application = next(iter(playground.world.applications.values()))
        application.privileged_intents = False
        running = asyncio.create_task(run(config, reread=Config))
        try:
            async with Person.open(playground, name="Mara") as mara, asyncio.timeout(30):
                while not application.commands or not playground.hub.online(application.id):
                    assert not running.done()
                    await asyncio.sleep(0.05)
                refusal = await mara.command(
                    "story start", channel="fireside", options={"title": "Fog", "free_typing": True}
                )
                told = await answered(refusal)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    assert "Free typing is off" in told["content"]
    if described():
        assert violations_of(list(playground.requests)) == []


async def test_the_engine_of_another_machine_is_opened_by_its_settings() -> None:
    """With the backend `openai`, no model is looked for here."""
    async with model_server("Qwen/Qwen3-8B") as url:
        config = Config(
            model=ModelSettings(backend="openai", model="no such file", parallel=7, languages=("zh",)),
            openai=OpenAISection(base_urls=(AnyHttpUrl(f"{url}/v1"),), api_key=SecretStr("k")),
        )
        async with open_engine(config) as engine:
            status = engine.status()

    assert (status.backend, status.model.id) == ("openai", "Qwen/Qwen3-8B")
    assert (status.model.languages, status.model.context) == (("zh",), 4096)
