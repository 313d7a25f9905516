"""Stories live in channels, one running in each, and nothing of one guild shows in another."""

import sqlite3
from dataclasses import replace

import pytest

from storage import branches, stories
from storage.database import Database
from storage.stories import DIRECT_MESSAGES, Story
from tests.stored import ALICE, CHANNEL, GUILD, new_story, story_of


async def _create(database: Database, *, guild_id: int = GUILD, channel_id: int = CHANNEL) -> Story:
    async with database.transaction() as tx:
        return await stories.create(tx, new_story(guild_id=guild_id, channel_id=channel_id))


async def test_new_story_runs_on_its_main_branch(database: Database) -> None:
    """Everything that was described is there, and an empty branch is current."""
    story = await _create(database)

    assert story == Story(
        id=1,
        guild_id=GUILD,
        channel_id=CHANNEL,
        title="The lighthouse",
        premise="A light that nobody lit.",
        language="en",
        rating="teen",
        state="running",
        free_typing=True,
        words=120,
        branch_id=1,
        started_by=ALICE,
        starter_name="Alice",
        created=1_000,
        ended=None,
        adapter="",
    )
    branch = await branches.get(database, story.branch_id)
    assert (branch.story_id, branch.name, branch.head) == (story.id, "main", None)


async def test_channel_has_one_running_story(database: Database) -> None:
    """The database itself refuses a second one, until the first has ended."""
    first = await _create(database)
    with pytest.raises(sqlite3.IntegrityError):
        await _create(database)

    async with database.transaction() as tx:
        await stories.end(tx, first.id, ended=5_000)
    second = await _create(database)

    assert await stories.running_in(database, CHANNEL) == second
    ended = await stories.get(database, first.id)
    assert (ended.state, ended.ended) == ("ended", 5_000)


async def test_channel_without_running_story_has_a_newest_one(database: Database) -> None:
    """An ended story can still be shown and exported from its channel."""
    assert await stories.newest_in(database, CHANNEL) is None
    first = await _create(database)
    async with database.transaction() as tx:
        await stories.end(tx, first.id, ended=5_000)

    newest = await stories.newest_in(database, CHANNEL)

    assert await stories.running_in(database, CHANNEL) is None
    assert newest is not None
    assert newest.id == first.id


async def test_update_saves_the_settings_and_nothing_else(database: Database) -> None:
    """A story's place and state cannot be changed by its settings."""
    story = await _create(database)
    settings = replace(
        story, title="新的", premise="前提", language="zh", rating="mature", free_typing=False, words=80
    )
    async with database.transaction() as tx:
        await stories.update(tx, replace(settings, channel_id=1, state="ended", created=1))

    assert await stories.get(database, story.id) == settings


async def test_unknown_story_is_a_lookup_error(database: Database) -> None:
    """An id that nobody gave out is a mistake of the caller."""
    with pytest.raises(LookupError, match="no story 7"):
        await stories.get(database, 7)


async def test_list_shows_the_guild_page_by_page(database: Database) -> None:
    """Newest first, without gap or repetition, and without another guild's stories."""
    mine = [(await _create(database, channel_id=100 + number)).id for number in range(7)]
    await _create(database, guild_id=99, channel_id=900)

    first = await stories.list_of(database, guild_id=GUILD, channel_id=100, limit=4)
    second = await stories.list_of(database, guild_id=GUILD, channel_id=100, limit=4, before=first[-1].id)

    assert [story.id for story in (*first, *second)] == mine[::-1]


async def test_direct_messages_list_their_own_stories_alone(database: Database) -> None:
    """Guild 0 is many people's direct messages; nobody sees another's."""
    mine = await _create(database, guild_id=DIRECT_MESSAGES, channel_id=1)
    await _create(database, guild_id=DIRECT_MESSAGES, channel_id=2)

    assert await stories.list_of(database, guild_id=DIRECT_MESSAGES, channel_id=1) == [mine]


async def test_branch_of_another_story_cannot_be_current(database: Database) -> None:
    """The database itself ties branch and story together."""
    await story_of(database)
    other = await _create(database, channel_id=CHANNEL + 1)

    with pytest.raises(sqlite3.IntegrityError):
        async with database.transaction() as tx:
            await tx.execute("UPDATE stories SET branch_id = ? WHERE id = 1", (other.branch_id,))
