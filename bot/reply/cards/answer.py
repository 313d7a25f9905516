"""Show what came of a question: the answer, and links to the passages that it relies on."""

import re
from typing import Any, Self

import discord

from bot.locales import _
from bot.reply.links import message_link
from bot.story.narration.draft import Waiting, Writing
from bot.story.questions.excerpts import shortened
from bot.story.questions.questions import Answer, Cited
from bot.story.text import inline_name

PAGE = 2000  # Discord's limit
_QUOTE = 300  # characters of an excerpt
_MENTION = re.compile(r"@(?=everyone|here)")


class ShowEveryone(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template=r"ask:show:(?P<story>\d+)"
):
    """Carry the wish to show a private answer in the channel; the message that it stands under has the answer."""

    def __init__(self, story: int, *, locale: str = "en") -> None:
        super().__init__(
            discord.ui.Button(
                label=_("Show everyone").render(locale), emoji="📣", custom_id=f"ask:show:{story}"
            )
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button again from its id."""
        return cls(int(match["story"]))

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press to whoever listens for `answer_shown`."""
        interaction.client.dispatch("answer_shown", interaction)


def under(answer: Answer, locale: str) -> discord.ui.View:
    """Return the button under a private answer."""
    view = discord.ui.View(timeout=None)
    view.add_item(ShowEveryone(answer.story.id, locale=locale))
    return view


def asked(question: str) -> str:
    """Return a question as the first line of its answer."""
    return f"> **{_plain(question)}**"


def progress(question: str, step: Waiting | Writing | None, locale: str) -> str:
    """Return what is shown while the answer is being written."""
    if isinstance(step, Writing):
        return f"{asked(question)}\n{_plain(step.text)[: PAGE // 2]} …"
    line = _("Looking it up in the story …")
    if step is not None:
        line = _("Looking it up in the story … number {place} in the queue.", place=step.position)
    if step is not None and step.eta is not None:
        line = _(
            "Looking it up in the story … number {place} in the queue, starts in about {seconds} s.",
            place=step.position,
            seconds=max(1, round(step.eta)),
        )
    return f"{asked(question)}\n-# {line.render(locale)}"


def answered(answer: Answer, locale: str) -> str:
    """Return the whole answer with its sources; what is too long for a message loses its last quotes."""
    if answer.outcome == "answered":
        lines = [_plain(answer.text), _relies(answer, locale)]
    else:
        lines = [_("The story does not say, as far as I can find.").render(locale)]
        if answer.outcome == "nearest":
            lines = [_("I cannot tell for sure. This comes nearest:").render(locale)]
            lines += [_quoted(cited, answer, locale) for cited in answer.sources]
    text = asked(answer.question)
    for line in lines:
        text = f"{text}\n{line}" if len(text) + len(line) < PAGE else text
    return text[:PAGE]


def shown_by(name: str, content: str, locale: str) -> str:
    """Return an answer as everyone reads it, under the name of who asked."""
    line = _("{name} asked about the story:", name=inline_name(name)).render(locale)
    return f"-# {line}\n{content}"[:PAGE]


def _relies(answer: Answer, locale: str) -> str:
    named = " · ".join(_named(cited, answer, locale) for cited in answer.sources)
    line = _("It stands here: {sources}", sources=named)
    return f"-# {line.render(locale)}"


def _named(cited: Cited, answer: Answer, locale: str) -> str:
    """Name a source, with a link to it where a message shows it."""
    source = cited.source
    if source.kind == "lore":
        return _("lore “{title}”", title=inline_name(source.title)).render(locale)
    if source.kind == "recap":
        return _("recap of passages {range}", range=source.title).render(locale)
    name = _("passage {number}", number=source.number).render(locale)
    if cited.channel_id is None or cited.message_id is None:
        return name
    return f"[{name}]({message_link(answer.story.guild_id, cited.channel_id, cited.message_id)})"


def _quoted(cited: Cited, answer: Answer, locale: str) -> str:
    quote = shortened(_plain(cited.source.text), _QUOTE)
    return f"> {quote}\n-# {_named(cited, answer, locale)}"


def _plain(text: str) -> str:
    """Return a text in one line that cannot pass for a link, a heading or a mention of all."""
    return _MENTION.sub("@\u200b", " ".join(text.split()).replace("](", "]\u200b("))
