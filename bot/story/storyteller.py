"""Tell a story together: write, take back, bring back, choose between takes.

Every method is one transaction: either it all happened and is on disk when the method returns, or nothing did.
What someone writes while the narrator is writing is committed to the inbox at once and joins the story,
in the order in which it came, right behind the narrator's passage: the order that the channel shows.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.clock import SYSTEM, Clock, now
from bot.errors import Refused
from bot.locales import _
from bot.story import standing
from bot.story.boundaries.agreement import note_place, require_within
from bot.story.people import Person, Place
from bot.story.standing import Standing
from bot.story.text import clean_passage
from bot.story.tree import history
from bot.story.tree.moved import Moved, moved
from bot.story.turns import keeping as turns
from bot.story.turns.rights import require_turn
from storage import actions, branches, directions, displays, inbox, narrations, passages, steps, trail
from storage.database import Database, Transaction
from storage.displays import Display
from storage.inbox import Arrival, NewArrival
from storage.passages import NewPassage, Passage
from storage.stories import Story
from storage.trail import Change


@dataclass(frozen=True, slots=True)
class Written:
    """Tell what became of someone's words: a passage, or an arrival that waits for the narrator to finish."""

    story: Story
    text: str
    passage: Passage | None = None
    arrival: Arrival | None = None


class Storyteller:
    """Apply the rules of a story to what people ask for, and commit it."""

    def __init__(self, *, database: Database, longest: int, clock: Clock = SYSTEM) -> None:
        """Write to a database; `longest` is the longest passage of a person, in characters."""
        self._database = database
        self._longest = longest
        self._clock = clock

    async def write(
        self,
        place: Place,
        person: Person,
        text: str,
        *,
        message_ids: Sequence[int] = (),
        settle: Callable[[Transaction, Written], Awaitable[None]] | None = None,
    ) -> Written:
        """Commit a person's passage; `message_ids` are the messages that show it already.

        With it, in the same transaction, is done what `settle` does; what that refuses is not written.
        """
        text = clean_passage(text, limit=self._longest)
        async with self._database.transaction() as tx:
            try:
                story = await standing.running(tx, place)
            except Refused as refusal:
                # Whoever typed this gets it back.
                raise Refused(refusal.text, words=text) from None
            await note_place(tx, place)
            await require_within(tx, story, text)
            present = self._clock.now()
            await require_turn(tx, story, person, now=present, typed=bool(message_ids), words=text)
            arrival = NewArrival(
                story_id=story.id,
                author_id=person.id,
                author_name=person.name,
                text=text,
                channel_id=place.channel_id,
                message_ids=tuple(message_ids),
                own=not message_ids,
                created=present,
            )
            if await narrations.of_story(tx, story.id):
                written = Written(story, text, arrival=await inbox.add(tx, arrival))
            else:
                written = Written(story, text, passage=await join(tx, story, arrival))
            if settle is not None:
                await settle(tx, written)
            return written

    async def before_writing(self, place: Place, person: Person) -> str:
        """Refuse whoever may not write now; return how the last passage ends where its readers do not know it."""
        story = await standing.running(self._database, place)
        await require_turn(self._database, story, person, now=self._clock.now())
        return await turns.ending_for(self._database, story, person.id, now=self._clock.now())

    async def shown(self, written: Written, channel_id: int, message_ids: Sequence[int]) -> Passage | None:
        """Note the bot's messages that show words that waited; return their passage if they joined meanwhile."""
        async with self._database.transaction() as tx:
            if written.arrival is None or await inbox.show_in(tx, written.arrival.id, message_ids):
                return None
            passage_id = await passages.joined_as(tx, written.arrival)
            await show_in(tx, passage_id, channel_id, message_ids, own=True)
            return await passages.get(tx, passage_id)

    async def undo(self, place: Place, person: Person, *, passage_id: int | None = None) -> Moved:
        """Take back what was changed since the newest passage, else that passage, which the person saw.

        What someone else changed in their own words is passed over.
        """
        async with self._database.transaction() as tx:
            before = await standing.at_rest(tx, place)
            standing.require_newest(before, passage_id)
            branch = before.branch
            step = await steps.to_undo(tx, branch.id, branch.head)
            changed = await passages.get(tx, step.ahead) if step and step.ahead is not None else None
            if step is not None and changed is not None and standing.may_change(changed, person):
                return await moved(tx, before, person, "undo", await history.undo(tx, branch, step))
            if before.head is None or branch.head is None:
                raise Refused(_("The story is at its very beginning: there is nothing to take back."))
            standing.require_author(before.head, person)
            leaf = await trail.find(tx, branch.id, branch.head)
            assert leaf is not None  # a branch's head is on its trail
            return await moved(tx, before, person, "undo", await history.hide(tx, branch, leaf))

    async def redo(self, place: Place, person: Person) -> Moved:
        """Bring back what was taken back last."""
        async with self._database.transaction() as tx:
            before = await standing.at_rest(tx, place)
            step = await steps.to_redo(tx, before.branch.id, before.branch.head)
            if step is None or step.ahead is None:
                raise Refused(
                    _("There is nothing to bring back: nothing was taken back since the newest passage.")
                )
            if step.kind == "rollback":
                standing.require_host(before.story, person)
            else:
                standing.require_author(await passages.get(tx, step.ahead), person)
            return await moved(tx, before, person, "redo", await history.redo(tx, before.branch, step))

    async def choose_take(self, place: Place, person: Person, *, passage_id: int, step: int) -> Moved:
        """Read another take of the newest passage: `step` takes later, around the end."""
        async with self._database.transaction() as tx:
            before = await standing.at_rest(tx, place)
            standing.require_newest(before, passage_id)
            if before.head is None or len(before.takes) < 2:
                raise Refused(_("This passage has no other take. Retry makes one."))
            standing.require_author(before.head, person)
            take = before.takes[(before.take - 1 + step) % len(before.takes)]
            leaf = await trail.find(tx, before.branch.id, before.head.id)
            assert leaf is not None  # what is read is on the trail
            change = await history.replace(tx, before.branch, leaf, take, "take")
            return await moved(tx, before, person, "take", [change])

    async def keep(self, place: Place, person: Person, *, passage_id: int) -> Moved:
        """Put a stopped passage into the story after all, if the story still stands where it was stopped."""
        async with self._database.transaction() as tx:
            before = await standing.at_rest(tx, place)
            stopped = await passages.get(tx, passage_id)
            require_asker(stopped.asked_by, person)
            if not _continues(before, stopped):
                raise Refused(
                    _("The story has gone on since this was stopped, so it cannot be put in any more.")
                )
            is_take = before.head is not None and stopped.parent != before.branch.head
            await branches.advance(tx, before.branch.id, stopped.id)
            await directions.use_up(tx, stopped)
            changes = [Change(before.head.id, stopped.id)] if is_take and before.head else []
            return await moved(tx, before, person, "keep", changes)


