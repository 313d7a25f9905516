"""Branches keep their heads within their story, and begin as the one that they leave."""

import sqlite3

import pytest

from storage import branches, passages, stories, trail
from storage.database import Database
from tests.stored import CHANNEL, by_person, new_story, story_of


async def test_foreign_passage_cannot_be_a_head(database: Database) -> None:
    """The database itself ties head and story together."""
    _, _, (passage,) = await story_of(database, "here")
    async with database.transaction() as tx:
        other = await stories.create(tx, new_story(channel_id=CHANNEL + 1))

    with pytest.raises(sqlite3.IntegrityError):
        async with database.transaction() as tx:
            await branches.advance(tx, other.branch_id, passage.id)


async def test_names_of_branches_differ_within_a_story(database: Database) -> None:
    """A name says which branch is meant."""
    story, _, _ = await story_of(database)

    with pytest.raises(sqlite3.IntegrityError):
        async with database.transaction() as tx:
            await branches.create(tx, story.id, name="main", created=1)


async def test_unknown_branch_is_a_lookup_error(database: Database) -> None:
    """An id that nobody gave out is a mistake of the caller."""
    with pytest.raises(LookupError, match="no branch 7"):
        await branches.get(database, 7)


async def test_a_branch_begins_as_another_reads_up_to_its_fork(database: Database) -> None:
    """What was changed and hidden there is so here too; later changes are each branch's own."""
    story, branch, (one, two, three) = await story_of(database, "one", "two", "three")
    async with database.transaction() as tx:
        other = await passages.add(tx, by_person(story, None, "another one"))
        await trail.show(tx, branch.id, one.id, other.id)
        await trail.show(tx, branch.id, two.id, None)
        new = await branches.fork(tx, branch, name="storm", head=three.id, created=1)
        middle = await branches.fork(tx, branch, name="calm", head=two.id, created=1)
        await trail.show(tx, branch.id, one.id, one.id)

    assert [leaf.shown for leaf in await trail.leaves(database, new.id)] == [other.id, None, three.id]
    assert [leaf.shown for leaf in await trail.leaves(database, middle.id)] == [other.id, two.id]
    assert [leaf.shown for leaf in await trail.leaves(database, branch.id)] == [one.id, None, three.id]


async def test_branches_of_a_story_are_listed_in_the_order_of_their_age(database: Database) -> None:
    """The first is main."""
    story, branch, _ = await story_of(database, "one")
    async with database.transaction() as tx:
        await branches.fork(tx, branch, name="a storm", head=branch.head, created=1)

    assert [one.name for one in await branches.of_story(database, story.id)] == ["main", "a storm"]
