"""Passages are immutable nodes of a tree that knows, for each, how much text comes before it."""

import sqlite3

import pytest

from storage import passages, stories, trail
from storage.database import Database
from storage.passages import NewPassage, Passage
from tests.stored import ALICE, BOB, CHANNEL, by_narrator, by_person, new_story, story_of


async def _add(database: Database, new: NewPassage) -> Passage:
    async with database.transaction() as tx:
        return await passages.add(tx, new)


async def _execute(database: Database, sql: str) -> None:
    async with database.transaction() as tx:
        await tx.execute(sql)


async def test_everything_about_a_passage_is_kept(database: Database) -> None:
    """A narrator's passage comes back with model, seed, sampling, digest and finish."""
    story, _, (first,) = await story_of(database, "夜晚")
    new = by_narrator(story, first.id, "風 \x00 \u202e\u200b 🏮")

    added = await _add(database, new)

    names = NewPassage.__slots__
    assert {name: getattr(added, name) for name in names} == {name: getattr(new, name) for name in names}
    assert await passages.get(database, added.id) == added


async def test_positions_count_utf8_bytes_of_all_ancestors(database: Database) -> None:
    """Not characters, not up to a zero byte."""
    _, _, written = await story_of(database, "夜", "", "a\x00b", "🏮", "end")

    assert [passage.bytes_before for passage in written] == [0, 3, 3, 6, 10]
    assert [passage.bytes_after for passage in written] == [3, 3, 6, 10, 13]
    assert [passage.depth for passage in written] == [0, 1, 2, 3, 4]


async def test_parent_of_another_story_is_refused(database: Database) -> None:
    """Nothing crosses from story to story."""
    _, _, (foreign,) = await story_of(database, "elsewhere")
    async with database.transaction() as tx:
        story = await stories.create(tx, new_story(channel_id=CHANNEL + 1))

    with pytest.raises(sqlite3.IntegrityError):
        await _add(database, by_person(story, foreign.id, "here"))


async def test_text_that_is_no_text_is_refused_whole(database: Database) -> None:
    """Half a surrogate pair cannot be stored; nothing of the passage is."""
    story, _, _ = await story_of(database)

    with pytest.raises(UnicodeEncodeError):
        await _add(database, by_person(story, None, "\ud83d"))
    assert await database.fetch_all("SELECT id FROM passages") == []


@pytest.mark.parametrize(
    "change",
    [
        "text = 'other'",
        "author_id = 5",
        "author_name = 'other'",
        "parent = 2",
        "bytes_before = 9",
        "kind = 'person'",
        "seed = 1",
        "sampling = NULL",
        "created = 1",
        "id = 77",
        "rowid = 77",
        "asked_by = 5",
        "direction = 'other'",
        "text = '', seed = 1",
    ],
)
async def test_passage_never_changes(database: Database, change: str) -> None:
    """The database itself refuses, whatever the code above it does."""
    story, _, (first,) = await story_of(database, "first")
    narrated = await _add(database, by_narrator(story, first.id, "second"))

    with pytest.raises(sqlite3.IntegrityError, match="a passage never changes"):
        await _execute(database, f"UPDATE passages SET {change} WHERE id = {narrated.id}")
    assert await passages.get(database, narrated.id) == narrated


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM passages WHERE id = 2", "REPLACE INTO passages SELECT * FROM passages WHERE id = 2"],
)
async def test_passage_is_never_deleted(database: Database, statement: str) -> None:
    """Neither directly nor by being replaced."""
    await story_of(database, "first", "second")

    with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
        await _execute(database, statement)


async def test_person_can_be_erased_from_a_passage(database: Database) -> None:
    """Text and author go blank, the node stays, and so do the positions below it."""
    _, branch, (first, second) = await story_of(database, "first", "second")

    await _execute(
        database, f"UPDATE passages SET text = '', author_id = NULL, author_name = NULL WHERE id = {first.id}"
    )

    erased, after = [told.passage for told in await trail.read(database, branch.id)]
    assert (erased.text, erased.author_id, erased.author_name) == ("", None, None)
    assert (erased.id, erased.kind, erased.created) == (first.id, first.kind, first.created)
    assert after == second


async def test_takes_are_by_the_same_author_in_the_same_place(database: Database) -> None:
    """A narrator's alternatives are not mixed up with people's words that follow the same passage."""
    story, _, (first,) = await story_of(database, "first")
    narrated = [await _add(database, by_narrator(story, first.id, f"take {number}")) for number in range(3)]
    alice = await _add(database, by_person(story, first.id, "mine", author=ALICE))
    bob = await _add(database, by_person(story, first.id, "his", author=BOB))
    await _add(database, by_narrator(story, narrated[0].id, "later"))
    start = await _add(database, by_person(story, None, "another beginning"))

    assert await passages.takes(database, narrated[1]) == [take.id for take in narrated]
    assert await passages.takes(database, alice) == [alice.id]
    assert await passages.takes(database, bob) == [bob.id]
    assert await passages.takes(database, start) == [first.id, start.id]


async def test_unknown_passage_is_a_lookup_error(database: Database) -> None:
    """An id that nobody gave out is a mistake of the caller."""
    with pytest.raises(LookupError, match="no passage 7"):
        await passages.get(database, 7)
