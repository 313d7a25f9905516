"""Change passages that stand anywhere in a story: put other words in their place, take them back, turn their takes."""

from dataclasses import dataclass

from bot.clock import now
from bot.errors import Refused
from bot.locales import _
from bot.story import standing
from bot.story.boundaries.agreement import require_within
from bot.story.naming import named_by
from bot.story.people import Person, Place
from bot.story.standing import Standing
from bot.story.text import clean_passage
from bot.story.tree import history
from bot.story.tree.moved import Moved, moved
from bot.story.turns import keeping
from storage import displays, edits, passages, stories, trail
from storage.database import Database, Reader, Transaction
from storage.displays import Display
from storage.edits import Edit
from storage.passages import NewPassage, Passage
from storage.trail import Leaf


@dataclass(frozen=True, slots=True)
class Found:
    """Hold a passage that is read somewhere in a story: its number as readers count, and its takes."""

    stand: Standing
    leaf: Leaf
    passage: Passage
    number: int
    takes: tuple[int, ...]

    @property
    def newest(self) -> bool:
        """Tell whether it is the newest passage."""
        return self.leaf.slot == self.stand.branch.head

    @property
    def take(self) -> int:
        """Return which of its takes the passage is, from 1."""
        return self.takes.index(self.passage.id) + 1


class Editor:
    """Let people change what they wrote, and what the narrator wrote."""

    def __init__(self, *, database: Database, longest: int) -> None:
        """Write to a database; `longest` is the longest passage of a person, in characters."""
        self._database = database
        self._longest = longest

    async def look(self, place: Place, person: Person, passage_id: int) -> Found:
        """Return the words that are read where a passage stands, for someone who may change them."""
        found = await self.find(place, passage_id)
        standing.require_author(found.passage, person)
        kept = await keeping.read(self._database, found.stand.story.id)
        if kept.sealed(found.passage) and found.passage.author_id != person.id:
            raise Refused(
                _("This passage is secret until the end. Take back takes it out of the story unread.")
            )
        return found

    async def find(self, place: Place, passage_id: int) -> Found:
        """Return what is read where a passage stands."""
        return await find(self._database, place, passage_id)

    async def numbered(self, place: Place, named: str) -> int:
        """Return the passage that someone names by its number in the story or by a link to its message."""
        stand = await standing.of(self._database, await standing.running(self._database, place))
        leaf = await named_by(self._database, stand, named)
        if leaf is None or leaf.shown is None:
            raise Refused(_("No passage has the number 0. The first is 1."))
        return leaf.shown

    async def edit(self, place: Place, person: Person, passage_id: int, text: str) -> Moved:
        """Let other words be read in the place of a passage, which must still be read there."""
        text = clean_passage(text, limit=self._longest)
        try:
            async with self._database.transaction() as tx:
                found = await self._change(tx, place, person, passage_id)
                if found.passage.text == text:
                    raise Refused(_("These are the words that stand there already. Nothing was changed."))
                return (await self._replace(tx, found, person, text))[0]
        except Refused as refusal:
            # Whoever wrote this gets it back.
            raise Refused(refusal.text, words=text) from None

    async def retype(
        self, place: Place, person: Person, passage_id: int, text: str, *, message_id: int
    ) -> Moved | None:
        """Follow someone who changed the message that shows their passage; None where it says what it did before."""
        text = clean_passage(text, limit=self._longest)
        async with self._database.transaction() as tx:
            if (await passages.get(tx, passage_id)).text == text:
                return None
            found = await self._change(tx, place, person, passage_id)
            done, new = await self._replace(tx, found, person, text)
            await displays.show(tx, Display(message_id, new.id, 0, place.channel_id, own=False))
            return done

    async def take_back(self, place: Place, person: Person, passage_id: int) -> Moved:
        """Take a passage back wherever it stands; later ones stay."""
        async with self._database.transaction() as tx:
            found = await self._change(tx, place, person, passage_id)
            changes = await history.hide(tx, found.stand.branch, found.leaf)
            return await moved(tx, found.stand, person, "take back", changes, slot=found.leaf.slot)

    async def turn(self, place: Place, person: Person, passage_id: int, *, step: int) -> Moved:
        """Read another take in the place of a passage: `step` takes later, around the end."""
        async with self._database.transaction() as tx:
            found = await self._change(tx, place, person, passage_id)
            if len(found.takes) < 2:
                raise Refused(_("This passage has no other take. Retake makes one."))
            take = found.takes[(found.take - 1 + step) % len(found.takes)]
            change = await history.replace(tx, found.stand.branch, found.leaf, take, "take")
            return await moved(tx, found.stand, person, "take", [change], slot=found.leaf.slot)

    async def _replace(
        self, tx: Transaction, found: Found, person: Person, text: str
    ) -> tuple[Moved, Passage]:
        await require_within(tx, found.stand.story, text)
        new = await passages.add(tx, _revised(found.passage, text))
        await edits.note(tx, Edit(new.id, person.id, person.name))
        change = await history.replace(tx, found.stand.branch, found.leaf, new.id, "edit")
        return await moved(tx, found.stand, person, "edit", [change], slot=found.leaf.slot), new

    async def _change(self, tx: Transaction, place: Place, person: Person, passage_id: int) -> Found:
        found = await find(tx, place, passage_id)
        await standing.at_rest(tx, place)
        standing.require_author(found.passage, person)
        if found.passage.id != passage_id:
            raise Refused(
                _("Somebody has changed this passage meanwhile. Look at it as it is now, then try again.")
            )
        return found


async def find(reader: Reader, place: Place, passage_id: int) -> Found:
    """Return what is read where a passage stands in a place's running story; refused where nothing is."""
    passage = await passages.get(reader, passage_id)
    story = await stories.get(reader, passage.story_id)
    if story.state == "ended":
        raise Refused(
            _(
                "“{title}” has ended: it can be read and exported. To change it, take it up again by `/story resume`.",
                title=story.title,
            )
        )
    stand = await standing.of(reader, await standing.running(reader, place))
    leaf = await trail.find(reader, stand.branch.id, passage_id)
    if leaf is None:
        leaf = await _in_place_of(reader, stand.branch.id, passage)
    if stand.story.id != story.id or leaf is None:
        raise Refused(
            _(
                "This passage is not in the story as it is told now: it was taken back, or belongs to another branch"
                " or story. Branch from here tells the story on from it."
            )
        )
    if leaf.shown is None:
        raise Refused(_("This passage was taken back already. `/redo` brings back what was taken back last."))
    shown = await passages.get(reader, leaf.shown)
    number = await trail.count(reader, stand.branch.id, before=leaf.depth) + 1
    return Found(stand, leaf, shown, number, tuple(await passages.takes(reader, shown)))


async def _in_place_of(reader: Reader, branch_id: int, passage: Passage) -> Leaf | None:
    """Return the slot of a passage that was written, perhaps at the end of a row of others, to stand for this one."""
    leaf = await trail.at(reader, branch_id, passage.depth)
    before = leaf.shown if leaf else None
    while before is not None and before > passage.id:
        before = (await passages.get(reader, before)).replaces
    return leaf if before == passage.id else None


def _revised(old: Passage, text: str) -> NewPassage:
    """Describe the sibling that stands for a passage: by the same author, whoever changed the words."""
    return NewPassage(
        story_id=old.story_id,
        parent=old.parent,
        kind=old.kind,
        text=text,
        author_id=old.author_id,
        author_name=old.author_name,
        asked_by=old.asked_by,
        model=old.model,
        created=now(),
        replaces=old.id,
    )
