"""Write a story out as a Markdown document: the prose, who wrote how much of it, and when."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bot.locales import Text, _, _n
from bot.story.languages import LANGUAGES, count_words
from bot.story.text import neutralise
from bot.story.votes.woven import shared

# What begins a block in Markdown where a line begins with it.
_BLOCK_START = re.compile(
    r"^(#{1,6}(?=\s|$)|>|[-+*](?=\s|$)|=+\s*$|-{2,}\s*$|\*{3,}\s*$|_{3,}\s*$|~{3,})", re.MULTILINE
)
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+|[ \t]+$", re.MULTILINE)
# Emphasis is kept as written; HTML, links, tables, entities and code fences are not meant by a storyteller.
_ACTIVE = re.compile(r"\\(?![*_~])|[<\[\]|&]|(?<=`)`|`(?=`)")
_INLINE = re.compile(r"[\\`*_\[\]<>#|~&]")
_LINE_IN_PARAGRAPH = re.compile(r"(?<!\n)\n(?!\n)")


@dataclass(frozen=True, slots=True)
class ExportedStory:
    """Say what stands on the title page."""

    title: str
    premise: str
    language: str
    started: date
    ended: date | None


@dataclass(frozen=True, slots=True)
class ExportedPassage:
    """Hold a passage and who wrote it: a person's name, a model's name, or neither for someone who was removed.

    `handed_in` are the names and texts of those whose words a model wove it from.
    """

    text: str
    author: str | None = None
    model: str | None = None
    handed_in: Sequence[tuple[str | None, str]] = ()


def markdown(story: ExportedStory, passages: Iterable[ExportedPassage], *, locale: str) -> str:
    """Return the document, labels in the reader's language; nothing written in the story can break its form."""
    shares: Counter[str] = Counter()
    prose: list[str] = []
    by_model = False
    for passage in passages:
        prose.append(_prose(passage.text))
        shares.update(_shares(passage, locale))
        by_model = by_model or passage.model is not None
    premise = [_quoted(story.premise)] if story.premise.strip() else []
    notes = [_dates(story)]
    if by_model:
        notes.append(_("Parts of this story were written by an AI language model, as the credits tell."))
    blocks = [f"# {_inline(story.title)}", *premise, *filter(None, prose), "---"]
    heading = _("Credits").render(locale)
    blocks += [f"## {heading}", _credits(shares, story.language, locale)]
    blocks += [f"*{note.render(locale)}*" for note in notes]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _prose(text: str) -> str:
    """Return a passage as paragraphs whose lines break where they did, and which are nothing else."""
    text = _ACTIVE.sub(r"\\\g<0>", _INDENT.sub("", neutralise(text).strip(" \t\n")))
    text = _NUMBERED.sub(r"\1\\\2", _BLOCK_START.sub(r"\\\1", text))
    # Two spaces at a line's end are Markdown's line break.
    return _LINE_IN_PARAGRAPH.sub("  \n", text)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in _prose(text).split("\n"))


def _inline(text: str) -> str:
    return _INLINE.sub(r"\\\g<0>", " ".join(text.split()))


def _shares(passage: ExportedPassage, locale: str) -> Counter[str]:
    """Return how many words of a passage are whose."""
    parts: Counter[str] = Counter()
    for name, text in passage.handed_in:
        parts[_writer(ExportedPassage(text, name), locale)] += count_words(text)
    given, left = shared(count_words(passage.text), parts)
    found = Counter(given)
    found[_writer(passage, locale)] += left
    return found


def _writer(passage: ExportedPassage, locale: str) -> str:
    if passage.model is not None:
        return _("The narrator ({model})", model=_inline(passage.model)).render(locale)
    name = passage.author or _("a former writer").render(locale)
    return _inline(name)


def _credits(shares: Counter[str], language: str, locale: str) -> str:
    """Return a list of the writers, who wrote most first."""
    total = max(1, shares.total())
    lines = []
    for writer, count in shares.most_common():
        length = _length(count, language).render(locale)
        lines.append(f"- {writer}: {length} ({count / total:.0%})")
    return "\n".join(lines)


def _length(count: int, language: str) -> Text:
    if LANGUAGES[language].script == "cjk":
        return _n("{n} character", "{n} characters", count)
    return _n("{n} word", "{n} words", count)


def _dates(story: ExportedStory) -> Text:
    started = story.started.isoformat()
    if story.ended is None:
        return _("Begun on {started}, still being written.", started=started)
    return _("Begun on {started}, ended on {ended}.", started=started, ended=story.ended.isoformat())
