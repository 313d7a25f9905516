"""Hold votes: put options to a group, take one ballot a person, close, name ties, and keep what was chosen.

Every method is one transaction. Who may vote is decided at the press and again at the count: in a story with seats
those who have one, else everybody in the channel. What wins is kept for the narrator's next passage, or becomes
the next passage itself where someone proposed it as that.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.clock import Clock
from bot.errors import Refused
from bot.locales import _
from bot.story import standing
from bot.story.people import Person, Place
from bot.story.storyteller import Written, join
from bot.story.text import clean_passage
from bot.story.votes import Count, Nobody, Tied, Won, all_voted, count, outcome
from storage import actions, directions, inbox, narrations, stories, timers, turns, votes
from storage.database import Database, Reader, Transaction
from storage.inbox import NewArrival
from storage.stories import Story
from storage.votes import Kind, NewOption, NewVote, Option, Vote

MOST = 10  # options, which are as many buttons
PROPOSAL = 500  # characters, as of any direction
TIMER = "vote"
RESTING = 600_000  # milliseconds between two looks at a vote whose time ran out while its story was paused


@dataclass(frozen=True, slots=True)
class Poll:
    """Tell how a vote stands: all its options, and the count of those that stand in its round.

    `complete` is whether everybody who may vote has voted.
    """

    story: Story
    vote: Vote
    options: tuple[Option, ...]
    count: Count
    complete: bool

    @property
    def standing(self) -> tuple[Option, ...]:
        """The options that can be chosen now: of a tied vote, those that tied."""
        return tuple(one for one in self.options if one.number in self.count.votes)

    @property
    def winner(self) -> Option | None:
        """The option that was chosen."""
        return next((one for one in self.options if one.number == self.vote.winner), None)


@dataclass(frozen=True, slots=True)
class Decision:
    """Tell how a vote stands after it was closed or a tie was broken.

    `written` are the winner's words where they are the next passage themselves.
    """

    poll: Poll
    written: Written | None = None


class BallotBox:
    """Hold the votes of all stories."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def open(
        self,
        place: Place,
        person: Person,
        kind: Kind,
        options: Sequence[NewOption],
        *,
        hidden: bool,
        seconds: int | None,
    ) -> Poll:
        """Put options to the group of a place's story; one vote at a time."""
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            await _require_none(tx, story)
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
                    deadline=self._deadline(seconds),
                    created=self._clock.now(),
                ),
            )
            await timers.put(tx, TIMER, vote.id, vote.deadline)
            for option in options[:MOST]:
                await votes.add_option(tx, vote, option)
            await _log(tx, vote, person, self._clock.now(), "vote opened")
            return await _poll(tx, story, vote)

    async def require_none(self, place: Place) -> Story:
        """Return a place's story; refused while its group has a vote before it."""
        story = await standing.running(self._database, place)
        await _require_none(self._database, story)
        return story

    async def shown(self, vote: Vote, message_id: int, *, waiting: bool) -> None:
        """Note that a message shows a vote as it is; a start looks again at one whose choice is `waiting`."""
        shown = f"{vote.state}:{vote.round}{':waiting' if waiting else ''}"
        async with self._database.transaction() as tx:
            await votes.show_in(tx, vote.id, message_id, shown=shown)

    async def poll(self, vote_id: int) -> Poll | None:
        """Return how a vote stands."""
        vote = await votes.get(self._database, vote_id)
        if vote is None:
            return None
        return await _poll(self._database, await stories.get(self._database, vote.story_id), vote)

    async def behind(self) -> list[Poll]:
        """Return the votes that a crash left without a message that shows how they stand."""
        return [
            await _poll(self._database, await stories.get(self._database, vote.story_id), vote)
            for vote in await votes.behind(self._database)
        ]

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
            poll = await _poll(tx, story, vote)
            if number not in poll.count.votes:
                raise Refused(_("This is not one of the choices any more. Use the buttons under the vote."))
            await votes.cast(
                tx, vote, voter_id=person.id, voter_name=person.name, number=number, now=self._clock.now()
            )
            return await _poll(tx, story, vote)

    async def propose(self, place: Place, person: Person, vote_id: int, text: str, *, verbatim: bool) -> Poll:
        """Add what a person proposes, one each; their own earlier proposal is replaced while nobody else chose it."""
        text = (
            " ".join(clean_passage(text, limit=PROPOSAL).split())
            if not verbatim
            else clean_passage(text, limit=PROPOSAL)
        )
        async with self._database.transaction() as tx:
            story, vote = await _open(tx, place, vote_id)
            await _require_vote(tx, story, person)
            if vote.state == "tied" or vote.round > 1:
                raise Refused(_("In a run-off nothing new can be proposed."), words=text)
            poll = await _poll(tx, story, vote)
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
            return await _poll(tx, story, vote)

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
            return await _counted(tx, story, vote, person, self._clock.now())

    async def complete(self, vote_id: int) -> Decision | None:
        """Count a vote in which nobody is left to wait for; None where it is over already."""
        async with self._database.transaction() as tx:
            return await ended(tx, vote_id, now=self._clock.now())

    async def choose(self, place: Place, person: Person, vote_id: int, number: int) -> Decision:
        """Break a tie, aloud: for the story's host and moderators."""
        async with self._database.transaction() as tx:
            story, vote = await _open(tx, place, vote_id)
            standing.require_host(story, person)
            poll = await _poll(tx, story, vote)
            if vote.state != "tied" or number not in poll.count.votes:
                raise Refused(_("This is not one of the choices any more. Use the buttons under the vote."))
            return await _decided(tx, story, vote, number, person, self._clock.now())

    async def run_off(self, place: Place, person: Person, vote_id: int) -> Poll:
        """Let the group vote again between what tied; for everyone who may vote."""
        async with self._database.transaction() as tx:
            story, vote = await _open(tx, place, vote_id)
            await _require_vote(tx, story, person)
            if vote.state != "tied":
                raise Refused(_("The run-off has begun already. Vote with the buttons."))
            vote = await votes.change(
                tx, vote.id, state="open", round_=vote.round + 1, deadline=self._deadline(vote.seconds)
            )
            await timers.put(tx, TIMER, vote.id, vote.deadline)
            await _log(tx, vote, person, self._clock.now(), "run-off")
            return await _poll(tx, story, vote)

    def _deadline(self, seconds: int | None) -> int | None:
        return None if seconds is None else self._clock.now() + seconds * 1000


