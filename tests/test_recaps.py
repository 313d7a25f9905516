"""Recaps follow what is read: whatever is written, taken back, edited or branched, each in use tells exactly that."""

import asyncio
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.request import ModelInfo
from bot.story.lore.archive import Archive
from bot.story.lore.search import LoreSearch
from bot.story.memory.recall import covering
from bot.story.memory.recapping import Recapper, Retelling
from bot.story.memory.recaps import FAN, FRESH, SCENE_PASSAGES, Recaps, gaps
from storage import branches, passages, recaps, stories, trail
from storage.branches import Branch
from storage.database import Database, Transaction
from storage.recaps import LEVELS, Recap
from storage.stories import Story
from storage.trail import Leaf
from tests.stored import by_person, new_story, story_of

MODEL = ModelInfo("m", "M", "1", None, None, 4096)


@dataclass
class Verbatim:
    """Retell by saying everything again, so that a recap shows what it was made of."""

    asked: list[tuple[str, int]] = field(default_factory=list)

    async def retell(self, story: Story, kind: str, texts: Sequence[str], **_rest: Any) -> Retelling:
        """Return the texts as they are."""
        self.asked.append((kind, len(texts)))
        return Retelling("|".join(texts), own=True)


def keeper_of(database: Database, recapper: Verbatim) -> Recaps:
    """Keep recaps with a teller who changes nothing."""
    search = LoreSearch(database=database, archive=Archive(database=database, encoder=None))
    return Recaps(database=database, recapper=cast(Recapper, recapper), lore=search, model=MODEL)


async def made(database: Database, story: Story, recapper: Verbatim | None = None) -> int:
    """Make all that is due; return how many."""
    keeper, number = keeper_of(database, recapper or Verbatim()), 0
    while await keeper.keep(story.id):
        number += 1
    return number


async def in_use(database: Database, story: Story) -> list[Recap]:
    """Return what is in use where the story is read now."""
    found = [
        await recaps.in_use(database, story.id, (await stories.get(database, story.id)).branch_id, level)
        for level in LEVELS
    ]
    return [recap for some in found for recap in some]


async def require_true(database: Database, story: Story) -> list[Recap]:
    """Assert that each recap in use tells what is read in its range, and that nothing older than that is missing."""
    found = await in_use(database, story)
    branch = (await stories.get(database, story.id)).branch_id
    for recap in found:
        told = await trail.read(database, branch, first=recap.first_depth, last=recap.last_depth)
        assert recap.text == "|".join(one.passage.text for one in told)
    return found


class Player:
    """Play a story at random, and remember what was in use where."""

    def __init__(self, database: Database, story: Story, seed: int) -> None:
        self.database = database
        self.story = story
        self.chance = random.Random(seed)
        self.number = 0

    async def act(self, act: str) -> None:
        """Do one thing to the story."""
        branch = await branches.get(
            self.database, (await stories.get(self.database, self.story.id)).branch_id
        )
        leaves = await trail.leaves(self.database, branch.id)
        async with self.database.transaction() as tx:
            if act == "write" or not leaves:
                for _time in range(self.chance.randint(1, 30)):
                    head = (await branches.get(tx, branch.id)).head
                    await branches.advance(tx, branch.id, await self._new(tx, head))
                return
            await self._change(tx, branch, self.chance.choice(leaves), act)

    async def _change(self, tx: Transaction, branch: Branch, leaf: Leaf, act: str) -> None:
        match act:
            case "undo":
                await branches.move(tx, branch.id, head=leaf.slot)
            case "edit":
                parent = (await passages.get(tx, leaf.slot)).parent
                await trail.show(tx, branch.id, leaf.slot, await self._new(tx, parent))
            case "hide":
                await trail.show(tx, branch.id, leaf.slot, None)
            case "restore":
                await trail.show(tx, branch.id, leaf.slot, leaf.slot)
            case "branch":
                self.number += 1
                new = await branches.create(tx, self.story.id, name=f"b{self.number}", created=1)
                await trail.inherit(tx, new.id, branch.id, last=leaf.depth)
                await branches.move(tx, new.id, head=leaf.slot)
                await stories.tell_branch(tx, self.story.id, new.id)
            case "switch":
                rows = await tx.fetch_all("SELECT id FROM branches WHERE story_id = ?", (self.story.id,))
                await stories.tell_branch(tx, self.story.id, self.chance.choice(rows)["id"])

    async def _new(self, tx: Transaction, parent: int | None) -> int:
        self.number += 1
        return (await passages.add(tx, by_person(self.story, parent, f"p{self.number}"))).id


