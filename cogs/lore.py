"""Keep lore: the `/lore` family, the windows to write entries in, and the buttons of their lists."""

from typing import cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.reply.answers import answering
from bot.reply.cards import lore as lore_card
from bot.reply.cards.lore import Show, View
from bot.reply.lore_desk import LoreDesk
from bot.reply.windows import lore as lore_modal
from bot.story.lore.writing import COOLDOWN, GROUP, PRIORITY, TEXT, TITLE, Sketch
from storage.lore import Kind

CHOICE = app_commands.Choice[str]
NAME = app_commands.Range[str, 1, TITLE]
BODY = app_commands.Range[str, 1, TEXT]
KEYS = app_commands.Range[str, 1, 1000]
FAMILY = app_commands.Range[str, 1, GROUP]
RANK = app_commands.Range[int, -PRIORITY, PRIORITY]
REST = app_commands.Range[int, 0, COOLDOWN]
KINDS = [CHOICE(name="facts", value="fact"), CHOICE(name="characters", value="character")]
SHOWN = [
    CHOICE(name="all", value="all"),
    CHOICE(name="pinned", value="pinned"),
    CHOICE(name="my own", value="mine"),
    CHOICE(name="with a pattern that is skipped", value="skipped"),
]


class LoreGroup(
    commands.GroupCog, group_name="lore", group_description="What the narrator must respect in this story"
):
    """Keep a story's facts."""

    def __init__(self, *, desk: LoreDesk) -> None:
        self._desk = desk

    @app_commands.command(description="Add a fact to the lore; without text a window opens to write in")
    @app_commands.describe(
        title="What it is about",
        text="What the narrator must respect",
        keys="Words that bring it up, commas between; /pattern/ for a pattern",
        pinned="Keep it in front of the narrator all the time",
        priority="Which goes first where there is no room for all: 10 before -10",
        group="Of the entries of one group only the best is told at a time",
        cooldown="For how many passages it rests after it was told",
    )
    async def add(
        self,
        interaction: discord.Interaction,
        title: NAME | None = None,
        text: BODY | None = None,
        keys: KEYS | None = None,
        pinned: bool = False,
        priority: RANK = 0,
        group: FAMILY | None = None,
        cooldown: REST = 0,
    ) -> None:
        """Add a fact; a window opens where its title or text is missing."""
        sketch = Sketch(
            title=title,
            text=text,
            keys=keys,
            pinned=pinned,
            priority=priority,
            group=group,
            cooldown=cooldown,
        )
        await self._desk.add(interaction, "fact", sketch)

    @app_commands.command(name="list", description="Show the lore of this story, or one entry in full")
    @app_commands.describe(
        entry="An entry to show in full",
        kind="Only facts, or only characters",
        show="Only some of them",
        search="Only those with these words in them",
    )
    @app_commands.choices(kind=KINDS, show=SHOWN)
    async def list_(
        self,
        interaction: discord.Interaction,
        entry: str | None = None,
        kind: CHOICE | None = None,
        show: CHOICE | None = None,
        search: app_commands.Range[str, 1, lore_card.SEARCH] | None = None,
    ) -> None:
        """List what is in use, the newest first, privately."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        view = View(
            cast(Kind, kind.value) if kind else None,
            cast(Show, show.value) if show else "all",
            " ".join((search or "").split()),
        )
        await self._desk.show(interaction, entry, view)

    @app_commands.command(description="Change an entry; without anything else a window opens to write in")
    @app_commands.describe(
        entry="The entry to change",
        title="What it is about",
        text="What the narrator must respect",
        keys="Words that bring it up, commas between; /pattern/ for a pattern",
        priority="Which goes first where there is no room for all: 10 before -10",
        group="Of the entries of one group only the best is told at a time",
        cooldown="For how many passages it rests after it was told",
    )
    async def edit(
        self,
        interaction: discord.Interaction,
        entry: str,
        title: NAME | None = None,
        text: BODY | None = None,
        keys: KEYS | None = None,
        priority: RANK | None = None,
        group: FAMILY | None = None,
        cooldown: REST | None = None,
    ) -> None:
        """Change a fact or a character."""
        sketch = Sketch(title=title, text=text, keys=keys, priority=priority, group=group, cooldown=cooldown)
        await self._desk.edit(interaction, entry, sketch)

    @app_commands.command(description="Take an entry out of the lore; it is kept, but no longer told")
    @app_commands.describe(entry="The entry to take out")
    async def remove(self, interaction: discord.Interaction, entry: str) -> None:
        """Take an entry out of use."""
        await self._desk.remove(interaction, entry)

    @app_commands.command(description="Keep an entry in front of the narrator all the time, or no more")
    @app_commands.describe(
        entry="The entry", pinned="Whether it is always told; without this it is turned over"
    )
    async def pin(self, interaction: discord.Interaction, entry: str, pinned: bool | None = None) -> None:
        """Pin an entry, or unpin it."""
        await self._desk.pin(interaction, entry, pinned)

    @list_.autocomplete("entry")
    @edit.autocomplete("entry")
    @remove.autocomplete("entry")
    @pin.autocomplete("entry")
    async def complete(self, interaction: discord.Interaction, typed: str) -> list[CHOICE]:
        """Offer the entries whose names fit best."""
        return await self._desk.choices(interaction, typed)

    @commands.Cog.listener()
    async def on_lore_button(self, interaction: discord.Interaction, view: View) -> None:
        """Turn the page of a list."""
        async with answering(interaction):
            await interaction.response.defer()
            await self._desk.show(interaction, None, view)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take what was written in a window, also in one that was opened before a restart."""
        written = lore_modal.filled(interaction)
        if written is None:
            return
        async with answering(interaction):
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._desk.take(interaction, written)


async def setup(bot: StoryBot) -> None:
    """Add the `/lore` family."""
    await bot.add_cog(LoreGroup(desk=LoreDesk(keeper=bot.services.lore)))
