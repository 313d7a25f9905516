"""Show a story as a whole: `/tree` and `/credits`."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.pictures.studio import Studio
from bot.reply.answers import dismiss
from bot.reply.cards.credits import credits_card
from bot.reply.cards.tree import tree_file, tree_words
from bot.reply.performance import Performance
from bot.reply.sheet import NOBODY
from bot.reply.who import place_of, require_voice
from bot.story.survey.surveying import Survey


class Show(commands.Cog):
    """Show what a story has become."""

    def __init__(self, *, survey: Survey, studio: Studio, performance: Performance) -> None:
        self._survey = survey
        self._studio = studio
        self._performance = performance

    @app_commands.command(description="See the story's tree as a picture: its branches, and who wrote what")
    @app_commands.describe(everyone="Show it to everyone in this channel, not to you alone")
    async def tree(self, interaction: discord.Interaction, everyone: bool = False) -> None:
        """Show the tree, privately unless asked otherwise; to everyone in the story's language."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        tree = await self._survey.tree(place_of(interaction))
        locale = tree.story.language if everyone else interaction.locale.value
        drawn = await self._studio.tree(tree.story.title, tree.shape, locale=locale)
        content, file = tree_words(tree, drawn, locale), tree_file(tree, drawn, locale)
        if everyone:
            require_voice(interaction)
            await self._channel(interaction).send(content, file=file, allowed_mentions=NOBODY)
            await dismiss(interaction)
        else:
            await interaction.edit_original_response(
                content=content, attachments=[file], allowed_mentions=NOBODY
            )

    @app_commands.command(description="See who wrote how much of the story, and of each chapter")
    @app_commands.describe(
        everyone="Show it to everyone in this channel, not to you alone",
        page="Which chapters: 1 for the newest, 2 for those before",
    )
    async def credits(
        self,
        interaction: discord.Interaction,
        everyone: bool = False,
        page: app_commands.Range[int, 1, 1000] = 1,
    ) -> None:
        """Show the credits, privately unless asked otherwise; to everyone in the story's language."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        story, credits = await self._survey.credits(place_of(interaction))
        card = credits_card(
            story, credits, story.language if everyone else interaction.locale.value, page=page
        )
        if everyone:
            require_voice(interaction)
            await self._channel(interaction).send(embed=card, allowed_mentions=NOBODY)
            await dismiss(interaction)
        else:
            await interaction.edit_original_response(embed=card)

    def _channel(self, interaction: discord.Interaction) -> discord.PartialMessageable:
        return self._performance.board.channel(place_of(interaction).channel_id)


async def setup(bot: StoryBot) -> None:
    """Add `/tree` and `/credits`."""
    services = bot.services
    await bot.add_cog(Show(survey=services.survey, studio=services.studio, performance=services.performance))
