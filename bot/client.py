"""Be the Discord client: intents, extensions, translated commands, the one error policy."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.ext import commands
from yarl import URL

from bot.config import DiscordSettings
from bot.engine.engine import Status
from bot.locales import LOCALES, Text
from bot.pictures.studio import Studio
from bot.reply.answers import answer_error
from bot.reply.boundary_buttons import BoundaryButton
from bot.reply.buttons import StoryButton
from bot.reply.cards.answer import ShowEveryone
from bot.reply.cards.lore import LoreButton
from bot.reply.cards.vote import VoteButton
from bot.reply.decision_button import DecisionButton
from bot.reply.gathering import Gathering
from bot.reply.performance import Performance
from bot.reply.rewriting import Rewriting
from bot.reply.turn_buttons import JoinButton
from bot.reply.voting import Voting
from bot.reply.windows.tree import TakeButton
from bot.story.boundaries.agreement import Boundaries
from bot.story.boundaries.scenes import Scenes
from bot.story.lore.keeper import Keeper
from bot.story.lore.lore_check import LoreCheck
from bot.story.lore.proposals import Proposals
from bot.story.memory.keeping_up import KeepingUp
from bot.story.memory.why import Reasons
from bot.story.narration.adapters import Adapters
from bot.story.narration.narrator import Narrator
from bot.story.pausing import Pausing
from bot.story.questions.questions import Questions
from bot.story.shelf import Shelf
from bot.story.storyteller import Storyteller
from bot.story.survey.surveying import Survey
from bot.story.tree.editing import Editor
from bot.story.tree.walking import Forester
from bot.story.turns.table import TurnTable
from storage.controls import Astray

log = structlog.get_logger(__name__)

# Nothing here speaks, so discord.py need not warn at every start that its voice libraries are missing.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False

EXTENSIONS = (
    "cogs.story",
    "cogs.writing",
    "cogs.tree",
    "cogs.show",
    "cogs.typing",
    "cogs.about",
    "cogs.setup",
    "cogs.ask",
    "cogs.lore",
    "cogs.proposals",
    "cogs.held",
    "cogs.characters",
    "cogs.turns",
    "cogs.memory",
    "cogs.twist",
    "cogs.boundaries",
)
BUTTONS = (
    StoryButton,
    LoreButton,
    JoinButton,
    VoteButton,
    BoundaryButton,
    DecisionButton,
    TakeButton,
    ShowEveryone,
)
"""What a press is recognised as, also under messages from before a restart."""

# Seconds without a new server after which the client counts as ready. Nothing waits for the list to be whole:
# stories are found by their channel's id, and a server that arrives later works from then on.
GUILDS_PAUSE = 0.1
LAST_WORDS = 5.0  # seconds that a stop gives to answers that are on their way


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Hold what cogs are made with; `status` tells how the engine is doing."""

    status: Callable[[], Status]
    adapters: Adapters
    shelf: Shelf
    pausing: Pausing
    survey: Survey
    studio: Studio
    storyteller: Storyteller
    editor: Editor
    forester: Forester
    rewriting: Rewriting
    performance: Performance
    keeping_up: KeepingUp
    reasons: Reasons
    lore: Keeper
    questions: Questions
    proposals: Proposals
    check: LoreCheck
    turns: TurnTable
    voting: Voting
    gathering: Gathering
    boundaries: Boundaries
    scenes: Scenes


