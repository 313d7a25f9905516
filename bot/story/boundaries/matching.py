"""Find words in a text however they are dressed up: other letters that look alike, accents, spaces, plurals.

Words of spaced scripts are found whole and in their simple inflections, Chinese and Japanese ones inside others.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.story.narration.hanzi import SIMPLIFIED
from bot.story.text import INVISIBLE

_CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3105-\u312f\u31a0-\u31ff\u3400-\u9fff\uf900-\ufaff"
)
_IS_CJK = re.compile(f"[{_CJK}]")
_LETTER = rf"[^\W_{_CJK}]"
_UNFINISHED = re.compile(rf"{_LETTER}+\Z")
_BETWEEN = re.compile(
    rf"(?<=[{_CJK}])[ \t·.*_~-]{{1,2}}(?=[{_CJK}])|(?<=[{_CJK}]) +(?=\w)|(?<=\w) +(?=[{_CJK}])"
)
_TERMS = re.compile(r"[,;，；、|/\n]+")
_STRETCHED = re.compile(r"(.)\1{2,}")
_MARK = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_WORD = re.compile(rf"{_LETTER}+(?:['’]{_LETTER}*)?")
_DRESSED = re.compile(rf"(?<![0-9@$!€])[0-9@$!€]*{_LETTER}(?:{_LETTER}|[0-9@$!€])*")
_SIGN = re.compile("[0-9@$!€]")
_SPELLED = re.compile("1{4,}")
_VOWELS = "aeiou"
_SHORT = 3  # letters, below which a word has no other forms
_ENDINGS = ("", "s", "es", "d", "ed", "ing", "ings", "er", "ers")

# Letters that look like Latin ones, and characters that mean the same; folded in terms and texts alike.
_SAME = dict(SIMPLIFIED) | str.maketrans(
    "асԁеһіјӏкморԛгѕтԝхуьвнɡɩɑαβεηικνορτυχγω",
    "acdehijlkmopqrstwxybbhgiaabenikvoptuxyw",
)
_DIGITS = str.maketrans("013457@$!€", "oieastasie")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Hold what is looked for: whole words, words in a row by their first one, and characters inside others."""

    words: frozenset[str]
    phrases: Mapping[str, Sequence[Sequence[frozenset[str]]]]
    inside: tuple[str, ...]


class Terms:
    """Look for some terms; each may hold several, with commas between them."""

    def __init__(self, terms: Iterable[str]) -> None:
        self._wanted = _wanted(tuple(terms))

    def within(self, text: str, *, growing: bool = False) -> bool:
        """Tell whether one of the terms is in a text; of one that is `growing` the last word may not be whole."""
        wanted = self._wanted
        if not (wanted.words or wanted.phrases or wanted.inside):
            return False
        folded = fold(_UNFINISHED.sub("", text) if growing else text)
        if wanted.inside and _is_inside(folded, wanted.inside):
            return True
        words = _WORD.findall(folded)
        return _says(words, wanted) or _spells(words, wanted) or _says(_undressed(folded), wanted)


def fold(text: str) -> str:
    """Return a text as it is compared: one form for letters that look or mean the same."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
        text = unicodedata.normalize("NFC", _MARK.sub("", unicodedata.normalize("NFKD", text)))
        text = text.translate(_SAME)
    return _STRETCHED.sub(r"\1", text.casefold())


def separate(terms: str) -> list[str]:
    """Return the single terms of one entry."""
    return [term for part in _TERMS.split(terms) if (term := " ".join(part.split()))]


def _is_inside(folded: str, inside: Sequence[str]) -> bool:
    joined = _BETWEEN.sub("", folded)
    return any(term in joined for term in inside)


def _says(words: Sequence[str], wanted: _Wanted) -> bool:
    if not wanted.words.isdisjoint(words):
        return True
    return any(
        len(words) - at >= len(phrase)
        and all(w in forms for w, forms in zip(words[at:], phrase, strict=False))
        for at, word in enumerate(words)
        if word in wanted.phrases
        for phrase in wanted.phrases[word]
    )


def _undressed(folded: str) -> list[str]:
    """Return the words, with digits and signs in them read as letters; none where there are no such."""
    if not _SIGN.search(folded):
        return []
    return [word.translate(_DIGITS) for word in _DRESSED.findall(folded)]


def _spells(words: Sequence[str], wanted: _Wanted) -> bool:
    """Tell whether a word is spelled out letter by letter."""
    lengths = "".join("1" if len(word) == 1 else "-" for word in words)
    runs = ["".join(words[found.start() : found.end()]) for found in _SPELLED.finditer(lengths)]
    return any(word in run for run in runs for word in wanted.words if len(word) > _SHORT)


@lru_cache(maxsize=256)
def _wanted(terms: tuple[str, ...]) -> _Wanted:
    words: set[str] = set()
    phrases: dict[str, list[Sequence[frozenset[str]]]] = defaultdict(list)
    inside: list[str] = []
    for term in (fold(term) for entry in terms for term in separate(entry)):
        found = _WORD.findall(term)
        if _IS_CJK.search(term):
            inside.append("".join(char for char in term if not char.isspace()))
        elif len(found) == 1:
            words |= _forms(found[0])
        elif found:
            phrase = [_forms(word) for word in found]
            for first in phrase[0]:
                phrases[first].append(phrase)
    return _Wanted(frozenset(words), phrases, tuple(inside))


def _forms(word: str) -> frozenset[str]:
    """Return a word with the commonest endings of English."""
    if len(word) < _SHORT or not word.isascii():
        return frozenset({word})
    base = _base(word)
    forms = {word, *(base + ending for ending in _ENDINGS)}
    if base.endswith("e"):
        forms |= {base[:-1] + ending for ending in ("er", "ers", "ing", "ings", "or", "ors", "ion", "ions")}
    elif base.endswith("y") and base[-2] not in _VOWELS:
        forms |= {base[:-1] + ending for ending in ("ies", "ied", "ier", "iers")}
    elif base[-1] not in _VOWELS + "wxy" and base[-2] in _VOWELS and base[-3] not in _VOWELS:
        forms |= {base + base[-1] + ending for ending in ("ed", "ing", "ings", "er", "ers", "y")}
    return frozenset(
        forms
        | {f"{base}{mark}{ending}" for mark in "'’" for ending in ("s", "")}
        | {f"{base}s'", f"{base}s’"}
    )


def _base(word: str) -> str:
    """Return the singular of what looks like a plural."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and re.search(r"(?:[sxz]|[cs]h)es\Z", word):
        return word[:-1] if word.endswith(("ses", "zes")) else word[:-2]
    if len(word) > _SHORT and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
