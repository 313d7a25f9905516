"""Set up the bot for a whole server: the `/setup` family, for who may manage it."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.errors import Refused
from bot.locales import _
from bot.reply.adapter_choices import choices
from bot.reply.cards.story import voice_line
from bot.reply.who import place_of
from bot.story.narration.adapters import Adapters


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class SetupGroup(
    commands.GroupCog, group_name="setup", group_description="Set up the bot for this whole server"
):
    """Keep what a server has set for all of its stories."""

    def __init__(self, *, adapters: Adapters) -> None:
        self._adapters = adapters

    @app_commands.command(
        description="Choose how the narrator of this server writes; without a voice, show it"
    )
    @app_commands.describe(adapter="The narrator's voice: a LoRA adapter that the host has added")
    async def narrator(
        self, interaction: discord.Interaction, adapter: app_commands.Range[str, 1, 50] | None = None
    ) -> None:
        """Choose the adapter for stories that choose none themselves."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        guild_id = place_of(interaction).guild_id
        if adapter is not None:
            await self._adapters.choose_for_guild(guild_id, adapter)
        voice = await self._adapters.of_guild(guild_id)
        if not self._adapters.names and not voice.name:
            raise Refused(
                _(
                    "The narrator has only the model's own voice here. The host can add others:"
                    " LoRA adapters, under [adapters] in config.toml."
                )
            )
        line = _(
            "The narrator's voice on this server: {voice}. A story can have another: `/story settings adapter:`.",
            voice=voice_line(voice),
        )
        await interaction.edit_original_response(content=line.render(interaction.locale.value))

    @narrator.autocomplete("adapter")
    async def complete(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer what the host has."""
        return choices(self._adapters.names, typed, interaction.locale.value)


async def setup(bot: StoryBot) -> None:
    """Add the `/setup` family."""
    await bot.add_cog(SetupGroup(adapters=bot.services.adapters))
