"""Prove that the stories of one channel take turns at being told, and that none of them gets lost by it."""

import asyncio

import pytest

from bot.errors import Refused
from bot.story import standing
from bot.story.pausing import Pausing, Shift, handle
from bot.story.people import Person, Place
from storage import actions, narrations, stories
from storage.database import Database
from storage.narrations import NewNarration
from storage.stories import Story
from tests.stored import ALICE, BOB, CHANNEL, GUILD, new_story

HERE = Place(GUILD, CHANNEL)
ALICE_HERSELF = Person(ALICE, "Alice")
BOB_HIMSELF = Person(BOB, "Bob")
MODERATOR = Person(BOB, "Bob", moderator=True)


@pytest.fixture
def pausing(database: Database) -> Pausing:
    """Return the service on a new database."""
    return Pausing(database=database)


async def tell(database: Database, title: str, *, paused: bool = False, channel_id: int = CHANNEL) -> Story:
    """Start a story by Alice, and pause it."""
    async with database.transaction() as tx:
        story = await stories.create(tx, new_story(title=title, channel_id=channel_id))
        return await stories.pause(tx, story.id) if paused else story


async def state_of(database: Database, story: Story) -> str:
    """Return a story's state."""
    return (await stories.get(database, story.id)).state


async def test_pausing_frees_the_channel(database: Database, pausing: Pausing) -> None:
    """Another story may begin, and the paused one is refused what needs a running one, with the way back."""
    story = await tell(database, "The lamp")
    await pausing.pause(HERE, ALICE_HERSELF)

    with pytest.raises(Refused, match=r"“The lamp” is paused\. Go on with it by `/story resume`"):
        await standing.running(database, HERE)
    other = await tell(database, "The fog")
    assert await stories.running_in(database, CHANNEL) == other
    assert await state_of(database, story) == "paused"


async def test_resuming_goes_on_where_the_story_stopped(database: Database, pausing: Pausing) -> None:
    """With one story paused it need not be named; who did it is in the log."""
    story = await tell(database, "The lamp")
    await pausing.pause(HERE, ALICE_HERSELF)
    shift = await pausing.resume(HERE, ALICE_HERSELF, None)

    assert shift.resumed is not None
    assert shift.resumed.story == story
    assert [action.kind for action in await actions.of_story(database, story.id)] == ["resume", "pause"]


async def test_resuming_is_refused_while_another_is_told(database: Database, pausing: Pausing) -> None:
    """It says which, and what changes them over."""
    await tell(database, "The fog", paused=True)
    await tell(database, "The lamp")

    with pytest.raises(Refused, match=r"“The lamp” is being told here.*`/story switch`"):
        await pausing.resume(HERE, ALICE_HERSELF, "The fog")


async def test_switching_pauses_one_and_resumes_the_other(database: Database, pausing: Pausing) -> None:
    """Both at once; the channel never has two that run."""
    fog = await tell(database, "The fog", paused=True)
    lamp = await tell(database, "The lamp")
    shift = await pausing.switch(HERE, ALICE_HERSELF, "the FOG")

    assert [stand.story.id for stand in (shift.paused, shift.resumed) if stand] == [lamp.id, fog.id]
    assert [await state_of(database, story) for story in (lamp, fog)] == ["paused", "running"]


async def test_refused_switch_changes_nothing(database: Database, pausing: Pausing) -> None:
    """Who began neither story moves neither."""
    fog = await tell(database, "The fog", paused=True)
    lamp = await tell(database, "The lamp")

    with pytest.raises(Refused, match="Only Alice"):
        await pausing.switch(HERE, BOB_HIMSELF, handle(fog))
    assert [await state_of(database, story) for story in (lamp, fog)] == ["running", "paused"]
    await pausing.switch(HERE, MODERATOR, handle(fog))
    assert [await state_of(database, story) for story in (lamp, fog)] == ["paused", "running"]


