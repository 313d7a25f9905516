"""Show a fact that the narrator proposes as lore, with buttons to decide about it."""

import re

import discord

from bot.locales import Text, _
from bot.reply.cards.story import COLOUR
from bot.reply.decision_button import DecisionButton
from bot.reply.windows.fields import sent_by
from bot.story.lore.facts import Fact
from bot.story.lore.proposals import Card
from bot.story.lore.writing import TEXT, TITLE
from bot.story.text import inline_name

_WINDOW = re.compile(r"proposal:edited:(\d+)")


class EditWindow(discord.ui.Modal):
    """Ask for a proposal in other words; a listener takes the answer, restart in between or not."""

    def __init__(self, card: Card, locale: str) -> None:
        proposal = card.proposal
        title = _("Edit the proposal").render(locale)
        super().__init__(title=title, custom_id=f"proposal:edited:{proposal.id}", timeout=None)
        for name, label, value, limit in (
            ("title", _("What it is about"), proposal.title, TITLE),
            ("text", _("What the narrator must respect"), proposal.text, TEXT),
        ):
            field = discord.ui.TextInput[discord.ui.Modal](
                style=discord.TextStyle.paragraph if name == "text" else discord.TextStyle.short,
                custom_id=name,
                max_length=limit,
                default=value,
            )
            self.add_item(discord.ui.Label(text=label.render(locale), component=field))


def edited(interaction: discord.Interaction) -> tuple[int, Fact] | None:
    """Return a proposal's id and what it shall say; None if this interaction is something else."""
    if not (sent := sent_by(interaction, _WINDOW)):
        return None
    return int(sent.ids[1]), Fact(sent.fields.get("title", ""), sent.fields.get("text", ""))


def shown(card: Card, number: int, total: int, locale: str) -> tuple[discord.Embed, discord.ui.View]:
    """Return one of so many waiting proposals with its buttons."""
    embed = discord.Embed(
        title=inline_name(card.proposal.title), description=card.proposal.text, colour=COLOUR
    )
    embed.set_author(name=_("The narrator proposes as lore").render(locale))
    for line in _about(card):
        embed.add_field(name="\u200b", value=line.render(locale), inline=False)
    embed.set_footer(text=_("{n} of {total}", n=number, total=total).render(locale))
    view = discord.ui.View(timeout=None)
    for action in ("approve", "edit", "refuse", *(("later",) if total > 1 else ())):
        view.add_item(DecisionButton(f"proposal:{action}", card.proposal.id, locale=locale))
    return embed, view


def _about(card: Card) -> list[Text]:
    numbers = ", ".join(map(str, card.numbers))
    lines = [_("It stands in passage {number}; if that is taken back, so is this.", number=numbers)]
    if card.entry is not None:
        lines.append(_("Approved, it is added to the entry “{title}”.", title=inline_name(card.entry.title)))
    return lines
