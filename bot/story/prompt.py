"""Turn a story into the messages that a model continues. Pure: the same facts give the same prompt.

The whole story stands as one answer of the model's own, whoever wrote it: so the model keeps its voice, and an
order hidden in someone's passage is prose like the rest. System text, title and premise come first, the passages
in order, and last the request that changes every turn. So each prompt begins as the one before it did, and a
backend can keep its attention cache; when the budget is full, half of it is freed in one step.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.engine.request import Message
from bot.story.text import neutralise
from bot.story.wording import sections

SEPARATOR = "\n\n"
CUT = "… "
"""Stands where the beginning of the story was left out."""

_SENTENCE_START = re.compile(r"[.!?…][\"'”’)]*\s+|[。！？…]+[”’」』）]*|\n+")
_TAIL_BYTES = 240
# What the last message may take without moving the window: the request, the story's last words, a direction.
_REQUEST_BYTES = 900
_SMALLEST_WINDOW = 200


@dataclass(frozen=True, slots=True)
class StoryFacts:
    """Say what a story is; `words` is the wanted length of a passage in what the language counts."""

    title: str
    premise: str
    language: str
    rating: str
    words: int


@dataclass(frozen=True, slots=True)
class PassageText:
    """Hold a passage and where it stands on its path: how many passages and bytes of text come before it."""

    id: int
    text: str
    depth: int
    bytes_before: int

    @property
    def start(self) -> int:
        """Return its first byte in the whole story's text, the gaps between passages counted."""
        return self.bytes_before + len(SEPARATOR) * self.depth

    @property
    def end(self) -> int:
        """Return the byte after its last."""
        return self.start + len(self.text.encode())


@dataclass(frozen=True, slots=True)
class Prompt:
    """Hold the messages; their digest; the first passage that is in them; and texts a model may echo."""

    messages: tuple[Message, ...]
    digest: str
    first_passage_id: int | None
    echoes: tuple[str, ...]


def budget_bytes(*, context_tokens: int, reserve_tokens: int, bytes_per_token: float) -> int:
    """Return how many bytes of prompt fit in a context that keeps room for an answer; a tenth stays free."""
    return max(0, int((context_tokens - reserve_tokens) * bytes_per_token * 0.9))


def window_start(total_bytes: int, budget_bytes: int) -> int:
    """Return the first byte to include so that the rest fits; it moves in steps of half the budget."""
    step = max(1, budget_bytes // 2)
    over = total_bytes - budget_bytes
    return 0 if over <= 0 else -(-over // step) * step


def build(
    story: StoryFacts,
    passages: Sequence[PassageText],
    *,
    budget_bytes: int,
    direction: str | None = None,
    note: str | None = None,
) -> Prompt:
    """Return the prompt for a story's next passage, at most `budget_bytes` of UTF-8 unless those are very few.

    `passages` are the newest of the path in order. `direction` is for this passage; `note` says what a retry
    is to do better.
    """
    words = sections("narrator", story.language)
    system = f"{words['system'].format(words=story.words)} {words[story.rating]}"
    start = words["start"].format(title=neutralise(story.title), premise=neutralise(story.premise)).strip()
    told = [passage for passage in passages if passage.text]
    last_words = _tail(neutralise(told[-1].text)) if told else ""
    opening = words["next" if told else "begin"].format(tail=last_words, words=story.words)
    request = _request(words, opening, direction=direction, note=note)
    fixed = sum(len(text.encode()) for text in (system, start))
    room = budget_bytes - fixed - len(CUT.encode()) - max(_REQUEST_BYTES, len(request.encode()))
    first, text = _window(told, max(room, _SMALLEST_WINDOW))
    messages = _messages(system, start, text, request)
    return Prompt(messages, _digest(messages), first, (request, opening, last_words))


def _messages(system: str, start: str, text: str, request: str) -> tuple[Message, ...]:
    if not text:
        return Message("system", system), Message("user", f"{start}\n{request}")
    return (
        Message("system", system),
        Message("user", start),
        Message("assistant", text),
        Message("user", request),
    )


def _window(told: Sequence[PassageText], room: int) -> tuple[int | None, str]:
    """Return the id of the first passage included, and the included text; the newest is always there."""
    if not told:
        return None, ""
    start = window_start(told[-1].end, room)
    included = [passage for passage in told if passage.start >= start] or told[-1:]
    text = SEPARATOR.join(neutralise(passage.text) for passage in included)
    fitting = _last_bytes(text, room)
    whole = fitting == text and included[0].bytes_before == 0
    return included[0].id, fitting if whole else CUT + fitting


def _request(words: Mapping[str, str], opening: str, *, direction: str | None, note: str | None) -> str:
    parts = [opening]
    if direction:
        parts.append(words["direction"].format(direction=neutralise(direction)))
    if note:
        parts.append(words["note"].format(note=neutralise(note)))
    return "\n".join(parts)


def _last_bytes(text: str, room: int) -> str:
    """Return as much of the end of a text as fits, from a sentence's beginning where there is one."""
    encoded = text.encode()
    if len(encoded) <= room:
        return text
    end = encoded[-room:].decode(errors="ignore")
    found = _SENTENCE_START.search(end, 1)
    return end[found.end() :] if found and found.end() < len(end) // 2 else end


def _tail(text: str) -> str:
    """Return the story's last words, whole sentences where they fit, as one line."""
    line = " ".join(text.split())
    return _last_bytes(line, _TAIL_BYTES)


def _digest(messages: Sequence[Message]) -> str:
    """Return the same short text for the same prompt."""
    content = "\0".join(f"{message.role}\0{message.content}" for message in messages)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
