"""Be the bot in a process of its own, with a narrator that falls silent in mid-sentence. Run by test_e2e_restart."""

import asyncio
import sys
from pathlib import Path

from pydantic import AnyHttpUrl, SecretStr

from bot import logs
from bot.config import Config, DiscordSettings, StorageSettings
from bot.engine.engine import Engine
from bot.wiring import make_bot
from storage.database import Database
from tests.script import Script
from tests.scripted import ScriptedBackend


async def main(api_base: str, token: str, path: Path) -> None:
    """Play until killed; print a line once the bot can be used."""
    config = Config(
        discord=DiscordSettings(api_base=AnyHttpUrl(api_base), token=SecretStr(token)),
        storage=StorageSettings(path=path),
    )
    logs.configure(level="error", form="text")
    script = Script()
    script.hold(after=12)
    async with (
        Engine.open(ScriptedBackend(script.reply, delay=script.delay)) as engine,
        Database.open(path) as database,
        make_bot(config, engine=engine, database=database, hears_typing=True) as bot,
    ):
        running = asyncio.create_task(bot.start(token))
        await bot.wait_until_ready()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await running


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
