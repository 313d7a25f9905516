"""Keep what made a passage, and tell it to whoever asks why: the exact prompt, part by part."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.clock import now
from bot.engine.request import Message
from bot.errors import Refused
from bot.locales import _
from bot.story import naming, standing
from bot.story.lore.found import Reason
from bot.story.memory.prompt import Part, Prompt, messages_of
from bot.story.memory.reminders import Item, LeftOut
from bot.story.people import Place
from bot.story.turns.rights import require_unsealed
from storage import lore, passages, prompts_used, stories, trail
from storage.database import Database, Transaction
from storage.passages import Passage
from storage.stories import Story

_LORE = ("triggered", "cast")
_LOOKED_AT = 2000  # bytes at the end of the story in which the narrator's newest passage is looked for first


class Counter(Protocol):
    """Count tokens as the narrator's model does."""

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Hold a part of a prompt and how many tokens it has."""

    part: Part
    tokens: int


@dataclass(frozen=True, slots=True)
class Why:
    """Tell what made a passage; no parts where its prompt is not kept any more.

    `number` is its place as readers count, None where it is not read now.
    """

    story: Story
    passage: Passage
    number: int | None
    parts: tuple[Cost, ...]
    left_out: tuple[LeftOut, ...]
    messages: tuple[Message, ...]


async def keep(tx: Transaction, passage: Passage, prompt: Prompt) -> None:
    """Keep the prompt of a passage that has just been added, and note which lore was used in it."""
    await prompts_used.add(
        tx, story_id=passage.story_id, passage_id=passage.id, content=content_of(prompt), created=now()
    )
    used = {item.about for part in prompt.parts if part.name in _LORE for item in part.items}
    await lore.use(tx, passage.id, used)


class Reasons:
    """Tell why passages are as they are."""

    def __init__(self, *, database: Database, counter: Counter) -> None:
        self._database = database
        self._counter = counter

    async def why(self, place: Place, named: str | None) -> Why:
        """Return what made the narrator's newest passage, or the one that is named by number or link."""
        story = await stories.newest_in(self._database, place.channel_id)
        if story is None:
            raise Refused(_("No story has been told here yet. Start one with `/story start`."))
        await require_unsealed(self._database, story)
        passage = await self._named(story, named) if named else await self._newest(story)
        if passage.kind != "narrator":
            raise Refused(
                _("A person wrote that passage. `/why` tells what made the narrator's; name one of those.")
            )
        content = await prompts_used.get(self._database, passage.id)
        parts, left_out = prompt_of(content) if content else ((), ())
        leaf = await trail.find(self._database, story.branch_id, passage.id)
        read = leaf is not None and leaf.shown == passage.id
        return Why(
            story,
            passage,
            await trail.count(self._database, story.branch_id, before=leaf.depth) + 1
            if leaf and read
            else None,
            tuple([Cost(part, await self._counter.count_tokens(part.text)) for part in parts]),
            left_out,
            messages_of(parts) if parts else (),
        )

    async def _named(self, story: Story, named: str) -> Passage:
        stand = await standing.of(self._database, story)
        goal = await naming.goal_of(self._database, named)
        if goal.passage_id:
            passage = await passages.get(self._database, goal.passage_id)
            if passage.story_id == story.id:
                return passage
        leaf = await naming.named_by(self._database, stand, named)
        if leaf is None or leaf.shown is None:
            raise Refused(_("Name a passage by its number, from 1 on, or by the link of its message."))
        return await passages.get(self._database, leaf.shown)

    async def _newest(self, story: Story) -> Passage:
        size = _LOOKED_AT
        while True:
            told = await trail.newest(self._database, story.branch_id, size=size)
            found = [one.passage for one in told if one.passage.kind == "narrator"]
            if found:
                return found[-1]
            if sum(len(one.passage.text.encode()) for one in told) <= size:
                raise Refused(
                    _("The narrator has written nothing here that is read now. `/continue` lets it write.")
                )
            size *= 10


def content_of(prompt: Prompt) -> Mapping[str, object]:
    """Return what is kept of a prompt, as JSON can hold it."""
    return {
        "parts": [
            {"name": part.name, "text": part.text, "items": [_item(item) for item in part.items]}
            for part in prompt.parts
        ],
        "left_out": [[lost.kind, lost.about, lost.title, lost.obstacle] for lost in prompt.left_out],
    }


def _item(item: Item) -> list[object]:
    reasons = [[reason.way, reason.detail] for reason in item.reasons]
    return [item.kind, item.about, item.title, item.text, reasons]


def prompt_of(content: Mapping[str, Any]) -> tuple[tuple[Part, ...], tuple[LeftOut, ...]]:
    """Return the parts of a prompt that was kept, and what was left out of it."""
    parts = (Part(part["name"], part["text"], tuple(_items(part["items"]))) for part in content["parts"])
    return tuple(parts), tuple(LeftOut(*lost) for lost in content["left_out"])


def _items(kept: Iterable[Any]) -> Iterable[Item]:
    for kind, about, title, text, reasons in kept:
        yield Item(kind, about, title, text, tuple(Reason(way, detail) for way, detail in reasons))
