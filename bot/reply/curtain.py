"""Show in a channel that a story rests, and that another is told from here."""

import discord

from bot.locales import _
from bot.reply.board import Board
from bot.reply.cards.story import COLOUR
from bot.reply.sheet import NOBODY
from bot.story.pausing import Shift
from bot.story.people import Person
from bot.story.standing import Standing
from bot.story.text import inline_name
from storage.stories import Story


async def show_shift(board: Board, shift: Shift, person: Person) -> None:
    """Fold up the story that rests, and unfold the one that goes on: its newest passage, with the buttons."""
    if shift.paused is not None:
        await board.take_away_buttons(shift.paused.story)
        await _say(board, _resting(shift.paused.story, person), shift.paused.story)
    if shift.resumed is not None:
        await _say(board, _going_on(shift.resumed, person), shift.resumed.story)
        await _unfold(board, shift.resumed)


async def _unfold(board: Board, standing: Standing) -> None:
    story, head = standing.story, standing.head
    if head is None:
        await board.place_buttons(story)
    else:
        # Shown anew: its old messages may be far above, and nobody remembers where the story stopped.
        await board.show(board.sheet(story.channel_id), head, story)


async def _say(board: Board, card: discord.Embed, story: Story) -> None:
    await board.channel(story.channel_id).send(embed=card, allowed_mentions=NOBODY)


def _resting(story: Story, person: Person) -> discord.Embed:
    line = _(
        "{name} paused this story. `/story resume` goes on with it; nothing is lost.",
        name=inline_name(person.name),
    )
    title = _("Paused: {title}", title=story.title).render(story.language)
    return discord.Embed(title=title[:256], description=line.render(story.language), colour=COLOUR)


def _going_on(standing: Standing, person: Person) -> discord.Embed:
    story = standing.story
    stopped = _("{name} goes on with this story. This is where it stopped:", name=inline_name(person.name))
    empty = _("{name} goes on with this story. Its page is still empty.", name=inline_name(person.name))
    line = empty if standing.head is None else stopped
    return discord.Embed(title=story.title, description=line.render(story.language), colour=COLOUR)
