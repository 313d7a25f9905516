"""Show a story as a card: when it starts, when it ends, when someone asks how it stands."""

import discord

from bot.engine.request import ModelInfo
from bot.locales import Text, _, _n
from bot.story.languages import LANGUAGES
from bot.story.narration.adapters import Voice
from bot.story.narration.styles import named
from bot.story.shelf import Overview, Page
from bot.story.text import inline_name
from storage.stories import ON_REQUEST, Rating, Story

COLOUR = discord.Colour(0x8A6D3B)

REVISION = 12  # characters; of a hub's commit that is enough to find it

RATINGS: dict[Rating, Text] = {
    "everyone": _("for everyone"),
    "teen": _("for teens and up"),
    "mature": _("for adults"),
}


def opening(story: Story) -> discord.Embed:
    """Return the card that opens a story, in the story's language."""
    language = story.language
    embed = discord.Embed(title=story.title, description=story.premise or None, colour=COLOUR)
    how = _(
        "Write with `/write`, or let the narrator go on with `/continue`. Everyone here can join in."
        " To make every message a passage: `/story settings free_typing:True`."
    )
    if not story.narrates:
        how = _(
            "Write with `/write`; everyone here can join in, and no machine does."
            " To make every message a passage: `/story settings free_typing:True`."
        )
    if story.free_typing:
        how = _(
            "Just type: every message here is a passage. (Words in parentheses, or after //, are table talk.)"
        )
    embed.add_field(name=_("How to play").render(language), value=how.render(language), inline=False)
    embed.set_footer(text=_("Started by {name}", name=story.starter_name or "—").render(language))
    return embed


def ending(story: Story, name: str) -> discord.Embed:
    """Return the card that ends a story, in the story's language."""
    line = _(
        "{name} ended this story. `/story export` hands it over as a file; `/story start` begins another."
        " `/story resume` takes it up again.",
        name=inline_name(name),
    )
    title = _("The end: {title}", title=story.title).render(story.language)
    return discord.Embed(title=title[:256], description=line.render(story.language), colour=COLOUR)


def card(overview: Overview, locale: str) -> discord.Embed:
    """Return the card that tells how a story stands."""
    story = overview.standing.story
    embed = discord.Embed(title=story.title, description=story.premise or None, colour=COLOUR)
    on_off = _("on") if story.free_typing else _("off")
    for name, value in (
        (_("Language"), LANGUAGES[story.language].name),
        (_("Rating"), RATINGS[story.rating]),
        (_("Free typing"), on_off),
        (_("Passages"), _n("{n} passage", "{n} passages", overview.passages)),
        (_("The narrator writes"), share(story)),
        (_("The narrator writes about"), _length(story)),
        (_("Style"), named(story.style)),
        (_("Creativity"), _("{n} of 5", n=story.creativity)),
        (_("Lore check"), _("on") if story.lore_check else _("off")),
        *(((_("The narrator proposes"), _waiting(overview.proposals)),) if overview.proposals else ()),
        (_("Language model"), model_line(overview.model)),
        *(((_("Voice"), voice_line(overview.voice)),) if overview.voice else ()),
    ):
        embed.add_field(name=name.render(locale), value=value.render(locale))
    started = f"<t:{story.created // 1000}:D>"
    line = _("Started by {name} on {date}", name=inline_name(story.starter_name or "—"), date=started)
    embed.add_field(name="\u200b", value=line.render(locale), inline=False)
    return embed


def _waiting(proposals: int) -> Text:
    return _n("{n} fact: `/lore proposals`", "{n} facts: `/lore proposals`", proposals)


def share(story: Story) -> Text:
    """Say when the narrator writes."""
    if not story.narrates:
        return _("never: people alone tell this story")
    if story.ai_share == ON_REQUEST:
        return _("when somebody asks")
    return _n("by itself after each passage", "by itself after {n} passages of people", story.ai_share)


def model_line(model: ModelInfo) -> Text:
    """Name a model and its revision, where it has one."""
    if not model.revision:
        return _("{model}", model=model.name)
    return _("{model} (revision {revision})", model=model.name, revision=model.revision[:REVISION])


def voice_line(voice: Voice) -> Text:
    """Name the narrator's voice."""
    if not voice.name:
        return _("the model's own")
    if not voice.known:
        return _("{name} (gone; the narrator writes without it)", name=voice.name)
    return _("{name}", name=voice.name) if voice.own else _("{name} (this server's choice)", name=voice.name)


def _length(story: Story) -> Text:
    if story.language == "zh":
        return _n("{n} character", "{n} characters", story.words)
    return _n("{n} word", "{n} words", story.words)


def shelf_page(page: Page, number: int, locale: str, *, chosen: bool = False) -> discord.Embed:
    """Return a page of a server's stories, the newest first; `chosen` is whether only some of them were asked for."""
    title = _("Stories, page {number}", number=number).render(locale)
    if not page.stories:
        empty = _("There are no stories here. Start one with `/story start`.")
        if chosen:
            empty = _("There are no such stories here. `/story list` without a choice shows all.")
        return discord.Embed(title=title, description=empty.render(locale), colour=COLOUR)
    lines = [_line(story).render(locale) for story in page.stories]
    if page.more:
        lines.append(_("Older ones: `/story list page:{next}`", next=number + 1).render(locale))
    return discord.Embed(title=title, description="\n".join(lines), colour=COLOUR)


def _line(story: Story) -> Text:
    title, channel = inline_name(story.title), f"<#{story.channel_id}>"
    if story.state == "ended":
        return _("**{title}** in {channel}, ended", title=title, channel=channel)
    if story.state == "paused":
        return _("**{title}** in {channel}, paused", title=title, channel=channel)
    return _("**{title}** in {channel}, being told", title=title, channel=channel)