ACTS = st.lists(
    st.sampled_from(["write", "write", "undo", "edit", "hide", "restore", "branch", "switch"]), max_size=14
)


@settings(deadline=None, max_examples=25)
@given(ACTS, st.integers(0, 10_000))
def test_each_recap_in_use_tells_exactly_what_is_read(acts: list[str], seed: int) -> None:
    """After every act, before and after recaps are made anew; and nothing that should be told is left out."""

    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with Database.open(Path(folder) / "storyloom.db") as database:
                async with database.transaction() as tx:
                    story = await stories.create(tx, new_story())
                player = Player(database, story, seed)
                for act in ["write", *acts]:
                    await player.act(act)
                    await require_true(database, story)
                    await made(database, story)
                    found = await require_true(database, story)
                    await _require_whole(database, story, found)

    asyncio.run(play())


async def _require_whole(database: Database, story: Story, found: Sequence[Recap]) -> None:
    """Assert that at most a scene's worth of passages at the end, fresh ones besides, is in no scene."""
    branch = (await stories.get(database, story.id)).branch_id
    told = await trail.read(database, branch)
    scenes = [recap for recap in found if recap.level == "scene"]
    untold = [one for one in told if not any(s.first_depth <= one.depth <= s.last_depth for s in scenes)]
    assert untold == told[len(told) - len(untold) :]
    length = (await trail.leaves(database, branch))[-1].depth + 1
    assert len([one for one in untold if one.depth < length - FRESH]) <= SCENE_PASSAGES


async def test_levels_are_built_one_upon_the_other(database: Database) -> None:
    """Scenes of a dozen passages, chapters of five scenes, and a book that grows by five chapters."""
    number = SCENE_PASSAGES * FAN * FAN * 2 + FRESH
    story, _branch, _written = await story_of(database, *[f"p{at}" for at in range(number)])
    recapper = Verbatim()
    await made(database, story, recapper)
    found = await require_true(database, story)

    ranges = {level: [(r.first_depth, r.last_depth) for r in found if r.level == level] for level in LEVELS}
    scene, chapter, book = SCENE_PASSAGES, SCENE_PASSAGES * FAN, SCENE_PASSAGES * FAN * FAN
    assert ranges["scene"] == [(at, at + scene - 1) for at in range(0, 2 * book, scene)]
    assert ranges["chapter"] == [(at, at + chapter - 1) for at in range(0, 2 * book, chapter)]
    assert ranges["book"] == [(0, book - 1), (0, 2 * book - 1)]
    assert recapper.asked[-1] == ("book", 1 + FAN)


async def test_undo_and_redo_bring_back_exactly_the_same_recaps(database: Database) -> None:
    """Ids and all: what was made once is found again, and nothing is made anew."""
    story, branch, written = await story_of(database, *[f"p{at}" for at in range(100)])
    await made(database, story)
    before = await in_use(database, story)
    async with database.transaction() as tx:
        await branches.move(tx, branch.id, head=written[20].id)
    undone = await in_use(database, story)
    async with database.transaction() as tx:
        await branches.move(tx, branch.id, head=written[99].id)
        await trail.show(tx, branch.id, written[3].id, None)
    hidden = await in_use(database, story)
    async with database.transaction() as tx:
        await trail.show(tx, branch.id, written[3].id, written[3].id)

    assert [recap.last_depth for recap in undone] == [11]
    assert all(recap.first_depth > 3 for recap in hidden)
    assert len(hidden) < len(before)
    assert await in_use(database, story) == before
    assert await made(database, story) == 0


