"""Ask a writer, privately, about words that go against the lore; the words are kept meanwhile."""

import re
from collections.abc import Sequence

import discord

from bot.locales import Text, _
from bot.reply.answers import tell
from bot.reply.decision_button import DecisionButton
from bot.reply.sheet import NOBODY
from bot.reply.windows.fields import sent_by
from bot.reply.windows.write import LONGEST
from bot.story.lore.contradictions import Contradiction
from bot.story.lore.lore_check import DAYS, WAITING, Question
from bot.story.text import inline_name
from storage.held import Held

_WINDOW = re.compile(r"held:edited:(\d+)")
_QUOTE = 160  # characters of a sentence


class ChangeWindow(discord.ui.Modal):
    """Ask for other words; a listener takes the answer, restart in between or not."""

    def __init__(self, held: Held, locale: str) -> None:
        title = _("Write a passage").render(locale)
        super().__init__(title=title, custom_id=f"held:edited:{held.id}", timeout=None)
        field = discord.ui.TextInput[discord.ui.Modal](
            style=discord.TextStyle.paragraph, custom_id="text", max_length=LONGEST, default=held.text
        )
        self.add_item(discord.ui.Label(text=_("Your passage").render(locale), component=field))


def changed(interaction: discord.Interaction) -> tuple[int, str] | None:
    """Return the id of words that wait and what they are changed to; None if this interaction is something else."""
    sent = sent_by(interaction, _WINDOW)
    return (int(sent.ids[1]), sent.fields.get("text", "")) if sent else None


async def give_back(interaction: discord.Interaction, words: str) -> None:
    """Give a writer words that have waited too long, or behind too many others, to be kept any longer."""
    line = _(
        "I keep words that wait for you for {days} days, {n} passages at a time. These are your oldest: send them"
        " with `/write file:` whenever you like.",
        days=DAYS,
        n=WAITING,
    )
    await tell(interaction, line, words=words)


async def put(interaction: discord.Interaction, question: Question) -> None:
    """Ask the one who wrote."""
    locale = interaction.locale.value
    lead = _(
        "Your passage is not in the story yet: it seems to go against the lore. Your words are kept until you decide,"
        " for {days} days.",
        days=DAYS,
    )
    lines = [lead, *(line for one in question.found for line in _said(one))]
    view = discord.ui.View(timeout=None)
    for action in ("edit", "save", "drop"):
        view.add_item(DecisionButton(f"held:{action}", question.held.id, locale=locale))
    text = "\n".join(line.render(locale) for line in lines)
    await interaction.edit_original_response(content=text[:2000], view=view, allowed_mentions=NOBODY)


def told(found: Sequence[Contradiction], locale: str) -> str:
    """Say of a passage that is in the story what it goes against."""
    lines = " ".join(_lore(one).render(locale) for one in found)
    line = _("This is in the story, but it seems to go against the lore: {lines}", lines=lines)
    return f"-# ⚠️ {line.render(locale)}"[:2000]


def _said(one: Contradiction) -> list[Text]:
    return [_("You wrote: “{said}”", said=_quote(one.said)), _lore(one)]


def _lore(one: Contradiction) -> Text:
    return _(
        "The lore, “{title}”: “{fact}” ({why})",
        title=inline_name(one.version.title),
        fact=_quote(one.fact),
        why=one.why,
    )


def _quote(text: str) -> str:
    line = " ".join(text.split()).replace("](", "]\u200b(")
    return line if len(line) <= _QUOTE else f"{line[:_QUOTE]}…"
