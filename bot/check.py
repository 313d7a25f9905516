"""Tell the host, line by line, what is right and wrong with this installation."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import aiohttp

from bot.config import Config
from bot.engine.backends.cards import read_card, root_of
from bot.engine.backends.chat import ChatClient
from bot.engine.errors import GenerationFailed
from bot.engine.models import awaited, resolve
from bot.errors import StartError
from storage.errors import StorageError
from storage.inspection import inspect, is_new

Verdict = Literal["ok", "note", "wrong"]

FREE_BYTES = 200_000_000
SERVER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold one line: what was looked at, and what was found."""

    verdict: Verdict
    subject: str
    detail: str


async def check(config: Config) -> int:
    """Print every finding; return 0, or 1 if something is wrong."""
    wrong = False
    async for finding in findings(config):
        wrong = wrong or finding.verdict == "wrong"
        sys.stdout.write(f"{finding.verdict:5}  {finding.subject:9} {finding.detail}\n")
    return int(wrong)


async def findings(config: Config) -> AsyncIterator[Finding]:
    """Look at one thing after the other; a look never changes anything."""
    yield _python()
    yield Finding("ok", "config", "read, every key known")
    yield await _token(config)
    yield _database(config.storage.path)
    yield _disk(config.storage.path)
    if config.model.backend == "openai":
        async for finding in _servers(config):
            yield finding
    else:
        yield await _model(config)
        yield _graphics()
    if config.metrics.port:
        yield await _bot(config.metrics.url)
    yield _fonts()


def _python() -> Finding:
    found = f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, discord.py {version('discord.py')}"
    return Finding("ok", "python", found)


async def _token(config: Config) -> Finding:
    token = config.discord.token.get_secret_value()
    if not token:
        return Finding(
            "note",
            "token",
            "none: enough for `make play`; for Discord set DISCORD_TOKEN (README.md tells how)",
        )
    url = f"{str(config.discord.api_base).rstrip('/')}/users/@me"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http,
            http.get(url, headers={"Authorization": f"Bot {token}"}) as response,
        ):
            if response.status == 200:
                return Finding("ok", "token", f"accepted, the bot is {(await response.json())['username']}")
            return Finding(
                "wrong", "token", f"refused ({response.status}): copy it anew from discord.com/developers"
            )
    except (aiohttp.ClientError, TimeoutError) as error:
        return Finding("wrong", "token", f"not tried: {url} cannot be reached ({type(error).__name__})")


def _database(path: Path) -> Finding:
    try:
        if is_new(path):
            return Finding("ok", "database", f"{path} does not exist yet; the first start creates it")
        inspect(path, check="quick_check")
    except StorageError as error:
        return Finding("wrong", "database", str(error))
    return Finding("ok", "database", f"{path} is sound")


def _disk(path: Path) -> Finding:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    verdict: Verdict = "ok" if free >= FREE_BYTES else "wrong"
    return Finding(verdict, "disk", f"{free / 1e9:.1f} GB free in {folder}")


async def _model(config: Config) -> Finding:
    chosen = config.model
    if file := awaited(chosen.model, cache_dir=chosen.cache_dir):
        return Finding("note", "model", f"{file} is not here yet; the next start fetches it from the hub")
    try:
        model = await resolve(
            chosen.model, context=chosen.context, languages=chosen.languages, cache_dir=chosen.cache_dir
        )
    except StartError as error:
        return Finding("wrong", "model", str(error))
    languages = ", ".join(model.languages) if model.languages else "all"
    return Finding("ok", "model", f"{model.name} (revision {model.revision or '—'}), languages: {languages}")


async def _servers(config: Config) -> AsyncIterator[Finding]:
    """Ask every model server what it serves: all must have the same."""
    roots = dict.fromkeys(root_of(str(url)) for url in config.openai.base_urls)
    if not roots:
        yield Finding("wrong", "server", "none: set base_urls under [openai]")
    wanted = config.openai.model
    async with ChatClient(key=config.openai.api_key.get_secret_value()) as client:
        for root in roots:
            try:
                async with asyncio.timeout(SERVER_SECONDS):
                    card = await read_card(client, root, model=wanted, dialect=config.openai.dialect)
            except TimeoutError:
                yield Finding("wrong", "server", f"{root} does not answer within {SERVER_SECONDS} s")
            except GenerationFailed as error:
                yield Finding("wrong", "server", f"{root} cannot be used: {error.detail}")
            else:
                wanted = wanted or card.label
                reads = f"{card.context} tokens" if card.context else "an unknown number of tokens"
                yield Finding("ok", "server", f"{root} serves {card.label} ({card.dialect}), reads {reads}")


async def _bot(url: str) -> Finding:
    """Ask the bot that runs on this machine, if one does, how it is."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http,
            http.get(f"{url}/health") as response,
        ):
            told = await response.json()
            restarts, status = int(told["restarts"]), str(told["status"])
    except aiohttp.ClientConnectorError:
        return Finding("note", "bot", f"not running: nothing answers at {url}")
    except TimeoutError:
        return Finding("wrong", "bot", f"hangs: no answer from {url} within 5 s; its log may tell why")
    except (aiohttp.ClientError, ValueError, TypeError, KeyError):
        return Finding(
            "wrong", "bot", f"something else answers at {url}: choose another port under [metrics]"
        )
    times = f"{restarts} time{'s' if restarts != 1 else ''}"
    if status != "ready":
        return Finding("wrong", "bot", f"running, but its model is {status}; restarted {times} before")
    return Finding("ok", "bot", f"running, model restarted {times}")


def _graphics() -> Finding:
    """Ask llama.cpp which devices it sees."""
    try:
        import xllamacpp  # only here: it loads 100 MB
    except ImportError:
        return Finding("wrong", "graphics", "xllamacpp is not installed: run `make play` or `make run` once")
    devices: list[dict[str, object]] = xllamacpp.get_device_info()
    cards = [str(device["description"]) for device in devices if "CPU" not in str(device["type"])]
    if not cards:
        return Finding("note", "graphics", "no card that llama.cpp can use; the model runs on the processor")
    return Finding("ok", "graphics", ", ".join(cards))


def _fonts() -> Finding:
    """Look for a font with Chinese characters, which pictures and files will need."""
    program = shutil.which("fc-list")
    if program is None:
        return Finding("note", "fonts", "not looked for: fontconfig's fc-list is not installed")
    listed = subprocess.run([program, ":lang=zh", "family"], capture_output=True, text=True, check=False)
    families = sorted({line.split(",")[0] for line in listed.stdout.splitlines() if line})
    if not families:
        return Finding("note", "fonts", "none with Chinese characters: install one, e.g. fonts-lxgw-wenkai")
    return Finding("ok", "fonts", f"Chinese characters in {families[0]}")
