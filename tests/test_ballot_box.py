"""Prove that a ballot box keeps its rules in any order of presses, proposals, closings and seats."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clock import SYSTEM
from bot.errors import Refused
from bot.story.people import Person, Place
from bot.story.votes.ballot_box import MOST, BallotBox
from storage import actions, directions, passages, stories, timers, votes
from storage.database import Database
from storage.votes import NewOption
from tests.stored import CHANNEL, GUILD, new_story

HERE = Place(GUILD, CHANNEL)
HOST = Person(1001, "Alice")
PEOPLE = [HOST, *(Person(number, f"Guest {number}") for number in (2, 3, 4))]

STEP = st.one_of(
    st.tuples(st.just("cast"), st.integers(0, 3), st.integers(1, 5)),
    st.tuples(st.just("propose"), st.integers(0, 3), st.integers(0, 1)),
    st.tuples(st.just("close"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("run off"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("choose"), st.integers(0, 3), st.integers(1, 5)),
    st.tuples(st.just("time"), st.just(0), st.just(0)),
)


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Database, BallotBox, int]]:
    """Open a vote between two things in a story of Alice's."""
    with TemporaryDirectory() as folder:
        async with Database.open(Path(folder) / "storyloom.db") as database:
            async with database.transaction() as tx:
                story = await stories.create(tx, new_story())
            box = BallotBox(database=database, clock=SYSTEM)
            options = [
                NewOption(text=text, created=1, size="minor", device="loss") for text in ("One.", "Two.")
            ]
            poll = await box.open(story, PEOPLE[1], "twist", options, hidden=False, seconds=600)
            yield database, box, poll.vote.id


def step_of(box: BallotBox, vote_id: int, step: tuple[str, int, int]) -> Awaitable[object]:
    """Return what a step asks of the box."""
    kind, who, number = step
    person = PEOPLE[who]
    match kind:
        case "cast":
            return box.cast(HERE, person, vote_id, number)
        case "propose":
            return box.propose(HERE, person, vote_id, f"Idea {who} {number}.", verbatim=bool(number))
        case "close":
            return box.close(HERE, person, vote_id)
        case "run off":
            return box.run_off(HERE, person, vote_id)
        case "choose":
            return box.choose(HERE, person, vote_id, number)
    return box.complete(vote_id)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, max_size=25))
async def test_a_vote_is_decided_once_and_by_its_rules(steps: list[tuple[str, int, int]]) -> None:
    """Whatever is pressed in whatever order: one ballot a person, one winner, one thing that comes of it."""
    async with opened() as (database, box, vote_id):
        for step in steps:
            before = await box.poll(vote_id)
            try:
                await step_of(box, vote_id, step)
            except Refused:
                assert await box.poll(vote_id) == before, "what is refused changes nothing"
            poll = await box.poll(vote_id)
            assert poll is not None
            assert before is not None
            assert poll.count.voters <= len(PEOPLE)
            assert len(poll.options) <= MOST
            assert len([one for one in poll.options if one.author_id == HOST.id]) <= 1
            if before.vote.state in ("decided", "lapsed"):
                assert poll == before, "what is over stays as it is"
        await _require_one_outcome(database, vote_id)


async def _require_one_outcome(database: Database, vote_id: int) -> None:
    vote = await votes.get(database, vote_id)
    assert vote is not None
    story = await stories.get(database, vote.story_id)
    chosen = await directions.waiting(database, story.id)
    written = await database.fetch_all("SELECT id FROM passages")
    decided = [one for one in await actions.of_story(database, story.id) if one.kind == "vote decided"]
    assert len(chosen) + len(written) == len(decided) == (vote.state == "decided")
    due = [timer.about for timer in await timers.all_of(database, "vote")]
    assert due == ([vote.id] if vote.state in ("open", "tied") else [])
    if written:
        passage = await passages.get(database, written[0]["id"])
        options = await votes.options(database, vote_id)
        winner = next(one for one in options if one.number == vote.winner)
        assert (passage.author_id, passage.text) == (winner.author_id, winner.text)
