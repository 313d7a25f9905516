"""Keep people up with the story: `/recap`, `/catchup`, `/why`, and the note of who was here when."""

import io

import discord
import structlog
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.errors import Refused
from bot.reply.boundary_buttons import is_about_boundaries
from bot.reply.cards.memory import news, so_far
from bot.reply.cards.why import prompt_file, why
from bot.reply.sheet import NOBODY
from bot.reply.who import person_of, place_of
from bot.story.memory.keeping_up import KeepingUp
from bot.story.memory.why import Reasons
from bot.story.people import Place
from storage.errors import StorageError
from storage.recaps import Level

log = structlog.get_logger(__name__)

CHOICE = app_commands.Choice[str]
LEVELS = [
    CHOICE(name="The story", value="book"),
    CHOICE(name="Chapters", value="chapter"),
    CHOICE(name="Scenes", value="scene"),
]


class Memory(commands.Cog):
    """Tell what happened, privately, and why a passage is as it is."""

    def __init__(self, *, keeping_up: KeepingUp, reasons: Reasons) -> None:
        self._keeping_up = keeping_up
        self._reasons = reasons

    @app_commands.command(description="Read in short what happened so far; the answer is for you alone")
    @app_commands.describe(level="How finely it is told; without it, the shortest that tells everything")
    @app_commands.choices(level=LEVELS)
    async def recap(self, interaction: discord.Interaction, level: CHOICE | None = None) -> None:
        """Show the recaps, with links to the passages."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._keeping_up.so_far(place_of(interaction), _level(level))
        await interaction.edit_original_response(
            embed=so_far(found, interaction.locale.value), allowed_mentions=NOBODY
        )

    @app_commands.command(description="Learn what happened since you were here last, in your language")
    async def catchup(self, interaction: discord.Interaction) -> None:
        """Show what is new, who is who and whose turn it is."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._keeping_up.news(place_of(interaction), person_of(interaction))
        await interaction.edit_original_response(
            embed=news(found, interaction.locale.value), allowed_mentions=NOBODY
        )

    @app_commands.command(description="See the exact prompt that made a passage of the narrator's")
    @app_commands.describe(
        passage="Its number in the story, or the link of its message; without it, the newest"
    )
    async def why(
        self, interaction: discord.Interaction, passage: app_commands.Range[str, 1, 120] | None = None
    ) -> None:
        """Show what made a passage, and hand its prompt over as a file."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        found = await self._reasons.why(place_of(interaction), passage)
        files = (
            [discord.File(io.BytesIO(prompt_file(found).encode()), "prompt.txt")] if found.messages else []
        )
        await interaction.edit_original_response(
            embed=why(found, interaction.locale.value), attachments=files, allowed_mentions=NOBODY
        )

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Note that somebody is here: they used a command, a button or a window."""
        if interaction.type is discord.InteractionType.autocomplete or interaction.channel_id is None:
            return
        # A note of when they were here would tell who left a scene, or what they want left out.
        if is_about_boundaries(interaction):
            return
        await self._note(Place(interaction.guild_id or 0, interaction.channel_id), interaction.user.id)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Note that somebody is here: they typed."""
        if not message.author.bot:
            guild_id = message.guild.id if message.guild else 0
            await self._note(Place(guild_id, message.channel.id), message.author.id)

    async def _note(self, place: Place, person_id: int) -> None:
        try:
            await self._keeping_up.visit(place, person_id)
        except (Refused, StorageError) as error:
            log.warning("a visit was not noted", error=repr(error))


def _level(choice: CHOICE | None) -> Level | None:
    levels: dict[str, Level] = {"book": "book", "chapter": "chapter", "scene": "scene"}
    return levels[choice.value] if choice else None


async def setup(bot: StoryBot) -> None:
    """Add the commands that keep people up with the story."""
    services = bot.services
    await bot.add_cog(Memory(keeping_up=services.keeping_up, reasons=services.reasons))
