"""Lore and passages are found by words and meaning, in both languages, on the branch that is read."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bot.story.lore.meaning import Encoder, Vectors
from bot.story.lore.passages import rank_passages
from storage import branches, documents
from storage.database import Database
from tests.lore_shelf import LoreShelf


async def taken_in(shelf: LoreShelf) -> int:
    """Let the archive take in what is read; return in how many steps."""
    steps = 0
    while await shelf.archive.catch_up(shelf.story.id):
        steps += 1
    return steps


async def passages_with(shelf: LoreShelf, words: str) -> list[int]:
    """Return the passages with some words."""
    story = shelf.story
    found = await shelf.archive.by_words(story.id, "passage", words, branch_id=story.branch_id, limit=5)
    return [about for about, _score in found]


async def passages_near(shelf: LoreShelf, words: str) -> list[int]:
    """Return the passages nearest in meaning."""
    story = shelf.story
    found = await shelf.archive.by_meaning(story.id, "passage", words, branch_id=story.branch_id, limit=2)
    return [about for about, _score in found]


async def test_passages_are_taken_in_bit_by_bit_and_once(database: Database) -> None:
    """Fifty passages are three steps, and then there is nothing to do until another is written."""
    shelf = await LoreShelf.open(database)
    for number in range(50):
        await shelf.write(f"They lit lantern {number}.")
    assert await taken_in(shelf) == 3
    assert not await shelf.archive.catch_up(shelf.story.id)
    await shelf.write("A dragon came.")
    assert await taken_in(shelf) == 1
    assert await documents.frequencies(database, shelf.story.id, "passage", ["dragon"]) == (51, [1])


async def test_what_was_taken_back_is_not_found(database: Database) -> None:
    """Undo hides a passage from searches and redo brings it back, with nothing taken in again."""
    shelf = await LoreShelf.open(database, meaning=True)
    one = await shelf.write("The dragons slept under the hill.")
    two = await shelf.write("两条龙醒来，飞过了灯塔。")
    await taken_in(shelf)
    assert await passages_with(shelf, "a dragon") == [one.id]
    assert await passages_with(shelf, "灯塔") == [two.id]
    assert set(await passages_near(shelf, "dragons flying over a lighthouse")) == {one.id, two.id}
    async with database.transaction() as tx:
        await branches.move(tx, shelf.story.branch_id, head=one.id)
    assert await passages_with(shelf, "灯塔") == []
    assert await passages_near(shelf, "dragons flying over a lighthouse") == [one.id]
    async with database.transaction() as tx:
        await branches.move(tx, shelf.story.branch_id, head=two.id)
    assert await passages_with(shelf, "灯塔") == [two.id]
    assert not await shelf.archive.catch_up(shelf.story.id)


async def test_a_name_that_no_dictionary_has_is_found(database: Database) -> None:
    """A name or a single character is found also in a sentence in which other words are seen."""
    shelf = await LoreShelf.open(database)
    passages = [
        await shelf.write(text) for text in ("灯塔里的林月走了。", "林月走进了灯塔。", "一片树林，一轮月亮。")
    ]
    await taken_in(shelf)
    assert sorted(await passages_with(shelf, "林月是谁？")) == [passage.id for passage in passages[:2]]
    dragon = await shelf.write("两条龙飞过了山谷。")
    await taken_in(shelf)
    assert await passages_with(shelf, "龙") == [dragon.id]


async def test_meaning_crosses_languages(database: Database) -> None:
    """An English question finds Chinese lore, and a Chinese one English lore."""
    shelf = await LoreShelf.open(database, meaning=True)
    await shelf.add("灯塔守护人", "她独自住在塔上，害怕大海。")
    await shelf.add("Bakery", "The bread is free on Sundays.")
    hits = await shelf.search.look_up(shelf.story, shelf.story.branch_id, "the keeper fears the sea")
    assert hits[0].version.title == "灯塔守护人"
    hits = await shelf.search.look_up(shelf.story, shelf.story.branch_id, "星期天的面包要钱吗")
    assert hits[0].version.title == "Bakery"


async def test_vectors_come_later_where_meaning_was_off(database: Database) -> None:
    """A host who turns embeddings on later has the old passages found by meaning too."""
    without = await LoreShelf.open(database)
    passage = await without.write("A wolf howled at the moon.")
    await taken_in(without)
    assert await passages_near(without, "wild animals at night") == []
    with_meaning = LoreShelf(database, without.story, meaning=True)
    assert await passages_near(with_meaning, "wild animals at night") == []
    assert await taken_in(with_meaning) == 1
    assert await passages_near(with_meaning, "wild animals at night") == [passage.id]
    assert await passages_with(with_meaning, "the wolf") == [passage.id]


async def test_a_vector_that_comes_late_is_found_though_somebody_searches_meanwhile(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever searches while old passages are taken in sees none of it yet, and all of it afterwards."""
    without = await LoreShelf.open(database)
    old = await without.write("A wolf howled at the moon.")
    await taken_in(without)
    shelf = LoreShelf(database, without.story, meaning=True)
    await shelf.write("The baker sold bread.")
    assert await shelf.archive.catch_up(shelf.story.id)
    keep = shelf.archive.keep

    async def kept(*given: Any) -> bool:
        whole = await keep(*given)
        assert old.id not in await asyncio.create_task(passages_near(shelf, "wild animals at night"))
        return whole

    monkeypatch.setattr(shelf.archive, "keep", kept)
    assert await shelf.archive.catch_up(shelf.story.id)
    assert (await passages_near(shelf, "wild animals at night"))[0] == old.id


