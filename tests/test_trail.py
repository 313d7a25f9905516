"""Reading along a branch finds every place at once, and never disagrees with the tree."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage import branches, passages, stories, trail
from storage.database import Database
from storage.passages import NewPassage
from storage.stories import NewStory, Story


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Open a new database."""
    async with Database.open(tmp_path / "stories.db") as opened:
        yield opened


async def begun(database: Database) -> Story:
    """Start a story."""
    async with database.transaction() as tx:
        return await stories.create(
            tx,
            NewStory(
                guild_id=1,
                channel_id=2,
                title="T",
                premise="",
                language="en",
                rating="everyone",
                free_typing=False,
                words=90,
                started_by=3,
                starter_name="A",
                created=4,
            ),
        )


async def grown(database: Database, story: Story, parents: list[int | None]) -> list[int]:
    """Add passages below the given places in the list of what was added; None is the root."""
    ids: list[int] = []
    async with database.transaction() as tx:
        for number, place in enumerate(parents):
            parent = None if place is None else ids[place]
            new = NewPassage(
                story_id=story.id, parent=parent, kind="person", text=f"p{number}", created=number
            )
            ids.append((await passages.add(tx, new)).id)
    return ids


async def test_the_trail_follows_the_head_wherever_it_goes(database: Database) -> None:
    """After any move what is read along the trail is the path that the tree has."""
    story = await begun(database)
    rng = random.Random(7)
    parents: list[int | None] = [None, None]
    parents += [rng.randrange(at) for at in range(2, 60)]
    ids = await grown(database, story, parents)
    for _ in range(80):
        head = rng.choice([*ids, None])
        async with database.transaction() as tx:
            await branches.move(tx, story.branch_id, head=head)
        above = dict(zip(ids, (None if at is None else ids[at] for at in parents), strict=True))
        wanted: list[int] = []
        while head is not None:
            wanted.insert(0, head)
            head = above[head]
        assert [one.passage.id for one in await trail.read(database, story.branch_id)] == wanted
        assert [leaf.depth for leaf in await trail.leaves(database, story.branch_id)] == list(
            range(len(wanted))
        )


async def test_newest_returns_what_holds_the_bytes_and_one_more(database: Database) -> None:
    """A window is read from its end, however long the story is."""
    story = await begun(database)
    ids = await grown(database, story, [None, *range(499)])
    async with database.transaction() as tx:
        await branches.advance(tx, story.branch_id, ids[-1])
    some = await trail.newest(database, story.branch_id, size=40)
    assert [one.slot for one in some] == ids[-11:]
    assert [one.slot for one in await trail.newest(database, story.branch_id, size=10**6)] == ids
    upto = await trail.newest(database, story.branch_id, size=0, last=9)
    assert [one.slot for one in upto] == [ids[9]]
    assert [one.slot async for part in trail.whole(database, story.branch_id) for one in part] == ids


async def test_passages_are_found_by_slot_and_told_from_others(database: Database) -> None:
    """Only what is on the path is found."""
    story = await begun(database)
    ids = await grown(database, story, [None, 0, 0, 1])
    async with database.transaction() as tx:
        await branches.advance(tx, story.branch_id, ids[3])
    found = await trail.find(database, story.branch_id, ids[1])
    assert found is not None
    assert (found.depth, found.shown) == (1, ids[1])
    assert await trail.find(database, story.branch_id, ids[2]) is None
    assert await trail.on_path(database, story.branch_id, ids) == {ids[0], ids[1], ids[3]}
    last = await trail.at(database, story.branch_id, 2)
    assert last is not None
    assert last.slot == ids[3]
    assert await trail.at(database, story.branch_id, 3) is None
