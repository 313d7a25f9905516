"""Run the bot in the playground: a loopback Discord, the real client over a real socket, and a page."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import structlog
from pydantic import AnyHttpUrl, SecretStr

from bot.composition import open_engine
from bot.config import Config
from bot.playground.people import register_bot
from bot.playground.server import Playground
from bot.reload import reloading
from bot.wiring import make_bot
from storage.database import Database

log = structlog.get_logger(__name__)

NAME = "Storyloom"


async def play(
    config: Config, *, host: str, port: int, data: Path, page: bool, reread: Callable[[], Config]
) -> None:
    """Serve the playground with the bot in it until stopped; its address is printed once the bot can be used."""
    password = config.playground.password.get_secret_value() or None
    async with (
        open_engine(config) as engine,
        Database.open(data / "storyloom.db") as database,
        Playground.open(host=host, port=port, data=data, page=page, password=password) as playground,
    ):
        config = at_home(config, playground)
        async with (
            make_bot(config, engine=engine, database=database, hears_typing=True) as bot,
            reloading(reread=reread, engine=engine, adapters=bot.services.adapters),
        ):
            running = asyncio.create_task(bot.start(config.discord.token.get_secret_value()))
            ready = asyncio.create_task(bot.wait_until_ready())
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                sys.stdout.write(f"ready {playground.url}\n")
                sys.stdout.flush()
            await running


def at_home(config: Config, playground: Playground) -> Config:
    """Return the configuration of a bot that lives in a playground."""
    discord = config.discord.model_copy(
        update={
            "api_base": AnyHttpUrl(playground.api_base),
            "token": SecretStr(register_bot(playground.world, NAME)),
        }
    )
    return config.model_copy(update={"discord": discord})
