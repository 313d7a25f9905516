"""Ask a model about excerpts of a story, and check what it answers against them; pure.

An answer counts only as far as the excerpts carry it: each name and number in it, and most of its other words, must
stand in them. What does not is no answer, however well it sounds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.engine.request import Message
from bot.story.terms import content, covered, names, numbers
from bot.story.text import neutralise
from bot.story.wording import sections

ENOUGH = 0.6  # of what an answer adds to its question must stand in the excerpts
RELIED = 2  # excerpts named for an answer that names none itself

_CITED = re.compile(
    r"\s*[\[（(【](?:(?:excerpts?|passages?|摘录|第)\s*)?(\d{1,2}(?:\s*[,，、和&]\s*\d{1,2})*)[\]）)】]"
)
# Where an answer names an excerpt in so many words: "according to passage 2, …", “根据第1段的描述，…”.
_MENTIONED = re.compile(
    r"(?:,\s*)?\b(?:according to|as (?:stated|mentioned|said|told) in|from|in) (?:the )?(?:excerpts?|passages?)"
    r" \[?\d{1,2}\]?(?: (?:and|&) \[?\d{1,2}\]?)?,?"
    r"|(?:根据|依据|按照)\s*[\[【]\d{1,2}[\]】]\s*号?摘录"
    r"|(?:根据|依据|按照|从|在)?(?:摘录\s*[\[【]?\d{1,2}[\]】]?"
    r"|第\s*[\[【]?[\d一二三四五六七八九十]{1,2}[\]】]?\s*[段条](?:摘录)?)"
    r"[里中]?(?:的?(?:描述|内容|记载|说法|叙述))?(?:可知|来看|所述)?[，,：:]?",
    re.IGNORECASE,
)
_STOPS = re.compile(r"(?<=[.。!！?？])[\s.。]+\Z")
_SILENT = re.compile(
    r"\b(?:(?:do(?:es)?|did)(?: not|n['’]t) (?:say|tell|mention|state|specify|reveal|know)"
    r"|(?:not|never|(?:is|are|was)n['’]t) (?:\w+ )?(?:mentioned|stated|said|told|specified|given|revealed|known)"
    r"|unknown|cannot be answered|no information)\b"
    r"|没有(?:\w{0,4})?(?:说|提|写|交代|给出)|(?:未|并未)(?:说|提|写|交代|明说)|(?:无法|不能)(?:确定|得知|回答)|不得而知",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Source:
    """Hold an excerpt: of a passage, by its number in the story; of lore, by its title; of a recap, by its range.

    `score` tells how near it is to the question: the share of its words that stand there, and the cosine of meaning.
    """

    kind: Literal["passage", "lore", "recap"]
    about: int
    number: int
    title: str
    text: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold an answer that its sources carry, as it can be shown."""

    text: str
    sources: tuple[Source, ...]


def messages(language: str, title: str, sources: Sequence[Source], question: str) -> tuple[Message, ...]:
    """Return the messages that ask a question about sources."""
    words = sections("ask", language)
    excerpts = "\n".join(
        f"[{at}] ({_named(source, words)}) {' '.join(neutralise(source.text).split())}"
        for at, source in enumerate(sources, start=1)
    )
    asked = words["user"].format(title=neutralise(title), excerpts=excerpts, question=neutralise(question))
    return Message("system", words["system"]), Message("user", asked)


def judge(said: str, question: str, sources: Sequence[Source]) -> Verdict | None:
    """Return what an answer is worth; None where the sources do not carry it, or it says that they do not."""
    cited = [int(n) for found in _CITED.findall(said) for n in re.findall(r"\d+", found)]
    text = _STOPS.sub("", " ".join(_CITED.sub("", _MENTIONED.sub("", said)).split()))
    if not text or _SILENT.search(text):
        return None
    named = [sources[n - 1] for n in dict.fromkeys(cited) if 1 <= n <= len(sources)]
    relied = tuple(named) if _carry(named, text, question) else _best(text, sources)
    return Verdict(text, relied) if _carry(relied, text, question) else None


def _named(source: Source, words: Mapping[str, str]) -> str:
    return words[source.kind].format(number=source.number, title=source.title)


def _best(text: str, sources: Sequence[Source]) -> tuple[Source, ...]:
    """Return the sources that have most of an answer's words in them."""
    terms = content(text)
    rated = sorted(sources, key=lambda source: covered(terms, content(source.text)), reverse=True)
    return tuple(source for source in rated[:RELIED] if content(source.text) & terms)


def _carry(sources: Sequence[Source], text: str, question: str) -> bool:
    """Tell whether sources carry what an answer says beyond its question."""
    if not sources:
        return False
    told = " ".join(f"{source.title} {source.text}" for source in sources)
    known = content(told) | numbers(told)  # nine and 九 are 9
    strict = (numbers(text) - numbers(question)) - numbers(told) | (names(text) - names(question)) - known
    added = content(text) - content(question)
    # Yes and No add nothing: then the question's own words must stand there.
    return not strict and covered(added or content(text), known) >= ENOUGH
