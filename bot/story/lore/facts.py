"""Read facts out of what a model noted, or out of a text itself, and keep only what the text bears out; pure.

A tiny model's notes are mostly invented, so each must be short, be about something that the text names, and stand with
all its names and numbers in one single passage.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.story.languages import count_words, script_of
from bot.story.lore.book import Book
from bot.story.lore.keys import fold
from bot.story.questions.excerpts import sentences
from bot.story.terms import content, covered, names, numbers
from bot.story.wording import sections
from storage.lore import Version
from storage.trail import Told

BORNE_OUT = 0.75  # of a fact's words must stand in its passage
SAME = 0.8  # of its words in another fact make it the same
NAME, FACT = 40, 200  # characters
_MOST_WORDS = {"spaced": 30, "cjk": 60}

_LINE = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)、])?\s*\**([^:：\n]{1,60}?)\**\s*[:：]\**\s*([^\n]{3,300})")
_TALK = re.compile(
    r"[?？]|\b(?:i|you|we|(?:fact|note|text|story|passage)s?)\b|故事|正文|设定|读者", re.IGNORECASE
)
_NOBODY = re.compile(
    r"(?:he|she|it|they|there|this|that|these|those|what|who|here|nobody|everyone|someone|something|nothing|and|but|"
    r"then|when|where|how|one|all|the|his|her|my|our|your|their|i|we|you|fact|name|none)\Z",
    re.IGNORECASE,
)
_CAPITALS = r"(?P<name>[A-Z][\w’'-]+(?: [A-Z][\w’'-]+){0,2})"
_SPACED = (
    re.compile(rf"\b{_CAPITALS}, (?P<fact>(?:the|a|an) [a-z][^,.;:!?\"“”]{{3,60}}),"),
    re.compile(
        rf"\A{_CAPITALS} (?:is|was) (?P<fact>(?:the|an?|his|her|their|[A-Z]\w+['’]s) [^,.;:!?\"“”]{{3,80}})[,.;]"
    ),
    re.compile(
        rf"\A{_CAPITALS} (?P<verb>has|had|lives|lived|wears|wore|owns|owned) "
        r"(?P<fact>(?:the|an?|no|in|at|on|two|three|one|only|his|her) [^,.;:!?\"“”]{2,80})[,.;]"
    ),
)
_HAN_NAME = "[\u3400-\u9fff·]"
_CJK = (
    re.compile(
        rf"(?P<name>{_HAN_NAME}{{2,5}}?)(?P<verb>是|名叫|住在)(?P<fact>[^，。！？；：“”]{{2,30}})[，。；]"
    ),
)
_SMALL = re.compile(r"\b(?:the|an?|of|de|van|von)\b", re.IGNORECASE)
_NAME_WORDS = 3  # without small ones; what is longer is half a sentence
_NO_NAME = re.compile("[这那他她它我你谁都就也不还只但而却便才更最已经曾并且如若像总可能会要什么怎样]")


@dataclass(frozen=True, slots=True)
class Fact:
    """Hold what is said of something."""

    name: str
    text: str

    @property
    def terms(self) -> frozenset[str]:
        """Return what it says, its name included."""
        return content(f"{self.name} {self.text}")


def noted(said: str) -> list[Fact]:
    """Return the facts in a model's notes: lines like `Name: fact`, or a JSON object with facts in it."""
    return [fact for fact in (_form(said) or _lines(said)) if _is_plain(fact)]


def stated(text: str, language: str) -> list[Fact]:
    """Return what a text itself says of somebody in so many words: who they are, what they have, where they live."""
    found = []
    for sentence in sentences(text):
        if sentence[0] not in '"“‘「『':  # what people say need not be true
            found += list(_stated(sentence, language))
    return [fact for fact in found if _is_plain(fact)]


def source(fact: Fact, told: Sequence[Told]) -> Told | None:
    """Return the newest passage that bears a fact out: all its names and numbers, and most of its words."""
    rated = [
        (covered(fact.terms, content(one.passage.text)), one.depth, one) for one in told if _bears(fact, one)
    ]
    best = max(rated, default=None, key=lambda pair: pair[:2])
    return best[2] if best and best[0] >= BORNE_OUT else None


def repeats(fact: Fact, texts: Sequence[str]) -> bool:
    """Tell whether one of some texts says a fact already."""
    return any(covered(fact.terms, content(text)) >= SAME for text in texts)


def changed(fact: Fact, book: Book) -> Version | None:
    """Return the entry that a fact belongs to, by its title or one of its keys."""
    name = fold(fact.name)
    return next((book.versions[one] for one, names in book.names.items() if name in names), None)


def _form(said: str) -> list[Fact]:
    try:
        rows = json.loads(said)["facts"]
        return [Fact(_trimmed(str(row["name"])), _trimmed(str(row["fact"]))) for row in rows]
    except (ValueError, KeyError, TypeError):
        return []


def _lines(said: str) -> list[Fact]:
    found = (_LINE.match(line) for line in said.splitlines())
    return [Fact(_trimmed(match[1]), _trimmed(match[2])) for match in found if match]


def _stated(sentence: str, language: str) -> Iterator[Fact]:
    form = sections("propose", language)["is"]
    for pattern in _CJK if language == "zh" else _SPACED:
        for found in pattern.finditer(sentence):
            verb = found.groupdict().get("verb")
            if verb is None or verb == "是":
                yield Fact(found["name"], form.format(name=found["name"], fact=found["fact"]))
            else:
                yield Fact(found["name"], found[0].rstrip(",.;，。；") + ("。" if language == "zh" else "."))


def _is_plain(fact: Fact) -> bool:
    """Tell whether a fact is short, and about something."""
    if not fact.name or len(fact.name) > NAME or len(fact.text) > FACT or _NOBODY.match(fact.name):
        return False
    if count_words(fact.text) > _MOST_WORDS[script_of(fact.text)] or _TALK.search(f"{fact.name} {fact.text}"):
        return False
    if len(_SMALL.sub(" ", fact.name).split()) > _NAME_WORDS:
        return False
    if script_of(fact.name) == "cjk" and _NO_NAME.search(fact.name):
        return False
    return bool(fact.terms - content(fact.name))


def _bears(fact: Fact, told: Told) -> bool:
    text = told.passage.text
    known = content(text)
    strict = names(f"x {fact.text}") | content(fact.name)
    return fold(fact.name) in fold(text) and strict <= known and numbers(fact.text) <= numbers(text)


def _trimmed(raw: str) -> str:
    return " ".join(raw.strip(" *_\"“”'‘’[]()（）").split())
