"""Make the buttons under the newest passage; what they do is remembered in their ids, so they outlive a restart."""

import re
from typing import Any, Self

import discord

from bot.locales import Text, _
from bot.story.standing import Standing

_EMOJI = {"write": "✏️", "continue": "▶️", "retry": "🔁", "undo": "↩️", "twist": "🌀", "stop": "⏹️", "keep": "✅"}
_LABELS = {
    "write": _("Write"),
    "continue": _("Continue"),
    "retry": _("Retry"),
    "undo": _("Undo"),
    "twist": _("Twist"),
    "stop": _("Stop"),
    "keep": _("Keep it"),
}


class StoryButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"story:(?P<action>[a-z]+):(?P<about>\d+)",
):
    """Carry an action and the id of what it is about: a passage, or a narration that can be stopped."""

    def __init__(self, action: str, about: int, *, label: str | None = None, locale: str = "en") -> None:
        """Take the label of the action in a locale, unless another is given."""
        self.action = action
        self.about = about
        text = _LABELS[action].render(locale) if label is None else label
        super().__init__(
            discord.ui.Button(
                label=text,
                emoji=_EMOJI.get(action),
                custom_id=f"story:{action}:{about}",
                style=discord.ButtonStyle.primary if action == "continue" else discord.ButtonStyle.secondary,
                disabled=action == "count",
                row=1 if action in ("previous", "count", "next") else 0,
            )
        )

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction,
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Make the button again from its id, after a restart as before it."""
        return cls(match["action"], int(match["about"]), label="")

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press to whoever listens for `story_button`: buttons know no services."""
        interaction.client.dispatch("story_button", interaction, self.action, self.about)


def controls(standing: Standing, locale: str) -> discord.ui.View:
    """Return the buttons for where a story stands."""
    head = standing.head
    about = head.id if head else 0
    view = discord.ui.View(timeout=None)
    narrator = standing.story.narrates
    actions = ["write", "continue"] if narrator else ["write"]
    if head is not None:
        actions += ["retry", "undo"] if head.kind == "narrator" and narrator else ["undo"]
    actions += ["twist"] if narrator else []
    for action in actions:
        view.add_item(StoryButton(action, about, locale=locale))
    if len(standing.takes) > 1:
        view.add_item(StoryButton("previous", about, label="◀"))
        view.add_item(StoryButton("count", about, label=f"{standing.take}/{len(standing.takes)}"))
        view.add_item(StoryButton("next", about, label="▶"))
    return view


def only(action: str, about: int, locale: str) -> discord.ui.View:
    """Return a single button: Stop while the narrator writes, Keep it after it was stopped."""
    view = discord.ui.View(timeout=None)
    view.add_item(StoryButton(action, about, locale=locale))
    return view


def label(action: str) -> Text:
    """Return a button's label, for sentences that name it."""
    return _LABELS[action]