async def test_only_what_was_edited_is_told_anew(database: Database) -> None:
    """An edit in the middle costs one scene and its chapter; all other recaps stay."""
    story, branch, written = await story_of(database, *[f"p{at}" for at in range(200)])
    await made(database, story)
    before = {recap.id for recap in await in_use(database, story)}
    async with database.transaction() as tx:
        new = await passages.add(tx, by_person(story, written[29].id, "edited"))
        await trail.show(tx, branch.id, written[30].id, new.id)
    recapper = Verbatim()
    await made(database, story, recapper)
    after = await require_true(database, story)

    assert recapper.asked == [("scene", SCENE_PASSAGES), ("chapter", FAN)]
    assert len(before & {recap.id for recap in after}) == len(before) - 2


async def test_branches_share_the_recaps_of_what_they_have_in_common(database: Database) -> None:
    """A branch begins with those of its beginning and makes only its own."""
    story, branch, written = await story_of(database, *[f"p{at}" for at in range(60)])
    await made(database, story)
    async with database.transaction() as tx:
        other = await branches.create(tx, story.id, name="other", created=1)
        await trail.inherit(tx, other.id, branch.id, last=30)
        await branches.move(tx, other.id, head=written[30].id)
        await stories.tell_branch(tx, story.id, other.id)

    assert [recap.last_depth for recap in await in_use(database, story)] == [11, 23]
    assert await made(database, await stories.get(database, story.id)) == 0


async def test_words_that_are_erased_go_from_recaps_and_prompts(database: Database) -> None:
    """Whoever has a passage blanked finds it in no recap either, not even one that was being made."""
    story, _branch, written = await story_of(database, *[f"p{at}" for at in range(90)])
    await made(database, story)
    blanking = "UPDATE passages SET text = '', author_id = NULL, author_name = NULL WHERE id = ?"

    class Slow(Verbatim):
        async def retell(self, story: Story, kind: str, texts: Sequence[str], **_rest: Any) -> Retelling:
            async with database.transaction() as tx:
                await tx.execute(blanking, (written[20].id,))
            return await super().retell(story, kind, texts)

    async with database.transaction() as tx:
        await tx.execute(blanking, (written[15].id,))
    assert not [r for r in await in_use(database, story) if r.first_depth <= 15 <= r.last_depth]
    await keeper_of(database, Slow()).keep(story.id)
    assert not [r for r in await in_use(database, story) if r.first_depth <= 20 <= r.last_depth]
    await made(database, story)
    texts = " ".join(recap.text for recap in await in_use(database, story))
    assert "p15|" not in texts
    assert "p20|" not in texts
    assert "p16|" in texts


async def test_the_prompt_is_told_everything_that_fell_out_of_its_window(database: Database) -> None:
    """From the beginning to the window without a gap: a book, chapters, scenes; the last may reach into it."""
    number = SCENE_PASSAGES * FAN * FAN + 150
    story, _branch, _written = await story_of(database, *[f"p{at}" for at in range(number)])
    await made(database, story)

    for before in (0, 1, 5, 13, 60, 61, 200, 300, 301, 333, 400, 440):
        found = await covering(database, story, before=before)
        ranges = [(recap.first_depth, recap.last_depth) for recap in found]
        assert gaps(ranges, before) == []
        assert all(first < before for first, _last in ranges)
        assert len(found) <= 1 + 2 * FAN


@pytest.mark.parametrize(
    ("ranges", "end", "wanted"),
    [
        ([], 5, [(0, 5)]),
        ([], 0, []),
        ([(0, 3), (4, 9)], 12, [(10, 12)]),
        ([(2, 3), (6, 9)], 8, [(0, 2), (4, 6)]),
        ([(0, 9), (3, 4), (8, 12)], 20, [(13, 20)]),
    ],
)
def test_gaps_are_what_no_range_covers(
    ranges: list[tuple[int, int]], end: int, wanted: list[tuple[int, int]]
) -> None:
    """Between ranges, before the first and behind the last, up to the end."""
    assert gaps(ranges, end) == wanted
