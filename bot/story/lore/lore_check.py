"""Ask writers before their words are saved against the lore, and keep the words until they have decided.

Whatever stays in the story against the lore wears a flag, which everybody sees under it.
"""

import asyncio
from dataclasses import dataclass, replace

from bot.clock import now
from bot.errors import Refused
from bot.locales import _
from bot.story.lore.contradictions import Contradiction, against, flag
from bot.story.lore.jury import Jury
from bot.story.lore.search import LoreSearch
from bot.story.people import Person, Place
from bot.story.storyteller import Storyteller, Written
from bot.story.text import clean_passage
from storage import held, stories
from storage.database import Database, Transaction
from storage.held import Held, NewHeld
from storage.stories import Story

WAITING = 5  # passages of one writer that wait in a story at once
DAYS = 30
"""How long words are kept for a decision."""
_DAY = 24 * 60 * 60 * 1000  # milliseconds


@dataclass(frozen=True, slots=True)
class Question:
    """Ask a writer about words that are kept meanwhile; `back` are older ones of theirs that wait no longer."""

    held: Held
    found: tuple[Contradiction, ...]
    back: tuple[Held, ...] = ()


class LoreCheck:
    """Ask writers before their words are saved against the lore."""

    def __init__(
        self, *, database: Database, search: LoreSearch, storyteller: Storyteller, jury: Jury, longest: int
    ) -> None:
        """Check passages of up to `longest` characters."""
        self._database = database
        self._search = search
        self._storyteller = storyteller
        self._jury = jury
        self._longest = longest

    async def ask(self, place: Place, person: Person, raw: str) -> Question | None:
        """Keep words that go against the lore, and return what to ask their writer; None where they do not."""
        story = await stories.running_in(self._database, place.channel_id)
        if story is None or not story.lore_check:
            return None
        text = clean_passage(raw, limit=self._longest)
        found = await self.found(story, text, person_id=person.id)
        if not found:
            return None
        await self._storyteller.before_writing(place, person)
        oldest = now() - DAYS * _DAY
        async with self._database.transaction() as tx:
            # Nobody else can be reached here; the writer's own are given back first.
            await held.forget(tx, before=oldest, but_of=person.id)
            kept = await held.add(
                tx,
                NewHeld(
                    story_id=story.id,
                    channel_id=place.channel_id,
                    author_id=person.id,
                    author_name=person.name,
                    text=text,
                    created=now(),
                ),
            )
            back = await held.beyond(tx, story_id=story.id, author_id=person.id, newest=WAITING, since=oldest)
        return Question(kept, tuple(found), tuple(back))

    async def given_back(self, kept: Held) -> None:
        """Forget words that their writer has back, unless they were changed meanwhile."""
        async with self._database.transaction() as tx:
            await held.remove(tx, kept.id, kept.text)

    async def found(self, story: Story, text: str, *, person_id: int) -> list[Contradiction]:
        """Return what a text says against a story's lore, by rules, else by what an able model thinks."""
        book = await self._search.book(story.id, story.branch_id)
        found = await asyncio.to_thread(against, book, text)
        return found or await self._jury.against(story, book, text, person_id=person_id)

    async def waiting(self, person: Person, held_id: int) -> Held:
        """Return somebody's words that wait; refused where they were saved already, or are another's."""
        kept = await held.get(self._database, held_id)
        if kept is None:
            raise _decided()
        if kept.author_id != person.id:
            raise Refused(_("These words are not yours."))
        return kept

    async def change(self, person: Person, held_id: int, raw: str) -> Question | None:
        """Keep other words in the place of those that wait; return what to ask, None where they fit the lore now."""
        kept = await self.waiting(person, held_id)
        text = clean_passage(raw, limit=self._longest)
        async with self._database.transaction() as tx:
            if not await held.change(tx, held_id, text):
                raise _decided(text)
        story = await stories.get(self._database, kept.story_id)
        found = await self.found(story, text, person_id=person.id)
        return Question(replace(kept, text=text), tuple(found)) if found else None

    async def drop(self, person: Person, held_id: int) -> None:
        """Throw words away that wait."""
        kept = await self.waiting(person, held_id)
        async with self._database.transaction() as tx:
            if not await held.remove(tx, held_id, kept.text):
                raise _decided()

    async def save(self, place: Place, person: Person, held_id: int) -> Written:
        """Save words that waited; they join the story and cease to wait in one transaction."""
        kept = await self.waiting(person, held_id)
        story = await stories.get(self._database, kept.story_id)
        found = await self.found(story, kept.text, person_id=person.id)

        async def settle(tx: Transaction, written: Written) -> None:
            if written.story.id != kept.story_id:
                raise Refused(
                    _("These words belong to another story, which is not told here now."), words=kept.text
                )
            if not await held.remove(tx, held_id, kept.text):
                raise _decided()
            if written.passage is not None:
                await flag(tx, written.passage.id, found)

        return await self._storyteller.write(place, person, kept.text, settle=settle)

    async def flag_written(self, written: Written, *, person_id: int) -> list[Contradiction]:
        """Flag a passage that was saved already, as typed ones are; return what it goes against.

        Words that wait for the narrator are no passage yet: what they go against can only be told.
        """
        if not written.story.lore_check:
            return []
        found = await self.found(written.story, written.text, person_id=person_id)
        if found and written.passage is not None:
            async with self._database.transaction() as tx:
                await flag(tx, written.passage.id, found)
        return found


def _decided(words: str | None = None) -> Refused:
    return Refused(
        _("These words were saved, changed or given back already; they wait no more."), words=words
    )
