"""Tell what the bot is and how it is doing: `/about`."""

from collections.abc import Callable

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.engine.engine import Status
from bot.reply.cards.about import about


class About(commands.Cog):
    """Answer who wants to know with whom they write."""

    def __init__(self, *, status: Callable[[], Status]) -> None:
        self._status = status

    @app_commands.command(description="What this bot is, which language model narrates, and how it is doing")
    async def about(self, interaction: discord.Interaction) -> None:
        """Show a card about the bot, privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        card = about(self._status(), interaction.locale.value)
        await interaction.edit_original_response(embed=card)


async def setup(bot: StoryBot) -> None:
    """Add `/about`."""
    await bot.add_cog(About(status=bot.services.status))
