"""Hold votes: put options to a group, take one ballot a person, close, break ties aloud, run off.

Every method is one transaction.
"""

from collections.abc import Sequence
from functools import partial

from bot.clock import Clock
from bot.errors import Refused
from bot.locales import _
from bot.story import standing
from bot.story.boundaries.agreement import require_within
from bot.story.people import Person, Place
from bot.story.text import clean_passage
from bot.story.turns import keeping, moves
from bot.story.votes import polls
from bot.story.votes.polls import TIMER, Decision, Poll, deadline, gathers, log, poll_of, seated
from storage import stories, timers, votes
from storage.database import Database, Reader, Transaction
from storage.stories import Story
from storage.votes import Kind, NewOption, NewVote, Option, Vote

MOST = 10  # options, which are as many buttons
PROPOSAL = 500  # characters, as of any direction
VERBATIM = 2000  # of a proposal that is a passage


class BallotBox:
    """Hold the votes of all stories."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def open(
        self,
        story: Story,
        person: Person,
        kind: Kind,
        options: Sequence[NewOption],
        *,
        hidden: bool,
        seconds: int | None,
    ) -> Poll:
        """Put options to the group of a story; one vote at a time, and NotTold where the story rests by now."""
        async with self._database.transaction() as tx:
            place = Place(story.guild_id, story.channel_id)
            story = await standing.running(tx, place, story_id=story.id)
            await _require_none(tx, story)
            # Where the turns have a clock for this, it counts the first round.
            due = deadline(
                None if await gathers(tx, story) and kind == "next" else seconds, self._clock.now()
            )
            vote = await votes.create(
                tx,
                NewVote(
                    story_id=story.id,
                    kind=kind,
                    hidden=hidden,
                    opened_by=person.id,
                    opener_name=person.name,
                    channel_id=place.channel_id,
                    seconds=seconds,
                    deadline=due,
                    created=self._clock.now(),
                ),
            )
            await timers.put(tx, TIMER, vote.id, vote.deadline)
            for option in options[:MOST]:
                await votes.add_option(tx, vote, option)
            await log(tx, vote, person, self._clock.now(), "vote opened")
            return await poll_of(tx, story, vote)

    async def require_none(self, place: Place) -> Story:
        """Return a place's story; refused while its group has a vote before it."""
        story = await standing.running(self._database, place)
        await _require_none(self._database, story)
        return story

    async def shown(self, vote: Vote, message_id: int, *, pending: str) -> None:
        """Note that a message shows a vote as it is; a start looks again at one that names what is pending."""
        shown = f"{vote.state}:{vote.round}{pending and ':'}{pending}"
        async with self._database.transaction() as tx:
            await votes.show_in(tx, vote.id, message_id, shown=shown)

    async def poll(self, vote_id: int) -> Poll | None:
        """Return how a vote stands."""
        vote = await votes.get(self._database, vote_id)
        return None if vote is None else await polls.read(self._database, vote)

    async def behind(self) -> list[Poll]:
        """Return the votes that a crash left without a message that shows how they stand."""
        return [await polls.read(self._database, vote) for vote in await votes.behind(self._database)]

    async def cast(self, place: Place, person: Person, vote_id: int, number: int) -> Poll:
        """Take a person's ballot, in the place of the one they gave before."""
        async with self._database.transaction() as tx:
            story, vote = await _open(tx, place, vote_id)
            if vote.state == "tied":
                raise Refused(
                    _(
                        "This vote is over, and tied. The one who started the story chooses, or a run-off begins with"
                        " the button Run-off."
                    )
                )
            await _require_vote(tx, story, person)
            poll = await poll_of(tx, story, vote)
            if number not in poll.count.votes:
                raise Refused(_("This is not one of the choices any more. Use the buttons under the vote."))
            now = self._clock.now()
            await votes.cast(tx, vote, voter_id=person.id, voter_name=person.name, number=number, now=now)
            if vote.kind == "next" and await gathers(tx, story):
                made = partial(moves.passed, person_id=person.id, name=person.name, now=now)
                await keeping.move(tx, story, made, now=now, by=person.id)
            return await poll_of(tx, story, vote)

    async def propose(self, place: Place, person: Person, vote_id: int, text: str, *, verbatim: bool) -> Poll:
        """Add what a person proposes, one each; their own earlier proposal is replaced while nobody else chose it."""
        text = clean_passage(text, limit=VERBATIM if verbatim else PROPOSAL)
        text = text if verbatim else " ".join(text.split())
        async with self._database.transaction() as tx:
            story, vote = await _open(tx, place, vote_id)
            await _require_vote(tx, story, person)
            await require_within(tx, story, text)
            verbatim |= not story.narrates  # nobody else would write it
            if vote.state == "tied" or vote.round > 1:
                raise Refused(_("In a run-off nothing new can be proposed."), words=text)
            poll = await poll_of(tx, story, vote)
            mine = next((one for one in poll.options if one.author_id == person.id), None)
            if mine is not None:
                await _require_unchosen(tx, vote, mine, person, text)
                await votes.reword(tx, mine, text, verbatim=verbatim)
            elif len(poll.options) >= MOST:
                raise Refused(
                    _("There are {most} choices already, and no room for more.", most=MOST), words=text
                )
            else:
                await votes.add_option(
                    tx,
                    vote,
                    NewOption(
                        text=text,
                        created=self._clock.now(),
                        author_id=person.id,
                        author_name=person.name,
                        verbatim=verbatim,
                    ),
                )
            return await poll_of(tx, story, vote)

    async def suggest(self, vote_id: int, options: Sequence[NewOption]) -> None:
        """Add what the narrator thought of while the group could vote already, unless the vote is over meanwhile."""
        async with self._database.transaction() as tx:
            vote = await votes.get(tx, vote_id)
            if vote is None or vote.state != "open" or vote.round > 1:
                return
            room = MOST - len(await votes.options(tx, vote_id))
            for option in options[: max(0, room)]:
                await votes.add_option(tx, vote, option)

    async def close(self, place: Place, person: Person, vote_id: int) -> Decision:
        """Count a vote before its time, for who opened it, the story's host and moderators."""
        async with self._database.transaction() as tx:
            story, vote = await _open(tx, place, vote_id)
            if person.id != vote.opened_by:
                standing.require_host(story, person)
            if vote.state == "tied":
                raise Refused(
                    _("This vote is counted already, and tied. Choose one of the tied, or press Run-off.")
                )
            now = self._clock.now()
            if vote.kind == "next" and await gathers(tx, story):
                await keeping.move(tx, story, partial(moves.skip, now=now), now=now, by=person.id)
            return await polls.counted(tx, story, vote, person, now)

    async def complete(self, vote_id: int) -> Decision | None:
        """Count a vote in which nobody is left to wait for; None where it is over already."""
        async with self._database.transaction() as tx:
            return await polls.ended(tx, vote_id, now=self._clock.now())

    async def drop(self, vote_id: int) -> None:
        """Let a vote come to nothing that could not be shown to anybody."""
        async with self._database.transaction() as tx:
            vote = await votes.get(tx, vote_id)
            if vote is not None and vote.state == "open":
                await timers.put(tx, TIMER, vote.id, None)
                story = await stories.get(tx, vote.story_id)
                await polls.lapsed(tx, story, vote, None, self._clock.now())
                await votes.show_in(tx, vote.id, None, shown=f"lapsed:{vote.round}")

    async def choose(self, place: Place, person: Person, vote_id: int, number: int) -> Decision:
        """Break a tie, aloud: for the story's host and moderators."""
        async with self._database.transaction() as tx:
            story, vote = await _open(tx, place, vote_id)
            standing.require_host(story, person)
            poll = await poll_of(tx, story, vote)
            if vote.state != "tied" or number not in poll.count.votes:
                raise Refused(_("This is not one of the choices any more. Use the buttons under the vote."))
            return await polls.decided(tx, story, vote, number, person, self._clock.now())

    async def run_off(self, place: Place, person: Person, vote_id: int) -> Poll:
        """Let the group vote again between what tied; for everyone who may vote."""
        async with self._database.transaction() as tx:
            story, vote = await _open(tx, place, vote_id)
            await _require_vote(tx, story, person)
            if vote.state != "tied":
                raise Refused(_("The run-off has begun already. Vote with the buttons."))
            return await polls.run_off(tx, story, vote, person, self._clock.now())


