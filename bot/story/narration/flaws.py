"""Find what is wrong with a narrator's passage, so that it can be tried again before anyone must read it."""

import re
from collections import Counter
from collections.abc import Sequence, Set
from enum import StrEnum

from bot.story.languages import script_of

# Measured on the embedded model: sound passages share up to a fifth of their 5-grams, copies three quarters.
TOO_SIMILAR = 0.35
COMPARED = 4000  # characters at the end of a passage of any length, more than the narrator itself writes
ECHO = 5  # runs in a row that come again in the same text: nine words, eleven Chinese characters
LONG_SENTENCE, LONG_SENTENCE_CJK = 60, 24  # characters
_WORD = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff]|[^\W\u2e80-\u9fff\uf900-\ufaff]+")
_SENTENCE = re.compile(r"[^.!?。！？\n]{8,}")
_PERIODIC = re.compile(r"(.{2,90}?)\1{3,}", re.DOTALL)

_TALK = re.compile(
    r"[\s*_\"“]*(?:"
    r"as an ai\b|i(?:['’]m| am) (?:sorry, (?:but|i can)|an ai\b|here to (?:help|assist))"
    r"|i (?:cannot|can['’]t|am unable to) (?:continue|write|help with|assist|fulfil)"
    r"|(?:the|this|our|your) (?:short )?(?:story|narrative|passage|scene|tale|text|excerpt|author|prompt)"
    r"(?: \w+){0,4} (?:is (?:about|an?|set|told|of)|starts?|begins?|follows|explores|ends|shows|continues|"
    r"revolves|takes place|describes?|tells?|highlights|illustrates|seems to)\b"
    r"|this is an? (?:example|story|scene|tale|great|good|beautiful)\b"
    r"|in (?:this|the) (?:story|passage|scene|narrative|tale|text|excerpt|next (?:sentence|part|scene))\b"
    r"|(?:what a|that['’]s an?) (?:great|wonderful|beautiful|fascinating|interesting) (?:story|start|scene)"
    r"|作为(?:一[个名位])?(?:ai|人工智能|语言模型)|(?:抱歉|对不起)[，,]?我(?:无法|不能)(?:继续|续写|提供)"
    r"|(?:这|本)(?:个|篇|段)?(?:故事|文章|文字|场景|情节)(?:讲述|描写|描述|展[示现]|是|主要)|在这个故事[中里]"
    r"|故事(?:讲述|围绕)"
    r")",
    re.IGNORECASE,
)
_TALK_ANYWHERE = re.compile(
    r"\b(?:as an ai\b|(?:the|this) (?:story|scene|narrative|passage) "
    r"(?:ends|begins|starts|concludes|continues|goes on|unfolds)(?: (?:with|when|as|on|abruptly|here)\b|:)|"
    r"(?:the|this) (?:story|tale|narrative) (?:took|takes) place\b|start(?:ed|s) (?:out )?as an? \w+ (?:story|tale)\b|"
    r"the (?:next|previous|last|following) sentences?\b|the protagonist\b|"
    r"the (?:last|next) lines? of the story\b|"
    r"in th(?:is|e) (?:story|scene|passage), (?:you|we|the (?:author|writer))\b)|"
    r"(?:这|本)(?:个|篇)故事(?:讲述|告诉我们)|主人公",
    re.IGNORECASE,
)


class Flaw(StrEnum):
    """Say why a passage should be tried again; the worst first."""

    EMPTY = "empty"
    CROSSING = "crossing"
    LEAVING_OUT = "leaving out"
    LOOPING = "looping"
    LANGUAGE = "language"
    TALKING = "talking"
    REPEATING = "repeating"
    SPEAKING = "speaking"
    CONTRADICTING = "contradicting"
    SUMMING = "summing"
    PERSON = "person"
    TENSE = "tense"
    REGISTER = "register"


def flaw_of(text: str, *, recent: Sequence[str]) -> Flaw | None:
    """Return the worst thing wrong with any text of a model, or None; `recent` are the passages before it."""
    if not any(char.isalnum() for char in text):
        return Flaw.EMPTY
    if is_looping(text) or echoes_itself(text):
        return Flaw.LOOPING
    if _TALK.match(text) or _TALK_ANYWHERE.search(text):
        return Flaw.TALKING
    return Flaw.REPEATING if repeats(text, recent) >= TOO_SIMILAR or copies(text, recent) else None


def mildness(flaw: Flaw | None) -> int:
    """Return a number, the higher the milder a flaw is; highest for none."""
    return list(Flaw).index(flaw) if flaw is not None else len(Flaw)


def is_looping(text: str) -> bool:
    """Tell whether the text goes round in circles: one unit, one sentence or few words over and over."""
    if any(len(found[0]) >= 40 for found in _PERIODIC.finditer(text[-600:])):
        return True
    sentences = Counter(sentence.strip().casefold() for sentence in _SENTENCE.findall(text))
    if sentences and max(sentences.values()) >= 3:
        return True
    grams = _grams(text)[-120:]
    return len(grams) >= 40 and len(set(grams)) < len(grams) / 2


def echoes_itself(text: str) -> bool:
    """Tell whether a text says the same many words twice."""
    grams = _grams(text)
    runs = Counter(zip(*(grams[at:] for at in range(ECHO)), strict=False))
    return any(count > 1 for count in runs.values())


def repeats(text: str, recent: Sequence[str]) -> float:
    """Return the share, 0 to 1, of a passage's word sequences that stand in recent passages already."""
    known = {gram for passage in recent for gram in _grams(passage[-COMPARED:])}
    grams = _grams(text)
    return sum(gram in known for gram in grams) / len(grams) if grams else 0.0


def copies(text: str, recent: Sequence[str]) -> bool:
    """Tell whether a whole long sentence of a text stands in a recent passage already."""
    said = _said(recent)
    return any(_is_long(s) and s.strip().casefold() in said for s in _SENTENCE.findall(text))


def told_anew(text: str, recent: Sequence[str]) -> str:
    """Return a text without the paragraphs at its beginning and end that recent passages have word for word."""
    said, parts = _said(recent), text.split("\n\n")
    while parts and _is_copy(parts[0], said):
        del parts[0]
    while parts and _is_copy(parts[-1], said):
        del parts[-1]
    return "\n\n".join(parts)


def _is_copy(paragraph: str, said: Set[str]) -> bool:
    found = _SENTENCE.findall(paragraph)
    return any(map(_is_long, found)) and all(s.strip().casefold() in said for s in found)


def _said(recent: Sequence[str]) -> set[str]:
    return {s.strip().casefold() for passage in recent for s in _SENTENCE.findall(passage[-COMPARED:])}


def _is_long(sentence: str) -> bool:
    return len(sentence.strip()) >= (LONG_SENTENCE_CJK if script_of(sentence) == "cjk" else LONG_SENTENCE)


def _grams(text: str) -> list[tuple[str, ...]]:
    """Return runs of five words; of seven characters in Chinese, where a name alone has three."""
    words = _WORD.findall(text.casefold())
    size = 7 if script_of(text) == "cjk" else 5
    return [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]
