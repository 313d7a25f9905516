"""Measure how a story is told: in which person, tense and characters; speech in quotation marks does not count.

Everything is judged by what is plain to see, and left open where it is not: a wrong guess costs the narrator a try.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from bot.story.languages import script_of
from bot.story.narration.grammar import (
    BASE,
    FIRST,
    NOT_PAST,
    OLD,
    PAST,
    PRESENT,
    SECOND,
    SUBJECT,
    THIRD,
    UNSURE_PAST,
)
from bot.story.narration.hanzi import Writing, writing_of

GramPerson = Literal["first", "second", "third"]
Tense = Literal["past", "present"]
Register = Literal["old", "new"]

_T = TypeVar("_T")

_SPEECH = re.compile(
    r"“[^”\n]*(?:”|\n|\Z)|\"[^\"\n]*(?:\"|\n|\Z)|「[^」]*(?:」|\Z)|『[^』]*(?:』|\Z)|«[^»]*(?:»|\Z)"
    r"|(?<!\w)[‘'](?=\w)(?:[^‘’'\n]|(?<=\w)[’'](?=\w))*[’'](?!\w)"
)
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)*")
_EMPHASIS = re.compile(r"[*_]{1,2}")

_BOTH_ZH = re.compile(r"你看看?我[，,]?我看看?你|你一[言句]我一[语句]|你来我往|你追我赶|你死我活|自我")
_FIRST_ZH = re.compile(r"(?<!自)我们?|咱们?|吾|(?<![多业剩其之有残])余(?=[与曰见闻自])")
_SECOND_ZH = re.compile(r"你们?|您|妳们?|汝")
_THIRD_ZH = re.compile(r"(?<![其吉])[他她它牠]们?(?!人|处|乡)")

_OLD_ZH = re.compile(
    r"曰|矣|焉|哉|乎|(?<![尔反])乃(?!至)|之(?=[，。；])|者(?=[，。也])|也(?=[，。；])|吾|汝|遂|岂|(?<![极尤与])其(?![他实中次余])|而(?=[不无])"
)
_NEW_ZH = re.compile(r"[的了着们呢吧吗啊]|这个|那个|什么|没有")
_TALKY = re.compile(
    r"[\U0001f300-\U0001faff\u2764]|(?<!\w)(?:lol|lmao|omg|btw|imo|tbh|haha?ha|xd)(?!\w)|[:;]-?[)D](?!\w)|2333|哈哈哈哈|hhhh",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Manner:
    """Say how a text is told; None where it does not show."""

    person: GramPerson | None = None
    tense: Tense | None = None
    writing: Writing | None = None
    register: Register | None = None


def narration_of(text: str) -> str:
    """Return a text without what is said in quotation marks."""
    return _SPEECH.sub(" ", _EMPHASIS.sub("", text))


def manner_of(text: str) -> Manner:
    """Return the manner of one text."""
    told = narration_of(text)
    return Manner(person_of(told), tense_of(told), writing_of(text), register_of(told))


def common(texts: Iterable[str]) -> Manner:
    """Return the manner that texts share: what most of them show and hardly any contradicts."""
    manners = [manner_of(text) for text in texts]
    return Manner(
        _shared(manners, lambda manner: manner.person),
        _shared(manners, lambda manner: manner.tense),
        _shared(manners, lambda manner: manner.writing),
        _shared(manners, lambda manner: manner.register),
    )


def person_of(told: str) -> GramPerson | None:
    """Tell who tells: I, you, or somebody outside of it."""
    counts = _persons_zh(told) if script_of(told) == "cjk" else _persons_en(told)
    first, second, third, length = counts
    if second >= 2 and second > first and second * 3 > third:
        return "second"
    if first >= 2 and first * 4 > third and first * 50 > length:
        return "first"
    return "third" if third >= 1 and first + second == 0 else None


def tense_of(told: str) -> Tense | None:
    """Tell in which tense an English text is told; Chinese has none."""
    if script_of(told) == "cjk":
        return None
    words = _words(told)
    past = present = 0.0
    for before, word in zip(["", *words], words, strict=False):
        past += _pastness(before, word)
        present += (word in PRESENT) + (before in ("i", "we", "you", "they") and word in BASE)
    if past >= 2 and past >= 3 * present:
        return "past"
    return "present" if present >= 2 and present >= 2 * past else None


def register_of(told: str) -> Register | None:
    """Tell whether a text speaks as of old, or as of now; None where it is too short to tell."""
    if script_of(told) == "cjk":
        old, new = len(_OLD_ZH.findall(told)), len(_NEW_ZH.findall(told))
        if old >= 3 and old > 2 * new:
            return "old"
        return "new" if new >= 5 and new > 3 * old else None
    words = _words(told)
    old = sum(word in OLD for word in words)
    return "old" if old >= 2 else "new" if len(words) >= 25 and old == 0 else None


def is_chatty(text: str) -> bool:
    """Tell whether a text talks as people do in a chat: emoji, laughter in letters."""
    return bool(_TALKY.search(text))


def _persons_en(told: str) -> tuple[int, int, int, int]:
    words = _words(told)
    first = sum(word in FIRST for word in words)
    return first, sum(w in SECOND for w in words), sum(w in THIRD for w in words), len(words)


def _persons_zh(told: str) -> tuple[int, int, int, int]:
    told = _BOTH_ZH.sub("", told)
    first, second, third = (len(p.findall(told)) for p in (_FIRST_ZH, _SECOND_ZH, _THIRD_ZH))
    return first, second, third, len(told)


def _pastness(before: str, word: str) -> float:
    if word in PAST:
        return 0.5 if word in UNSURE_PAST and before not in SUBJECT else 1.0
    if not word.endswith("ed") or len(word) < 5 or word in NOT_PAST:
        return 0.0
    # A participle is of no tense: "the locked door", "is covered".
    return (
        1.0 if before in SUBJECT else 0.3 if before in ("the", "a", "an", "is", "are", "of", "with") else 0.7
    )


def _words(told: str) -> list[str]:
    return [word.replace("’", "'") for word in _WORD.findall(told.casefold())]


def _shared(manners: Sequence[Manner], of: Callable[[Manner], _T | None]) -> _T | None:
    """Return what most show; at least two texts, or the only one there is."""
    shown = [value for manner in manners if (value := of(manner)) is not None]
    if not shown or (len(shown) < 2 and len(manners) > 2):
        return None
    most = max(dict.fromkeys(shown), key=shown.count)
    return most if shown.count(most) >= 0.8 * len(shown) else None