async def _require_none(reader: Reader, story: Story) -> None:
    vote = await votes.open_in(reader, story.id)
    if vote is None:
        return
    where = (
        f"https://discord.com/channels/{story.guild_id or '@me'}/{vote.channel_id}/{vote.message_id or ''}"
    )
    raise Refused(_("The group has a vote before it already: {link}", link=where))


async def _open(tx: Transaction, place: Place, vote_id: int) -> tuple[Story, Vote]:
    """Return a vote that can still be decided, and its story; refused where either is over."""
    vote = await votes.get(tx, vote_id)
    if vote is None or vote.state in ("decided", "lapsed") or vote.channel_id != place.channel_id:
        raise Refused(_("This vote is over."))
    story = await stories.get(tx, vote.story_id)
    await require_told(tx, place, story)
    return story, vote


async def require_told(reader: Reader, place: Place, story: Story) -> None:
    """Refuse a button of a vote whose story rests, whatever else is told in its channel now."""
    if (await standing.running(reader, place)).id != story.id:
        raise Refused(
            _("This vote belongs to “{title}”, which is not being told just now.", title=story.title)
        )


async def _require_vote(reader: Reader, story: Story, person: Person) -> None:
    may = await seated(reader, story)
    if may is not None and person.id not in may:
        raise Refused(_("Those with a seat vote here. Take one with `/turn join`."))


async def _require_unchosen(tx: Transaction, vote: Vote, mine: Option, person: Person, text: str) -> None:
    chosen = await votes.ballots(tx, vote)
    if any(number == mine.number and voter != person.id for voter, number in chosen.items()):
        raise Refused(
            _("Others have voted for what you proposed, so it stays as it is. Everyone has one proposal."),
            words=text,
        )
