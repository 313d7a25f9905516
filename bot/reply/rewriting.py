"""Put other words, or another take, in the place of a passage, and tell privately what is read there now."""

import discord

from bot.reply.answers import dismiss
from bot.reply.cards.held import told
from bot.reply.performance import Performance
from bot.reply.sheet import NOBODY
from bot.reply.tree_lines import taken_back
from bot.reply.who import person_of, place_of
from bot.reply.windows.tree import turned
from bot.story.lore.lore_check import LoreCheck
from bot.story.storyteller import Written
from bot.story.tree.editing import Editor, Found
from bot.story.tree.moved import Moved


class Rewriting:
    """Carry out what people change in passages, wherever they ask for it."""

    def __init__(self, *, editor: Editor, check: LoreCheck, performance: Performance) -> None:
        self._editor = editor
        self._check = check
        self._performance = performance

    async def rewrite(self, interaction: discord.Interaction, passage_id: int, text: str) -> None:
        """Put other words in the place of a passage; those that go against the lore wear a flag."""
        place, person = place_of(interaction), person_of(interaction)
        moved = await self._editor.edit(place, person, passage_id, text)
        found = await self._editor.find(place, _read_now(moved, passage_id))
        passage = found.passage
        against = await self._check.flag_written(
            Written(found.stand.story, passage.text, passage), person_id=person.id
        )
        await self._performance.show_move(moved, taken_back(person))
        warning = told(against, interaction.locale.value) if against else ""
        await self._say(interaction, found, warning)

    async def turn(self, interaction: discord.Interaction, passage_id: int, *, step: int) -> None:
        """Read another take in the place of a passage, and let the private arrows follow."""
        place, person = place_of(interaction), person_of(interaction)
        moved = await self._editor.turn(place, person, passage_id, step=step)
        await self._performance.show_move(moved, taken_back(person))
        await self.tell_takes(interaction, _read_now(moved, passage_id))

    async def tell_takes(self, interaction: discord.Interaction, passage_id: int) -> None:
        """Say privately what is read in the middle now; what changed at the end shows it by itself."""
        await self._say(interaction, await self._editor.find(place_of(interaction), passage_id))

    async def _say(self, interaction: discord.Interaction, found: Found, warning: str = "") -> None:
        if found.newest and not warning:
            await dismiss(interaction)
            return
        line, view = turned(found)
        content = "" if found.newest else line.render(interaction.locale.value)
        await interaction.edit_original_response(
            content=f"{content}\n{warning}".strip(),
            view=None if found.newest else view,
            allowed_mentions=NOBODY,
        )


def _read_now(moved: Moved, passage_id: int) -> int:
    """Return what is read where a passage was."""
    return next((c.after for c in moved.changes if c.before == passage_id and c.after), passage_id)
