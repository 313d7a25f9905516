"""Turn a story into the messages that a model continues. Pure: the same facts give the same prompt.

The whole story stands as one answer of the model's own, whoever wrote it: so the model keeps its voice, and an
order hidden in someone's passage is prose like the rest. What stays comes first: rules, title, pinned lore, recaps;
then the passages in order; what changes every turn goes last. So each prompt begins as the one before it did, and a
backend can keep its attention cache.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.engine.request import Message
from bot.story.memory.reminders import Item, LeftOut, Memory, Pinned, fitting, listed
from bot.story.memory.window import SEPARATOR, PassageText, Window, shares, window
from bot.story.text import neutralise
from bot.story.wording import sections

CUT = "… "
"""Stands where the beginning of the story was left out."""

_SENTENCE_START = re.compile(r"[.!?…][\"'”’)]*\s+|[。！？…]+[”’」』）]*|\n+")
_TAIL_BYTES = 240

NOTHING_PINNED = Pinned()

PartName = Literal[
    "rules", "story", "pinned", "recaps", "settled", "passages", "triggered", "cast", "request", "direction"
]
_STAYS = ("story", "pinned", "recaps", "settled")
_CHANGES = ("triggered", "cast", "request", "direction")


@dataclass(frozen=True, slots=True)
class StoryFacts:
    """Say what a story is; `words` is the wanted length of a passage in what the language counts.

    `rules` are more lines for the system text: boundaries, style, whose characters are whose.
    """

    title: str
    premise: str
    language: str
    rating: str
    words: int
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Hold a part of a prompt as the model reads it, and the items of memory that are in it."""

    name: PartName
    text: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """Hold the messages; their digest; the first passage that is in them; and texts a model may echo.

    `parts` are what the messages are made of, in order; `left_out` is what was found and had no room.
    """

    messages: tuple[Message, ...]
    digest: str
    first_passage_id: int | None
    echoes: tuple[str, ...]
    parts: tuple[Part, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold what a prompt is to be made of, as far as it is known before its memory is recalled."""

    story: StoryFacts
    budget: int
    pinned: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]
    window: Window
    direction: str | None
    note: str | None
    fix: str | None


def plan(
    story: StoryFacts,
    told: Sequence[PassageText],
    *,
    budget: int,
    pinned: Pinned = NOTHING_PINNED,
    direction: str | None = None,
    note: str | None = None,
    fix: str | None = None,
) -> Plan:
    """Choose what stands in the prompt for a story's next passage, of at most `budget` bytes unless those are very few.

    `told` are the newest passages in order. `direction` is for this passage; `note` says what a retry is to do better;
    `fix` asks for a passage that is there already, in the place of the usual request.
    """
    safe = [replace(passage, text=neutralise(passage.text)) for passage in told if passage.text]
    kept, lost = fitting([_neutral(item) for item in pinned.items], shares(budget).pinned)
    wishes = [neutralise(wish) if wish else None for wish in (direction, note, fix)]
    bare = Plan(story, budget, kept, lost, Window(tuple(safe), 0, (), whole=True), *wishes)
    request = _joined(_last(bare, Memory()))
    fixed = sum(len(part.text.encode()) + 2 for part in _first(bare, Memory())) + len(CUT.encode())
    chosen = window(safe, budget=budget, fixed=fixed, request=len(request.encode()), lively=pinned.lively)
    return replace(bare, window=chosen)


def build(plan: Plan, memory: Memory) -> Prompt:
    """Return the prompt of a plan with the memory that was recalled for it."""
    memory, lost = _within_budget(memory, plan.budget)
    first, last = _first(plan, memory), _last(plan, memory)
    text = _told(plan.window)
    parts = (*first, *([Part("passages", text)] if text else []), *last)
    messages = messages_of(parts)
    echoes = (_joined(last), *(part.text for part in last), _last_words(plan))
    first_id = plan.window.included[0].id if plan.window.included else None
    return Prompt(messages, _digest(messages), first_id, echoes, parts, (*plan.left_out, *lost))


def messages_of(parts: Sequence[Part]) -> tuple[Message, ...]:
    """Return the messages that parts make."""
    system, *others = parts
    start = SEPARATOR.join(part.text for part in others if part.name in _STAYS)
    request = _joined([part for part in others if part.name in _CHANGES])
    told = [Message("assistant", part.text) for part in others if part.name == "passages"]
    if not told:
        return Message("system", system.text), Message("user", f"{start}\n{request}")
    return Message("system", system.text), Message("user", start), *told, Message("user", request)


def _joined(parts: Sequence[Part]) -> str:
    return "\n".join(part.text for part in parts)


def _first(plan: Plan, memory: Memory) -> list[Part]:
    """Return what stays from turn to turn."""
    story = plan.story
    words, frame = sections("narrator", story.language), sections("memory", story.language)
    rules = [words["system"].format(words=story.words), words[story.rating], *story.rules]
    start = words["start"].format(title=neutralise(story.title), premise=neutralise(story.premise)).strip()
    parts = [Part("rules", " ".join(rules)), Part("story", start)]
    parts += _part("pinned", frame, plan.pinned)
    parts += _part("recaps", frame, memory.recaps)
    return parts + _part("settled", frame, memory.settled)


def _last(plan: Plan, memory: Memory) -> list[Part]:
    """Return what changes every turn."""
    words, frame = sections("narrator", plan.story.language), sections("memory", plan.story.language)
    tail = _last_words(plan)
    opening = words["next" if tail else "begin"].format(tail=tail, words=plan.story.words)
    parts = [*_part("triggered", frame, memory.triggered), *_part("cast", frame, memory.cast)]
    parts.append(Part("request", plan.fix or opening))
    if plan.direction:
        parts.append(Part("direction", words["direction"].format(direction=plan.direction)))
    if plan.note:
        parts.append(Part("direction", words["note"].format(note=plan.note)))
    return parts


def _part(name: PartName, frame: Mapping[str, str], items: tuple[Item, ...]) -> list[Part]:
    return [Part(name, frame[name].format(items=listed(items)), items)] if items else []


def _within_budget(memory: Memory, budget: int) -> tuple[Memory, tuple[LeftOut, ...]]:
    """Return as much of each kind of memory as its share holds, and what that leaves out.

    Of the recaps the first ones go: the nearer to the window, the more they matter; a book stands for all before it.
    """
    room = shares(budget)
    recaps = [_neutral(item) for item in memory.recaps]
    book, nearer = recaps[:1], recaps[1:]
    kept_book, lost_book = fitting(book, room.recaps)
    left = room.recaps - sum(len(item.line.encode()) + 1 for item in kept_book)
    kept, lost = fitting(reversed(nearer), left)
    settled, lost_settled = fitting(map(_neutral, memory.settled), room.settled)
    triggered, lost_triggered = fitting(map(_neutral, memory.triggered), room.triggered)
    cast, lost_cast = fitting(map(_neutral, memory.cast), room.triggered)
    within = replace(
        memory, recaps=(*kept_book, *reversed(kept)), settled=settled, triggered=triggered, cast=cast
    )
    return within, (*memory.left_out, *lost_book, *lost, *lost_settled, *lost_triggered, *lost_cast)


def _told(window: Window) -> str:
    """Return the text of the window; of a newest passage longer than that, the end."""
    text = SEPARATOR.join(passage.text for passage in window.included)
    end = _last_bytes(text, window.room)
    return end if window.whole and end == text else CUT + end


def _last_bytes(text: str, room: int) -> str:
    """Return as much of the end of a text as fits, from a sentence's beginning where there is one."""
    encoded = text.encode()
    if len(encoded) <= room:
        return text
    end = encoded[-room:].decode(errors="ignore")
    found = _SENTENCE_START.search(end, 1)
    return end[found.end() :] if found and found.end() < len(end) // 2 else end


def _last_words(plan: Plan) -> str:
    """Return the story's last words, whole sentences where they fit, as one line."""
    included = plan.window.included
    return _last_bytes(" ".join(included[-1].text.split()), _TAIL_BYTES) if included else ""


def _neutral(item: Item) -> Item:
    return replace(item, title=neutralise(item.title), text=neutralise(item.text))


def _digest(messages: Sequence[Message]) -> str:
    """Return the same short text for the same prompt."""
    content = "\0".join(f"{message.role}\0{message.content}" for message in messages)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
