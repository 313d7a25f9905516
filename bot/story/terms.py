"""Find what a text speaks of: its content words, names and numbers, in English, Chinese and both mixed; pure.

This is for comparing short texts with each other: whether an answer stands in a passage, whether two facts are one.
English words are cut to their stems; Chinese, which has no spaces, is taken as its characters and their pairs.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from bot.story.lore.stopwords import STOPWORDS

_HAN = "\u3007\u3400-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_HAN}]+|\d+(?:[.,:]\d+)*|[^\W\d_{_HAN}]+(?:['’][^\W\d_{_HAN}]+)*")
_NAME = re.compile(r"\b[A-Z][\w’'-]+(?: (?:(?:of|the|de|van|von) )?[A-Z][\w’'-]+)*")
_OPENS_SENTENCE = re.compile(r"(?:\A|[.!?…:\n][\"'”’)*_]*\s+|[\"“‘(*_]\s*)\Z")
_LOOK_BACK = 8  # characters before a word that tell whether it opens a sentence

# Words that say little in an answer, besides those that say nothing in a search.
_SAYS_LITTLE = """above away back during either else even every going gone like made mine near never nobody onto quite
really see seem seems shall since still though till toward towards upon went whether within without yet"""
_STOP = STOPWORDS | frozenset(_SAYS_LITTLE.split())
_HAN_STOP = re.compile(
    "[的了是在和与也都就又还而但被把从到对向着过吗呢吧啊呀么什怎谁哪个这那有没不很他她它们我你您之其于为以所因此里中上下]"
)
_UNITS = """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty"""
_TENS = "thirty forty fifty sixty seventy eighty ninety hundred"
_ENGLISH_NUMBERS = {word: str(n) for n, word in enumerate(_UNITS.split(), start=2)}
_ENGLISH_NUMBERS |= {word: str(10 * n) for n, word in enumerate(_TENS.split(), start=3)} | {
    "thousand": "1000"
}
_HAN_NUMBER = re.compile("[零〇一二两三四五六七八九十百千万]+")
_HAN_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_NO_NUMBERS = frozenset(
    ["一", "零", "百", "千", "万", "万一", "千万", "一一"]
)  # parts of other words, mostly
_ENDING = re.compile(r"(?:['’]s|['’])\Z")
_INFLECTION = re.compile(r"(?:ies|ied|ing|ed|es|s|ly|y|e)\Z")
_SHORTEST_STEM = 3


def content(text: str) -> frozenset[str]:
    """Return the stems, characters and pairs of these that carry a text's meaning; numbers as digits."""
    return frozenset(_content(text))


def names(text: str) -> frozenset[str]:
    """Return the stems of words written as names: in capitals where no sentence begins; Chinese shows none."""
    found: set[str] = set()
    for name in _NAME.finditer(text):
        words = [word for word in name[0].split() if word[0].isupper()]
        if _OPENS_SENTENCE.search(text[max(0, name.start() - _LOOK_BACK) : name.start()]):
            # The first word of a sentence is a name only if it stands as one elsewhere; "I" never is.
            words = words[1:] if words[0].casefold() in _STOP or len(words) > 1 else []
        found.update(stem(word) for word in words if word.casefold() not in _STOP)
    return frozenset(found)


def numbers(text: str) -> frozenset[str]:
    """Return the numbers of a text as digits, however they are written; a bare one is no number."""
    found: set[str] = set()
    for token in _TOKEN.findall(text):
        if token[0].isdigit():
            found.add(token.replace(",", ""))
        elif token.casefold() in _ENGLISH_NUMBERS:
            found.add(_ENGLISH_NUMBERS[token.casefold()])
        else:
            found.update(_han_number(run) for run in _HAN_NUMBER.findall(token) if run not in _NO_NUMBERS)
    return frozenset(found)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Return an English word without case, possessive and inflection: enough to find it again."""
    word = _ENDING.sub("", word.casefold())
    if len(word) <= _SHORTEST_STEM:
        return word
    cut = _INFLECTION.sub("", word)
    cut = cut if len(cut) >= _SHORTEST_STEM else word
    return cut[:-1] if len(cut) > _SHORTEST_STEM and cut[-1] == cut[-2] else cut


def covered(part: frozenset[str], whole: frozenset[str]) -> float:
    """Return the share, 0 to 1, of some terms that are among others; 1 where there are none."""
    return len(part & whole) / len(part) if part else 1.0


def _content(text: str) -> Iterator[str]:
    for token in _TOKEN.findall(text):
        if token[0].isdigit():
            yield token.replace(",", "")
        elif token[0] >= "\u3007":
            yield from _han(token)
        elif (word := token.casefold()) in _ENGLISH_NUMBERS:
            yield _ENGLISH_NUMBERS[word]
        elif word not in _STOP and len(cut := stem(word)) > 1:
            yield cut


def _han(run: str) -> Iterator[str]:
    for piece in _HAN_STOP.split(run):
        yield from piece
        yield from (piece[at : at + 2] for at in range(len(piece) - 1))


def _han_number(run: str) -> str:
    if not any(char in _HAN_UNITS for char in run):
        # Not by way of an int: of a row of thousands of digits Python makes none.
        return "".join(str(_HAN_DIGITS[char]) for char in run).lstrip("0") or "0"
    total = section = digit = 0
    for char in run:
        if char in _HAN_DIGITS:
            digit = _HAN_DIGITS[char]
        elif char == "万":
            total, section, digit = total + (section + digit or 1) * 10_000, 0, 0
        else:
            section, digit = section + (digit or 1) * _HAN_UNITS[char], 0
    return str(total + section + digit)
