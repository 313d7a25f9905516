"""Open everything in order, and close it in reverse."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import discord
import structlog

from bot.config import Config, ModelSettings, adapter_paths
from bot.engine.backends.llamacpp import LlamaCpp, LlamaCppSettings
from bot.engine.backends.openai import OpenAI, OpenAISettings
from bot.engine.backends.transformers.backend import Transformers, TransformersSettings
from bot.engine.engine import Engine, Limits
from bot.engine.errors import GenerationFailed
from bot.engine.models import resolve
from bot.engine.request import Backend, ModelInfo
from bot.engine.runtime import find_runtime
from bot.errors import StartError
from bot.locales import _
from bot.metrics.figures import Figures
from bot.metrics.server import serving
from bot.reload import reloading
from bot.wiring import make_bot
from storage.database import Database

log = structlog.get_logger(__name__)


async def run(config: Config, *, reread: Callable[[], Config]) -> None:
    """Be on Discord until stopped.

    Raises StartError where the token is missing or refused. Without the message content intent the bot runs too,
    with free typing off.
    """
    token = config.discord.token.get_secret_value()
    if not token:
        raise StartError(
            _(
                "There is no bot token: set the environment variable DISCORD_TOKEN, or token under [discord] in"
                " config.toml. README.md tells where to get one."
            )
        )
    async with open_engine(config) as engine, Database.open(config.storage.path) as database:
        hears = config.discord.message_content
        connect = partial(_connect, config, token, engine=engine, database=database, reread=reread)
        try:
            await connect(hears_typing=hears)
        except discord.PrivilegedIntentsRequired:
            log.warning(
                "discord does not grant the message content intent; free typing is off", remedy="README.md"
            )
            await connect(hears_typing=False)
        except aiohttp.ClientConnectionError as error:
            log.error("discord cannot be reached", error=str(error))
            raise StartError(
                _(
                    "Discord cannot be reached at {address}: check the network, and api_base under [discord].",
                    address=config.discord.api_base,
                )
            ) from None
        except discord.LoginFailure:
            raise StartError(
                _("Discord refuses the token: copy it anew from discord.com/developers into DISCORD_TOKEN.")
            ) from None
        except discord.DiscordException as error:
            log.exception("discord ended the connection")
            raise StartError(
                _("Discord ended the connection ({reason}); the log has the detail.", reason=error)
            ) from None


@asynccontextmanager
async def open_engine(config: Config) -> AsyncIterator[Engine]:
    """Start the model, or find the servers that have it, and tell machines how it does where the host wants that."""
    backend = _remote(config) if config.model.backend == "openai" else await _local(config)
    figures = Figures()
    async with (
        Engine.open(
            backend,
            limits=limits_of(config),
            timeout_seconds=config.model.timeout_seconds,
            observer=figures.record,
        ) as engine,
        serving(config.metrics, figures=figures, engine=engine),
    ):
        if isinstance(backend, Transformers):
            await _load_adapters(backend, adapter_paths(config))
        yield engine


async def _load_adapters(backend: Transformers, adapters: Mapping[str, Path]) -> None:
    for name, folder in adapters.items():
        try:
            await backend.load_adapter(name, folder)
        except GenerationFailed as error:
            raise StartError(
                _(
                    "The adapter {name} cannot be loaded from {folder} ({reason}): correct or remove it under"
                    " [adapters] in config.toml.",
                    name=name,
                    folder=folder,
                    reason=error.detail,
                )
            ) from error


async def _local(config: Config) -> Backend:
    chosen = config.model
    assert chosen.backend != "openai"
    choice = await find_runtime(chosen.backend, chosen.model)
    model = await resolve(
        chosen.model, context=chosen.context, languages=chosen.languages, cache_dir=chosen.cache_dir
    )
    log.info(
        "model found", model=model.name, revision=model.revision, backend=choice.runtime, reason=choice.reason
    )
    return _transformers(chosen, model) if choice.runtime == "transformers" else _llamacpp(config, model)


def _llamacpp(config: Config, model: ModelInfo) -> Backend:
    chosen = config.model
    settings = LlamaCppSettings(
        parallel=chosen.parallel,
        threads=chosen.threads,
        gpu_layers=chosen.gpu_layers,
        cache_megabytes=chosen.cache_megabytes,
        adapters=adapter_paths(config),
    )
    return LlamaCpp(model, settings)


def _transformers(chosen: ModelSettings, model: ModelInfo) -> Backend:
    settings = TransformersSettings(
        parallel=chosen.parallel,
        quantization=chosen.quantization,
        warm_gigabytes=chosen.warm_gigabytes,
        host_gigabytes=chosen.host_gigabytes,
        cache_dir=chosen.cache_dir,
        threads=chosen.threads,
    )
    return Transformers(model, settings)


def _remote(config: Config) -> Backend:
    chosen, servers = config.model, config.openai
    # Which model it is, the servers tell.
    model = ModelInfo(
        id="", name="", revision="", path=None, languages=chosen.languages or None, context=chosen.context
    )
    settings = OpenAISettings(
        base_urls=tuple(str(url) for url in servers.base_urls),
        api_key=servers.api_key.get_secret_value(),
        model=servers.model,
        dialect=servers.dialect,
        parallel=chosen.parallel,
        health_seconds=servers.health_seconds,
        retries=servers.retries,
    )
    return OpenAI(model, settings)


def limits_of(config: Config) -> Limits:
    """Return how many requests may be in hand."""
    limits = config.limits
    return Limits(limits.requests_per_user, limits.requests_per_guild, limits.requests_waiting)


async def _connect(
    config: Config,
    token: str,
    *,
    engine: Engine,
    database: Database,
    reread: Callable[[], Config],
    hears_typing: bool,
) -> None:
    async with (
        make_bot(config, engine=engine, database=database, hears_typing=hears_typing) as bot,
        reloading(reread=reread, engine=engine, adapters=bot.services.adapters),
    ):
        await bot.start(token)
