"""Find what is wrong with an invented twist, so that another is invented before anyone must read it; pure."""

import re
from collections.abc import Sequence
from enum import StrEnum

from bot.story import terms
from bot.story.languages import count_words, script_of
from bot.story.lore.contradictions import against
from bot.story.narration.flaws import TOO_SIMILAR, is_looping, repeats
from bot.story.votes.material import Material

# Measured on the embedded model: unlike twists share up to half of their content words, rewordings three quarters.
TOO_ALIKE = 0.6
_SHORTEST, _LONGEST = 4, 26  # words behind its given opening; two characters are a word
_UNCUT = 128  # characters; what is longer was cut off by the grammar
_FEWEST_DIFFERENT = 0.6  # of its words
_END = re.compile(r"\w[\"'”’」』]*[.!?。！？][\"'”’」』]*\Z")
_CUT = re.compile(
    r"\b(?:and|or|but|the|an?|of|to|in|on|at|with|for|from|that|which|who|as|is|was|were|by|his|her|their|its|if)\.\Z",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"\d{5}|\d+\D+\d+\D+\d+")
_ABOUT_STORY = re.compile(
    r"\b(?:stor(?:y|ies)|tales?|plot|twist|readers?|authors?|chapters?|narrat\w+|characters?|scenes?|sentences?|novel"
    r"|protagonist|prompt|assistant|user)\b|故事|情节|读者|作者|小说|主人公|这一章|句子|转折|旁白",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\u3400-\u9fff]{2}|[^\W\u3400-\u9fff]+")
_PERSONAL = re.compile(r"\b(?:I|I['’]m|yours?|you|we|us|ours?|me|my|mine)\b|[你您我]", re.IGNORECASE)


class TwistFlaw(StrEnum):
    """Say why another twist should be invented."""

    SHAPE = "shape"
    NONSENSE = "nonsense"
    TALK = "talk"
    STRANGE = "strange"
    ALIKE = "alike"
    AGAINST = "against what is pinned"
    CROSSING = "crossing a boundary"


def flaw_of_twist(
    text: str, *, opening: str, language: str, material: Material, before: Sequence[str]
) -> TwistFlaw | None:
    """Return the first thing wrong with a twist, or None.

    It is one whole sentence in the story's language; it does not talk about the story; it speaks of the story's
    people or things; it is not what the story or an earlier twist has said; and it goes neither against what is
    pinned nor beyond the boundaries.
    """
    body = text.removeprefix(opening)
    return (
        _flaw_of_words(body, text, language)
        or _flaw_in_story(text, material)
        or (TwistFlaw.ALIKE if any(alike(text, other) >= TOO_ALIKE for other in before) else None)
    )


def _flaw_of_words(body: str, text: str, language: str) -> TwistFlaw | None:
    whole = len(body) <= _UNCUT and _END.search(text) and not _CUT.search(text)
    if not whole or not _SHORTEST <= _length(body, language) <= _LONGEST:
        return TwistFlaw.SHAPE
    if (script_of(body) == "cjk") != (language == "zh") or _is_nonsense(body):
        return TwistFlaw.NONSENSE
    return TwistFlaw.TALK if _ABOUT_STORY.search(body) or _PERSONAL.search(body) else None


def _flaw_in_story(text: str, material: Material) -> TwistFlaw | None:
    if material.bounds.crossed_by(text):
        return TwistFlaw.CROSSING
    if material.texts and not _speaks_of(text, material):
        return TwistFlaw.STRANGE
    said = any(alike(text, thread) >= TOO_ALIKE for thread in material.threads)
    if said or repeats(text, material.texts) >= TOO_SIMILAR:
        return TwistFlaw.ALIKE
    return TwistFlaw.AGAINST if material.pinned is not None and against(material.pinned, text) else None


def alike(one: str, other: str) -> float:
    """Return how much two short texts say the same, 0 to 1: the share of content words of the shorter in the other."""
    left, right = terms.content(one), terms.content(other)
    return len(left & right) / max(1, min(len(left), len(right)))


def _is_nonsense(body: str) -> bool:
    words = _WORD.findall(body.casefold())
    return bool(_NUMBERS.search(body)) or is_looping(body) or len(set(words)) < _FEWEST_DIFFERENT * len(words)


def _speaks_of(text: str, material: Material) -> bool:
    if any(name in text for name in material.people):
        return True
    known = frozenset().union(*(terms.content(told) for told in material.texts))
    return len(terms.content(text) & known) >= 2


def _length(body: str, language: str) -> int:
    number = count_words(body)
    return (number + 1) // 2 if language == "zh" else number
