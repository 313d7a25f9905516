"""Turns follow the story: what is committed, taken back and brought back, and each place knows whose turn it was."""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import Refused
from bot.story.people import Person, Place
from bot.story.storyteller import Storyteller, join
from bot.story.turns import keeping, moves
from bot.story.turns.keeping import Kept
from bot.story.turns.state import HOUR, SEATS, Mode
from bot.story.turns.table import TurnTable, Wish
from bot.story.votes.rounds import Rounds
from storage import branches, inbox, narrations, passages, stories, timers, turns
from storage.database import Database
from storage.inbox import NewArrival
from storage.narrations import NewNarration
from storage.passages import NewPassage
from storage.stories import Story
from tests.movable_clock import MovableClock
from tests.stored import ALICE, new_story

PLACE = Place(1, 2)
MARA, JUN, OLA = Person(10, "Mara"), Person(11, "Jun"), Person(12, "Ola")
HOST = Person(ALICE, "Alice")


class Table:
    """Hold a story with its turns, and a clock that can be moved."""

    def __init__(self, database: Database, story: Story) -> None:
        self.database = database
        self.story = story
        self.clock = MovableClock()
        self.told: list[int] = []
        self.storyteller = Storyteller(database=database, longest=500, clock=self.clock)
        self.turns = TurnTable(database=database, clock=self.clock, told=self.told.append)

    async def kept(self) -> Kept:
        """Return how the turns stand where the story stands."""
        return await keeping.current(self.database, self.story, now=self.clock.now())

    async def whose(self) -> str:
        """Return whose turn it is."""
        holder = (await self.kept()).state.holder
        return holder.name if holder else "nobody"

    async def sit(self, *people: Person, **wish: object) -> None:
        """Let turns go by some rules, and people sit down."""
        await self.turns.switch(PLACE, HOST, Wish(**wish))  # type: ignore[arg-type]  # a test's own wish
        for person in people:
            await self.turns.join(PLACE, person)
        if HOST not in people:
            await self.turns.leave(PLACE, HOST)

    async def ring(self) -> None:
        """Let the timer of the story ring, if it is due."""
        async with self.database.transaction() as tx:
            timer = await timers.take(tx, ["turn"], now=self.clock.now())
            if timer is not None:
                await self.turns.fire(tx, timer, now=self.clock.now())


@pytest.fixture
async def table(database: Database) -> Table:
    """Start a story whose host is Alice."""
    async with database.transaction() as tx:
        new = new_story(guild_id=PLACE.guild_id, channel_id=PLACE.channel_id)
        return Table(database, await stories.create(tx, replace(new, free_typing=False)))


async def test_a_passage_passes_the_turn_in_its_own_transaction(table: Table) -> None:
    """With the clock of the next, and what is to be said about it."""
    await table.sit(MARA, JUN, mode="robin", length=2 * HOUR)
    await table.storyteller.write(PLACE, MARA, "One.")
    kept = await table.kept()
    assert (await table.whose(), kept.head) == ("Jun", 1)
    (timer,) = await timers.all_of(table.database, "turn")
    assert abs(timer.due - table.clock.now() - HOUR) < 5_000
    effects = [one["effect"] for news in await turns.news_of(table.database, 1) for one in news.effects]
    assert effects[-1] == "NextUp"


async def test_undo_and_redo_find_the_turn_again(table: Table) -> None:
    """Also after a skip at the newest passage, which belongs to that place alone."""
    await table.sit(MARA, JUN, OLA, mode="robin")
    await table.storyteller.write(PLACE, MARA, "One.")
    await table.storyteller.write(PLACE, JUN, "Two.")
    table.clock.move(minutes=1)
    await table.turns.skip(PLACE, OLA)
    assert await table.whose() == "Mara"
    await table.storyteller.undo(PLACE, JUN)
    assert await table.whose() == "Jun"
    await table.storyteller.undo(PLACE, MARA)
    assert await table.whose() == "Mara"
    with pytest.raises(Refused, match="Mara's turn"):
        await table.storyteller.write(PLACE, JUN, "Now me.")
    await table.storyteller.redo(PLACE, MARA)
    assert await table.whose() == "Jun"
    await table.storyteller.redo(PLACE, JUN)
    assert await table.whose() == "Mara"


