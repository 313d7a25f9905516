"""Show how a story is written, in figures, with the picture of how these changed."""

import io

import discord

from bot.locales import Text, _, _n
from bot.reply.cards.credits import length
from bot.reply.cards.story import COLOUR
from bot.story.survey.quality import Report, Stretch
from storage.stories import Story

PICTURE = "trend.png"


def quality_card(story: Story, report: Report, locale: str, *, drawn: bool) -> discord.Embed:
    """Return the card; with `drawn` it has room for the picture."""
    title = _("How it is written: {title}", title=story.title).render(locale)
    embed = discord.Embed(title=title[:256], colour=COLOUR)
    for name, value in (
        (_("Length"), _length(story, report)),
        (_("Who writes"), _shares(report.whole)),
        (_("Pace"), _pace(report)),
        (_("Repetition"), _repetition(report)),
        (_("Different words"), _different(report)),
        (_("Sentences"), _sentences(story, report)),
    ):
        embed.add_field(name=name.render(locale), value=value.render(locale))
    if drawn:
        embed.set_image(url=f"attachment://{PICTURE}")
    else:
        embed.set_footer(text=_("After some more passages a picture shows the trend.").render(locale))
    return embed


def trend_file(png: bytes, story: Story, report: Report, locale: str) -> discord.File:
    """Return the picture with words for those who cannot see it."""
    first, last = report.stretches[0], report.stretches[-1]
    told = _(
        "How “{title}” changed from passages {first} to passages {last}: repetition from {before} to {after},"
        " the narrator's share from {narrator_before} to {narrator_after}.",
        title=story.title,
        first=f"{first.first}–{first.last}",
        last=f"{last.first}–{last.last}",
        before=_percent(first.repetition),
        after=_percent(last.repetition),
        narrator_before=_percent(first.narrator),
        narrator_after=_percent(last.narrator),
    )
    return discord.File(io.BytesIO(png), PICTURE, description=told.render(locale)[:1024])


def _length(story: Story, report: Report) -> Text:
    passages = _n("{n} passage", "{n} passages", report.passages)
    return _("{passages}, {length}", passages=passages, length=length(report.words, story))


def _shares(whole: Stretch) -> Text:
    if whole.narrator is None:
        return _("nobody yet: there are no words")
    return _(
        "People {people}, the narrator {narrator}",
        people=f"{1 - whole.narrator:.0%}",
        narrator=f"{whole.narrator:.0%}",
    )


def _pace(report: Report) -> Text:
    if report.days == 1:
        return _n("{n} passage so far, on one day", "{n} passages so far, all on one day", report.passages)
    pace = report.passages / report.written_on
    return _(
        "{pace} passages a day, on {written} of {n} days",
        n=report.days,
        pace=f"{pace:.1f}",
        written=report.written_on,
    )


def _repetition(report: Report) -> Text:
    return _(
        "{whole} said before, word for word (people {people}, the narrator {narrator})",
        whole=_percent(report.whole.repetition),
        people=_percent(report.by_people.repetition if report.by_people else None),
        narrator=_percent(report.by_narrator.repetition if report.by_narrator else None),
    )


def _different(report: Report) -> Text:
    return _(
        "{words} of 200 in a row differ, {pairs} of their pairs",
        words=_percent(report.whole.different),
        pairs=_percent(report.pairs),
    )


def _sentences(story: Story, report: Report) -> Text:
    if report.sentence is None:
        return _("none that could be measured")
    return _(
        "{length} on average, varying by {variety}",
        length=length(round(report.sentence), story),
        variety=_percent(report.whole.variety),
    )


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{value:.0%}"
