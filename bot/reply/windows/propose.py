"""Open a window to propose what happens next, and read what it sends back, restart in between or not."""

import re
from dataclasses import dataclass

import discord

from bot.locales import _
from bot.reply.windows.fields import sent_by
from bot.story.votes.ballot_box import VERBATIM

_CUSTOM_ID = re.compile(r"vote:propose:(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Hold what somebody proposes in a vote; `verbatim` is whether it shall be the passage itself."""

    vote_id: int
    text: str
    verbatim: bool


class ProposeModal(discord.ui.Modal):
    """Ask for a proposal; a listener takes the answer, so that one sent after a restart is not lost."""

    def __init__(self, vote_id: int, locale: str) -> None:
        super().__init__(
            title=_("Propose what happens next").render(locale),
            custom_id=f"vote:propose:{vote_id}",
            timeout=None,
        )
        field = discord.ui.TextInput[discord.ui.Modal](
            style=discord.TextStyle.paragraph, custom_id="text", max_length=VERBATIM
        )
        self.add_item(discord.ui.Label(text=_("Your proposal").render(locale), component=field))
        self.add_item(
            discord.ui.Label(
                text=_("Word for word").render(locale),
                description=_(
                    "If it wins, it is the next passage itself; else the narrator writes it."
                ).render(locale),
                component=discord.ui.Checkbox[discord.ui.Modal](custom_id="verbatim"),
            )
        )


def proposal_of(interaction: discord.Interaction) -> Proposal | None:
    """Return what was proposed in the window; None if this interaction is something else."""
    if not (sent := sent_by(interaction, _CUSTOM_ID)):
        return None
    return Proposal(int(sent.ids[1]), sent.fields.get("text", ""), sent.fields.get("verbatim") == "True")
