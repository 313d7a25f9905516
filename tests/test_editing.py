"""Prove the rules of changing passages anywhere in a story, on a real database."""

import asyncio

import pytest

from bot.errors import Refused
from bot.story.people import Person, Place
from bot.story.storyteller import Storyteller
from bot.story.tree.editing import Editor
from bot.story.tree.walking import Forester
from bot.story.turns.table import TurnTable, Wish
from storage import actions, edits, narrations, passages, stories, trail
from storage.database import Database
from storage.narrations import NewNarration
from storage.passages import Passage
from storage.stories import Story
from tests.movable_clock import MovableClock
from tests.stored import ALICE, new_story

PLACE = Place(1, 2)
MARA = Person(10, "Mara")
JUN = Person(11, "Jun")
ADA = Person(12, "Ada", moderator=True)
HOST = Person(ALICE, "Alice")


class Desk:
    """Hold a story and those who change it."""

    def __init__(self, database: Database, story: Story) -> None:
        self.database = database
        self.story = story
        self.storyteller = Storyteller(database=database, longest=500)
        self.editor = Editor(database=database, longest=500)
        self.forester = Forester(database=database)

    async def write(self, person: Person, *texts: str) -> list[Passage]:
        """Let a person write passages."""
        written = [(await self.storyteller.write(PLACE, person, text)).passage for text in texts]
        return [passage for passage in written if passage is not None]

    async def told(self) -> list[str]:
        """Return the story as it is read."""
        story = await stories.get(self.database, self.story.id)
        return [told.passage.text for told in await trail.read(self.database, story.branch_id)]

    async def begin_narration(self) -> None:
        """Let the narrator write for Mara."""
        async with self.database.transaction() as tx:
            await narrations.add(
                tx,
                NewNarration(
                    story_id=self.story.id,
                    kind="continue",
                    parent=None,
                    asked_by=MARA.id,
                    asker_name=MARA.name,
                    locale="en",
                    direction=None,
                    seed=1,
                    channel_id=2,
                    message_id=None,
                    created=1,
                ),
            )


@pytest.fixture
async def desk(database: Database) -> Desk:
    """Start a story whose host is Alice."""
    async with database.transaction() as tx:
        new = new_story(guild_id=PLACE.guild_id, channel_id=PLACE.channel_id)
        return Desk(database, await stories.create(tx, new))


async def test_an_edit_is_a_sibling_that_names_what_it_replaces(desk: Desk) -> None:
    """The author stays the author, whoever changed the words; who did is kept, and so are the old words."""
    one, _two = await desk.write(MARA, "one", "two")
    moved = await desk.editor.edit(PLACE, ADA, one.id, "uno")
    (change,) = moved.changes
    assert change.after is not None
    new = await passages.get(desk.database, change.after)

    assert (new.parent, new.author_id, new.replaces) == (one.parent, MARA.id, one.id)
    assert (await passages.get(desk.database, one.id)).text == "one"
    edit = await edits.of_passage(desk.database, new.id)
    assert edit is not None
    assert edit.editor_id == ADA.id
    assert await desk.told() == ["uno", "two"]


async def test_nobody_else_changes_a_persons_words(desk: Desk) -> None:
    """Another person may neither see them in the window, nor edit, turn or take them back; words come back."""
    one, _two = await desk.write(MARA, "one", "two")
    with pytest.raises(Refused, match="Only Mara or a moderator"):
        await desk.editor.look(PLACE, JUN, one.id)
    with pytest.raises(Refused, match="Only Mara or a moderator") as caught:
        await desk.editor.edit(PLACE, JUN, one.id, "mine now")
    assert caught.value.words == "mine now"
    with pytest.raises(Refused, match="Only Mara or a moderator"):
        await desk.editor.take_back(PLACE, JUN, one.id)
    with pytest.raises(Refused, match="Only Mara or a moderator"):
        await desk.editor.turn(PLACE, JUN, one.id, step=1)
    assert await desk.told() == ["one", "two"]