async def test_a_narrator_who_goes_on_after_an_undo_changes_no_turn(table: Table) -> None:
    """Nor does another take of the same passage; who has the turn again is called."""
    await table.sit(MARA, JUN, mode="robin")
    await table.storyteller.write(PLACE, MARA, "One.")
    await table.storyteller.undo(PLACE, MARA)
    first = await _narrated_by_itself(table, None)
    assert await table.whose() == "Mara"
    await _narrated_by_itself(table, first)
    assert await table.whose() == "Mara"
    effects = [one for news in await turns.news_of(table.database, 1) for one in news.effects]
    assert (effects[-1]["effect"], effects[-1]["seat"]["name"]) == ("NextUp", "Mara")


async def _narrated_by_itself(table: Table, replaces: int | None) -> int:
    """Let the narrator write at the head, or another take of its newest passage."""
    async with table.database.transaction() as tx:
        new = NewPassage(
            story_id=table.story.id, parent=None, kind="narrator", text="x", created=1, replaces=replaces
        )
        passage = await passages.add(tx, new)
        await branches.advance(tx, table.story.branch_id, passage.id)
        await keeping.passed(tx, table.story, passage, now=table.clock.now())
    return passage.id


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mode=st.sampled_from(["robin", "random", "blind", "between"]),
    steps=st.lists(st.sampled_from(["write", "skip", "undo", "redo"]), max_size=25),
)
async def test_every_place_has_its_turn(
    tmp_path_factory: pytest.TempPathFactory, mode: Mode, steps: list[str]
) -> None:
    """However people go back and forth, standing at a passage it is the turn of whom it was there last."""
    async with Database.open(tmp_path_factory.mktemp("turns") / "stories.db") as database:
        async with database.transaction() as tx:
            new = new_story(guild_id=PLACE.guild_id, channel_id=PLACE.channel_id)
            table = Table(database, await stories.create(tx, new))
        await table.sit(MARA, JUN, OLA, mode=mode)
        people = {person.name: replace(person, moderator=True) for person in (MARA, JUN, OLA)}
        known: dict[int | None, str] = {None: await table.whose()}
        for step in steps:
            table.clock.move(minutes=1)
            try:
                await _step(table, step, people[await table.whose()])
            except Refused:
                continue
            kept = await table.kept()
            if step in ("undo", "redo"):
                assert await table.whose() == known[kept.head]
            known[kept.head] = await table.whose()


async def _step(table: Table, step: str, person: Person) -> None:
    match step:
        case "write":
            await table.storyteller.write(PLACE, person, "Words.")
        case "skip":
            await table.turns.skip(PLACE, person)
        case "undo":
            await table.storyteller.undo(PLACE, person)
        case "redo":
            await table.storyteller.redo(PLACE, person)


async def test_refused_words_come_back(table: Table) -> None:
    """Whoever is out of turn, has no seat, or types where passages are secret, loses nothing."""
    await table.sit(MARA, JUN, mode="robin")
    for person, reason in ((JUN, "Mara's turn"), (OLA, "/turn join")):
        with pytest.raises(Refused, match=reason) as refusal:
            await table.storyteller.write(PLACE, person, "My words.")
        assert refusal.value.words == "My words."
    await table.turns.switch(PLACE, HOST, Wish(mode="blind"))
    with pytest.raises(Refused, match="nobody sees") as refusal:
        await table.storyteller.write(PLACE, MARA, "My words.", message_ids=[5])
    assert refusal.value.words == "My words."


async def test_words_that_wait_for_the_narrator_count_at_once(table: Table) -> None:
    """Nobody writes twice while the narrator writes, and the order is that in which words came."""
    await table.sit(MARA, JUN, mode="robin", length=HOUR)
    async with table.database.transaction() as tx:
        job = await narrations.add(tx, _narration(table.story))
    await table.storyteller.write(PLACE, MARA, "One.")
    with pytest.raises(Refused, match="Jun's turn"):
        await table.storyteller.write(PLACE, MARA, "Two.")
    await table.storyteller.write(PLACE, JUN, "Two.")
    table.clock.move(hours=3)
    await table.ring()
    assert [seat.silent for seat in (await table.kept()).state.seats] == [0, 0]
    async with table.database.transaction() as tx:
        await narrations.remove(tx, job.id)
        for arrival in await inbox.drain(tx, table.story.id):
            await join(tx, table.story, arrival, at=table.clock.now())
    assert await table.whose() == "Mara"
    await table.storyteller.undo(PLACE, JUN)
    assert await table.whose() == "Jun"


