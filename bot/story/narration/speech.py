"""Find where a text lets somebody speak: quotation marks with a name beside them, scripts, dashes, and beats.

A beat is a sentence about someone right before what is said: Mara put down the cup. “I am leaving.”
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

NEAR = 300  # characters before and behind what is said that may tell whose it is
_QUOTE = re.compile(r"“[^”\n]*(?:”|$)|\"[^\"\n]*(?:\"|$)|「[^」\n]*(?:」|$)|『[^』\n]*(?:』|$)", re.MULTILINE)
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)]*\s+|[。！？…][”’」』）]*|\n+")
_EN_VERB = (
    r"(?:(?:sa(?:id|ys)|tells?|told|begins?|began|thinks?|thought|spoke|speaks|goes on|went on)|"
    r"(?:ask|repl|answer|whisper|shout|cr|call|murmur|mutter|add|yell|exclaim|sigh|laugh|continu|wonder|insist|agre|"
    r"admit|declar|demand|hiss|growl|snap|breath|stammer|announc|explain|offer|repeat|warn|suggest|mumbl|gasp|scream|"
    r"croak|remark|observ|interrupt|respond|teas|plead|begg?|promis|retort|wail|grumbl|protest|confess|guess)"
    r"(?:e|i?t?ed|ies|e?s|y))\b"
)
_ZH_VERB = (
    r"(?:说|道|问|喊|叫|答|吼|嚷|骂|叹|想|喃喃|低语|开口|回答|回应|低声|轻声|大声|笑着|冷冷地|自语)"
    r"(?:道|着|了|说|问|一?句)*"
)
# A name behind one of these is spoken to, or about.
_SUBJECT = (
    r"(?<![对向跟给问朝把被])"
    r"(?<!\bto )(?<!\bat )(?<!\btold )(?<!\basked )(?<!\bwith )(?<!\bfrom )(?<!\bof )(?<!\bfor )"
)
_PRONOUN = r"(?:[Hh]e|[Ss]he|[Tt]hey|I|他|她|它)"
_OTHER = r"(?:the |a |an |his |her |their )?[\w’'-]+(?: [\w’'-]+)?"


@dataclass(frozen=True, slots=True)
class _Cast:
    """Hold the patterns for some names."""

    name: re.Pattern[str]
    subject: re.Pattern[str]
    script: re.Pattern[str]
    after: re.Pattern[str]
    before: re.Pattern[str]
    beat: re.Pattern[str]


_OTHERS_AFTER = re.compile(
    rf"[\s,，—-]*(?:{_EN_VERB} (?P<last>{_OTHER})|(?P<first>{_OTHER}) (?:\w+ly )?{_EN_VERB}"
    rf"|(?P<zh>[^。！？“”「」\n，,：:]{{1,10}}?){_ZH_VERB})"
)
_PRONOUN_AFTER = re.compile(
    rf"[\s,，—-]*(?:{_EN_VERB} {_PRONOUN}\b|{_PRONOUN} (?:\w+ly )?{_EN_VERB}"
    rf"|[他她它][^。！？“”「」\n]{{0,8}}?{_ZH_VERB})"
)
_OTHERS_BEFORE = re.compile(
    rf"(?:{_EN_VERB}[^.!?“”\"\n]{{0,40}}[,:]|{_ZH_VERB}[^。！？“”「」\n]{{0,6}}[：:，,])\s*\Z"
)
_PRONOUN_BEFORE = re.compile(
    rf"(?:\A|[\s,.!?。！？，；]){_PRONOUN}(?: [^.!?“”\"\n]{{0,40}}?{_EN_VERB}|[^。！？“”「」\n]{{0,14}}?{_ZH_VERB})"
    r"[^.!?。！？“”「」\"\n]{0,30}[,:：，]\s*\Z"
)
_NAMED = re.compile(r"(?<![.!?…“\"\n] )(?<!\A)\b[A-Z][a-z]{2,}\b")


def speech_of(text: str, names: Iterable[str]) -> int | None:
    """Return where the first sentence begins in which one of the named speaks; None where none does."""
    wanted = tuple(sorted({name for name in names if name.strip()}, key=len, reverse=True))
    if not wanted:
        return None
    cast = _cast(wanted)
    for start, paragraph in _paragraphs(text):
        if not cast.name.search(paragraph):
            continue
        if cast.script.match(paragraph):
            return start
        for quote in _QUOTE.finditer(paragraph):
            if _is_theirs(paragraph, quote, cast):
                return start + _sentence_start(paragraph, quote.start())
    return None


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


def _is_theirs(paragraph: str, quote: re.Match[str], cast: _Cast) -> bool:
    """Tell whether the quoted words are said by one of the cast; the nearest sign of who speaks counts."""
    before = paragraph[max(0, quote.start() - NEAR) : quote.start()]
    after = paragraph[quote.end() : quote.end() + NEAR]
    if cast.after.match(after) or cast.before.search(before):
        return True
    if _PRONOUN_AFTER.match(after) or _PRONOUN_BEFORE.search(before):
        return _last_named(before or after, cast)
    if _OTHERS_AFTER.match(after) or _OTHERS_BEFORE.search(before):
        return False
    if not before.strip():
        return bool(cast.beat.match(after.lstrip())) and quote[0][-2:-1] in ".!?。！？…"
    # What is between two speeches of one paragraph is a beat of the same speaker, so the sentence before tells.
    return bool(cast.beat.match(_last_sentence(before)))


def _last_named(before: str, cast: _Cast) -> bool:
    """Tell whether "she" is one of the cast: the only one named in the paragraph so far, or the last."""
    theirs = [found.start() for found in cast.subject.finditer(before)]
    others = [
        found.start() for found in _NAMED.finditer(before) if not cast.name.match(before, found.start())
    ]
    return bool(theirs) and (not others or theirs[-1] > others[-1])


def _last_sentence(before: str) -> str:
    before = before.strip()
    ends = [found.end() for found in _SENTENCE_END.finditer(before) if found.end() < len(before)]
    return before[ends[-1] :] if ends else before


def _sentence_start(paragraph: str, at: int) -> int:
    """Return where the sentence begins that leads to what is said, or the paragraph if that is all there is."""
    ends = [found.end() for found in _SENTENCE_END.finditer(paragraph[:at].rstrip())]
    return ends[-1] if ends else 0


@lru_cache(maxsize=128)
def _cast(names: tuple[str, ...]) -> _Cast:
    name = "|".join(rf"\b{re.escape(n)}\b" if n.isascii() else re.escape(n) for n in names)
    return _Cast(
        name=re.compile(name),
        subject=re.compile(f"{_SUBJECT}(?:{name})"),
        script=re.compile(
            rf"\s*(?:\*\*|[（(\[])?(?:{name})(?:\*\*|[）)\]])?(?:\s*[（(][^）)\n]{{0,30}}[）)])?\s*[:：]\s*\S"
        ),
        after=re.compile(
            rf"[\s,，—-]*(?:{_EN_VERB} (?:{name})|(?:{name}) (?:\w+ly )?{_EN_VERB}"
            rf"|(?:{name})[^。！？“”「」\n，,]{{0,8}}?{_ZH_VERB})"
        ),
        before=re.compile(
            rf"{_SUBJECT}(?:{name})(?:(?: [^.!?“”\"\n]{{0,40}}?| ){_EN_VERB}[^.!?“”\"\n]{{0,40}}"
            rf"|[^。！？“”「」\n]{{0,16}}?{_ZH_VERB}[^。！？“”「」\n]{{0,6}})[,:：，]\s*\Z"
            rf"|{_EN_VERB} (?:{name})[,:]\s*\Z|(?:{name})[：:]\s*\Z"
        ),
        beat=re.compile(
            rf"(?:And |But |Then |然后|于是|接着)?(?:{name})(?:(?: [\w’'-]+)+[^“”\"\n]*|[^“”「」\n]+)\Z|(?:{name}) \w+"
        ),
    )
