"""Know what each character can know: what came up in the scenes that they were in.

Somebody is in a scene whose passage, or the one before or after, names them, and not only in what people say. What
comes up there they learn, from being told as well. Whose names the lore does not have is nobody here. All of it is read
from the branch that is told, so an undo takes knowledge back and a redo returns it.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from functools import reduce

from bot.story.lore.book import Book, keys_of
from bot.story.lore.conflicts import SPEECH
from bot.story.lore.search import LoreSearch
from bot.story.memory.reminders import Item
from bot.story.wording import sections
from storage import mentions, stories
from storage.database import Database
from storage.mentions import Mention
from storage.stories import Story

REACH = 1  # passages before and after the one that names somebody, in which they are there too
_PEOPLE, _THINGS = 3, 5  # told of at most
_CONSIDERED = 16  # things at most, those that came first
_BATCH = 40  # passages searched at once


class Knowledge:
    """Keep who was there, and tell what they missed."""

    def __init__(self, *, database: Database, search: LoreSearch) -> None:
        self._database = database
        self._search = search

    async def keep(self, story_id: int) -> bool:
        """Search some passages of a story for its names, the newest first; tell if there were any to search."""
        story = await stories.get(self._database, story_id)
        book = await self._search.book(story.id, story.branch_id)
        if not book.versions:
            return False
        names = await asyncio.to_thread(_digest, book)
        some = await mentions.unsought(self._database, story.branch_id, names, limit=_BATCH)
        found = await asyncio.to_thread(_mentions, book, [text for _id, text in some])
        async with self._database.transaction() as tx:
            for (passage_id, _text), named in zip(some, found, strict=True):
                await mentions.put(tx, passage_id, names, named)
        return bool(some)

    async def of(self, story: Story, entry_id: int) -> list[int]:
        """Return the slots, in order, in which a character is present."""
        return await mentions.present(self._database, story.branch_id, entry_id, reach=REACH)

    async def missed(
        self, story: Story, things: Sequence[int], *, recent: Sequence[str]
    ) -> dict[int, list[int]]:
        """Return, for each character who is there now, what came up only where they were not; by ids of entries.

        `recent` are the texts of the newest passages, in order; of the things the first few are looked at.
        """
        book = await self._search.book(story.id, story.branch_id)
        named = await asyncio.to_thread(_mentions, book, recent)
        people = _characters(book, named[-1 - REACH :])[:_PEOPLE]
        if not people or not things:
            return {}
        heard = _heard(named)
        found: dict[int, list[int]] = {}
        for person, thing in await mentions.missed(
            self._database, story.branch_id, people, list(dict.fromkeys(things))[:_CONSIDERED], reach=REACH
        ):
            if (person, thing) not in heard:
                found.setdefault(person, []).append(thing)
        return found

    async def told(self, story: Story, things: Sequence[int], *, recent: Sequence[str]) -> tuple[Item, ...]:
        """Return the same as the narrator is told it."""
        missed = await self.missed(story, things, recent=recent)
        if not missed:
            return ()
        titles = {
            v.entry_id: v.title
            for v in (await self._search.book(story.id, story.branch_id)).versions.values()
        }
        words = sections("knowledge", story.language)

        def both(first: str, second: str) -> str:
            return words["both"].format(first=first, second=second)

        def line(person: int, some: Sequence[int]) -> str:
            things = reduce(both, (titles[thing] for thing in some[:_THINGS]))
            return words["missed"].format(name=titles[person], things=things)

        return tuple(
            Item("character", person, titles[person], line(person, some)) for person, some in missed.items()
        )


def _characters(book: Book, named: Sequence[Sequence[Mention]]) -> list[int]:
    """Return the characters who are there in some passages, whoever was named last first."""
    people = {v.entry_id for v in book.versions.values() if v.kind == "character"}
    there = (one.entry_id for some in reversed(named) for one in some if one.here)
    return [entry for entry in dict.fromkeys(there) if entry in people]


def _heard(named: Sequence[Sequence[Mention]]) -> set[tuple[int, int]]:
    """Return who was there when what came up in passages that follow each other."""
    found: set[tuple[int, int]] = set()
    for at, here in enumerate(named):
        beside = named[max(0, at - REACH) : at + REACH + 1]
        there = {one.entry_id for some in beside for one in some if one.here}
        found |= {(person, one.entry_id) for person in there for one in here}
    return found


def _mentions(book: Book, texts: Sequence[str]) -> list[list[Mention]]:
    """Return which entries each text names, by their keys. Takes a fraction of a millisecond for each."""
    found = []
    for text in texts:
        here = {match.owner for match in book.keys.find(SPEECH.sub(" ", text))}
        owners = dict.fromkeys(match.owner for match in book.keys.find(text))
        found.append([Mention(book.versions[one].entry_id, one in here) for one in owners])
    return found


def _digest(book: Book) -> str:
    """Return the same short text for books with the same keys of the same entries."""
    named = sorted((v.entry_id, keys_of(v)) for v in book.versions.values())
    return hashlib.sha256(json.dumps(named, ensure_ascii=False).encode()).hexdigest()[:24]
