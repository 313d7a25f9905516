"""Open everything in order, introduce it to each other, and close it in reverse."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import discord
import structlog

from bot.client import Services, StoryBot
from bot.clock import SYSTEM, Clock
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
from bot.pictures.studio import Studio
from bot.reload import reloading
from bot.reply.aside import Aside
from bot.reply.board import Board
from bot.reply.gathering import Gathering
from bot.reply.performance import Performance
from bot.reply.rewriting import Rewriting
from bot.reply.turn_news import TurnNews
from bot.reply.vote_board import VoteBoard
from bot.reply.vote_timer import VoteTimer
from bot.reply.voting import Voting
from bot.story.ability import Ability
from bot.story.background import Background
from bot.story.boundaries.agreement import Boundaries
from bot.story.boundaries.scenes import Scenes
from bot.story.lore.archive import Archive
from bot.story.lore.jury import Jury
from bot.story.lore.keeper import Keeper
from bot.story.lore.knowledge import Knowledge
from bot.story.lore.lore_check import LoreCheck
from bot.story.lore.meaning import Encoder
from bot.story.lore.proposals import Proposals
from bot.story.lore.search import LoreSearch
from bot.story.memory.keeping_up import KeepingUp
from bot.story.memory.recall import Recall
from bot.story.memory.recapping import Recapper
from bot.story.memory.recaps import Recaps
from bot.story.memory.why import Reasons
from bot.story.narration.adapters import Adapters
from bot.story.narration.draft import Drafter
from bot.story.narration.narrator import Narrator
from bot.story.pausing import Pausing
from bot.story.questions.finding import Finder
from bot.story.questions.questions import Questions
from bot.story.scribe import Scribe
from bot.story.shelf import Shelf
from bot.story.storyteller import Storyteller
from bot.story.survey.surveying import Survey
from bot.story.tree.editing import Editor
from bot.story.tree.walking import Forester
from bot.story.turns.keeping import TIMER
from bot.story.turns.table import TurnTable
from bot.story.votes import polls
from bot.story.votes.ballot_box import BallotBox
from bot.story.votes.rounds import Rounds
from bot.story.votes.twists import Twists
from bot.timekeeper import Timekeeper
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


def make_bot(
    config: Config, *, engine: Engine, database: Database, hears_typing: bool, clock: Clock = SYSTEM
) -> StoryBot:
    """Make the client and give it its services."""
    bot = StoryBot(settings=config.discord, message_content=hears_typing)
    board = Board(client=bot, database=database)
    adapters = Adapters(database=database, names=config.adapters)
    shelf = Shelf(database=database, model=engine.model, adapters=adapters, hears_typing=hears_typing)
    storyteller = Storyteller(database=database, longest=config.limits.passage_characters, clock=clock)
    encoder = Encoder() if config.memory.embeddings else None
    archive = Archive(database=database, encoder=encoder)
    search = LoreSearch(database=database, archive=archive)
    keeper = Keeper(database=database, archive=archive, search=search)
    knowledge = Knowledge(database=database, search=search)
    scribe = Scribe(engine=engine)
    ability = Ability(database=database, scribe=scribe, model=engine.model.id)
    jury = Jury(database=database, scribe=scribe, model=engine.model.id)
    recapper = Recapper(database=database, scribe=scribe, ability=ability, model=engine.model)
    recaps = Recaps(database=database, recapper=recapper, lore=search, model=engine.model)
    proposals = Proposals(database=database, scribe=scribe, ability=ability, keeper=keeper, search=search)
    background = Background(database=database)
    background.register("reading", ability.trial)
    background.register("recaps", recaps.keep)
    background.register("search", archive.catch_up)
    background.register("presence", knowledge.keep)
    background.register("facts", proposals.due)
    background.register("judging", jury.trial)
    drafter = Drafter(
        database=database,
        engine=engine,
        adapters=adapters,
        recall=Recall(database=database, lore=search, knowledge=knowledge),
        settings=config.narrator,
        context=engine.model.context,
    )
    narrator = Narrator(database=database, drafter=drafter, jury=jury, model=engine.model.id, clock=clock)
    performance = Performance(
        storyteller=storyteller, narrator=narrator, shelf=shelf, board=board, database=database
    )
    timekeeper = Timekeeper(database=database, clock=clock)
    check = LoreCheck(
        database=database,
        search=search,
        jury=jury,
        storyteller=storyteller,
        longest=config.limits.passage_characters,
    )
    ballot_box, aside = BallotBox(database=database, clock=clock), Aside()
    cards = VoteBoard(ballot_box=ballot_box, board=board, database=database, aside=aside)
    voting = Voting(
        ballot_box=ballot_box,
        twists=Twists(database=database, scribe=scribe, encoder=encoder),
        performance=performance,
        check=check,
        cards=cards,
        aside=aside,
        database=database,
    )
    gathering = Gathering(
        rounds=Rounds(database=database, clock=clock),
        voting=voting,
        performance=performance,
        check=check,
        database=database,
        clock=clock,
    )
    news = TurnNews(
        client=bot,
        database=database,
        board=board,
        performance=performance,
        timekeeper=timekeeper,
        clock=clock,
    )
    board.listen(news.told)
    board.listen(background.nudge)
    news.attend_with(gathering.attend)
    table = TurnTable(database=database, clock=clock, told=news.told)
    timekeeper.register(TIMER, table)
    timekeeper.register(polls.TIMER, VoteTimer(voting=voting))
    editor = Editor(database=database, longest=config.limits.passage_characters)
    services = Services(
        status=engine.status,
        adapters=adapters,
        shelf=shelf,
        pausing=Pausing(database=database),
        survey=Survey(database=database),
        studio=Studio(),
        storyteller=storyteller,
        editor=editor,
        forester=Forester(database=database),
        rewriting=Rewriting(editor=editor, check=check, performance=performance),
        performance=performance,
        turns=table,
        voting=voting,
        gathering=gathering,
        boundaries=Boundaries(database=database),
        scenes=Scenes(database=database, narrator=narrator),
        lore=keeper,
        questions=Questions(
            database=database,
            scribe=scribe,
            ability=ability,
            finder=Finder(database=database, archive=archive, search=search),
        ),
        keeping_up=KeepingUp(database=database, recapper=recapper, lore=search, clock=clock),
        reasons=Reasons(database=database, counter=engine),
        check=check,
        proposals=proposals,
    )
    bot.provide(services, narrator, chores=(timekeeper.run, background.run, news.run, cards.catch_up))
    return bot


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
