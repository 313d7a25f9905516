"""Show, to one person, what stories in a place keep to, and the ways out of a scene."""

from collections.abc import Iterable

import discord

from bot.locales import _
from bot.reply.boundary_buttons import SCENE, BoundaryButton
from bot.reply.cards.story import COLOUR, RATINGS
from bot.story.boundaries.agreement import Agreement
from bot.story.text import neutralise
from storage.boundaries import WHOLE_SERVER, Boundary
from storage.stories import Story

MOST = 1000  # characters of a list in a field
SHORT = 60
PROPOSED = 4  # proposals with buttons; the next ones come when these are decided


def card(agreement: Agreement, locale: str) -> discord.Embed:
    """Return the card of what holds in a place."""
    intro = _(
        "**Lines** are never crossed. What is **veiled** may happen, but out of sight. Moderators set them with"
        " `/boundaries`; anybody may propose one the same way, and no name is kept."
    )
    embed = discord.Embed(
        title=_("Boundaries of this place").render(locale),
        description=intro.render(locale),
        colour=COLOUR,
    )
    rating = RATINGS[agreement.rating] if agreement.rating else _("each by its own rating")
    fields = [(_("Stories are told"), rating.render(locale))]
    for name, kind in ((_("Lines"), "line"), (_("Veils"), "veil")):
        fields.append((name, _listed([b for b in agreement.held if b.kind == kind], agreement, locale)))
    if agreement.proposed:
        fields.append((_("Proposed, without a name"), _listed(agreement.proposed, agreement, locale)))
    for name, value in fields:
        embed.add_field(name=name.render(locale), value=value[:MOST], inline=False)
    leave = _(
        "If a scene is too much for you: the buttons below pause, rewind or skip it at once. Nobody sees who pressed"
        " them, and you need give no reason."
    )
    embed.set_footer(text=leave.render(locale))
    return embed


def buttons(agreement: Agreement, story: Story | None, locale: str) -> discord.ui.View:
    """Return the ways out of a scene, where one is told, and what moderators can decide."""
    view = discord.ui.View(timeout=None)
    if story is not None:
        for action in SCENE:
            view.add_item(BoundaryButton(action, story.id, locale=locale))
    for row, proposal in enumerate(agreement.proposed[:PROPOSED], start=1):
        view.add_item(BoundaryButton("agree", proposal.id, label=proposal.text[:SHORT], row=row))
        view.add_item(BoundaryButton("refuse", proposal.id, locale=locale, row=row))
    return view


def _listed(found: Iterable[Boundary], agreement: Agreement, locale: str) -> str:
    """Return boundaries in lines, each covered until it is looked at."""
    lines = []
    for boundary in found:
        words = f"||{discord.utils.escape_markdown(neutralise(boundary.text))}||"
        line = (
            _("{words} (veiled)", words=words) if _is_proposed_veil(boundary) else _("{words}", words=words)
        )
        if boundary.channel_id == WHOLE_SERVER:
            line = _("{words} · whole server", words=line)
        elif boundary.channel_id != agreement.place.channel_id:
            line = _("{words} · from the channel", words=line)
        lines.append(f"- {line.render(locale)}")
    return "\n".join(lines) or _("none").render(locale)


def _is_proposed_veil(boundary: Boundary) -> bool:
    return boundary.kind == "veil" and not boundary.agreed