def require_asker(asked_by: int | None, person: Person) -> None:
    """Refuse to stop or keep a narration that someone else asked for; moderators may."""
    if asked_by != person.id and not person.moderator:
        raise Refused(_("Only the one who asked for this passage, or a moderator, can decide that."))


async def join(
    tx: Transaction, story: Story, arrival: NewArrival | Arrival, *, at: int | None = None
) -> Passage:
    """Make someone's words the story's newest passage, shown by their messages; `at` is later than they came."""
    branch = await branches.get(tx, story.branch_id)
    passage = await passages.add(
        tx,
        NewPassage(
            story_id=story.id,
            parent=branch.head,
            kind="person",
            text=arrival.text,
            author_id=arrival.author_id,
            author_name=arrival.author_name,
            created=arrival.created,
        ),
    )
    await branches.advance(tx, branch.id, passage.id)
    await turns.passed(tx, story, passage, now=at or arrival.created)
    for page, message_id in enumerate(arrival.message_ids):
        await displays.show(tx, Display(message_id, passage.id, page, arrival.channel_id, arrival.own))
    await actions.append(
        tx,
        story_id=story.id,
        actor_id=arrival.author_id,
        actor_name=arrival.author_name,
        kind="write",
        passage_id=passage.id,
        created=now(),
    )
    return passage


async def show_in(
    tx: Transaction, passage_id: int, channel_id: int, message_ids: Sequence[int], *, own: bool
) -> None:
    """Note which messages show a passage, page by page, and forget earlier ones alike; `own` are the bot's."""
    for display in await displays.of_passage(tx, passage_id):
        if display.own == own:
            await displays.forget(tx, display.message_id)
    for page, message_id in enumerate(message_ids):
        await displays.show(tx, Display(message_id, passage_id, page, channel_id, own))


def _continues(before: Standing, stopped: Passage) -> bool:
    """Tell whether a stopped passage still fits: it follows the head, or is a take of it, in the same story."""
    follows = stopped.parent == before.branch.head
    is_take = (
        before.head is not None and before.head.kind == "narrator" and before.head.parent == stopped.parent
    )
    stands_beside = stopped.story_id == before.story.id and stopped.id != before.branch.head
    return stopped.finish == "stopped" and stands_beside and (follows or is_take)
