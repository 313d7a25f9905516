"""Make the buttons with which somebody decides about words that wait or about a proposed fact.

Their ids hold the decision and what it is about, so they outlive a restart.
"""

import re
from typing import Any, Self

import discord

from bot.locales import _

_LABELS = {
    "held:save": _("Save anyway"),
    "held:edit": _("Change my words"),
    "held:drop": _("Throw away"),
    "proposal:approve": _("Approve"),
    "proposal:edit": _("Edit"),
    "proposal:refuse": _("Refuse"),
    "proposal:later": _("Later"),
}
_EMOJI = {
    "held:save": "✅",
    "held:edit": "✏️",
    "held:drop": "🗑️",
    "proposal:approve": "✅",
    "proposal:edit": "✏️",
    "proposal:refuse": "✖️",
    "proposal:later": "⏭️",
}
_STYLES = {"held:edit": discord.ButtonStyle.primary, "proposal:approve": discord.ButtonStyle.success}


class DecisionButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"(?P<decision>held:(?:save|edit|drop)|proposal:(?:approve|edit|refuse|later)):(?P<about>\d{1,18})",
):
    """Carry a decision (`family:action`) and the id of what it is about."""

    def __init__(self, decision: str, about: int, *, locale: str = "en") -> None:
        self.decision = decision
        self.about = about
        super().__init__(
            discord.ui.Button(
                label=_LABELS[decision].render(locale),
                emoji=_EMOJI[decision],
                custom_id=f"{decision}:{about}",
                style=_STYLES.get(decision, discord.ButtonStyle.secondary),
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button again from its id, after a restart as before it."""
        return cls(match["decision"], int(match["about"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press to whoever listens for `held_button` or `proposal_button`: buttons know no services."""
        family, action = self.decision.split(":")
        interaction.client.dispatch(f"{family}_button", interaction, action, self.about)
