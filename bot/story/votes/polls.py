"""Read how a vote stands, and bring it to its end: a winner, a tie that is named, or nothing.

These are steps inside a transaction. Who may vote is looked up anew at each count: in a story with seats those who
have one, else everybody in the channel. What wins is kept for the narrator's next passage, or becomes the next
passage itself where someone proposed it as that.
"""

from dataclasses import dataclass

from bot.story.people import Person
from bot.story.storyteller import Written, join
from bot.story.turns import keeping
from bot.story.votes.counting import Count, Nobody, Tied, Won, all_voted, count, outcome
from storage import actions, directions, inbox, narrations, stories, timers, turns, votes
from storage.database import Reader, Transaction
from storage.inbox import NewArrival
from storage.stories import Story
from storage.votes import Option, Vote

TIMER = "vote"
RESTING = 600_000  # milliseconds between two looks at a vote whose time ran out while its story was paused


@dataclass(frozen=True, slots=True)
class Poll:
    """Tell how a vote stands: all its options, and the count of those that stand in its round.

    `complete` is whether everybody who may vote has voted; where votes are the story's turns, these tell when to count.
    """

    story: Story
    vote: Vote
    options: tuple[Option, ...]
    count: Count
    complete: bool
    counted_by_turns: bool = False

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


async def read(reader: Reader, vote: Vote) -> Poll:
    """Return how a vote stands."""
    return await poll_of(reader, await stories.get(reader, vote.story_id), vote)


async def ended(tx: Transaction, vote_id: int, *, now: int) -> Decision | None:
    """Count a vote whose time is up, or begin the run-off of a tie that nobody broke in that time; None if neither.

    While its story is paused a vote waits; in a story that has ended it comes to nothing.
    """
    vote = await votes.get(tx, vote_id)
    if vote is None or vote.state not in ("open", "tied"):
        return None
    story = await stories.get(tx, vote.story_id)
    if story.state == "paused":
        await timers.put(tx, TIMER, vote.id, now + RESTING)
        return None
    if story.state == "running" and vote.state == "tied":
        return Decision(await run_off(tx, story, vote, None, now))
    return await (lapsed if story.state == "ended" else counted)(tx, story, vote, None, now)


async def story_ended(tx: Transaction, story_id: int, *, now: int) -> None:
    """Let the vote that a story's group has before it come to nothing at once: the story has just ended."""
    if (vote := await votes.open_in(tx, story_id)) is not None:
        await timers.put(tx, TIMER, vote.id, now)


async def turns_switched(tx: Transaction, story: Story, *, now: int) -> None:
    """Give a vote that the turns were to count a time of its own, where they go by other rules now."""
    vote = await votes.open_in(tx, story.id)
    if vote is None or vote.kind != "next" or vote.deadline is not None or await gathers(tx, story):
        return
    due = deadline(vote.seconds, now)
    await votes.change(tx, vote.id, state=vote.state, round_=vote.round, deadline=due)
    await timers.put(tx, TIMER, vote.id, due)


async def seated(reader: Reader, story: Story) -> frozenset[int] | None:
    """Return who may vote: the people with a seat, None where nobody has one, so everybody may."""
    return frozenset(seat.person_id for seat in await turns.seats(reader, story.id)) or None


async def poll_of(reader: Reader, story: Story, vote: Vote) -> Poll:
    """Return how a vote of a story stands."""
    options = tuple(await votes.options(reader, vote.id))
    last = vote.round + (vote.state == "tied")
    standing_ = [one.number for one in options if one.rounds >= last]
    ballots = await votes.ballots(reader, vote)
    may = await seated(reader, story)
    # In direct messages there is one person.
    alone = story.guild_id == 0 and bool(ballots)
    complete = alone or all_voted(ballots, standing_, may)
    by_turns = vote.kind == "next" and vote.round == 1 and await gathers(reader, story)
    return Poll(story, vote, options, count(standing_, ballots, may), complete, by_turns)


async def gathers(reader: Reader, story: Story) -> bool:
    """Tell whether the turns of a story are votes on what comes next."""
    return (await keeping.read(reader, story.id)).state.rules.mode == "vote"


async def counted(tx: Transaction, story: Story, vote: Vote, person: Person | None, now: int) -> Decision:
    """Close a vote's round and do what it comes to."""
    await timers.put(tx, TIMER, vote.id, None)
    match outcome((await poll_of(tx, story, vote)).count):
        case Won(number):
            return await decided(tx, story, vote, number, person, now)
        case Tied(numbers):
            await votes.keep_standing(tx, vote.id, numbers, round_=vote.round + 1)
            due = deadline(vote.seconds, now)
            vote = await votes.change(tx, vote.id, state="tied", round_=vote.round, deadline=due)
            await timers.put(tx, TIMER, vote.id, due)
            await log(tx, vote, person, now, "vote tied")
            return Decision(await poll_of(tx, story, vote))
        case Nobody():
            return await lapsed(tx, story, vote, person, now)


async def run_off(tx: Transaction, story: Story, vote: Vote, person: Person | None, now: int) -> Poll:
    """Let a group vote again between what tied."""
    due = deadline(vote.seconds, now)
    vote = await votes.change(tx, vote.id, state="open", round_=vote.round + 1, deadline=due)
    await timers.put(tx, TIMER, vote.id, due)
    await log(tx, vote, person, now, "run-off")
    return await poll_of(tx, story, vote)


def deadline(seconds: int | None, now: int) -> int | None:
    """Return when a round ends that begins now; None where only a person ends it."""
    return None if seconds is None else now + seconds * 1000


async def lapsed(tx: Transaction, story: Story, vote: Vote, person: Person | None, now: int) -> Decision:
    """Close a vote that came to nothing."""
    vote = await votes.change(tx, vote.id, state="lapsed", round_=vote.round, deadline=None, closed=now)
    await log(tx, vote, person, now, "vote lapsed")
    return Decision(await poll_of(tx, story, vote))


async def decided(
    tx: Transaction, story: Story, vote: Vote, number: int, person: Person | None, now: int
) -> Decision:
    """Keep what was chosen: as the next passage's direction, or as a passage."""
    await timers.put(tx, TIMER, vote.id, None)
    vote = await votes.change(
        tx, vote.id, state="decided", round_=vote.round, deadline=None, winner=number, closed=now
    )
    poll = await poll_of(tx, story, vote)
    await log(tx, vote, person, now, "vote decided", winner=number, voters=poll.count.voters)
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


async def log(
    tx: Transaction, vote: Vote, person: Person | None, now: int, kind: str, **detail: object
) -> None:
    """Log what was done with a vote; `person` is None where its time was up."""
    await actions.append(
        tx,
        story_id=vote.story_id,
        actor_id=person.id if person else None,
        actor_name=person.name if person else None,
        kind=kind,
        detail={"vote": vote.id, "round": vote.round, **detail},
        created=now,
    )
