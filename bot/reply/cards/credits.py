"""Show who wrote how much of a story, and of each chapter."""

from collections.abc import Mapping

import discord

from bot.locales import Text, _, _n
from bot.reply.cards.story import COLOUR
from bot.story.languages import LANGUAGES
from bot.story.survey.credits import Chapter, Credits
from bot.story.survey.writers import FORMER, NARRATOR
from bot.story.text import inline_name
from storage.stories import Story

WRITERS = 12  # named in the list; the others are added up
IN_CHAPTER = 4  # named in a chapter, likewise
CHAPTERS = 9  # on a page: all of it must fit into one card


def credits_card(story: Story, credits: Credits, locale: str, *, page: int = 1) -> discord.Embed:
    """Return the card; `page` is which of the chapters it shows, the newest first."""
    total = max(1, sum(credits.words.values()))
    ranked = sorted(credits.words.items(), key=lambda item: (-item[1], item[0]))
    lines = []
    for writer, words in ranked[:WRITERS]:
        name = inline_name(name_of(writer, credits.names, locale))
        much, many = length(words, story), _n("{n} passage", "{n} passages", credits.passages[writer])
        lines.append(f"**{name}** · {words / total:.0%} · {much.render(locale)} · {many.render(locale)}")
    if rest := ranked[WRITERS:]:
        share = sum(words for _writer, words in rest) / total
        others = _n("and {n} more: {share}", "and {n} more: {share}", len(rest), share=f"{share:.0%}")
        lines.append(others.render(locale))
    by_narrator = credits.words.get(NARRATOR, 0) / total
    people = _(
        "People {people}, the narrator {narrator}",
        people=f"{1 - by_narrator:.0%}",
        narrator=f"{by_narrator:.0%}",
    )
    lines.append(f"\n{people.render(locale)}")
    title = _("Credits: {title}", title=story.title).render(locale)
    embed = discord.Embed(title=title[:256], description="\n".join(lines), colour=COLOUR)
    _add_chapters(embed, credits, locale, page)
    return embed


def name_of(writer: int, names: Mapping[int, str], locale: str) -> str:
    """Return what a writer is called."""
    known: dict[int, Text] = {NARRATOR: _("The narrator"), FORMER: _("a former writer")}
    return known[writer].render(locale) if writer in known else names[writer]


def length(words: int, story: Story) -> Text:
    """Return a length as it is counted in a story's language."""
    if LANGUAGES[story.language].script == "cjk":
        return _n("{n} character", "{n} characters", words)
    return _n("{n} word", "{n} words", words)


def _add_chapters(embed: discord.Embed, credits: Credits, locale: str, page: int) -> None:
    """Add a field for each chapter of a page, where there is more than one chapter at all."""
    numbered = list(enumerate(credits.chapters, start=1))[::-1]
    some = numbered[(page - 1) * CHAPTERS : page * CHAPTERS]
    if len(numbered) < 2:
        return
    for number, chapter in some:
        name = _(
            "Chapter {number}: passages {first} to {last}",
            number=number,
            first=chapter.first + 1,
            last=chapter.last + 1,
        )
        embed.add_field(name=name.render(locale), value=_shares(chapter, credits, locale))
    if len(numbered) > page * CHAPTERS:
        older = _("Earlier chapters: `/credits page:{next}`", next=page + 1)
        embed.set_footer(text=older.render(locale).replace("`", ""))


def _shares(chapter: Chapter, credits: Credits, locale: str) -> str:
    total = max(1, sum(chapter.words.values()))
    ranked = sorted(chapter.words.items(), key=lambda item: (-item[1], item[0]))
    lines = [
        f"{inline_name(name_of(writer, credits.names, locale))} {words / total:.0%}"
        for writer, words in ranked[:IN_CHAPTER]
    ]
    if rest := ranked[IN_CHAPTER:]:
        share = sum(words for _writer, words in rest) / total
        lines.append(f"+{len(rest)} {share:.0%}")
    return "\n".join(lines)
