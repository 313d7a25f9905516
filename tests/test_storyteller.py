"""Prove the rules of telling a story together on a real database."""

import asyncio

import pytest

from bot.errors import Refused
from bot.story import standing
from bot.story.people import Person, Place
from bot.story.storyteller import Storyteller
from storage import branches, displays, narrations, passages, stories, trail
from storage.database import Database
from storage.narrations import NewNarration
from storage.passages import NewPassage, Passage
from storage.stories import Story
from tests.stored import new_story

PLACE = Place(1, 2)
MARA = Person(10, "Mara")
JUN = Person(11, "Jun")
MODERATOR = Person(12, "Ada", moderator=True)


@pytest.fixture
async def story(database: Database) -> Story:
    """Start a story."""
    async with database.transaction() as tx:
        return await stories.create(tx, new_story(guild_id=PLACE.guild_id, channel_id=PLACE.channel_id))


@pytest.fixture
def storyteller(database: Database) -> Storyteller:
    """Apply the rules with passages of at most 500 characters."""
    return Storyteller(database=database, longest=500)


async def read(database: Database) -> list[str]:
    """Return the story as it is read."""
    story = await standing.running(database, PLACE)
    return [told.passage.text for told in await trail.read(database, story.branch_id)]


async def narrated(
    database: Database, story: Story, text: str, *, parent: int | None, kept: bool = True
) -> Passage:
    """Add a narrator's passage that Mara asked for, beside the story if it was stopped."""
    async with database.transaction() as tx:
        new = NewPassage(
            story_id=story.id,
            parent=parent,
            kind="narrator",
            text=text,
            asked_by=MARA.id,
            finish="stop" if kept else "stopped",
            created=1,
        )
        passage = await passages.add(tx, new)
        if kept:
            await branches.advance(tx, story.branch_id, passage.id)
    return passage


