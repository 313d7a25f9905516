"""Decide about the facts that the narrator proposes: `/lore proposals` and its buttons."""

from typing import cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import StoryBot
from bot.locales import Text, _
from bot.reply.answers import answering
from bot.reply.cards.lore import plain
from bot.reply.cards.proposal import EditWindow, edited, shown
from bot.reply.who import person_of, place_of
from bot.story.lore.facts import Fact
from bot.story.lore.proposals import Proposals


class ProposalsCog(commands.Cog):
    """Show what is proposed, one card at a time, and carry out what is decided."""

    def __init__(self, *, proposals: Proposals) -> None:
        self._proposals = proposals

    async def show(
        self, interaction: discord.Interaction, *, after: int = 0, lead: Text | None = None
    ) -> None:
        """Show the first proposal behind one that was seen, around the end."""
        locale = interaction.locale.value
        found = await self._proposals.open(place_of(interaction), after=after)
        if found is None:
            none = _(
                "Nothing is proposed just now. The narrator looks for facts after every few passages; `/lore add`"
                " adds one at once."
            )
            lines = [text.render(locale) for text in (lead, none) if text]
            await interaction.edit_original_response(content="\n".join(lines), embed=None, view=None)
            return
        embed, view = shown(*found, locale)
        content = lead.render(locale) if lead else None
        await interaction.edit_original_response(content=content, embed=embed, view=view)

    @commands.Cog.listener()
    async def on_proposal_button(self, interaction: discord.Interaction, action: str, about: int) -> None:
        """Do what a button says."""
        async with answering(interaction):
            place, person = place_of(interaction), person_of(interaction)
            if action == "edit":
                card = await self._proposals.card(place, about)
                await interaction.response.send_modal(EditWindow(card, interaction.locale.value))
                return
            await interaction.response.defer()
            lead = None
            if action == "approve":
                version = await self._proposals.approve(place, person, about)
                lead = _("“{title}” is in the lore now.", title=plain(version.title))
            elif action == "refuse":
                await self._proposals.refuse(place, person, about)
                lead = _("Refused; it is not proposed again.")
            await self.show(interaction, after=about, lead=lead)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take a proposal in someone's own words, also from a window that was opened before a restart."""
        written = edited(interaction)
        if written is None:
            return
        about, fact = written
        async with answering(interaction):
            await interaction.response.defer(ephemeral=True, thinking=True)
            await self._keep(interaction, about, fact)

    async def _keep(self, interaction: discord.Interaction, about: int, fact: Fact) -> None:
        version = await self._proposals.approve(
            place_of(interaction), person_of(interaction), about, edited=fact
        )
        line = _("“{title}” is in the lore now.", title=plain(version.title))
        await interaction.edit_original_response(content=line.render(interaction.locale.value))


def _command(cog: ProposalsCog) -> app_commands.Command[commands.Cog, [], None]:
    """Return the command, which belongs to a family of another file."""

    @app_commands.command(description="Decide about the facts that the narrator proposes as lore")
    async def proposals(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await cog.show(interaction)

    return cast(app_commands.Command[commands.Cog, [], None], proposals)


async def setup(bot: StoryBot) -> None:
    """Add `/lore proposals` to the `/lore` family, which must be there already."""
    cog = ProposalsCog(proposals=bot.services.proposals)
    family = bot.tree.get_command("lore")
    assert isinstance(family, app_commands.Group)  # cogs.lore comes first in EXTENSIONS
    family.add_command(_command(cog))
    await bot.add_cog(cog)
