"""Hold a narrator's passage against the story it goes on with: its language, its manner, its writers' characters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.story.languages import count_words, script_of
from bot.story.narration.closings import closing_of, is_summary
from bot.story.narration.flaws import Flaw, flaw_of, mildness, told_anew
from bot.story.narration.grammar import COMMON
from bot.story.narration.manner import Manner, is_chatty, manner_of
from bot.story.narration.speech import speech_of
from bot.story.votes.woven import recognisable

LEFT = 0.5  # of a passage has to stay where its end is taken off
ANEW = 0.3  # of a passage has to stay where copies of earlier ones are taken off
LONG_WITHOUT_I = 60  # words, or characters of Chinese
_LETTERS = re.compile(r"[^\W\d_\u2e80-\u9fff]+")
_CHINESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{2}")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")
_FEW = 15  # words, by which no language is known
_SHARE = 0.12  # of English words at least are among the commonest


@dataclass(frozen=True, slots=True)
class Expected:
    """Say what a passage is measured against; what is left out is not looked at.

    `recent` are the passages before it; `language` is the story's, none where its writers mix languages; `manner` is
    how they tell; `cast` are names of characters who speak for themselves; `may_end` is whether the passage was asked
    to end or to leap; of each of the `wanted` texts it is to have something; `old` is what it was asked to change.
    """

    recent: Sequence[str] = ()
    language: str | None = None
    manner: Manner = field(default_factory=Manner)
    chatty: bool = True
    cast: tuple[str, ...] = ()
    may_end: bool = False
    wanted: tuple[str, ...] = ()
    old: str = ""


def flaw_in(text: str, expected: Expected) -> Flaw | None:
    """Return the worst thing wrong with a finished passage of the narrator, or None."""
    found: list[Flaw | None] = [
        flaw_of(text, recent=expected.recent),
        None if recognisable(expected.wanted, text) else Flaw.LEAVING_OUT,
        Flaw.REPEATING if _is_the_same(text, expected.old) else None,
        Flaw.LANGUAGE if expected.language and is_foreign(text, expected.language) else None,
        Flaw.SPEAKING if speech_of(text, expected.cast) is not None else None,
        Flaw.SUMMING if _sums_up(text, expected) else None,
        _manner_flaw(text, expected),
    ]
    return min(found, key=mildness)


def mended(text: str, expected: Expected) -> str:
    """Return a passage without what ends it badly: a closing moral, or words of someone who speaks for themselves.

    Paragraphs of earlier passages before and behind its own words go too: small models say those again to begin with.

    It stays as it was where too little would be left.
    """
    anew = told_anew(text, expected.recent)
    text = anew if len(anew) >= ANEW * len(text) else text
    closing = None if expected.may_end else closing_of(text)
    ends = [at for at in (closing, speech_of(text, expected.cast)) if at is not None]
    kept = text[: min(ends)].rstrip() if ends else text
    return kept if len(kept) >= LEFT * len(text) else text


def is_foreign(text: str, language: str) -> bool:
    """Tell whether a text is written in another language than that of its story."""
    if language == "zh":
        return script_of(text) != "cjk" or len(_KANA_OR_HANGUL.findall(text)) > 0.1 * len(text)
    words = _LETTERS.findall(text.casefold())
    if script_of(text) == "cjk" or len(_CHINESE.findall(text)) > len(words) / 2:
        return True
    return len(words) >= _FEW and sum(word in COMMON for word in words) < _SHARE * len(words)


def _is_the_same(text: str, old: str) -> bool:
    """Tell whether a text has the words of an old one, to its end or up to where it stops."""
    return bool(old) and " ".join(old.split()).startswith(" ".join(text.split()).rstrip("…"))


def _sums_up(text: str, expected: Expected) -> bool:
    return not expected.may_end and (closing_of(text) is not None or is_summary(text))


def _manner_flaw(text: str, expected: Expected) -> Flaw | None:
    wanted, shown = expected.manner, manner_of(text)
    # Where "I" tells, a short passage may be about others alone.
    short = shown.person == "third" and count_words(text) < LONG_WITHOUT_I
    if _differs(wanted.person, shown.person) and not short:
        return Flaw.PERSON
    if _differs(wanted.tense, shown.tense):
        return Flaw.TENSE
    if _differs(wanted.writing, shown.writing) or _differs(wanted.register, shown.register):
        return Flaw.REGISTER
    return Flaw.REGISTER if not expected.chatty and is_chatty(text) else None


def _differs(wanted: str | None, shown: str | None) -> bool:
    return wanted is not None and shown is not None and wanted != shown
