"""Find words in a text however they are dressed up: other letters that look alike, accents, spaces, plurals.

Words of spaced scripts are found whole and in their simple inflections, Chinese and Japanese ones inside others.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from types import MappingProxyType

from bot.story.hanzi import SIMPLIFIED
from bot.story.text import INVISIBLE

_CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3105-\u312f\u31a0-\u31ff\u3400-\u9fff\uf900-\ufaff"
)
_IS_CJK = re.compile(f"[{_CJK}]")
_LETTER = rf"[^\W_{_CJK}]"
_UNFINISHED = re.compile(rf"{_LETTER}+\Z")
_SEPARATOR = r"[ \t·.*_~-]{0,2}"
_TERMS = re.compile(r"[,;，；、|/\n]+")
_STRETCHED = re.compile(r"(.)\1{2,}")
_MARK = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_VOWELS = "aeiou"

# Letters of other scripts that look like Latin ones; folded in terms and texts alike.
_LOOKALIKE = MappingProxyType(
    str.maketrans(
        "асԁеһіјӏкморԛгѕтԝхуьвнɡɩɑαβεηικνορτυχγω",
        "acdehijlkmopqrstwxybbhgiaabenikvoptuxyw",
    )
)
_DIGITS = str.maketrans("013457@$!€", "oieastasie")
_DRESSED = re.compile(rf"(?:{_LETTER}|[0-9@$!€])*{_LETTER}(?:{_LETTER}|[0-9@$!€])*")


class Terms:
    """Look for some terms; each may hold several, with commas between them."""

    def __init__(self, terms: Iterable[str]) -> None:
        self._pattern = _compiled(tuple(terms))

    def within(self, text: str, *, growing: bool = False) -> bool:
        """Tell whether one of the terms is in a text; of one that is `growing` the last word may not be whole."""
        if self._pattern is None:
            return False
        if growing:
            text = _UNFINISHED.sub("", text)
        folded = fold(text)
        return bool(self._pattern.search(folded) or self._pattern.search(_undressed(folded)))


def fold(text: str) -> str:
    """Return a text as it is compared: one form for letters that look or mean the same."""
    text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold()
    text = unicodedata.normalize("NFC", _MARK.sub("", unicodedata.normalize("NFKD", text)))
    return _STRETCHED.sub(r"\1", text.translate(_LOOKALIKE).translate(SIMPLIFIED))


def separate(terms: str) -> list[str]:
    """Return the single terms of one entry."""
    return [term for part in _TERMS.split(terms) if (term := " ".join(part.split()))]


def _undressed(folded: str) -> str:
    """Return the text with digits and signs inside words read as letters."""
    return _DRESSED.sub(lambda found: found[0].translate(_DIGITS), folded)


@lru_cache(maxsize=256)
def _compiled(terms: tuple[str, ...]) -> re.Pattern[str] | None:
    parts = [_pattern(fold(term)) for entry in terms for term in separate(entry)]
    found = [part for part in parts if part]
    return re.compile("|".join(found)) if found else None


def _pattern(term: str) -> str:
    """Return a pattern for one folded term; empty where it holds nothing that could be found."""
    if not any(char.isalnum() for char in term):
        return ""
    if _IS_CJK.search(term):
        return _SEPARATOR.join(re.escape(char) for char in term if not char.isspace())
    words = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", term)
    whole = r"[\W_]+".join(_inflected(word) for word in words)
    both = f"(?:{whole}|{_spelled(words[0])})" if len(words) == 1 and len(term) > 3 else whole
    return rf"(?<!{_LETTER}){both}(?!{_LETTER})"


def _inflected(word: str) -> str:
    """Return a pattern for a word with the commonest endings of English."""
    if len(word) < 3 or not word.isascii():
        return re.escape(word)
    base = _base(word)
    forms = [re.escape(base) + r"(?:['’]?s|['’]|es|d|ed|ing|ings|er|ers)?", re.escape(word)]
    if base.endswith("e"):
        forms.append(re.escape(base[:-1]) + "(?:ing|ings|ed|er|ers|or|ors|ion|ions)")
    elif base.endswith("y") and base[-2] not in _VOWELS:
        forms.append(re.escape(base[:-1]) + "(?:ies|ied|ier|iers)")
    elif base[-1] not in _VOWELS + "wxy" and base[-2] in _VOWELS and base[-3] not in _VOWELS:
        forms.append(re.escape(base + base[-1]) + "(?:ed|ing|ings|er|ers|y)")
    return f"(?:{'|'.join(forms)})"


def _spelled(word: str) -> str:
    """Return a pattern for a word spelled out letter by letter, in one number or the other."""
    letters = r"[\W_]+".join(re.escape(char) for char in _base(word) if char.isalnum())
    return rf"{letters}(?:[\W_]+s)?"


def _base(word: str) -> str:
    """Return the singular of what looks like a plural."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and re.search(r"(?:[sxz]|[cs]h)es\Z", word):
        return word[:-1] if word.endswith(("ses", "zes")) else word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
