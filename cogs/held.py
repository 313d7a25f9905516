"""Hear what writers decide about words that go against the lore."""

import discord
import structlog
from discord.ext import commands

from bot.client import StoryBot
from bot.locales import Text, _
from bot.reply.answers import answering, tell
from bot.reply.cards import held as held_card
from bot.reply.cards.held import ChangeWindow, changed
from bot.reply.performance import Performance
from bot.reply.who import person_of, place_of, require_voice
from bot.reply.windows.write import LONGEST
from bot.story.lore.lore_check import LoreCheck

log = structlog.get_logger(__name__)


class HeldWords(commands.Cog):
    """Save, change or throw away what waits."""

    def __init__(self, *, check: LoreCheck, performance: Performance) -> None:
        self._check = check
        self._performance = performance

    @commands.Cog.listener()
    async def on_held_button(self, interaction: discord.Interaction, action: str, about: int) -> None:
        """Do what a button says."""
        async with answering(interaction):
            if action == "edit":
                await self._open(interaction, about)
                return
            await interaction.response.defer()
            if action == "drop":
                await self._check.drop(person_of(interaction), about)
                await _close(interaction, _("Thrown away; nothing of it is in the story."))
            else:
                await self._save(interaction, about)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take changed words, also from a window that was opened before a restart."""
        written = changed(interaction)
        if written is None:
            return
        about, words = written
        async with answering(interaction):
            await interaction.response.defer()
            question = await self._check.change(person_of(interaction), about, words)
            if question is not None:
                await held_card.put(interaction, question)
            else:
                await self._save(interaction, about)

    async def _open(self, interaction: discord.Interaction, about: int) -> None:
        """Open a window with the words; those that no window holds come back as a file."""
        held = await self._check.waiting(person_of(interaction), about)
        if len(held.text) <= LONGEST:
            await interaction.response.send_modal(ChangeWindow(held, interaction.locale.value))
            return
        too_long = _(
            "Your words are longer than a window holds. Here they are as a file: change them and send it with"
            " `/write file:`; then press “Throw away” here."
        )
        await tell(interaction, too_long, words=held.text)

    async def _save(self, interaction: discord.Interaction, about: int) -> None:
        require_voice(interaction)
        place, person = place_of(interaction), person_of(interaction)
        written = await self._check.save(place, person, about)
        await self._performance.show_saved(written, place, person)
        await _close(interaction, _("Your words are in the story."))


async def _close(interaction: discord.Interaction, line: Text) -> None:
    await interaction.edit_original_response(content=line.render(interaction.locale.value), view=None)


async def setup(bot: StoryBot) -> None:
    """Hear the buttons under words that wait."""
    await bot.add_cog(HeldWords(check=bot.services.check, performance=bot.services.performance))
