"""Whatever people do to a story's tree, it reads as a plain model says, and what was taken back comes back exactly."""

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.clock import now
from bot.errors import Refused
from bot.story import standing
from bot.story.people import Person, Place
from bot.story.storyteller import Storyteller
from bot.story.tree import history
from bot.story.tree.editing import Editor
from bot.story.tree.walking import Forester
from storage import branches, passages, stories, trail
from storage.branches import Branch
from storage.database import Database
from storage.passages import NewPassage
from storage.trail import Leaf
from tests.stored import new_story

_T = TypeVar("_T")
PLACE = Place(1, 2)
# A failing story is short enough as it is found, and shrinking it takes minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
ADA = Person(12, "Ada", moderator=True)
NAMES = ("main", "storm", "calm")


@dataclass(frozen=True)
class Step:
    """Lead between two heads, or between two passages shown in a slot."""

    slot: int | None
    back: int | None
    ahead: int | None
    head: int | None = None
    kind: str = ""


@dataclass
class Line:
    """Model a branch: its path, what is shown in its slots, and what can be undone and redone."""

    path: list[int] = field(default_factory=list)
    shown: dict[int, int | None] = field(default_factory=dict)
    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)

    @property
    def head(self) -> int | None:
        """Return the newest slot."""
        return self.path[-1] if self.path else None

    def at(self, slot: int | None) -> int | None:
        """Return what is read in a slot."""
        return None if slot is None else self.shown.get(slot, slot)

    @property
    def leaves(self) -> list[Leaf]:
        """Return the path as the trail should have it."""
        return [Leaf(depth, slot, self.at(slot)) for depth, slot in enumerate(self.path)]

    @property
    def told(self) -> list[int]:
        """Return the slots in which something is read."""
        return [slot for slot in self.path if self.at(slot) is not None]