def _narration(story: Story) -> NewNarration:
    return NewNarration(
        story_id=story.id,
        kind="continue",
        parent=None,
        asked_by=MARA.id,
        asker_name="Mara",
        locale="en",
        direction=None,
        seed=1,
        channel_id=PLACE.channel_id,
        message_id=None,
        created=1,
    )


async def test_words_taken_under_other_rules_are_never_lost(table: Table) -> None:
    """What waited when the mode was switched joins the story, and takes nobody's turn."""
    async with table.database.transaction() as tx:
        waiting = await inbox.add(
            tx,
            NewArrival(
                story_id=table.story.id,
                author_id=OLA.id,
                author_name="Ola",
                text="Early words.",
                channel_id=2,
                message_ids=(),
                own=True,
                created=1,
            ),
        )
    await table.sit(MARA, JUN, mode="robin")
    async with table.database.transaction() as tx:
        await join(tx, table.story, waiting)
    assert await table.whose() == "Mara"
    assert [seat.name for seat in (await table.kept()).state.seats] == ["Mara", "Jun"]


async def test_two_who_skip_at_once_skip_one(table: Table) -> None:
    """The second is told who has the turn now."""
    await table.sit(MARA, JUN, OLA, mode="robin")
    table.clock.move(minutes=1)
    await table.turns.skip(PLACE, HOST)
    with pytest.raises(Refused, match="just passed to Jun"):
        await table.turns.skip(PLACE, Person(99, "Mo", moderator=True))
    await table.turns.skip(PLACE, JUN)
    assert await table.whose() == "Ola"


async def test_a_new_name_is_known_with_the_next_passage(table: Table) -> None:
    """Seats show the name that someone goes by."""
    await table.sit(MARA, JUN, mode="robin")
    await table.storyteller.write(PLACE, replace(MARA, name="Mara the Great"), "One.")
    assert [seat.name for seat in (await table.kept()).state.seats] == ["Mara the Great", "Jun"]


async def test_an_ended_story_has_no_clock(table: Table) -> None:
    """A timer that is left rings into nothing, and says nothing."""
    await table.sit(MARA, mode="robin", length=HOUR)
    async with table.database.transaction() as tx:
        await stories.end(tx, table.story.id, ended=1)
        await turns.said(tx, table.story.id, up_to=99)
    table.clock.move(hours=5)
    await table.ring()
    assert await timers.all_of(table.database, "turn") == []
    assert await turns.news_of(table.database, table.story.id) == []


async def test_the_narrator_is_due_after_so_many_passages(database: Database, table: Table) -> None:
    """Counted along the story as it is read, so undo does not count twice; never where there is no narrator."""
    async with database.transaction() as tx:
        await stories.update(tx, replace(table.story, ai_share=2))
    await table.storyteller.write(PLACE, MARA, "One.")
    assert (await table.kept()).narrating == "no"
    await table.storyteller.write(PLACE, JUN, "Two.")
    assert (await table.kept()).narrating == "due"
    await table.storyteller.undo(PLACE, JUN)
    assert (await table.kept()).narrating == "no"


async def test_the_last_seat_leaves_and_anyone_goes_on(table: Table) -> None:
    """Nobody is waited for; the next writer has the first seat."""
    await table.sit(MARA, mode="robin")
    await table.turns.leave(PLACE, MARA)
    assert await timers.all_of(table.database, "turn") == []
    await table.storyteller.write(PLACE, OLA, "One.")
    assert await table.whose() == "Ola"


async def test_moves_that_mean_nothing_are_refused_kindly(table: Table) -> None:
    """Each says what to do instead."""
    with pytest.raises(Refused, match="no turn to pass"):
        await table.turns.skip(PLACE, MARA)
    with pytest.raises(Refused, match="You have no seat"):
        await table.turns.leave(PLACE, MARA)
    await table.sit(MARA, mode="robin")
    with pytest.raises(Refused, match="You have a seat already"):
        await table.turns.join(PLACE, MARA)
    with pytest.raises(Refused, match="Ola has no seat yet"):
        await table.turns.give(PLACE, MARA, OLA)
    with pytest.raises(Refused, match="Nothing is secret here"):
        await table.turns.reveal(PLACE, HOST)
    with pytest.raises(Refused, match="Another story"):
        await table.turns.join(PLACE, JUN, story_id=77)
    async with table.database.transaction() as tx:
        await stories.update(tx, replace(table.story, ai_share=-1))
    with pytest.raises(Refused, match="cannot fill in"):
        await table.turns.switch(PLACE, HOST, Wish(then="narrator"))
    await table.turns.leave(PLACE, MARA)
    with pytest.raises(Refused, match="Nobody has a seat yet"):
        await table.turns.skip(PLACE, MARA)


