"""Show what is remembered: recaps, and what is new to somebody."""

from collections.abc import Sequence

import discord

from bot.locales import Text, _, _n, listed
from bot.reply.cards.story import COLOUR
from bot.reply.links import message_link
from bot.story.memory.keeping_up import Chapter, News, SoFar, Spot
from bot.story.text import inline_name
from bot.story.turns.state import TurnState
from storage.recaps import Level
from storage.stories import Story
from storage.visits import Voice

ROOM = 3600  # characters of a card's text, of Discord's 4,096
FIELD = 800  # of one field: title, text and fields together may have 6,000
_WRITERS = 6
_PERSON = 160  # characters about one person

LEVELS: dict[Level, Text] = {"book": _("The story"), "chapter": _("Chapter"), "scene": _("Scene")}


def so_far(found: SoFar, locale: str) -> discord.Embed:
    """Return the recaps of a story; where they are too many for a card, the newest."""
    story = found.story
    embed = discord.Embed(title=_title(story), colour=COLOUR)
    if not found.chapters:
        none = _(
            "There is no recap yet. One comes after about a dozen passages; this story has {n}.",
            n=found.passages,
        )
        embed.description = none.render(locale)
        return embed
    blocks = [_block(chapter, story, locale) for chapter in found.chapters]
    kept = _newest(blocks, ROOM)
    if found.earlier or len(kept) < len(blocks):
        line = _("Earlier ones have no room here: `/recap level:The story` tells them in short.")
        kept.insert(0, f"-# {line.render(locale)}")
    if found.untold:
        line = _n(
            "{n} newer passage is not in it yet.", "{n} newer passages are not in it yet.", found.untold
        )
        kept.append(f"-# {line.render(locale)}{_link(_('Newest'), found.newest, story, locale)}")
    embed.description = "\n\n".join(kept)
    return embed


def news(found: News, locale: str) -> discord.Embed:
    """Return what is new to somebody."""
    story = found.story
    embed = discord.Embed(title=_title(story), colour=COLOUR)
    lines = [_since(found).render(locale)]
    if found.first <= found.passages:
        onwards = _("Read from the beginning") if found.left is None else _("Read on from there")
        lines[0] += _link(onwards, found.begins, story, locale)
        lines[0] += _link(_("Newest"), found.newest, story, locale)
    blocks = [_block(chapter, story, locale) for chapter in found.chapters]
    kept = _newest(blocks, ROOM - 1000)
    if any(chapter.tongue == "other" for chapter in found.chapters):
        line = _("The narrator's model cannot put this into your language, so here it is as it was told.")
        kept.append(f"-# {line.render(locale)}")
    embed.description = "\n\n".join([*lines, *kept])
    for name, value in (
        (_("Who wrote"), listed((_wrote(voice, locale) for voice in found.writers[:_WRITERS]), locale)),
        (_("Who is who"), _people(found, locale)),
        (_("Whose turn"), _turn(found.turns).render(locale) if story.state == "running" else ""),
    ):
        if value:
            embed.add_field(name=name.render(locale), value=value[:FIELD], inline=False)
    return embed


def _title(story: Story) -> str:
    return story.title[:256]


def _block(chapter: Chapter, story: Story, locale: str) -> str:
    name = LEVELS[chapter.level] if chapter.level else _("Newest")
    numbers = f"{chapter.first}-{chapter.last}" if chapter.last > chapter.first else f"{chapter.first}"
    head = _("**{name}**, passages {numbers}", name=name, numbers=numbers).render(locale)
    link = _link(_("from here"), chapter.begins, story, locale)
    lines = [head + link, plain(chapter.text) or "…"]
    translated, quoted = _("translated by the language model"), _("in the words of the story itself")
    if chapter.tongue == "translated":
        lines.append(f"-# {translated.render(locale)}")
    elif not chapter.own:
        lines.append(f"-# {quoted.render(locale)}")
    return "\n".join(lines)


def _link(name: Text, spot: Spot | None, story: Story, locale: str) -> str:
    if spot is None:
        return ""
    return f" · [{name.render(locale)}]({message_link(story.guild_id, spot.channel_id, spot.message_id)})"


def _newest(blocks: Sequence[str], room: int) -> list[str]:
    """Return the last blocks that fit; of a single one that does not, its beginning."""
    kept: list[str] = []
    for block in reversed(blocks):
        room -= len(block) + 2
        if room < 0:
            break
        kept.insert(0, block)
    return kept or [block[: max(room, ROOM // 2)] for block in blocks[-1:]]


def _since(found: News) -> Text:
    new = found.passages - found.first + 1
    if found.passages == 0:
        return _("Nothing has been told yet. Write the first lines with `/write`.")
    if found.left is None:
        return _n(
            "You are new here. {n} passage has been told.",
            "You are new here. {n} passages have been told.",
            new,
        )
    at = f"<t:{found.left.at // 1000}:R>"
    if new <= 0:
        return _("Nothing is new since you were here {at}.", at=at)
    return _n(
        "Since you were here {at}: {n} new passage.",
        "Since you were here {at}: {n} new passages.",
        new,
        at=at,
    )


def _wrote(voice: Voice, locale: str) -> str:
    name = _("the narrator").render(locale) if voice.kind == "narrator" else inline_name(voice.name or "—")
    passages = _n("{n} passage", "{n} passages", voice.passages)
    return _("{name} ({passages})", name=name, passages=passages).render(locale)


def _people(found: News, locale: str) -> str:
    lines = []
    for person in found.people:
        text = " ".join(person.text.split())
        short = f"{text[:_PERSON]}…" if len(text) > _PERSON else text
        player = f" ({inline_name(person.player_name)})" if person.player_name else ""
        lines.append(f"**{inline_name(person.title)}**{player}: {plain(short)}")
    return "\n".join(_fitting(lines, FIELD))


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    kept = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept


def _turn(turns: TurnState) -> Text:
    if turns.missing:
        names = tuple(inline_name(seat.name) for seat in turns.missing)
        return _("Waiting for: {names}", names=names)
    if turns.holder is not None:
        name = inline_name(turns.holder.name)
        if turns.due is not None:
            return _("{name} (ends {time})", name=name, time=f"<t:{turns.due // 1000}:R>")
        return _("{name}", name=name)
    return _("Everyone may write.")


def plain(text: str) -> str:
    """Return a text that makes no link and no mention of all of its own."""
    return text.replace("](", "]\u200b(").replace("@", "@\u200b")