class Tree(RuleBasedStateMachine):
    """Play on real SQLite and on the model, and compare after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.parents: dict[int, int | None] = {}
        self.rows: list[tuple[object, ...]] = []
        self.lines: dict[str, Line] = {"main": Line()}
        self.name = "main"
        self.texts = 0

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do one asynchronous step."""
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        """Start a story."""
        self.run(self._begin())

    async def _begin(self) -> None:
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.database = await self.stack.enter_async_context(Database.open(folder / "storyloom.db"))
        async with self.database.transaction() as tx:
            self.story = await stories.create(tx, new_story(guild_id=1, channel_id=2))
        self.storyteller = Storyteller(database=self.database, longest=100)
        self.editor = Editor(database=self.database, longest=100)
        self.forester = Forester(database=self.database)

    def teardown(self) -> None:
        """Close the database and the loop."""
        self.run(self.stack.aclose())
        self.runner.close()

    # The model

    @property
    def line(self) -> Line:
        """Return the branch that is told."""
        return self.lines[self.name]

    def new_text(self) -> str:
        """Return words that nobody wrote yet."""
        self.texts += 1
        return f"passage {self.texts}"

    def path_of(self, node: int | None) -> list[int]:
        """Return the way from the root to a passage."""
        path = []
        while node is not None:
            path.append(node)
            node = self.parents[node]
        return path[::-1]

    def close_way(self, slot: int | None, back: int | None) -> None:
        """Forget what led on from where another way was taken."""
        self.line.undone = [s for s in self.line.undone if (s.slot, s.back) != (slot, back)]

    def put(self, slot: int, new: int, kind: str) -> None:
        """Let another passage be read in a slot."""
        line = self.line
        if slot != line.head:
            self.close_way(slot, line.at(slot))
            line.done.append(Step(slot, line.at(slot), new, line.head, kind))
            line.shown[slot] = new
            return
        if kind != "take":
            self.close_way(None, self.parents[new])
        if kind == "edit":
            line.done.append(Step(None, slot, new, new, kind))
        line.path[-1] = new
        line.shown[new] = new

    def go_back(self, to: int | None) -> None:
        """Let the branch end at a slot."""
        line = self.line
        line.undone.append(Step(None, to, line.head))
        line.path = self.path_of(to)

    def walk(self, step: Step, to: int | None) -> None:
        """Put the head, or what a slot shows, where a step leads."""
        if step.slot is None:
            self.line.path = self.path_of(to)
        else:
            self.line.shown[step.slot] = to

    # What people do

    @rule()
    def write(self) -> None:
        """Go on from the head."""
        written = self.run(self.storyteller.write(PLACE, ADA, self.new_text()))
        assert written.passage is not None
        self.parents[written.passage.id] = self.line.head
        self.close_way(None, self.line.head)
        self.line.path.append(written.passage.id)

    @precondition(lambda self: self.line.told)
    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        """Put other words anywhere."""
        slot = data.draw(st.sampled_from(self.line.told))
        shown = self.line.at(slot)
        assert shown is not None
        moved = self.run(self.editor.edit(PLACE, ADA, shown, self.new_text()))
        (change,) = moved.changes
        assert change.before == shown
        assert change.after is not None
        self.parents[change.after] = self.parents[slot]
        self.put(slot, change.after, "edit")

    @precondition(lambda self: self.line.told)
    @rule(data=st.data())
    def retake(self, data: st.DataObject) -> None:
        """Write another take anywhere, as the narrator does."""
        slot = data.draw(st.sampled_from(self.line.told))
        new = self.run(self._retake(slot))
        self.parents[new] = self.parents[slot]
        self.put(slot, new, "retake")

    async def _retake(self, slot: int) -> int:
        async with self.database.transaction() as tx:
            branch = await self._branch(tx)
            leaf = await trail.find(tx, branch.id, slot)
            assert leaf is not None
            assert leaf.shown is not None
            old = await passages.get(tx, leaf.shown)
            passage = await passages.add(
                tx,
                NewPassage(
                    story_id=self.story.id,
                    parent=old.parent,
                    kind="person",
                    author_id=ADA.id,
                    text=self.new_text(),
                    created=now(),
                    replaces=old.id,
                ),
            )
            await history.replace(tx, branch, leaf, passage.id, "retake")
            return passage.id

    async def _branch(self, reader: Any) -> Branch:
        return (await standing.of(reader, await stories.get(reader, self.story.id))).branch

    @precondition(lambda self: self.line.told)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        """Take back a passage anywhere."""
        slot = data.draw(st.sampled_from(self.line.told))
        shown = self.line.at(slot)
        assert shown is not None
        self.run(self.editor.take_back(PLACE, ADA, shown))
        if slot == self.line.head:
            self.go_back(self.line.told[-2] if len(self.line.told) > 1 else None)
        else:
            self.line.undone.append(Step(slot, None, shown))
            self.line.shown[slot] = None

    @precondition(lambda self: self.line.told)
    @rule(data=st.data(), step=st.sampled_from([1, -1]))
    def turn(self, data: st.DataObject, step: int) -> None:
        """Choose another take anywhere."""
        slot = data.draw(st.sampled_from(self.line.told))
        shown = self.line.at(slot)
        assert shown is not None
        takes = sorted(node for node, parent in self.parents.items() if parent == self.parents[slot])
        try:
            self.run(self.editor.turn(PLACE, ADA, shown, step=step))
        except Refused:
            assert len(takes) < 2
            return
        self.put(slot, takes[(takes.index(shown) + step) % len(takes)], "take")

    @precondition(lambda self: self.line.told)
    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        """Go back far."""
        number = data.draw(st.integers(0, len(self.line.told)))
        to = self.line.told[number - 1] if number else None
        try:
            self.run(self.forester.roll_back(PLACE, ADA, str(number)))
        except Refused:
            assert to == self.line.head
            return
        self.go_back(to)

    @rule(name=st.sampled_from(NAMES))
    def branch(self, name: str) -> None:
        """Open a branch, or switch to it."""
        if name == self.name:
            return
        self.run(self.forester.branch(PLACE, ADA, name))
        self.lines.setdefault(name, Line(list(self.line.path), dict(self.line.shown)))
        self.name = name

    @precondition(lambda self: self.parents and len(self.lines) < len(NAMES))
    @rule(data=st.data())
    def branch_from(self, data: st.DataObject) -> None:
        """Open a branch at any passage that was ever written."""
        node = data.draw(st.sampled_from(sorted(self.parents)))
        name = next(name for name in NAMES if name not in self.lines)
        self.run(self.forester.branch_from(PLACE, ADA, node, name))
        slots = [slot for slot in self.line.path if node in (slot, self.line.at(slot))]
        head = slots[0] if slots else node
        shown = dict(self.line.shown)
        if not slots or shown.get(head, head) is None:
            shown[head] = head
        self.lines[name] = Line(self.path_of(head), shown)
        self.name = name

    @rule()
    def undo(self) -> None:
        """Take back what was done last; redo brings exactly that back."""
        before = self.run(self._all())
        line = self.line
        step = next(
            (
                s
                for s in reversed(line.done)
                if s.head == line.head and s.ahead == (line.head if s.slot is None else line.at(s.slot))
            ),
            None,
        )
        try:
            self.run(self.storyteller.undo(PLACE, ADA))
        except Refused:
            assert not line.path
            return
        after = self.run(self._all())
        self.run(self.storyteller.redo(PLACE, ADA))
        assert self.run(self._all()) == before
        self.run(self.storyteller.undo(PLACE, ADA))
        assert self.run(self._all()) == after
        if step is None:
            self.go_back(line.told[-2] if len(line.told) > 1 else None)
        else:
            line.done.remove(step)
            line.undone.append(step)
            self.walk(step, step.back)

    @rule()
    def redo(self) -> None:
        """Bring back what was taken back last, if that leads on from here."""
        line = self.line
        step = next(
            (
                s
                for s in reversed(line.undone)
                if (
                    s.back == line.head
                    if s.slot is None
                    else s.slot in line.path and line.at(s.slot) == s.back
                )
            ),
            None,
        )
        try:
            self.run(self.storyteller.redo(PLACE, ADA))
        except Refused:
            assert step is None
            return
        assert step is not None
        line.undone.remove(step)
        self.walk(step, step.ahead)
        if step.kind:
            head = step.ahead if step.slot is None else line.head
            line.done.append(Step(step.slot, step.back, step.ahead, head, step.kind))

    @precondition(lambda self: self.line.told)
    @rule()
    def bring_all_back(self) -> None:
        """Go forward as far as it goes; then nothing is left to bring back."""
        while True:
            before = self.line.path, dict(self.line.shown)
            self.redo()
            if before == (self.line.path, self.line.shown):
                break
        try:
            self.run(self.forester.bring_back(PLACE, ADA))
        except Refused as refusal:
            assert "nothing to bring back" in str(refusal)  # noqa: PT017  # one of two ways out of a rule
        else:
            raise AssertionError("something was left")

    # What must hold

    async def _all(self) -> list[Leaf]:
        return await trail.leaves(self.database, (await self._branch(self.database)).id)

    @invariant()
    def every_branch_reads_as_the_model_says(self) -> None:
        """Compare what each branch reads, and its head."""
        if not hasattr(self, "story"):
            return
        told = self.run(self._branch(self.database))
        assert told.name == self.name
        for branch in self.run(branches.of_story(self.database, self.story.id)):
            line = self.lines[branch.name]
            assert branch.head == line.head
            assert self.run(trail.leaves(self.database, branch.id)) == line.leaves

    @invariant()
    def the_newest_slot_is_always_read(self) -> None:
        """Find no gap at the end of a story."""
        assert self.line.at(self.line.head) is not None or not self.line.path

    @invariant()
    def nothing_is_lost_or_changed(self) -> None:
        """Find every passage that was ever written as it was written."""
        if not hasattr(self, "story"):
            return
        rows = self.run(
            self.database.fetch_all("SELECT id, parent, text, replaces FROM passages ORDER BY id")
        )
        found = [tuple(row) for row in rows]
        assert found[: len(self.rows)] == self.rows
        assert [(row[0], row[1]) for row in found] == sorted(self.parents.items())
        self.rows = found


Tree.TestCase.settings = settings(max_examples=25, stateful_step_count=40, deadline=None, phases=PHASES)
TestTree = Tree.TestCase
