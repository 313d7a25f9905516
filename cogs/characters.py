"""Keep who is who: the `/character` family."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.reply.cards import lore as lore_card
from bot.reply.cards.lore import View
from bot.reply.lore_desk import LoreDesk
from bot.story.lore.rules import Player
from bot.story.lore.writing import TEXT, TITLE, VOICE, Sketch

NAME = app_commands.Range[str, 1, TITLE]
BODY = app_commands.Range[str, 1, TEXT]
ALIASES = app_commands.Range[str, 1, 1000]
SOUND = app_commands.Range[str, 1, VOICE]
DETAILS = {
    "name": "The character's name",
    "description": "Who this is: looks, nature, past, wishes",
    "aliases": "Other names, commas between",
    "voice": "How they speak",
    "mine": "Whether it is your own: the narrator never speaks for it",
    "player": "Whose own character it is, if not yours; for the host and moderators",
}
"""What is known of a character, as its options are described."""


class CharacterGroup(commands.GroupCog, group_name="character", group_description="Who is who in this story"):
    """Keep a story's characters."""

    def __init__(self, *, desk: LoreDesk) -> None:
        self._desk = desk

    @app_commands.command(description="Add a character; without a description a window opens to write in")
    @app_commands.describe(**DETAILS)
    async def add(
        self,
        interaction: discord.Interaction,
        name: NAME | None = None,
        description: BODY | None = None,
        aliases: ALIASES | None = None,
        voice: SOUND | None = None,
        mine: bool | None = None,
        player: discord.User | None = None,
    ) -> None:
        """Add a character; a window opens where its name or description is missing."""
        sketch = Sketch(title=name, text=description, keys=aliases, voice=voice)
        whose = _player(interaction, mine, player)
        await self._desk.add(interaction, "character", sketch, whose)

    @app_commands.command(name="list", description="Show the characters of this story, or one in full")
    @app_commands.describe(
        character="A character to show in full", search="Only those with these words in them"
    )
    async def list_(
        self,
        interaction: discord.Interaction,
        character: str | None = None,
        search: app_commands.Range[str, 1, lore_card.SEARCH] | None = None,
    ) -> None:
        """List who is who, privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = View("character", "all", " ".join((search or "").split()))
        await self._desk.show(interaction, character, view)

    @app_commands.command(description="Change a character; without anything else a window opens to write in")
    @app_commands.describe(character="The character to change", **DETAILS)
    async def edit(
        self,
        interaction: discord.Interaction,
        character: str,
        name: NAME | None = None,
        description: BODY | None = None,
        aliases: ALIASES | None = None,
        voice: SOUND | None = None,
        mine: bool | None = None,
        player: discord.User | None = None,
    ) -> None:
        """Change a character."""
        sketch = Sketch(title=name, text=description, keys=aliases, voice=voice)
        whose = _player(interaction, mine, player)
        await self._desk.edit(interaction, character, sketch, whose, kind="character")

    @app_commands.command(
        description="Take a character out of the story's lore; it is kept, but no longer told"
    )
    @app_commands.describe(character="The character to take out")
    async def remove(self, interaction: discord.Interaction, character: str) -> None:
        """Take a character out of use."""
        await self._desk.remove(interaction, character, kind="character")

    @list_.autocomplete("character")
    @edit.autocomplete("character")
    @remove.autocomplete("character")
    async def complete(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the characters whose names fit best."""
        return await self._desk.choices(interaction, typed, kind="character")


def _player(
    interaction: discord.Interaction, mine: bool | None, player: discord.User | None
) -> Player | None:
    """Return whose a character shall be: the one who asks, another, nobody; None where nothing is said."""
    if player is not None:
        return Player(player.id, player.display_name)
    if mine is None:
        return None
    return Player(interaction.user.id, interaction.user.display_name) if mine else Player(None, None)


async def setup(bot: StoryBot) -> None:
    """Add the `/character` family."""
    await bot.add_cog(CharacterGroup(desk=LoreDesk(keeper=bot.services.lore)))