@pytest.mark.parametrize("mode", ["between", "round"])
async def test_no_more_sit_down_by_writing_than_by_joining(table: Table, mode: Mode) -> None:
    """Where whoever writes takes a seat, a crowd does not fill a table beyond its seats; words come back."""
    first, *others = [Person(2000 + number, f"Guest {number}") for number in range(SEATS)]
    await table.sit(*others, mode=mode)
    await table.turns.join(PLACE, first)
    rounds = Rounds(database=table.database, clock=table.clock)
    write = rounds.hand_in if mode == "round" else table.storyteller.write
    with pytest.raises(Refused, match="seats are taken") as refusal:
        await write(PLACE, MARA, "One.")
    assert refusal.value.words == "One."
    assert len((await table.kept()).state.seats) == SEATS


async def test_a_crash_in_the_middle_of_a_move_leaves_nothing(table: Table) -> None:
    """Turn, clock and news are one transaction with the passage."""
    await table.sit(MARA, JUN, mode="robin")
    before, news = await table.kept(), await turns.news_of(table.database, table.story.id)

    async def crash() -> None:
        async with table.database.transaction() as tx:
            made = partial(moves.skip, now=table.clock.now())
            await keeping.move(tx, table.story, made, now=table.clock.now())
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power"):
        await crash()
    assert await table.kept() == before
    assert await turns.news_of(table.database, table.story.id) == news


async def test_a_card_that_is_said_again_after_a_crash_stays(table: Table) -> None:
    """The same message takes no other one's place; the next does."""
    await table.sit(MARA, JUN, mode="robin")
    found = []
    for message_id in (50, 50, 51, None):
        async with table.database.transaction() as tx:
            found.append(await turns.show_card(tx, table.story.id, message_id))

    assert found == [None, None, 50, 51]


async def test_nobody_looks_at_the_turns_of_a_story_that_rests(table: Table) -> None:
    """What is to be said in it, and made in it, waits until it goes on."""
    await table.sit(MARA, mode="round")

    async def looked_at() -> list[int]:
        return await turns.unattended(table.database, before=table.clock.now() + 1)

    assert await looked_at() == [table.story.id]
    async with table.database.transaction() as tx:
        await stories.pause(tx, table.story.id)
    assert await looked_at() == []
    async with table.database.transaction() as tx:
        await stories.resume(tx, table.story.id)
    assert await looked_at() == [table.story.id]


async def test_the_host_puts_people_in_order_and_nobody_else(table: Table) -> None:
    """The first who is named has the turn, the others follow, also in the next lap and after an undo."""
    await table.sit(MARA, JUN, OLA, mode="robin")
    with pytest.raises(Refused, match="Only Alice"):
        await table.turns.arrange(PLACE, JUN, "Jun")
    await table.turns.arrange(PLACE, HOST, "Ola, Jun")
    wrote = []
    for _ in range(4):
        wrote.append(await table.whose())
        writer = next(one for one in (MARA, JUN, OLA) if one.name == wrote[-1])
        await table.storyteller.write(PLACE, writer, "On it went.")
    assert wrote == ["Ola", "Jun", "Mara", "Ola"]
    assert [seat.name for seat in (await table.kept()).state.seats] == ["Ola", "Jun", "Mara"]
    news = [one for some in await turns.news_of(table.database, 1) for one in some.effects]
    assert [one["seats"][0]["name"] for one in news if one["effect"] == "Arranged"] == ["Ola"]


@pytest.mark.parametrize("mode", ["free", "between", "round"])
async def test_where_nobody_has_the_turn_alone_there_is_no_order(table: Table, mode: Mode) -> None:
    """It is refused, and says what to do."""
    await table.turns.switch(PLACE, HOST, Wish(mode=mode))
    with pytest.raises(Refused, match="there is no order"):
        await table.turns.arrange(PLACE, HOST, "Alice")
