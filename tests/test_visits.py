"""Whoever comes back is told what is new since they left, however long they have been here again."""

import pytest

from storage import branches, passages, stories, trail, visits
from storage.database import Database
from storage.stories import Story
from storage.visits import PAUSE, Leaving
from tests.stored import ALICE, BOB, by_narrator, by_person, story_of


async def seen(database: Database, story: Story, person: int, now: int) -> None:
    """Note that a person is here."""
    async with database.transaction() as tx:
        await visits.note(tx, story_id=story.id, person_id=person, now=now)


async def unseen(database: Database, story: Story, person: int, now: int) -> int | None:
    """Return from which depth on the story is new to a person; None to who was never here."""
    left = await visits.left(database, story_id=story.id, person_id=person, now=now)
    if left is None:
        return None
    branch = (await stories.get(database, story.id)).branch_id
    return await visits.first_unseen(database, branch, person_id=person, leaving=left)


async def test_a_first_visit_is_told_everything(database: Database) -> None:
    """Who was never here left nothing; not even while they stay."""
    story, _branch, _written = await story_of(database, "One.", "Two.")

    assert await unseen(database, story, BOB, 10_000) is None
    await seen(database, story, BOB, 10_000)
    assert await unseen(database, story, BOB, 10_001) is None


@pytest.mark.parametrize("noted", [False, True], ids=["asked first", "noted first"])
async def test_what_is_new_stays_new_during_a_visit(database: Database, noted: bool) -> None:
    """Whether the coming itself was noted before the asking or not, and again a few minutes later."""
    story, branch, written = await story_of(database, "One.", "Two.")
    await seen(database, story, BOB, 10_000)
    async with database.transaction() as tx:
        new = await passages.add(tx, by_person(story, written[-1].id, "Three."))
        await branches.advance(tx, branch.id, new.id)
    back = 10_000 + PAUSE + 1
    if noted:
        await seen(database, story, BOB, back)

    assert await visits.left(database, story_id=story.id, person_id=BOB, now=back) == Leaving(
        written[-1].id, 10_000
    )
    assert await unseen(database, story, BOB, back) == 2
    await seen(database, story, BOB, back + PAUSE // 2)
    assert await unseen(database, story, BOB, back + PAUSE // 2) == 2
    assert await unseen(database, story, BOB, back + 3 * PAUSE) == 3


async def test_where_ways_part_the_new_one_is_new(database: Database) -> None:
    """What was read and then taken back does not count; what stands in its place is new."""
    story, branch, written = await story_of(database, "One.", "Two.", "Three.")
    await seen(database, story, BOB, 10_000)
    async with database.transaction() as tx:
        other = await passages.add(tx, by_narrator(story, written[0].id, "Another two."))
        await branches.move(tx, branch.id, head=other.id)

    assert await unseen(database, story, BOB, 10_000 + 2 * PAUSE) == 1


async def test_people_know_what_they_wrote_themselves(database: Database) -> None:
    """Their own passage is not new to them, though they were noted a moment before it joined."""
    story, branch, written = await story_of(database, "One.")
    await seen(database, story, BOB, 2_000)
    async with database.transaction() as tx:
        own = await passages.add(tx, by_person(story, written[-1].id, "Mine.", author=BOB))
        later = await passages.add(tx, by_person(story, own.id, "Later."))
        await branches.advance(tx, branch.id, later.id)

    assert await unseen(database, story, BOB, 2_000 + 2 * PAUSE) == 2


async def test_before_the_first_passage_all_is_new(database: Database) -> None:
    """Who came when nothing had been told yet starts at the beginning."""
    story, branch, _written = await story_of(database)
    await seen(database, story, BOB, 1_000)
    async with database.transaction() as tx:
        first = await passages.add(tx, by_person(story, None, "One."))
        await branches.advance(tx, branch.id, first.id)

    assert await unseen(database, story, BOB, 1_000 + 2 * PAUSE) == 0


async def test_writers_are_counted_from_a_depth_on(database: Database) -> None:
    """The narrator is one of them; what is taken back counts for nobody."""
    story, branch, written = await story_of(database, "One.", "Two.", "Three.")
    async with database.transaction() as tx:
        told = await passages.add(tx, by_narrator(story, written[-1].id, "Four."))
        await branches.advance(tx, branch.id, told.id)
        await trail.show(tx, branch.id, written[1].id, None)
    found = await visits.writers(database, branch.id, first=0)

    assert [(voice.kind, voice.name, voice.passages) for voice in found] == [
        ("person", f"Writer {ALICE}", 2),
        ("narrator", None, 1),
    ]
    assert [voice.kind for voice in await visits.writers(database, branch.id, first=3)] == ["narrator"]
