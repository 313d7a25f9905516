"""Writing, undo, redo and choosing takes keep head and tip true on every tree that hypothesis can grow."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from storage import branches, passages, stories
from storage.branches import Branch
from storage.database import Database
from storage.passages import NewPassage
from tests.stored import ALICE, BOB, CHANNEL, by_narrator, by_person, new_story, story_of

_T = TypeVar("_T")


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


class StoryTree(RuleBasedStateMachine):
    """Play on real SQLite and on a dictionary of parents, and compare."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.parents: dict[int, int | None] = {}
        self.news: dict[int, NewPassage] = {}
        self.head: int | None = None
        self.tip: int | None = None
        self.run(self._start())

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do one asynchronous step."""
        return self.runner.run(work)

    async def _start(self) -> None:
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.database = await self.stack.enter_async_context(Database.open(folder / "storyloom.db"))
        self.story, self.branch, _ = await story_of(self.database)

    def teardown(self) -> None:
        """Close the database and the loop."""
        self.run(self.stack.aclose())
        self.runner.close()

    def ancestors(self, node: int | None) -> list[int]:
        """Return the path from the root to a node, both included, as the model knows it."""
        path = []
        while node is not None:
            path.append(node)
            node = self.parents[node]
        return path[::-1]

    def children(self, node: int | None) -> list[int]:
        """Return a node's children as the model knows them."""
        return [child for child, parent in self.parents.items() if parent == node]

    async def _write(self, new: NewPassage) -> None:
        async with self.database.transaction() as tx:
            passage = await passages.add(tx, new)
            self.branch = await branches.advance(tx, self.branch.id, passage.id)
        self.parents[passage.id], self.news[passage.id] = new.parent, new
        self.head = self.tip = passage.id

    @rule(text=st.text(max_size=12), author=st.sampled_from([ALICE, BOB]))
    def person_writes(self, text: str, author: int) -> None:
        """Go on from the head as a person."""
        self.run(self._write(by_person(self.story, self.head, text, author=author)))

    @rule(text=st.text(max_size=12))
    def narrator_writes(self, text: str) -> None:
        """Go on from the head as the narrator."""
        self.run(self._write(by_narrator(self.story, self.head, text)))

    @precondition(lambda self: self.head is not None)
    @rule(text=st.text(max_size=12))
    def narrator_retries(self, text: str) -> None:
        """Write another take of the head as the narrator."""
        assert self.head is not None
        self.run(self._write(by_narrator(self.story, self.parents[self.head], text)))

    @rule()
    def undo(self) -> None:
        """Go back by one, or stay at the beginning."""
        self.branch = self.run(self._move(branches.undo))
        self.head = None if self.head is None else self.parents[self.head]

    @rule()
    def redo(self) -> None:
        """Go on by one towards the tip, or stay there."""
        self.branch = self.run(self._move(branches.redo))
        ahead = self.ancestors(self.tip)[len(self.ancestors(self.head)) :]
        self.head = ahead[0] if ahead else self.head

    @precondition(lambda self: self.head is not None)
    @rule(data=st.data())
    def choose_take(self, data: st.DataObject) -> None:
        """Make any alternative the head, and its newest descendant the tip."""
        assert self.head is not None
        take = data.draw(st.sampled_from(self.run(self._takes())))
        self.branch = self.run(self._move(lambda tx, branch: branches.choose(tx, branch, take)))
        self.head = self.tip = take
        while below := self.children(self.tip):
            self.tip = max(below)

    async def _move(self, step: Any) -> Branch:
        async with self.database.transaction() as tx:
            branch: Branch = await step(tx, self.branch)
            return branch

    async def _takes(self) -> list[int]:
        assert self.head is not None
        return await passages.takes(self.database, await passages.get(self.database, self.head))

    @invariant()
    def branch_is_as_the_model_says(self) -> None:
        """Compare head and tip; the tip lies at or below the head."""
        stored = self.run(branches.get(self.database, self.branch.id))
        assert stored == self.branch
        assert (stored.head, stored.tip) == (self.head, self.tip)
        assert self.head is None or self.head in self.ancestors(self.tip)

    @invariant()
    def path_is_as_the_model_says(self) -> None:
        """Compare texts, depths and positions of the story as read."""
        path = self.run(passages.path(self.database, self.head))
        texts = [self.news[node].text for node in self.ancestors(self.head)]
        assert [passage.id for passage in path] == self.ancestors(self.head)
        assert [passage.text for passage in path] == texts
        assert [passage.depth for passage in path] == list(range(len(path)))
        ends = [len("".join(texts[:count]).encode()) for count in range(len(texts) + 1)]
        assert [passage.bytes_before for passage in path] == ends[:-1]

    @invariant()
    def takes_are_as_the_model_says(self) -> None:
        """Compare the alternatives of the head: itself and its siblings by the same author."""
        if self.head is not None:
            mine = self.news[self.head]
            same = [
                node
                for node in self.children(self.parents[self.head])
                if (self.news[node].kind, self.news[node].author_id) == (mine.kind, mine.author_id)
            ]
            assert self.run(self._takes()) == sorted(same)

    @invariant()
    def nothing_is_lost(self) -> None:
        """Find every passage that was ever written."""
        rows = self.run(self.database.fetch_all("SELECT id FROM passages ORDER BY id"))
        assert [row["id"] for row in rows] == sorted(self.parents)


StoryTree.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestStoryTree = StoryTree.TestCase