async def begin_narration(database: Database, story: Story) -> int:
    """Note that the narrator is writing for Mara; return the job's id."""
    async with database.transaction() as tx:
        job = await narrations.add(
            tx,
            NewNarration(
                story_id=story.id,
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
    return job.id


async def test_words_without_a_story_come_back(storyteller: Storyteller) -> None:
    """Where no story runs, a passage is refused with the way to start one, and handed back."""
    with pytest.raises(Refused, match="/story start") as caught:
        await storyteller.write(PLACE, MARA, "It rained.")

    assert caught.value.words == "It rained."


async def test_two_people_at_once_both_keep_their_words(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """Passages written at the same instant follow each other in one order."""
    written = await asyncio.gather(
        *(storyteller.write(PLACE, who, f"{who.name}'s line") for who in (MARA, JUN))
    )

    assert sorted(await read(database)) == ["Jun's line", "Mara's line"]
    assert {w.passage.depth for w in written if w.passage} == {0, 1}


async def test_undo_then_redo_gives_the_story_back(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """Taking back moves the head only; bringing back restores it, step by step."""
    for text in ("one", "two", "three"):
        await storyteller.write(PLACE, MARA, text)
    for _ in range(2):
        await storyteller.undo(PLACE, MARA)
    assert await read(database) == ["one"]
    for _ in range(2):
        await storyteller.redo(PLACE, MARA)

    assert await read(database) == ["one", "two", "three"]
    with pytest.raises(Refused, match="nothing to bring back"):
        await storyteller.redo(PLACE, MARA)


async def test_writing_after_undo_leaves_nothing_to_redo(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """New words close the way forward, and the old ones stay in the tree."""
    first = await storyteller.write(PLACE, MARA, "old")
    await storyteller.undo(PLACE, MARA)
    await storyteller.write(PLACE, MARA, "new")

    with pytest.raises(Refused, match="nothing to bring back"):
        await storyteller.redo(PLACE, MARA)
    assert first.passage is not None
    assert (await passages.get(database, first.passage.id)).text == "old"


async def test_undo_at_the_beginning_is_refused(storyteller: Storyteller, story: Story) -> None:
    """An empty story has nothing to take back."""
    with pytest.raises(Refused, match="very beginning"):
        await storyteller.undo(PLACE, MARA)


@pytest.mark.parametrize("who", [MARA, MODERATOR])
async def test_author_and_moderator_may_take_back(
    storyteller: Storyteller, database: Database, story: Story, who: Person
) -> None:
    """A person's passage is taken back by its author or a moderator."""
    await storyteller.write(PLACE, MARA, "mine")
    await storyteller.undo(PLACE, who)

    assert await read(database) == []


async def test_nobody_else_may_take_back_or_bring_back_a_persons_words(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """Another person is refused by name, for undo and for redo alike."""
    await storyteller.write(PLACE, MARA, "mine")
    with pytest.raises(Refused, match="Mara"):
        await storyteller.undo(PLACE, JUN)
    await storyteller.undo(PLACE, MARA)
    with pytest.raises(Refused, match="Mara"):
        await storyteller.redo(PLACE, JUN)

    assert await read(database) == []


async def test_everyone_may_take_back_the_narrators_words(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """The narrator's passages belong to all."""
    await narrated(database, story, "Once.", parent=None)
    await storyteller.undo(PLACE, JUN)

    assert await read(database) == []


async def test_button_under_an_older_passage_is_refused(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """A press that meant another passage changes nothing."""
    old = await storyteller.write(PLACE, MARA, "one")
    await storyteller.write(PLACE, MARA, "two")
    assert old.passage is not None
    with pytest.raises(Refused, match="moved on"):
        await storyteller.undo(PLACE, MARA, passage_id=old.passage.id)
    with pytest.raises(Refused, match="moved on"):
        await storyteller.choose_take(PLACE, MARA, passage_id=old.passage.id, step=1)

    assert await read(database) == ["one", "two"]


async def test_takes_go_round_both_ways(storyteller: Storyteller, database: Database, story: Story) -> None:
    """◀ and ▶ walk through all takes and around the end."""
    for text in ("a", "b", "c"):
        await narrated(database, story, text, parent=None)
    seen = []
    for step in (1, 1, -1, -1, -1):
        stand = await standing.of(database, story)
        assert stand.head is not None
        moved = await storyteller.choose_take(PLACE, JUN, passage_id=stand.head.id, step=step)
        assert moved.now.head is not None
        seen.append((moved.now.head.text, moved.now.take))

    assert seen == [("a", 1), ("b", 2), ("a", 1), ("c", 3), ("b", 2)]


async def test_passage_with_one_take_has_no_other(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """Choosing among one is refused with the way to make another."""
    only = await narrated(database, story, "a", parent=None)

    with pytest.raises(Refused, match="Retry"):
        await storyteller.choose_take(PLACE, JUN, passage_id=only.id, step=1)


async def test_words_wait_while_the_narrator_writes(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """They are committed at once, and neither undo nor redo moves the story meanwhile."""
    await begin_narration(database, story)
    written = await storyteller.write(PLACE, JUN, "and then")

    assert written.passage is None
    assert written.arrival is not None
    assert await read(database) == []
    with pytest.raises(Refused, match="writing for Mara"):
        await storyteller.undo(PLACE, JUN)


async def test_stopped_passage_is_kept_by_its_asker_alone(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """Another person cannot decide; the asker puts it into the story."""
    stopped = await narrated(database, story, "half a", parent=None, kept=False)
    with pytest.raises(Refused, match="Only the one who asked"):
        await storyteller.keep(PLACE, JUN, passage_id=stopped.id)
    await storyteller.keep(PLACE, MARA, passage_id=stopped.id)

    assert await read(database) == ["half a"]


async def test_stopped_passage_cannot_be_kept_once_the_story_went_on(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """The words that came after it are not pushed aside."""
    stopped = await narrated(database, story, "half a", parent=None, kept=False)
    await storyteller.write(PLACE, JUN, "meanwhile")
    with pytest.raises(Refused, match="gone on"):
        await storyteller.keep(PLACE, MARA, passage_id=stopped.id)

    assert await read(database) == ["meanwhile"]


async def test_stopped_passage_is_kept_in_its_own_story_alone(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """A new story in the same channel does not begin with the words of the one that ended there."""
    stopped = await narrated(database, story, "half a", parent=None, kept=False)
    async with database.transaction() as tx:
        await stories.end(tx, story.id, ended=1)
        await stories.create(tx, new_story(guild_id=PLACE.guild_id, channel_id=PLACE.channel_id))
    with pytest.raises(Refused, match="gone on"):
        await storyteller.keep(PLACE, MARA, passage_id=stopped.id)

    assert await read(database) == []


async def test_typed_message_shows_its_passage(
    storyteller: Storyteller, database: Database, story: Story
) -> None:
    """The message that someone typed is linked to the passage, as theirs."""
    written = await storyteller.write(PLACE, JUN, "typed", message_ids=[77])
    shown = await displays.by_message(database, 77)

    assert shown is not None
    assert written.passage is not None
    assert (shown.passage_id, shown.own) == (written.passage.id, False)


async def test_too_long_passage_comes_back_whole(storyteller: Storyteller, story: Story) -> None:
    """Words over the limit are refused and handed back, none lost."""
    with pytest.raises(Refused, match="500") as caught:
        await storyteller.write(PLACE, JUN, "x" * 100_000)

    assert caught.value.words == "x" * 100_000
