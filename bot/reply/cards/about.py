"""Show what the bot is, which model narrates, and how it is doing."""

import discord

from bot.clock import now
from bot.engine.engine import Status
from bot.locales import Text, _, _n
from bot.reply.cards.story import COLOUR, model_line


def about(status: Status, locale: str) -> discord.Embed:
    """Return the card that answers `/about`."""
    what = _(
        "I keep the stories that people tell together in their channels. The narrator, who writes when you ask for it, "
        "is an AI language model: what it writes is invented, and can be wrong."
    )
    embed = discord.Embed(title="Storyloom", description=what.render(locale), colour=COLOUR)
    since = f"<t:{now() // 1000 - round(status.uptime)}:R>"
    for name, value in (
        (_("Language model"), model_line(status.model)),
        (_("Run by"), _("{backend}", backend=status.backend)),
        (
            _("State"),
            _("ready") if status.ready else _("starting again; what you ask for waits until it is back"),
        ),
        (_("Speed"), _speed(status.tokens_per_second)),
        (
            _("Queue"),
            _("{running} being written, {waiting} waiting", running=status.running, waiting=status.waiting),
        ),
        (_("Awake since"), _("{since}", since=since)),
        (_("Restarts of the model"), _n("{n} time", "{n} times", status.restarts)),
    ):
        embed.add_field(name=name.render(locale), value=value.render(locale))
    how = _(
        "Type `/` to see every command with what it does; `/story start` begins a story. If something goes wrong, ask "
        "a moderator of this server, or whoever hosts this bot."
    )
    embed.add_field(name=_("Help").render(locale), value=how.render(locale), inline=False)
    return embed


def _speed(tokens_per_second: float | None) -> Text:
    if tokens_per_second is None:
        return _("not measured yet")
    return _("about {n} tokens a second for each story", n=round(tokens_per_second, 1))
