"""A story of twenty thousand passages is changed anywhere by touching what differs, and nothing else."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import pytest

from bot.story.people import Person, Place
from bot.story.storyteller import Storyteller
from bot.story.tree.editing import Editor
from bot.story.tree.walking import Forester
from storage import branches, stories, trail
from storage.database import Database
from storage.stories import Story
from tests.stored import new_story

PLACE = Place(1, 2)
ADA = Person(12, "Ada", moderator=True)
LENGTH = 20_000
FEW = 40  # rows that one change of a story writes at the most, whatever its length


@pytest.fixture
async def story(database: Database) -> Story:
    """Tell a long story by Ada; its passages have the ids from 1 on."""
    async with database.transaction() as tx:
        story = await stories.create(tx, new_story(guild_id=1, channel_id=2))
        await tx.execute(
            "INSERT INTO passages (id, story_id, parent, depth, bytes_before, author_id, author_name, kind, text,"
            " created) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :length)"
            " SELECT i, :story, nullif(i - 1, 0), i - 1, (i - 1) * 10, 12, 'Ada', 'person', 'passage', 1 FROM n",
            {"length": LENGTH, "story": story.id},
        )
        await branches.advance(tx, story.branch_id, LENGTH)
    return story


@asynccontextmanager
async def touching_few_rows(database: Database) -> AsyncIterator[None]:
    """Assert that what happens inside changes a handful of rows."""
    before = await changes(database)
    yield
    # The two transactions that count change nothing themselves.
    assert await changes(database) - before <= FEW


async def changes(database: Database) -> int:
    """Return how many rows were ever changed through this connection."""
    async with database.transaction() as tx:
        row = await tx.fetch_one("SELECT total_changes() AS n")
    assert row is not None
    return int(row["n"])


async def test_every_change_of_a_long_story_touches_what_differs(database: Database, story: Story) -> None:
    """Writing, editing, taking back, turning, undoing, redoing and switching cost the same at any length."""
    storyteller = Storyteller(database=database, longest=100)
    editor, forester = Editor(database=database, longest=100), Forester(database=database)
    await forester.branch(PLACE, ADA, "storm")
    deeds: list[tuple[str, Awaitable[object]]] = [
        ("write", storyteller.write(PLACE, ADA, "the end")),
        ("edit", editor.edit(PLACE, ADA, 5, "changed")),
        ("turn", editor.turn(PLACE, ADA, LENGTH + 2, step=1)),
        ("take back", editor.take_back(PLACE, ADA, 9000)),
        ("redo", storyteller.redo(PLACE, ADA)),
        ("undo", storyteller.undo(PLACE, ADA)),
        ("switch", forester.branch(PLACE, ADA, "main")),
        ("back", forester.branch(PLACE, ADA, "storm")),
        ("undo the newest", storyteller.undo(PLACE, ADA)),
        ("undo", storyteller.undo(PLACE, ADA)),
    ]
    for name, deed in deeds:
        async with touching_few_rows(database):
            assert await deed is not None, name
    assert await trail.count(database, story.branch_id) == LENGTH


async def test_a_long_story_is_rolled_back_to_its_beginning_and_forward(
    database: Database, story: Story
) -> None:
    """One step each way, exactly; what was changed in its middle is changed again."""
    editor, forester = Editor(database=database, longest=100), Forester(database=database)
    await editor.edit(PLACE, ADA, 10, "changed")
    await editor.take_back(PLACE, ADA, 20)
    before = await trail.leaves(database, story.branch_id)
    walked = await forester.roll_back(PLACE, ADA, "1")
    assert (walked.passages, await trail.count(database, story.branch_id)) == (LENGTH - 2, 1)
    assert len(walked.moved.changes) <= 12
    await forester.bring_back(PLACE, ADA)
    after = await trail.leaves(database, story.branch_id)
    changed = [(old.slot, old.shown, new.shown) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [(20, None, 20)]
