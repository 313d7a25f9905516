"""Tell the host, line by line, what is right and wrong with this installation."""

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import aiohttp

from bot.config import Config, ModelSettings
from bot.engine import advice
from bot.engine.backends.cards import Card as ServerCard
from bot.engine.backends.cards import read_card, root_of
from bot.engine.backends.chat import ChatClient
from bot.engine.download import HubFile, size_of
from bot.engine.errors import GenerationFailed
from bot.engine.graphics import Card
from bot.engine.graphics import cards as find_cards
from bot.engine.models import awaited, resolve
from bot.engine.repository import HubRepository, look_up
from bot.engine.runtime import find_runtime
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
        cards = await asyncio.to_thread(find_cards)
        yield await _model(config, cards)
        yield _graphics(cards, tokens=config.model.context)
    if config.adapters and config.model.backend != "openai":
        yield _adapters(config.adapters)
    if config.metrics.port:
        yield await _bot(config.metrics.url)
    yield await asyncio.to_thread(_fonts)


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


async def _model(config: Config, cards: list[Card]) -> Finding:
    chosen = config.model
    assert chosen.backend != "openai"
    try:
        choice = await find_runtime(chosen.backend, chosen.model)
        if coming := awaited(chosen.model, cache_dir=chosen.cache_dir):
            size = await _size(coming)
            return Finding(
                "note", "model", f"{coming} is not here yet; the next start fetches {size} from the hub"
            )
        model = await resolve(
            chosen.model, context=chosen.context, languages=chosen.languages, cache_dir=chosen.cache_dir
        )
    except StartError as error:
        return Finding("wrong", "model", str(error))
    languages = ", ".join(model.languages) if model.languages else "all"
    found = f"{model.name} (revision {model.revision or '—'}), languages: {languages}"
    found += f", run by {choice.runtime} ({choice.reason})"
    if choice.runtime == "transformers" and model.path and model.path.is_dir():
        return _demand(found, model.path, chosen, cards)
    return Finding("ok", "model", found)


async def _size(coming: HubFile | HubRepository) -> str:
    """Say how much would be fetched; raises StartError where the hub does not give it."""
    if isinstance(coming, HubFile):
        return f"{await size_of(coming) / 1e9:.1f} GB"
    files = (await look_up(coming)).files
    return f"{len(files)} files of {sum(files.values()) / 1e9:.1f} GB"


def _demand(found: str, folder: Path, chosen: ModelSettings, cards: list[Card]) -> Finding:
    """Tell what a model takes of the card, and whether the card has it."""
    demand = advice.demand(folder, chosen.quantization, tokens=chosen.context)
    found += f", {demand}" if demand else ""
    for card in cards[:1]:  # the one that is used
        if short := advice.shortage(folder, card, chosen.quantization, tokens=chosen.context):
            return Finding("wrong", "model", f"{found}; {short}")
    return Finding("ok", "model", found)


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
                yield _served(root, card, config)


def _served(root: str, card: ServerCard, config: Config) -> Finding:
    reads = f"{card.context} tokens" if card.context else "an unknown number of tokens"
    found = f"{root} serves {card.label} ({card.dialect}), reads {reads}"
    if lacking := sorted(config.adapters.keys() - card.served):
        return Finding("wrong", "server", f"{found}, but has no adapter {', '.join(lacking)}")
    return Finding("ok", "server", found)


def _adapters(adapters: Mapping[str, str]) -> Finding:
    missing = [f"{name} ({path})" for name, path in adapters.items() if not Path(path).expanduser().exists()]
    if missing:
        return Finding("wrong", "adapters", f"not there: {', '.join(missing)}: correct [adapters]")
    return Finding("ok", "adapters", ", ".join(adapters))


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


def _graphics(cards: list[Card], *, tokens: int) -> Finding:
    """Tell what would fit the card; where it is none of NVIDIA's, ask llama.cpp which devices it sees."""
    if cards:
        return Finding("ok", "graphics", "; ".join(advice.describe(card, tokens=tokens) for card in cards))
    try:
        import xllamacpp  # only here: it loads 100 MB
    except ImportError:
        return Finding("wrong", "graphics", "xllamacpp is not installed: run `make play` or `make run` once")
    devices: list[dict[str, Any]] = xllamacpp.get_device_info()
    others = [str(device["description"]) for device in devices if "GPU" in device["type"].name]
    if not others:
        return Finding("note", "graphics", "no card that can be used; the model runs on the processor")
    return Finding("ok", "graphics", f"{', '.join(others)}, for llama.cpp: set gpu_layers under [model]")


def _fonts() -> Finding:
    """Look for a font with Chinese characters, which pictures need."""
    from bot.pictures.fonts import Typeface  # only here: it takes half a second to load

    typeface = Typeface.find()
    if typeface.chinese is None:
        return Finding(
            "note",
            "fonts",
            f"{typeface.families[0]}, none with Chinese characters: pictures show Chinese names as numbers, which"
            " the message beside them explains; install one, e.g. fonts-noto-cjk or fonts-lxgw-wenkai",
        )
    return Finding(
        "ok", "fonts", f"{typeface.families[0]} for pictures, Chinese characters in {typeface.chinese}"
    )
