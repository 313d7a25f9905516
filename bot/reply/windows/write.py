"""Open a window to write a passage in, and read what it sends back, restart in between or not."""

import re

import discord

from bot.locales import _
from bot.reply.windows.fields import sent_by

CUSTOM_ID = "story:write"
_WINDOW = re.compile(CUSTOM_ID)
LONGEST = 4000  # Discord's limit of a text field


class WriteModal(discord.ui.Modal):
    """Ask for a passage; a listener takes the answer, so that one sent after a restart is not lost."""

    def __init__(self, locale: str, *, before: str = "") -> None:
        """Ask in a locale; `before` is how the last passage ends, where only this writer may know."""
        super().__init__(title=_("Write a passage").render(locale), custom_id=CUSTOM_ID, timeout=None)
        if before:
            line = _("So far you know this much: {words}", words=f"\n>>> {before}").render(locale)
            self.add_item(discord.ui.TextDisplay(line))
        field = discord.ui.TextInput[discord.ui.Modal](
            style=discord.TextStyle.paragraph,
            custom_id="text",
            max_length=LONGEST,
            placeholder=_("What happens next?").render(locale),
        )
        self.add_item(discord.ui.Label(text=_("Your passage").render(locale), component=field))


def words_of(interaction: discord.Interaction) -> str | None:
    """Return what was written in the window; None if this interaction is something else."""
    sent = sent_by(interaction, _WINDOW)
    return sent.fields.get("text", "") if sent else None
