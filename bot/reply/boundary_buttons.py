"""Make the buttons with which anyone leaves a scene, and moderators decide about proposals; they outlive a restart."""

import re
from collections.abc import Mapping
from typing import Any, Self

import discord

from bot.locales import Text, _

_PREFIX = "bounds:"
_EMOJI = {
    "open": "🤝",
    "pause": "⏸️",
    "rewind": "⏪",
    "skip": "⏭️",
    "resume": "▶️",
    "agree": "✅",
    "refuse": "✖️",
}
_LABELS: dict[str, Text] = {
    "open": _("Boundaries"),
    "pause": _("Pause the story"),
    "rewind": _("Rewind this scene"),
    "skip": _("Skip this scene"),
    "resume": _("Resume"),
    "agree": _("Agree"),
    "refuse": _("Turn down"),
}
SCENE = ("pause", "rewind", "skip")


class BoundaryButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=_PREFIX + r"(?P<action>[a-z]+):(?P<about>\d+)",
):
    """Carry an action and the id of the story or the proposal that it is about."""

    def __init__(
        self, action: str, about: int, *, label: str | None = None, locale: str = "en", row: int = 0
    ) -> None:
        """Take the label of the action in a locale, unless another is given."""
        self.action = action
        self.about = about
        super().__init__(
            discord.ui.Button(
                label=_LABELS[action].render(locale) if label is None else label,
                emoji=_EMOJI.get(action),
                custom_id=f"{_PREFIX}{action}:{about}",
                style=discord.ButtonStyle.secondary,
                row=row,
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button again from its id, after a restart as before it."""
        return cls(match["action"], int(match["about"]), label="")

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press to whoever listens for `boundary_button`: buttons know no services."""
        interaction.client.dispatch("boundary_button", interaction, self.action, self.about)


def is_about_boundaries(interaction: discord.Interaction) -> bool:
    """Tell whether somebody uses `/boundaries` or one of its buttons, of which nothing is kept beside a name."""
    data: Mapping[str, Any] = interaction.data or {}
    return data.get("name") == "boundaries" or str(data.get("custom_id", "")).startswith(_PREFIX)


def single(action: str, about: int, locale: str) -> discord.ui.View:
    """Return one button: the way to the boundaries on a story's card, or the one that goes on with a story."""
    view = discord.ui.View(timeout=None)
    view.add_item(BoundaryButton(action, about, locale=locale))
    return view
