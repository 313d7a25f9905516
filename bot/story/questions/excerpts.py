"""Cut from long texts the few sentences that a question is about; pure."""

import re
from collections.abc import Sequence

from bot.story.terms import content

_SENTENCE = re.compile(
    r"(?:[^.!?…。！？\n]|\.(?=\d))+(?:[.!?…]+[\"'”’)\]*_]*(?=\s|\Z)|[。！？…]+[”’」』）]*|\n|\Z|[.!?…])"
)
_SPOKEN = re.compile(r"[.!?…。！？][\"'”’」』]+\Z")
_SPEAKER = re.compile(r" [a-z]|[\u3400-\u9fff]{1,8}[说道问喊叫答]")
LONGEST = 420  # bytes of UTF-8 in one excerpt, unless a single sentence has more
CUT = "…"


def sentences(text: str) -> list[str]:
    """Return a text's sentences in order, without those that have no words; who says something stays with it."""
    found: list[str] = []
    before = ""
    for piece in _SENTENCE.findall(text):
        if found and _SPOKEN.search(before) and _SPEAKER.match(piece):
            found[-1] += piece.rstrip()
        elif any(char.isalnum() for char in piece):
            found.append(piece.strip())
        before = piece
    return found


def excerpt(text: str, wanted: frozenset[str], *, longest: int = LONGEST) -> str:
    """Return the neighbouring sentences of a text that hold most of the wanted terms, in so many bytes."""
    parts = sentences(text)
    if len(text.encode()) <= longest or not parts:
        return text.strip()
    best, _ = max(
        ((start, _score(parts, start, wanted, longest)) for start in range(len(parts))),
        key=lambda pair: pair[1],
    )
    taken = _from(parts, best, longest)
    quote = _joined(taken)
    before = CUT + " " if best else ""
    after = " " + CUT if best + len(taken) < len(parts) else ""
    return f"{before}{_fitting(quote, longest)}{after}"


def shortened(text: str, longest: int) -> str:
    """Return a text in so many characters: up to the end of a sentence where that is half of them, else of a word."""
    if len(text) <= longest:
        return text
    room = longest - 2
    ends = [found.end() for found in _SENTENCE.finditer(text) if found.end() <= room]
    if ends and ends[-1] >= longest // 2:
        return f"{text[: ends[-1]].rstrip()} {CUT}"
    return _at_word(text, room)


def _score(parts: Sequence[str], start: int, wanted: frozenset[str], longest: int) -> tuple[int, int]:
    """Rate a stretch that begins at a sentence: terms in it, and among equals those that begin with one."""
    stretch = content(_joined(_from(parts, start, longest)))
    return len(wanted & stretch), len(wanted & content(parts[start]))


def _from(parts: Sequence[str], start: int, longest: int) -> Sequence[str]:
    size = 0
    for end in range(start, len(parts)):
        size += len(parts[end].encode()) + 1
        if size > longest and end > start:
            return parts[start:end]
    return parts[start:]


def _joined(parts: Sequence[str]) -> str:
    return "".join(part if part[-1] in "。！？…”’」』）" else part + " " for part in parts).strip()


def _fitting(text: str, longest: int) -> str:
    """Return a text that is one endless sentence as far as it fits twice over."""
    room = len(text.encode()[: 2 * longest].decode(errors="ignore"))
    return text if room == len(text) else _at_word(text, room)


def _at_word(text: str, room: int) -> str:
    """Return the words of a text that end in so many characters; one cut in two where words have no end."""
    end = text.rfind(" ", 0, room + 1)
    return f"{text[:end].rstrip()} {CUT}" if end >= room // 2 else text[:room].rstrip() + CUT
