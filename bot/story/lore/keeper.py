"""Keep a story's lore: everyone adds; who wrote an entry, the story's host and moderators change it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.clock import now
from bot.errors import Refused
from bot.locales import _
from bot.story import standing
from bot.story.boundaries.agreement import require_within
from bot.story.lore.archive import Archive
from bot.story.lore.book import suggest
from bot.story.lore.keys import fold
from bot.story.lore.rules import (
    Player,
    current,
    digest,
    require_new,
    require_owner,
    require_player,
    require_room,
    require_unchanged,
)
from bot.story.lore.search import LoreSearch
from bot.story.lore.writing import Sketch, checked, split_keys
from bot.story.people import Person, Place
from storage import actions, lore, stories
from storage.database import Database, Transaction
from storage.documents import Document
from storage.lore import Kind, NewVersion, Version
from storage.stories import Story

_ID = re.compile(r"id:([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Origin:
    """Say from which slot on an entry holds, and what is settled in the transaction that keeps it."""

    since: int
    settle: Callable[[Transaction, Version], Awaitable[None]]


class Keeper:
    """Change lore and characters, and show them."""

    def __init__(self, *, database: Database, archive: Archive, search: LoreSearch) -> None:
        self._database = database
        self._archive = archive
        self._search = search

    async def add(
        self,
        place: Place,
        person: Person,
        kind: Kind,
        sketch: Sketch,
        *,
        player: Player | None = None,
        origin: Origin | None = None,
    ) -> Version:
        """Add an entry to the story of a place."""
        clean = await asyncio.to_thread(checked, sketch, kind, None)
        new = _written(clean, person, player or Player(None, None), origin)
        document = await self._document(new)
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            require_player(story, person, player)
            await _require_agreed(tx, story, new)
            await require_new(tx, story, new, entry_id=None)
            await require_room(tx, story, new, entry_id=None)
            version = await lore.add(tx, story.id, kind, new)
            await self._archive.keep(tx, story.id, document.of(version.id))
            await _log(tx, story, person, f"add {kind}", version)
            if origin is not None:
                await origin.settle(tx, version)
        return version

    async def change(
        self,
        place: Place,
        person: Person,
        seen: Version,
        sketch: Sketch,
        *,
        player: Player | None = None,
        origin: Origin | None = None,
    ) -> Version:
        """Change an entry that someone saw as a version; refused where another changed it meanwhile."""
        clean = await asyncio.to_thread(checked, sketch, seen.kind, seen)
        whose = player or Player(seen.player_id, seen.player_name)
        new = _written(clean, person, whose, origin)
        document = await self._document(new)
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            await require_unchanged(tx, story, seen, new.text)
            require_owner(story, person, seen)
            require_player(story, person, player)
            await _require_agreed(tx, story, new)
            await require_new(tx, story, new, entry_id=seen.entry_id)
            await require_room(tx, story, new, entry_id=seen.entry_id)
            version = await lore.change(tx, story.id, seen.entry_id, new)
            await self._archive.keep(tx, story.id, document.of(version.id))
            await _log(tx, story, person, f"edit {seen.kind}", version)
            if origin is not None:
                await origin.settle(tx, version)
        return version

    async def remove(self, place: Place, person: Person, entry_id: int) -> Version:
        """Take an entry out of use; its versions are kept."""
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            version = await current(tx, story, entry_id)
            require_owner(story, person, version)
            await lore.change(tx, story.id, entry_id, _removal(version, person))
            await _log(tx, story, person, f"remove {version.kind}", version)
        return version

    async def editable(self, place: Place, person: Person, name: str, *, kind: Kind | None) -> Version:
        """Return an entry that a person may change; refused where they may not."""
        version = await self.named(place, name, kind=kind)
        require_owner(await standing.running(self._database, place), person, version)
        return version

    async def seen(self, place: Place, version_id: int) -> Version:
        """Return a version that someone opened to change it; refused where its entry is not in use any more."""
        story = await standing.running(self._database, place)
        version = await lore.get(self._database, version_id)
        await current(self._database, story, version.entry_id)
        return version

    async def entries(self, place: Place, *, kind: Kind | None = None) -> list[Version]:
        """Return what is in use in a place's story, the newest entries first."""
        story = await standing.running(self._database, place)
        book = await self._search.book(story.id, story.branch_id)
        return [v for v in reversed(list(book.versions.values())) if kind is None or v.kind == kind]

    async def suggest(self, place: Place, typed: str, *, kind: Kind | None, limit: int) -> list[Version]:
        """Return what fits as someone types the name of an entry; nothing where no story runs."""
        story = await stories.running_in(self._database, place.channel_id)
        if story is None:
            return []
        return suggest(await self._search.book(story.id, story.branch_id), typed, kind=kind, limit=limit)

    async def named(self, place: Place, name: str, *, kind: Kind | None) -> Version:
        """Return the entry that a name, or an id as `id:7`, means; refused where none does."""
        story = await standing.running(self._database, place)
        if found := _ID.fullmatch(name):
            return await current(self._database, story, int(found[1]))
        fitting = suggest(await self._search.book(story.id, story.branch_id), name, kind=kind, limit=2)
        exact = [version for version in fitting if fold(version.title) == fold(name)]
        if not exact and len(fitting) != 1:
            raise Refused(
                _(
                    "There is no entry “{name}”. Choose one from the list that opens as you type.",
                    name=name[:60],
                )
            )
        return (exact or fitting)[0]

    async def skipped(self, place: Place) -> set[int]:
        """Return the versions with a pattern that took too long and is skipped."""
        story = await standing.running(self._database, place)
        return {version_id for version_id, _key in await lore.slow_patterns(self._database, story.id)}

    async def _document(self, new: NewVersion) -> Document:
        """Return what an entry is found by: its title, its keys and its text."""
        whole = f"{new.title}. {', '.join(new.keys)}. {new.text}" if new.keys else f"{new.title}. {new.text}"
        [document] = await self._archive.prepare("lore", [whole])
        return document


async def _require_agreed(tx: Transaction, story: Story, new: NewVersion) -> None:
    """Refuse what crosses a boundary in any of its words: all of them are shown, and most told to the narrator."""
    try:
        parts = (f"{new.title}: {new.text}", *new.keys, new.voice, new.family)
        await require_within(tx, story, "\n".join(filter(None, parts)))
    except Refused as refusal:
        raise Refused(refusal.text, words=new.text) from None


def _written(clean: Sketch, person: Person, player: Player, origin: Origin | None) -> NewVersion:
    title, text = clean.title or "", clean.text or ""
    return NewVersion(
        title=title,
        text=text,
        keys=tuple(split_keys(clean.keys or "")),
        pinned=bool(clean.pinned),
        priority=clean.priority or 0,
        family=clean.group or "",
        cooldown=clean.cooldown or 0,
        voice=clean.voice or "",
        player_id=player.id,
        player_name=player.name,
        author_id=person.id,
        author_name=person.name,
        since=origin.since if origin else None,
        title_digest=digest(title),
        text_digest=digest(text),
        created=now(),
    )


def _removal(version: Version, person: Person) -> NewVersion:
    return NewVersion(
        title=version.title,
        text="",
        removed=True,
        author_id=person.id,
        author_name=person.name,
        title_digest="",
        text_digest="",
        created=now(),
    )


async def _log(tx: Transaction, story: Story, person: Person, kind: str, version: Version) -> None:
    await actions.append(
        tx,
        story_id=story.id,
        kind=kind,
        created=now(),
        actor_id=person.id,
        actor_name=person.name,
        detail={"entry": version.entry_id, "version": version.id},
    )
