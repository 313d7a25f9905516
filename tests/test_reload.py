"""Prove that a host can add and take out adapters while the bot runs."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

from structlog.testing import capture_logs

from bot.config import Config, load
from bot.engine.engine import Engine
from bot.reload import reloading
from bot.story.narration.adapters import Adapters
from storage.database import Database
from tests.scripted import ScriptedBackend


async def until(fact: Callable[[], object]) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(10):
        while not fact():  # noqa: ASYNC110  # the fact is told by nobody
            await asyncio.sleep(0.01)


async def test_a_signal_takes_up_what_changed_in_the_file(database: Database, tmp_path: Path) -> None:
    """Again and again; a file that cannot be read changes nothing, and the log says why."""
    file = tmp_path / "config.toml"
    file.write_text('[adapters]\npirate = "pirate"\n')
    adapters = Adapters(database=database, names=("pirate",))

    def reread() -> Config:
        return load(file)

    async with (
        Engine.open(ScriptedBackend()) as engine,
        reloading(reread=reread, engine=engine, adapters=adapters),
    ):
        file.write_text('[adapters]\npoet = "poet"\nsailor = "sailor"\n')
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: adapters.names == ("poet", "sailor"))
        file.write_text("[adapters\n")
        with capture_logs() as told:
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: told)
        assert "config.toml" in told[0]["reason"]
        assert adapters.names == ("poet", "sailor")
        file.write_text("")
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: adapters.names == ())
