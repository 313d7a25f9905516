"""Make the button that takes a seat; it carries the story's id, so it outlives a restart."""

import re
from typing import Any, Self

import discord

from bot.locales import _
from bot.reply.buttons import StoryButton
from storage.stories import Story


class JoinButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"turn:join:(?P<story>\d+)"
):
    """Take a seat in a story."""

    def __init__(self, story_id: int, *, locale: str = "en") -> None:
        self.story_id = story_id
        super().__init__(
            discord.ui.Button(
                label=_("Take a seat").render(locale),
                emoji="🪑",
                custom_id=f"turn:join:{story_id}",
                style=discord.ButtonStyle.secondary,
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button again from its id, after a restart as before it."""
        return cls(int(match["story"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press to whoever listens for `turn_join`: buttons know no services."""
        interaction.client.dispatch("turn_join", interaction, self.story_id)


def join_button(story: Story) -> discord.ui.View:
    """Return the button that takes a seat in a story."""
    view = discord.ui.View(timeout=None)
    view.add_item(JoinButton(story.id, locale=story.language))
    return view


def hand_in_buttons(story: Story) -> discord.ui.View:
    """Return the buttons under the word that a round is open: the writing window, and a seat for who has none."""
    view = join_button(story)
    view.add_item(StoryButton("write", 0, label=_("Hand in").render(story.language)))
    return view