async def ended(tx: Transaction, vote_id: int, *, now: int) -> Decision | None:
    """Count a vote whose time is up; None where there is nothing to count.

    While its story is paused a vote waits; in a story that has ended it comes to nothing.
    """
    vote = await votes.get(tx, vote_id)
    if vote is None or vote.state != "open":
        return None
    story = await stories.get(tx, vote.story_id)
    if story.state == "paused":
        await timers.put(tx, TIMER, vote.id, now + RESTING)
        return None
    return await (_lapsed if story.state == "ended" else _counted)(tx, story, vote, None, now)


async def seated(reader: Reader, story: Story) -> frozenset[int] | None:
    """Return who may vote: the people with a seat, None where nobody has one, so everybody may."""
    return frozenset(seat.person_id for seat in await turns.seats(reader, story.id)) or None


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
    if (await standing.running(tx, place)).id != story.id:
        raise Refused(
            _("This vote belongs to “{title}”, which is not being told just now.", title=story.title)
        )
    return story, vote


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


async def _poll(reader: Reader, story: Story, vote: Vote) -> Poll:
    options = tuple(await votes.options(reader, vote.id))
    last = vote.round + (vote.state == "tied")
    standing_ = [one.number for one in options if one.rounds >= last]
    ballots = await votes.ballots(reader, vote)
    may = await seated(reader, story)
    # In direct messages there is one person.
    alone = story.guild_id == 0 and bool(ballots)
    complete = alone or all_voted(ballots, standing_, may)
    return Poll(story, vote, options, count(standing_, ballots, may), complete)


async def _counted(tx: Transaction, story: Story, vote: Vote, person: Person | None, now: int) -> Decision:
    """Close a vote's round and do what it comes to."""
    await timers.put(tx, TIMER, vote.id, None)
    match outcome((await _poll(tx, story, vote)).count):
        case Won(number):
            return await _decided(tx, story, vote, number, person, now)
        case Tied(numbers):
            await votes.keep_standing(tx, vote.id, numbers, round_=vote.round + 1)
            vote = await votes.change(tx, vote.id, state="tied", round_=vote.round, deadline=None)
            await _log(tx, vote, person, now, "vote tied")
            return Decision(await _poll(tx, story, vote))
        case Nobody():
            return await _lapsed(tx, story, vote, person, now)


async def _lapsed(tx: Transaction, story: Story, vote: Vote, person: Person | None, now: int) -> Decision:
    """Close a vote that came to nothing."""
    vote = await votes.change(tx, vote.id, state="lapsed", round_=vote.round, deadline=None, closed=now)
    await _log(tx, vote, person, now, "vote lapsed")
    return Decision(await _poll(tx, story, vote))


async def _decided(
    tx: Transaction, story: Story, vote: Vote, number: int, person: Person | None, now: int
) -> Decision:
    """Keep what was chosen: as the next passage's direction, or as a passage."""
    vote = await votes.change(
        tx, vote.id, state="decided", round_=vote.round, deadline=None, winner=number, closed=now
    )
    poll = await _poll(tx, story, vote)
    await _log(tx, vote, person, now, "vote decided", winner=number, voters=poll.count.voters)
    winner = poll.winner
    assert winner is not None  # just chosen
    if not winner.verbatim or winner.author_id is None:
        if story.narrates:
            await directions.add(tx, story.id, winner.text, created=now)
        return Decision(poll)
    arrival = NewArrival(
        story_id=story.id,
        author_id=winner.author_id,
        author_name=winner.author_name or "?",
        text=winner.text,
        channel_id=vote.channel_id,
        message_ids=(),
        own=True,
        created=now,
    )
    if await narrations.of_story(tx, story.id):
        return Decision(poll, Written(story, winner.text, arrival=await inbox.add(tx, arrival)))
    return Decision(poll, Written(story, winner.text, passage=await join(tx, story, arrival)))


async def _log(
    tx: Transaction, vote: Vote, person: Person | None, now: int, kind: str, **detail: object
) -> None:
    await actions.append(
        tx,
        story_id=vote.story_id,
        actor_id=person.id if person else None,
        actor_name=person.name if person else None,
        kind=kind,
        detail={"vote": vote.id, "round": vote.round, **detail},
        created=now,
    )
