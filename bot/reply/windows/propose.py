"""Open a window to propose what happens next, and read what it sends back, restart in between or not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord

from bot.locales import _
from bot.reply.windows.fields import fields_of
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
    data: Mapping[str, Any] = interaction.data or {}
    found = _CUSTOM_ID.fullmatch(str(data.get("custom_id", "")))
    if interaction.type is not discord.InteractionType.modal_submit or found is None:
        return None
    values = fields_of(data)
    return Proposal(int(found[1]), values.get("text", ""), values.get("verbatim") == "True")
