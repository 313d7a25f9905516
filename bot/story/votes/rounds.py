"""Hold rounds: everyone hands in secretly, and one passage is made of it all.

Whoever closes a round, time or the last to hand in, the turn engine says so. The narrator then weaves what there is;
where it cannot, or leaves somebody's words out, all is put into the story as it was handed in, in order. Nothing
that was acknowledged is lost: it is committed first, and stays with its author's name.
"""

import re
from dataclasses import dataclass
from functools import partial

from bot.clock import Clock
from bot.errors import Refused
from bot.locales import _
from bot.story import standing
from bot.story.boundaries.agreement import require_within
from bot.story.people import Person, Place
from bot.story.storyteller import join
from bot.story.text import clean_passage
from bot.story.turns import keeping, moves, rights
from bot.story.turns.state import TurnState
from bot.story.votes.woven import recognisable
from bot.story.wording import sections
from storage import narrations, rounds, stories
from storage.database import Database, Reader, Transaction
from storage.inbox import NewArrival
from storage.passages import Passage
from storage.rounds import Contribution, Round
from storage.stories import Story

LONGEST = 1000  # characters that one person hands in
_FIRST_PERSON = re.compile(r"\bI\b|\bmy\b|我", re.IGNORECASE)
_ENDED = re.compile(r"[.!?…。！？][\"'”’」』]*\Z")


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Tell how a round stands: how many have handed in, and who has not."""

    story: Story
    number: int
    state: TurnState


@dataclass(frozen=True, slots=True)
class Weave:
    """Hold what the narrator is to weave; `again` is whether it tried before."""

    round: Round
    contributions: tuple[Contribution, ...]
    again: bool

    def direction(self, language: str) -> str:
        """Return it as the narrator is told it."""
        words = sections("weave", language)
        items = []
        for one in self.contributions:
            text = " ".join(one.text.split())
            # A model that is told of names beside the text takes them for characters; only "I" needs one.
            name = one.author_name if _FIRST_PERSON.search(text) else None
            text = words["item"].format(name=name, text=text) if name else text
            items.append(text if _ENDED.search(text) else text + words["stop"])
        return words["weave"].format(items=" ".join(items))


class Rounds:
    """Take what people hand in, and end rounds."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def hand_in(self, place: Place, person: Person, words: str) -> HandedIn:
        """Keep what a person hands in for the round that is open, in the place of what they handed in before."""
        text = clean_passage(words, limit=LONGEST)
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            await require_within(tx, story, text)
            state = (await keeping.read(tx, story.id)).state
            if state.rules.mode != "round" or state.closed:
                raise Refused(
                    _(
                        "This round is closed, and its passage is being made. Hand in again when the next opens."
                    ),
                    words=text,
                )
            if moves.may_write(state, person.id) == "full":
                raise Refused(rights.full(), words=text)
            now = self._clock.now()
            opened = await rounds.current(tx, story.id) or await rounds.begin(tx, story.id, created=now)
            await rounds.contribute(
                tx, opened.id, author_id=person.id, author_name=person.name, text=text, now=now
            )
            made = partial(moves.passed, person_id=person.id, name=person.name, now=now)
            kept = await keeping.move(tx, story, made, now=now, by=person.id)
            return HandedIn(story, len(await rounds.contributions(tx, opened.id)), kept.state)

    async def gathered(self, story: Story) -> Weave | None:
        """Return what is to be woven in a story whose round is closed; None where nobody handed in anything.

        From here on the round counts as one that the narrator has tried to weave.
        """
        async with self._database.transaction() as tx:
            closed = await rounds.current(tx, story.id)
            if closed is None:
                return None
            await rounds.weave(tx, closed.id)
            handed_in = tuple(await rounds.contributions(tx, closed.id))
            return Weave(closed, handed_in, closed.state == "weaving") if handed_in else None

    async def put_in(self, story: Story) -> list[Passage]:
        """End a closed round without a weave: all becomes passages as it was handed in; the next round opens.

        Nothing is done while the narrator writes, or where the story rests by now: it waits until then.
        """
        async with self._database.transaction() as tx:
            story = await stories.get(tx, story.id)
            now = self._clock.now()
            if story.state != "running" or await narrations.of_story(tx, story.id):
                return []
            written = await put_in(tx, story, now=now)
            if (await keeping.read(tx, story.id)).state.rules.mode == "round":
                await keeping.move(tx, story, partial(moves.narrated, now=now), now=now)
            return written

    async def left_open(self, story: Story) -> bool:
        """Tell whether a round stands open in a story whose turns go by other rules now."""
        return await rounds.current(self._database, story.id) is not None


async def put_in(tx: Transaction, story: Story, *, now: int) -> list[Passage]:
    """Make passages of what was handed in for a story's round, if it has one, and end that."""
    closed = await rounds.current(tx, story.id)
    if closed is None:
        return []
    handed_in = await rounds.contributions(tx, closed.id)
    written = [await join(tx, story, _arrival(story, one), at=now) for one in handed_in]
    await rounds.finish(tx, closed.id, passage_id=None, closed=now)
    return written


async def holds(reader: Reader, story_id: int, text: str) -> bool:
    """Tell whether a woven passage has something of everyone who handed in."""
    closed = await rounds.current(reader, story_id)
    handed_in = await rounds.contributions(reader, closed.id) if closed else []
    return recognisable([one.text for one in handed_in], text)


async def woven(tx: Transaction, passage: Passage, *, now: int) -> None:
    """Note that a passage was woven of what was handed in."""
    closed = await rounds.current(tx, passage.story_id)
    if closed is not None:
        await rounds.finish(tx, closed.id, passage_id=passage.id, closed=now)


def _arrival(story: Story, one: Contribution) -> NewArrival:
    return NewArrival(
        story_id=story.id,
        author_id=one.author_id or 0,
        author_name=one.author_name or "—",
        text=one.text,
        channel_id=story.channel_id,
        message_ids=(),
        own=True,
        created=one.changed,
    )
