"""Know the styles that a story can be told in: named ones, kept beside the prompts, or that of its own writers.

How the writers write is measured in what they wrote first, up to a length that doubles: so what the narrator is told
changes seldom, and the beginning of its prompt stays as it was.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from bot.locales import Text, _
from bot.story.languages import count_words, script_of
from bot.story.narration.flaws import flaw_of
from bot.story.narration.grammar import COMMON
from bot.story.narration.manner import narration_of
from bot.story.text import neutralise
from bot.story.wording import sections

NO_STYLE = "none"
WRITERS = "writers"
"""Names the style that is taken from the writers' own passages."""

STYLES: Mapping[str, Text] = MappingProxyType(
    {
        "plain": _("plain"),
        "fairy_tale": _("fairy tale"),
        "noir": _("noir"),
        "epic": _("epic"),
        "comedy": _("comedy"),
        "gothic": _("gothic"),
        "horror": _("quiet horror"),
        "romance": _("romance"),
        "science_fiction": _("science fiction"),
        "adventure": _("adventure"),
        "mystery": _("mystery"),
        "wuxia": _("wuxia (wandering swordsmen)"),
        "huaben": _("huaben (teahouse storyteller)"),
        "fable": _("fable"),
        "diary": _("diary"),
        WRITERS: _("as the writers write"),
    }
)
"""Every style by the name under which it is kept, and how it is called."""

Dialogue = Literal["much", "some", "little"]

_SENTENCE = re.compile(r"[^.!?。！？…\n]+[.!?。！？…]+[\"'”’」』]*")
_WORD = re.compile(r"[a-z]{4,}")
_ENOUGH = 2  # passages, below which writers have no style yet
QUOTED = 8  # passages, from which on their own words are quoted
_FAVOURITES = 6
_SAMPLES = 2
_SAMPLE = 140  # characters


@dataclass(frozen=True, slots=True)
class Measured:
    """Say how some passages are written: `sentence` in words or characters, `samples` are their own words."""

    sentence: int
    dialogue: Dialogue
    favourites: tuple[str, ...]
    samples: tuple[str, ...]


def named(choice: str) -> Text:
    """Return how a style is called; the story's own where none was chosen."""
    return STYLES.get(choice, _("none"))


def lines_of(style: str, language: str, written: Sequence[str] = ()) -> list[str]:
    """Return what the narrator is told of a style; of the writers' style, what `written` shows.

    Their own words are quoted once there are many: few stand in the prompt anyway, and small models copy them.
    """
    frame = sections("voice", language)
    if style == WRITERS:
        measured = measure(written)
        quoted = measured.samples if len(written) >= QUOTED else ()
        return _told(measured, frame, quoted) if len(written) >= _ENOUGH else []
    described = sections("styles", language).get(style)
    return [frame["style"].format(style=described)] if described else []


def measure(written: Sequence[str]) -> Measured:
    """Return how passages are written."""
    text = "\n".join(written)
    sentences = [found[0].strip() for found in _SENTENCE.finditer(text)]
    length = sum(map(count_words, sentences)) / len(sentences) if sentences else count_words(text)
    spoken = 1 - len(narration_of(text).strip()) / max(len(text.strip()), 1)
    dialogue: Dialogue = "much" if spoken > 0.35 else "some" if spoken > 0.1 else "little"
    return Measured(max(3, round(length)), dialogue, _favourites(text), _samples(written))


def settled(count: int) -> int:
    """Return how many of some passages to measure: as many as there were when they last doubled."""
    return 1 << (count.bit_length() - 1) if count else 0


def _told(measured: Measured, frame: Mapping[str, str], quoted: Sequence[str]) -> list[str]:
    lines = [frame["writers"].format(words=measured.sentence, dialogue=frame[measured.dialogue])]
    if measured.favourites:
        lines.append(frame["favourites"].format(words=", ".join(measured.favourites)))
    return lines + [frame["sample"].format(text=neutralise(sample)) for sample in quoted]


def _favourites(text: str) -> tuple[str, ...]:
    """Return the uncommon words that come back most; names are none, and Chinese has no words to count here."""
    if script_of(text) == "cjk":
        return ()
    names = {found.casefold() for found in re.findall(r"(?<=[a-z,;] )[A-Z][a-z]+", text)}
    counts = Counter(
        word for word in _WORD.findall(text.casefold()) if word not in COMMON and word not in names
    )
    return tuple(word for word, count in counts.most_common(_FAVOURITES) if count >= 3)


def _samples(written: Sequence[str]) -> tuple[str, ...]:
    """Return the beginnings of the oldest passages that are sound prose, whole sentences each."""
    found: list[str] = []
    for passage in written:
        sample = _beginning(" ".join(passage.split()))
        if sample and flaw_of(sample, recent=found) is None:
            found.append(sample)
        if len(found) == _SAMPLES:
            break
    return tuple(found)


def _beginning(line: str) -> str:
    """Return the first whole sentences that are short enough."""
    end = 0
    for sentence in _SENTENCE.finditer(line):
        if sentence.end() > _SAMPLE:
            break
        end = sentence.end()
    return line[:end].strip()
