"""Measure the bot in the playground while many channels write and the model narrates in some of them.

Bot and playground share one process and one event loop, as in `play`, and keep their data on disk; only Discord's
rate limits are off. The people are a process of their own, so that their cost does not count as the bot's.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.bench.figures import (
    Figures,
    children,
    own_peak_megabytes,
    own_processor_seconds,
    peak_megabytes,
    percentiles,
)
from bot.bench.lag import loop_lag
from bot.bench.watch import Watch
from bot.client import StoryBot
from bot.composition import open_engine
from bot.config import Config
from bot.play import at_home
from bot.playground.server import Playground
from bot.story.people import Person, Place
from bot.story.shelf import Outline
from bot.wiring import make_bot
from storage.database import Database

SETTLED = 60.0  # seconds that passages may still be on their way when the last was sent


@dataclass(frozen=True, slots=True)
class Load:
    """Say how many channels write, how many passages a second together, for how long, and where the model does."""

    channels: int = 200
    rate: float = 100.0
    seconds: float = 30.0
    narrating: int = 4


async def measure(config: Config, load: Load) -> Figures:
    """Run the load and return what it was like."""
    parent = config.storage.path.parent
    parent.mkdir(parents=True, exist_ok=True)
    # On the disk that stories are kept on: the speed of its fsync is part of the answer.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        async with _playing(config, Path(folder)) as (playground, bot):
            servers = children()
            plan = await _plan(playground, bot, load)
            watch = Watch(frozenset(writer["id"] for writer in plan["writers"]))
            watch.listen(playground)
            async with loop_lag() as lags:
                people = await _people(plan)
            after = await _settle(watch, people)
            processor = own_processor_seconds()
            memory = {"bot": own_peak_megabytes(), "model": [peak_megabytes(pid) for pid in servers]}
    return {
        "bench": "many channels",
        "load": asdict(load),
        "acknowledged_ms": percentiles(watch.acknowledged),
        "loop_lag_ms": percentiles(lags),
        "write_shown_ms": percentiles(watch.written),
        "typed_taken_ms": percentiles(watch.typed),
        "passages": {"written": len(watch.written), "typed": len(watch.typed), "seconds_after": after},
        "unanswered": watch.unanswered,
        "people": people,
        "main_thread_seconds": processor,
        "peak_megabytes": memory,
    }


@asynccontextmanager
async def _playing(config: Config, folder: Path) -> AsyncIterator[tuple[Playground, StoryBot]]:
    """Open what `play` opens."""
    async with (
        open_engine(config) as engine,
        Database.open(folder / "storyloom.db") as database,
        Playground.open(data=folder, page=False, rate_limits=False) as playground,
    ):
        config = at_home(config, playground)
        async with make_bot(config, engine=engine, database=database, hears_typing=True) as bot:
            running = asyncio.create_task(bot.start(config.discord.token.get_secret_value()))
            await bot.wait_until_ready()
            yield playground, bot
        await running


async def _plan(playground: Playground, bot: StoryBot, load: Load) -> dict[str, Any]:
    """Furnish the channels, each with a writer and a story, and say what people need to know."""
    world = playground.world
    guild = next(iter(world.guilds))
    assert bot.user is not None  # a connected client knows itself
    commands = world.applications[bot.user.id].commands.values()
    writers = []
    for number in range(load.channels):
        channel = int(world.create_channel(guild, f"bench-{number}")["id"])
        writers.append(_seat(playground, guild, channel, f"writer {number}"))
        outline = Outline(title=f"Story {number}", free_typing=True)
        await bot.services.shelf.start(Place(guild, channel), Person(writers[-1]["id"], "writer"), outline)
    return {
        "api": playground.api_base,
        "gateway": playground.url.replace("http", "ws", 1) + "/gateway?v=10&encoding=json",
        "guild": str(guild),
        "application": str(bot.user.id),
        "commands": {c["name"]: {key: c[key] for key in ("id", "name", "type", "version")} for c in commands},
        "writers": writers,
        "askers": [
            _seat(playground, guild, writer["channel"], f"asker {number}")
            for number, writer in enumerate(writers[: load.narrating])
        ],
        "rate": load.rate,
        "seconds": load.seconds,
    }


def _seat(playground: Playground, guild: int, channel: int, name: str) -> dict[str, Any]:
    world = playground.world
    user = int(world.create_user(name)["id"])
    world.add_member(guild, user)
    return {"id": user, "token": world.issue_token(user), "channel": channel}


async def _people(plan: dict[str, Any]) -> dict[str, Any]:
    """Let the people play; return what they tell."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.bench.load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate(json.dumps(plan).encode() + b"\n")
    result: dict[str, Any] = json.loads(told)
    return result


async def _settle(watch: Watch, people: dict[str, Any]) -> float:
    """Wait until every passage that was taken is shown; return how many seconds that took."""
    start = time.monotonic()
    deadline = start + SETTLED
    while watch.shown < people["passages"] and time.monotonic() < deadline:  # noqa: ASYNC110  # exactness is over
        await asyncio.sleep(0.1)
    return round(time.monotonic() - start, 1)