class Translator(app_commands.Translator):
    """Give Discord the descriptions of commands and options in every language spoken here; names stay the same.

    The menus of messages have no descriptions: their names are what is translated.
    """

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return a description in a locale; None leaves the English one."""
        named = app_commands.TranslationContextLocation
        names = (named.command_name, named.group_name, named.parameter_name)
        # A menu is all name; people of both languages talk about the commands that they type.
        is_menu = isinstance(context.data, app_commands.ContextMenu)
        if (context.location in names and not is_menu) or locale.value not in LOCALES:
            return None
        translated = Text(string.message).render(locale.value)
        return translated if translated != string.message else None


class Tree(app_commands.CommandTree["StoryBot"]):
    """Answer every failed command by the one error policy."""

    async def on_error(
        self, interaction: discord.Interaction["StoryBot"], error: app_commands.AppCommandError
    ) -> None:
        """Tell the one who asked what went wrong."""
        await answer_error(interaction, error)


class StoryBot(commands.AutoShardedBot):
    """Connect the services to Discord."""

    services: Services

    def __init__(self, *, settings: DiscordSettings, message_content: bool) -> None:
        """Take what Discord needs; services come with `provide` because some of them speak through this client."""
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=Tree,
            intents=_intents(message_content=message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=GUILDS_PAUSE,
            shard_count=settings.shards or None,
        )
        use_api(str(settings.api_base))
        self._narrator: Narrator | None = None
        self._endless: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
        self._chores: set[asyncio.Task[None]] = set()

    def provide(
        self,
        services: Services,
        narrator: Narrator,
        *,
        chores: Sequence[Callable[[], Coroutine[Any, Any, None]]],
    ) -> None:
        """Take the services that cogs are made with, and what runs beside them, before the client connects."""
        self.services = services
        self._narrator = narrator
        self._endless = chores

    async def setup_hook(self) -> None:
        """Load the cogs and tell Discord the commands, where they changed."""
        self.add_dynamic_items(*BUTTONS)
        for extension in EXTENSIONS:
            await self.load_extension(extension)
        await self.tree.set_translator(Translator())
        await self.tree.sync()
        # Looked up before anybody can act: what is being shown while people act is not left behind.
        self._chore(self._take_up_work(await self.services.performance.left_behind()))

    async def on_message(self, message: discord.Message, /) -> None:
        """Look for no commands in messages, as the library would by itself; cogs listen for what they need."""

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        """Log what a listener did not answer itself."""
        log.exception("listener failed", listener=event_method)

    async def close(self) -> None:
        """Disconnect: narrations and chores are left to the next start, who is being answered gets the answer."""
        if self._narrator is not None:
            self._narrator.suspend()
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        if answers := _answers_in_hand():
            _, late = await asyncio.wait(answers, timeout=LAST_WORDS)
            for answer in late:
                answer.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await super().close()

    async def _take_up_work(self, astray: Sequence[Astray]) -> None:
        """Go on with the narrations that the last run of the bot left unfinished, and show what it did not."""
        await self.wait_until_ready()
        assert self._narrator is not None  # provided before the client connects
        for job in await self._narrator.interrupted():
            log.info("taking up a narration", job=job.id, story=job.story_id)
            self._chore(self.services.performance.take_up(job))
        await self.services.performance.catch_up(astray)
        for work in self._endless:
            self._chore(work())

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the events, and log its failure."""
        chore = asyncio.create_task(work)
        self._chores.add(chore)
        chore.add_done_callback(self._finished)

    def _finished(self, chore: asyncio.Task[None]) -> None:
        self._chores.discard(chore)
        if not chore.cancelled() and (error := chore.exception()):
            log.error("chore failed", exc_info=error)


def use_api(base: str) -> None:
    """Point discord.py at a Discord-compatible server: its REST base, its gateway and its files.

    discord.py keeps these in classes and offers no argument for them.
    """
    url = URL(base)
    discord.http.Route.BASE = base.rstrip("/")
    if url.host == "discord.com":
        return
    scheme = "wss" if url.scheme == "https" else "ws"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = url.with_scheme(scheme).with_path("/gateway")
    discord.asset.Asset.BASE = str(url.origin())


def _answers_in_hand() -> set[asyncio.Task[Any]]:
    """Return the tasks in which discord.py runs commands and listeners; only their names tell them from others."""
    names = ("CommandTree-invoker", "discord.py: ", "discord-ui-")
    return {t for t in asyncio.all_tasks() if t.get_name().startswith(names)} - {asyncio.current_task()}


def _intents(*, message_content: bool) -> discord.Intents:
    """Ask for servers and messages only; their content is asked for by the host's choice."""
    intents = discord.Intents.none()
    intents.guilds = True
    intents.messages = True
    intents.message_content = message_content
    return intents
