"""Prove what is found of a whole story, on a real database: through edits, take-backs, branches, pauses."""

import pytest

from bot.errors import Refused
from bot.story.people import Place
from bot.story.survey.surveying import Survey
from bot.story.survey.writers import FORMER, NARRATOR
from storage import branches, recaps, stories, trail
from storage.database import Database
from storage.passages import NewPassage
from storage.recaps import NewRecap
from storage.stories import Story
from tests.stored import ALICE, BOB, CHANNEL, GUILD, by_narrator, by_person, new_story, story_of, write

HERE = Place(GUILD, CHANNEL)


@pytest.fixture
def survey(database: Database) -> Survey:
    """Return the service on a new database."""
    return Survey(database=database)


async def add(database: Database, story: Story, new: NewPassage) -> int:
    """Write the next passage of a story."""
    async with database.transaction() as tx:
        branch = await branches.get(tx, story.branch_id)
        _branch, passage = await write(tx, branch, new)
        return passage.id


async def show(database: Database, story: Story, slot: int, shown: int | None) -> None:
    """Let another passage, or none, be read at a slot."""
    async with database.transaction() as tx:
        await trail.show(tx, story.branch_id, slot, shown)


async def test_credits_count_the_words_that_are_read(database: Database, survey: Survey) -> None:
    """By people and the narrator; names are those of the newest passage."""
    story, _branch, written = await story_of(database, "one two three")
    await add(database, story, by_narrator(story, written[0].id, "four"))
    told, credits = await survey.credits(HERE)

    assert told.id == story.id
    assert credits.words == {ALICE: 3, NARRATOR: 1}
    assert credits.names == {ALICE: f"Writer {ALICE}"}


async def test_edited_words_count_for_who_wrote_them(database: Database, survey: Survey) -> None:
    """Bob's version of Alice's passage is Bob's; hers counts no more, and is back when the edit is undone."""
    story, _branch, written = await story_of(database, "one two", "three")
    async with database.transaction() as tx:
        _branch, edit = await write(
            tx, _branch, by_person(story, written[0].parent, "uno dos tres", author=BOB)
        )
        await branches.move(tx, story.branch_id, head=written[1].id)
    await show(database, story, written[0].id, edit.id)

    assert (await survey.credits(HERE))[1].words == {BOB: 3, ALICE: 1}
    await show(database, story, written[0].id, written[0].id)
    assert (await survey.credits(HERE))[1].words == {ALICE: 3}


async def test_words_taken_back_do_not_count(database: Database, survey: Survey) -> None:
    """Neither from the middle, nor behind the head."""
    story, _branch, written = await story_of(database, "one", "two two", "three three three")
    await show(database, story, written[1].id, None)
    assert (await survey.credits(HERE))[1].words == {ALICE: 4}

    async with database.transaction() as tx:
        await branches.move(tx, story.branch_id, head=written[1].id)
    assert (await survey.credits(HERE))[1].words == {ALICE: 1}


async def test_chapters_are_those_of_the_recaps(database: Database, survey: Survey) -> None:
    """As long as a recap of a chapter is in use; else they are of a fixed length."""
    story, _branch, written = await story_of(database, "one", "two two", "three")
    chapter = NewRecap(
        story_id=story.id,
        level="chapter",
        first_depth=0,
        last_depth=1,
        first_slot=written[0].id,
        last_slot=written[1].id,
        revised="",
        text="They counted.",
        model=None,
        prompt=1,
        created=1,
    )
    async with database.transaction() as tx:
        await recaps.add(tx, chapter)

    async def lengths() -> list[tuple[int, int]]:
        return [(part.first, part.words[ALICE]) for part in (await survey.credits(HERE))[1].chapters]

    assert await lengths() == [(0, 3), (2, 1)]
    await show(database, story, written[0].id, None)
    assert await lengths() == [(0, 3)]


async def test_removed_people_share_one_line(database: Database, survey: Survey) -> None:
    """Their names are gone; that people wrote is not."""
    _story, _branch, written = await story_of(database, "one two")
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE passages SET author_id = NULL, author_name = NULL WHERE id = ?", (written[0].id,)
        )

    assert (await survey.credits(HERE))[1].words == {FORMER: 2}


async def test_tree_knows_what_is_read_where(database: Database, survey: Survey) -> None:
    """All branches, the current one first, with edits in the middle of it."""
    story, branch, written = await story_of(database, "one", "two", "three")
    async with database.transaction() as tx:
        await branches.fork(tx, branch, name="bell", head=written[0].id, created=1)
    await show(database, story, written[1].id, None)
    tree = await survey.tree(HERE)

    assert [line.name for line in tree.branches] == ["main", "bell"]
    assert [row.mark for row in tree.shape.rows] == ["", "hidden", ""]
    assert [row.heads for row in tree.shape.rows] == [("bell",), (), ("main",)]
    assert tree.shape.told == 2


async def test_quality_is_measured_along_what_is_read(database: Database, survey: Survey) -> None:
    """What was taken back repeats nothing."""
    story, _branch, written = await story_of(database, "one two three four five", "one two three four five")
    _story, report = await survey.quality(HERE)
    assert report.whole.repetition == pytest.approx(1 / 2)

    await show(database, story, written[0].id, None)
    assert (await survey.quality(HERE))[1].whole.repetition == 0


async def test_paused_and_ended_stories_can_be_looked_at(database: Database, survey: Survey) -> None:
    """Where nothing runs, the newest story of the channel is meant."""
    story, _branch, _written = await story_of(database, "one")
    async with database.transaction() as tx:
        await stories.pause(tx, story.id)
    assert (await survey.tree(HERE)).story.id == story.id


async def test_nothing_to_look_at_is_said_kindly(database: Database, survey: Survey) -> None:
    """No story, no passage, or every passage taken back from the middle."""
    for look in (survey.tree, survey.credits, survey.quality):
        with pytest.raises(Refused, match="No story has been told here yet"):
            await look(HERE)
    async with database.transaction() as tx:
        await stories.create(tx, new_story())
    for look in (survey.tree, survey.credits, survey.quality):
        with pytest.raises(Refused, match="The page is still empty"):
            await look(HERE)