async def test_pausing_waits_for_the_narrator(database: Database, pausing: Pausing) -> None:
    """While a passage is being written the story can be neither paused nor switched away."""
    fog = await tell(database, "The fog", paused=True)
    lamp = await tell(database, "The lamp")
    job = NewNarration(
        story_id=lamp.id,
        kind="continue",
        parent=None,
        asked_by=BOB,
        asker_name="Bob",
        locale="en",
        direction=None,
        seed=None,
        channel_id=CHANNEL,
        message_id=None,
        created=1,
    )
    async with database.transaction() as tx:
        await narrations.add(tx, job)

    with pytest.raises(Refused, match="The narrator is writing for Bob"):
        await pausing.pause(HERE, ALICE_HERSELF)
    with pytest.raises(Refused, match="The narrator is writing for Bob"):
        await pausing.switch(HERE, ALICE_HERSELF, handle(fog))
    assert await state_of(database, lamp) == "running"


async def test_two_who_resume_at_once_get_one_story(database: Database, pausing: Pausing) -> None:
    """The second is told what runs by then; nothing runs twice."""
    fog = await tell(database, "The fog", paused=True)
    lamp = await tell(database, "The lamp", paused=True)
    both = (pausing.resume(HERE, MODERATOR, handle(fog)), pausing.resume(HERE, ALICE_HERSELF, handle(lamp)))
    done = await asyncio.gather(*both, return_exceptions=True)

    assert [type(one) for one in done] == [Shift, Refused]
    assert [await state_of(database, story) for story in (fog, lamp)] == ["running", "paused"]


async def test_story_is_named_by_handle_title_or_part_of_it(database: Database, pausing: Pausing) -> None:
    """What could be two stories, or none, is asked back with the titles."""
    fog = await tell(database, "The fog", paused=True)
    lamp = await tell(database, "The lamp", paused=True)
    await tell(database, "Elsewhere", paused=True, channel_id=CHANNEL + 1)

    assert await pausing.find(HERE, handle(fog)) == fog
    assert await pausing.find(HERE, " the  LAMP ") == lamp
    assert await pausing.find(HERE, "fo") == fog
    for unclear in (None, "the", "dragon", "Elsewhere"):
        with pytest.raises(Refused, match="Which one\\? Resting here: “The lamp”, “The fog”"):
            await pausing.find(HERE, unclear)


async def end(database: Database, story: Story) -> None:
    """End a story."""
    async with database.transaction() as tx:
        await stories.end(tx, story.id, ended=5)


async def test_story_that_ended_is_taken_up_again(database: Database, pausing: Pausing) -> None:
    """By its host or a moderator; it is as it was before, and its end is forgotten."""
    with pytest.raises(Refused, match="No story rests here"):
        await pausing.find(HERE, None)
    story = await tell(database, "The lamp")
    await end(database, story)

    with pytest.raises(Refused, match="Only Alice"):
        await pausing.resume(HERE, BOB_HIMSELF, None)
    shift = await pausing.resume(HERE, MODERATOR, None)
    assert shift.resumed is not None
    assert shift.resumed.story == story
    await end(database, story)
    await tell(database, "The fog")
    assert (await pausing.switch(HERE, ALICE_HERSELF, "lamp")).resumed == shift.resumed


async def test_paused_story_goes_before_one_that_ended(database: Database, pausing: Pausing) -> None:
    """Unless that is named: where nobody says which, nothing ended is taken up by mistake."""
    fog = await tell(database, "The fog", paused=True)
    lamp = await tell(database, "The lamp")
    await end(database, lamp)

    assert [story.id for story in await pausing.offered(HERE)] == [fog.id, lamp.id]
    assert await pausing.find(HERE, None) == fog
    assert (await pausing.find(HERE, "lamp")).id == lamp.id


async def test_lists_can_be_narrowed(database: Database) -> None:
    """By state, and to those that a person began or wrote in."""
    fog = await tell(database, "The fog", paused=True)
    lamp = await tell(database, "The lamp")

    async def listed(**choice: object) -> list[int]:
        found = await stories.list_of(database, guild_id=GUILD, channel_id=CHANNEL, **choice)  # type: ignore[arg-type]  # by name
        return [story.id for story in found]

    assert await listed(state="paused") == [fog.id]
    assert await listed(state="running") == [lamp.id]
    assert await listed(state="ended") == []
    assert await listed(writer_id=ALICE) == [lamp.id, fog.id]
    assert await listed(writer_id=BOB) == []