async def test_two_who_edit_at_once_lose_no_words(desk: Desk) -> None:
    """The second is told that somebody was faster, and has the words handed back."""
    one, _two = await desk.write(MARA, "one", "two")
    outcomes = await asyncio.gather(
        desk.editor.edit(PLACE, MARA, one.id, "by Mara"),
        desk.editor.edit(PLACE, ADA, one.id, "by Ada"),
        return_exceptions=True,
    )
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, Refused)]

    assert "Somebody has changed this passage meanwhile" in str(refused)
    assert {refused.words, (await desk.told())[0]} == {"by Mara", "by Ada"}


async def test_two_who_take_back_at_once_take_back_one(desk: Desk) -> None:
    """A double click changes nothing twice."""
    one, _two, _three = await desk.write(MARA, "one", "two", "three")
    outcomes = await asyncio.gather(
        *(desk.editor.take_back(PLACE, who, one.id) for who in (MARA, ADA)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes].count(Refused) == 1
    assert await desk.told() == ["two", "three"]
    await desk.storyteller.redo(PLACE, MARA)
    assert await desk.told() == ["one", "two", "three"]
    with pytest.raises(Refused, match="nothing to bring back"):
        await desk.storyteller.redo(PLACE, MARA)


async def test_nothing_is_edited_while_the_narrator_writes(desk: Desk) -> None:
    """Words are handed back; the story stays as the narrator began from it."""
    one, two = await desk.write(MARA, "one", "two")
    await desk.begin_narration()
    for wish in (
        desk.editor.edit(PLACE, MARA, one.id, "uno"),
        desk.editor.take_back(PLACE, MARA, two.id),
        desk.editor.turn(PLACE, MARA, one.id, step=1),
        desk.forester.branch(PLACE, MARA, "storm"),
        desk.forester.branch_from(PLACE, MARA, one.id, "storm"),
        desk.forester.roll_back(PLACE, ADA, "1"),
        desk.forester.bring_back(PLACE, ADA),
    ):
        with pytest.raises(Refused, match="writing for Mara") as caught:
            await wish
        assert caught.value.words in (None, "uno")
    assert await desk.told() == ["one", "two"]


async def test_an_ended_story_is_not_changed(desk: Desk) -> None:
    """It says so, also where another story is told in the channel by now, and hands the words back."""
    one, _two = await desk.write(MARA, "one", "two")
    async with desk.database.transaction() as tx:
        await stories.end(tx, desk.story.id, ended=1)
    with pytest.raises(Refused, match="has ended") as caught:
        await desk.editor.edit(PLACE, MARA, one.id, "uno")
    assert caught.value.words == "uno"
    async with desk.database.transaction() as tx:
        await stories.create(tx, new_story(guild_id=PLACE.guild_id, channel_id=PLACE.channel_id))
    with pytest.raises(Refused, match="has ended"):
        await desk.editor.take_back(PLACE, MARA, one.id)
    with pytest.raises(Refused, match="another story"):
        await desk.forester.branch_from(PLACE, MARA, one.id, "storm")


async def test_the_words_that_stand_there_are_no_edit(desk: Desk) -> None:
    """Nor is nothing at all."""
    one, _two = await desk.write(MARA, "one", "two")
    with pytest.raises(Refused, match="Nothing was changed"):
        await desk.editor.edit(PLACE, MARA, one.id, "  one ")
    with pytest.raises(Refused, match="no words"):
        await desk.editor.edit(PLACE, MARA, one.id, " \u200b ")
    with pytest.raises(Refused, match="500"):
        await desk.editor.edit(PLACE, MARA, one.id, "x" * 501)


async def test_who_left_can_still_be_edited_by_moderators(desk: Desk) -> None:
    """Passages outlive their writers' stay; only moderators, and the writer if they come back, change them."""
    one, _two = await desk.write(Person(99, "Gone"), "one", "two")
    with pytest.raises(Refused, match="Only Gone or a moderator"):
        await desk.editor.take_back(PLACE, JUN, one.id)
    await desk.editor.take_back(PLACE, ADA, one.id)

    assert await desk.told() == ["two"]


async def test_an_edit_changes_nobodys_turn(desk: Desk) -> None:
    """Neither of the newest passage nor of an older one."""
    clock = MovableClock()
    table = TurnTable(database=desk.database, clock=clock, told=lambda _story: None)
    await table.switch(PLACE, HOST, Wish(mode="robin"))
    for person in (MARA, JUN):
        await table.join(PLACE, person)
    await table.leave(PLACE, HOST)
    (one,) = await desk.write(MARA, "one")
    await desk.editor.edit(PLACE, MARA, one.id, "uno")
    holder = (await table.look(PLACE, MARA)).state.holder
    assert holder is not None
    assert holder.id == JUN.id
    await desk.write(JUN, "two")
    await desk.editor.edit(PLACE, MARA, (await shown_at(desk, 0)), "eins")
    holder = (await table.look(PLACE, MARA)).state.holder
    assert holder is not None
    assert holder.id == MARA.id


async def test_secret_words_are_shown_to_their_writer_alone(desk: Desk) -> None:
    """In a blind story not even a moderator reads them in the window, but may take them back."""
    table = TurnTable(database=desk.database, clock=MovableClock(), told=lambda _story: None)
    await table.switch(PLACE, HOST, Wish(mode="blind"))
    await table.join(PLACE, MARA)
    await table.leave(PLACE, HOST)
    (one,) = await desk.write(MARA, "secret")
    assert (await desk.editor.look(PLACE, MARA, one.id)).passage.text == "secret"
    with pytest.raises(Refused, match="secret until the end"):
        await desk.editor.look(PLACE, ADA, one.id)
    await desk.editor.take_back(PLACE, ADA, one.id)
    assert await desk.told() == []


async def shown_at(desk: Desk, depth: int) -> int:
    """Return the passage that is read at a depth."""
    leaf = await trail.at(desk.database, desk.story.branch_id, depth)
    assert leaf is not None
    assert leaf.shown is not None
    return leaf.shown


async def test_every_change_is_logged_by_who_made_it(desk: Desk) -> None:
    """The log names the kind and the person, and holds no words."""
    one, two = await desk.write(MARA, "one", "two")
    await desk.editor.edit(PLACE, ADA, one.id, "uno")
    await desk.editor.take_back(PLACE, MARA, await shown_at(desk, 0))
    await desk.forester.branch(PLACE, JUN, "storm")
    await desk.forester.roll_back(PLACE, ADA, "0")
    logged = await actions.of_story(desk.database, desk.story.id, limit=4)

    assert [(one.kind, one.actor_name) for one in logged] == [
        ("rollback", "Ada"),
        ("branch", "Jun"),
        ("take back", "Mara"),
        ("edit", "Ada"),
    ]
    assert not any("uno" in str(one.detail) for one in logged)
    assert two.text == "two"


async def test_a_branch_has_one_line_of_name_and_no_twin(desk: Desk) -> None:
    """Names differ by more than their case; a story has a bounded number of branches."""
    await desk.write(MARA, "one")
    opened = await desk.forester.branch(PLACE, MARA, "  the\nstorm ")
    assert opened.moved.now.branch.name == "the storm"
    with pytest.raises(Refused, match="already"):
        await desk.forester.branch(PLACE, MARA, "THE STORM")
    with pytest.raises(Refused, match="no words"):
        await desk.forester.branch(PLACE, MARA, "\u200b")
    for number in range(98):
        await desk.forester.branch(PLACE, MARA, f"b{number}")
    with pytest.raises(Refused, match="at most 100"):
        await desk.forester.branch(PLACE, MARA, "one more")


async def test_two_who_open_a_branch_of_one_name_tell_the_same(desk: Desk) -> None:
    """The second finds the branch there and told."""
    await desk.write(MARA, "one")
    outcomes = await asyncio.gather(
        *(desk.forester.branch(PLACE, who, "storm") for who in (MARA, JUN)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes].count(Refused) == 1
    assert sorted(await desk.forester.names(PLACE)) == ["main", "storm"]


async def test_two_moderators_who_roll_back_at_once_roll_back_once(desk: Desk) -> None:
    """The second is told that it is done; one redo brings everything back."""
    await desk.write(MARA, *"abcdef")
    outcomes = await asyncio.gather(
        *(desk.forester.roll_back(PLACE, who, "2") for who in (ADA, HOST)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes].count(Refused) == 1
    assert await desk.told() == ["a", "b"]
    await desk.storyteller.redo(PLACE, HOST)
    assert await desk.told() == list("abcdef")


async def test_a_rollback_is_brought_back_up_to_a_passage_and_further(desk: Desk) -> None:
    """What lies beyond the goal can still be brought back."""
    await desk.write(MARA, *"abcdef")
    await desk.forester.roll_back(PLACE, ADA, "1")
    walked = await desk.forester.bring_back(PLACE, ADA, "3")
    assert (walked.passages, await desk.told()) == (2, list("abc"))
    with pytest.raises(Refused, match="does not lead to that passage"):
        await desk.forester.bring_back(PLACE, ADA, "7")
    assert await desk.told() == list("abc")
    with pytest.raises(Refused, match="in the story already"):
        await desk.forester.bring_back(PLACE, ADA, "2")
    with pytest.raises(Refused, match="host of this story"):
        await desk.forester.bring_back(PLACE, MARA)
    await desk.forester.bring_back(PLACE, ADA)
    assert await desk.told() == list("abcdef")


async def test_numbers_count_what_is_read(desk: Desk) -> None:
    """A passage that was taken back from the middle has none."""
    written = await desk.write(MARA, *"abcd")
    await desk.editor.take_back(PLACE, MARA, written[1].id)
    assert await desk.editor.numbered(PLACE, "2") == written[2].id
    for named in ("4", "0", "-1", "two", "", "1 2", "٣", "https://discord.com/channels/1/2/3"):
        with pytest.raises(Refused):
            await desk.editor.numbered(PLACE, named)
    await desk.forester.roll_back(PLACE, ADA, "2")
    assert await desk.told() == ["a", "c"]


async def test_undo_follows_the_order_in_which_things_were_done(desk: Desk) -> None:
    """A change since the newest passage goes first, then that passage, then the change before it."""
    one, two = await desk.write(MARA, "one", "two")
    await desk.editor.edit(PLACE, MARA, one.id, "uno")
    await desk.write(MARA, "three")
    await desk.editor.edit(PLACE, MARA, two.id, "due")
    steps = [await desk.told()]
    for _ in range(5):
        await desk.storyteller.undo(PLACE, MARA)
        steps.append(await desk.told())
    assert steps == [
        ["uno", "due", "three"],
        ["uno", "two", "three"],
        ["uno", "two"],
        ["one", "two"],
        ["one"],
        [],
    ]
    for wanted in steps[-2::-1]:
        await desk.storyteller.redo(PLACE, MARA)
        assert await desk.told() == wanted


async def test_another_persons_change_stands_in_nobodys_way(desk: Desk) -> None:
    """Who may not undo it takes back the newest passage, if that is theirs; redo brings both back in order."""
    (one,) = await desk.write(MARA, "one")
    await desk.write(JUN, "two")
    await desk.editor.edit(PLACE, MARA, one.id, "uno")
    await desk.storyteller.undo(PLACE, JUN)
    assert await desk.told() == ["uno"]
    with pytest.raises(Refused, match="Only Mara"):
        await desk.storyteller.undo(PLACE, JUN)
    await desk.storyteller.redo(PLACE, JUN)
    await desk.storyteller.undo(PLACE, MARA)
    assert await desk.told() == ["one", "two"]