async def test_what_comes_one_by_one_is_found_among_what_was_there(database: Database) -> None:
    """However often room has to be made for it."""
    shelf = await LoreShelf.open(database, meaning=True)
    for thing in (
        "A dragon",
        "A baker",
        "The moon",
        "Two ships",
        "An old clock",
        "A river",
        "Snow",
        "A violin",
    ):
        passage = await shelf.write(f"{thing}.")
        await taken_in(shelf)
        assert (await passages_near(shelf, thing))[0] == passage.id
    assert (await passages_near(shelf, "A dragon"))[0] == passage.id - 7


async def test_the_same_question_is_understood_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks about lore and passages, or tells another take, waits for the encoder once."""
    shelf = await LoreShelf.open(database, meaning=True)
    entry = await shelf.add("Bakery", "The bread is free on Sundays.")
    passage = await shelf.write("The baker sold bread.")
    await taken_in(shelf)
    texts: list[str] = []
    encode = Encoder.encode_now

    def counted(encoder: Encoder, some: Sequence[str]) -> Vectors:
        texts.extend(some)
        return encode(encoder, some)

    monkeypatch.setattr(Encoder, "encode_now", counted)
    found = await rank_passages(shelf.archive, shelf.search, shelf.story, shelf.story.branch_id, "free bread")
    again = await shelf.search.look_up(shelf.story, shelf.story.branch_id, "free bread")

    assert (found.meaning, [hit.version.id for hit in again]) == ([passage.id], [entry.id])
    assert texts == ["free bread"]


async def test_no_story_finds_anothers(database: Database) -> None:
    """The same words in two stories stay in their own."""
    one = await LoreShelf.open(database, meaning=True)
    await one.write("The dragon slept.")
    await taken_in(one)
    async with database.transaction() as tx:
        await tx.execute("UPDATE stories SET channel_id = 6")
    two = await LoreShelf.open(database, meaning=True)
    passage = await two.write("A dragon woke.")
    await taken_in(two)
    assert await passages_with(two, "dragon") == [passage.id]
    assert await passages_near(two, "dragon") == [passage.id]


@pytest.mark.parametrize(
    "question",
    ["", "  ", "the of and", "\"'*()", "NEAR AND OR", "a:b -c ^d", "ﷺ" * 10, "_", "的 了", "\u0301"],
)
async def test_any_question_is_answered(database: Database, question: str) -> None:
    """No sign of a search language does anything, and nothing to look for finds nothing wrong."""
    shelf = await LoreShelf.open(database)
    await shelf.write("Near and or, a dragon.")
    await taken_in(shelf)
    await passages_with(shelf, question)
