"""Open windows to edit a passage and to name a branch, and read what they send back, restart in between or not."""

import io
import re
from dataclasses import dataclass
from typing import Any, Self

import discord

from bot.locales import Text, _
from bot.reply.windows.fields import sent_by
from bot.reply.windows.write import LONGEST
from bot.story.tree.editing import Found
from bot.story.tree.walking import NAME

_IDS = re.compile(r"tree:(edit|branch):(\d+)")


@dataclass(frozen=True, slots=True)
class Filled:
    """Hold what a window sent back, and the passage that it was opened for."""

    window: str
    passage_id: int
    text: str


class EditWindow(discord.ui.Modal):
    """Ask for other words in the place of a passage; it comes with those that stand there."""

    def __init__(self, passage_id: int, text: str, locale: str) -> None:
        super().__init__(
            title=_("Edit this passage").render(locale), custom_id=f"tree:edit:{passage_id}", timeout=None
        )
        field = discord.ui.TextInput[discord.ui.Modal](
            style=discord.TextStyle.paragraph, custom_id="text", max_length=LONGEST, default=text
        )
        self.add_item(discord.ui.Label(text=_("The passage").render(locale), component=field))


class BranchWindow(discord.ui.Modal):
    """Ask for the name of a branch that begins at a passage."""

    def __init__(self, passage_id: int, locale: str) -> None:
        super().__init__(
            title=_("Branch from here").render(locale), custom_id=f"tree:branch:{passage_id}", timeout=None
        )
        field = discord.ui.TextInput[discord.ui.Modal](
            custom_id="text", max_length=NAME, placeholder=_("what if …").render(locale)
        )
        self.add_item(discord.ui.Label(text=_("The new branch's name").render(locale), component=field))


class TakeButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"take:(?P<way>earlier|later):(?P<passage>\d+)",
):
    """Turn to another take of a passage that stands anywhere in a story."""

    def __init__(self, way: str, passage_id: int) -> None:
        self.step = 1 if way == "later" else -1
        self.passage_id = passage_id
        super().__init__(
            discord.ui.Button(label="▶" if way == "later" else "◀", custom_id=f"take:{way}:{passage_id}")
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
        return cls(match["way"], int(match["passage"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press to whoever listens for `take_button`: buttons know no services."""
        interaction.client.dispatch("take_button", interaction, self.passage_id, self.step)


def filled(interaction: discord.Interaction) -> Filled | None:
    """Return what was written in one of these windows; None if this interaction is something else."""
    if not (sent := sent_by(interaction, _IDS)):
        return None
    return Filled(sent.ids[1], int(sent.ids[2]), sent.fields.get("text", ""))


async def open_editor(interaction: discord.Interaction, found: Found) -> None:
    """Open the window with a passage, or hand over one that is too long for it as a file to be sent back."""
    locale = interaction.locale.value
    if len(found.passage.text) <= LONGEST:
        await interaction.response.send_modal(EditWindow(found.passage.id, found.passage.text, locale))
        return
    line = _(
        "This passage has more than the {limit} characters that Discord's window holds. Change this file, and send"
        " it with `/write replace:{number} file:`.",
        limit=f"{LONGEST:,}",
        number=found.number,
    )
    file = discord.File(io.BytesIO(found.passage.text.encode()), f"passage-{found.number}.txt")
    await interaction.response.send_message(line.render(locale), file=file, ephemeral=True)


def turned(found: Found) -> tuple[Text, discord.ui.View]:
    """Return what to say privately about a passage that was changed in the middle, with arrows for its takes."""
    line = _(
        "Passage {number} reads differently now: take {take} of {takes}. What follows stays as it was;"
        " `/undo` takes the change back.",
        number=found.number,
        take=found.take,
        takes=len(found.takes),
    )
    view = discord.ui.View(timeout=None)
    if len(found.takes) > 1:
        view.add_item(TakeButton("earlier", found.passage.id))
        view.add_item(TakeButton("later", found.passage.id))
    return line, view
