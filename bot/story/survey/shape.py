"""Fit a story's tree onto a page: which passages get a row of their own, and which are counted together.

A branch is a line of rows, indented below the passage where it leaves another. Passages on no branch (takes not
chosen, earlier versions, what was taken back) are no rows; they stand beside the passage that is read instead.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from bot.story.survey.writers import writer_of
from storage.branches import Branch
from storage.outlines import Sketch

ROWS = 30
LINES = 6  # branches drawn beside the current one, at the most; the others are named
BESIDE = 3  # other versions shown at a row, at the most; all are counted
Mark = Literal["", "changed", "hidden"]


@dataclass(frozen=True, slots=True)
class Row:
    """Describe one row: a passage, or several in a row (`sketch` None) that are counted together.

    `above` is the row it hangs from, None for the beginning; `heads` are the branches that end here, `beside` the
    other versions of its passages, as far as they are shown, of `versions` in all; `beyond` counts what was taken
    back behind a branch's end. `first` and `last` are places in the story, from 1.
    """

    line: int
    lane: int
    above: int | None
    first: int
    last: int
    writers: Mapping[int, int]
    sketch: Sketch | None = None
    mark: Mark = ""
    heads: tuple[str, ...] = ()
    beside: tuple[int, ...] = ()
    versions: int = 0
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """Hold the rows from top to bottom, line 0 being the branch that is read, called `reading`.

    `names` are people's newest names. `writers` counts how many of the `told` passages, those that are read, each
    wrote; `aside` counts all that are on no branch; `unseen` are the branches that are not drawn.
    """

    rows: tuple[Row, ...]
    reading: str
    names: Mapping[int, str]
    writers: Mapping[int, int]
    told: int
    aside: int
    branches: int
    unseen: tuple[str, ...]


def shape(
    sketches: Sequence[Sketch],
    branches: Sequence[Branch],
    current: int,
    shown: Mapping[int, int | None],
    *,
    rows: int = ROWS,
) -> Shape:
    """Return the page of a tree, whose sketches come parents first; `current` is the id of the branch that is read.

    `shown` tells of each of its slots what is read there, where that is another passage or none.
    """
    ordered = sorted(branches, key=lambda branch: (branch.id != current, -(branch.head or 0)))
    tree = _Tree(sketches, ordered, shown)
    picked = tree.pick(rows)
    told = [tree.read_at(slot) for slot in tree.lines[0]]
    written = [sketch for sketch in told if sketch is not None]
    return Shape(
        rows=tuple(tree.rows(picked)),
        reading=ordered[0].name,
        names={_writer(sketch): sketch.author_name or "" for sketch in sketches if sketch.author_id},
        writers=Counter(_writer(sketch) for sketch in written),
        told=len(written),
        aside=len(sketches) - len(tree.line_of),
        branches=len(branches),
        unseen=tuple(branch.name for branch in ordered[LINES + 1 :]),
    )


class _Tree:
    """Look things up in a tree while its page is laid out."""

    def __init__(
        self, sketches: Sequence[Sketch], branches: Sequence[Branch], shown: Mapping[int, int | None]
    ) -> None:
        self.by_id = {sketch.id: sketch for sketch in sketches}
        self.shown = shown
        self.heads = defaultdict(list)
        self.lines: list[list[int]] = []
        self.line_of: dict[int, int] = {}
        for number, branch in enumerate(branches):
            if branch.head is not None:
                self.heads[branch.head].append(branch.name)
            self.lines.append(self._claim(branch.head, number))
        self.children: defaultdict[int | None, list[int]] = defaultdict(list)
        self.size: Counter[int | None] = Counter()
        for sketch in sketches:
            self.children[sketch.parent].append(sketch.id)
        for sketch in reversed(sketches):
            self.size[sketch.id] += 1
            self.size[sketch.parent] += self.size[sketch.id]

    def _claim(self, head: int | None, number: int) -> list[int]:
        """Return the passages up to a head that are on no earlier line, in order; they are this line's."""
        line: list[int] = []
        at = head
        while at is not None and at not in self.line_of:
            self.line_of[at] = number
            line.append(at)
            at = self.by_id[at].parent
        return line[::-1]

    def read_at(self, slot: int) -> Sketch | None:
        """Return what is read at a slot of the current branch."""
        shown = self.shown.get(slot, slot)
        return None if shown is None else self.by_id[shown]

    def beside(self, slot: int) -> list[int]:
        """Return the other versions of what is read at a slot: siblings that are on no branch."""
        siblings = self.children[self.by_id[slot].parent]
        told = [sibling for sibling in siblings if sibling in self.line_of]
        if slot != min(told, key=lambda sibling: self.line_of[sibling]):
            return []  # they stand beside one of the siblings alone
        read = self.shown.get(slot, slot)
        return [s for s in siblings if s != read and (s not in self.line_of or s == slot)]

    def beyond(self, slot: int) -> int:
        """Return how many passages were taken back behind a slot: none where the story goes on."""
        below = self.children[slot]
        if any(child in self.line_of for child in below):
            return 0
        return self.size[slot] - 1

    def pick(self, rows: int) -> set[int]:
        """Return the passages that get a row of their own, so that all rows together are no more than that."""
        drawn = [slot for slot, line in self.line_of.items() if line <= LINES]
        ranked = sorted(drawn, key=lambda slot: (self._rank(slot), -slot))
        if len(ranked) <= rows:
            return set(ranked)
        for count in range(rows, 0, -1):
            picked = set(ranked[:count])
            if sum(1 for line in self.lines[: LINES + 1] for _group in _grouped(line, picked)) <= rows:
                return picked
        return set()

    def _rank(self, slot: int) -> int:
        """Rank what must be seen first: where the branches end, the story's beginning and what is newest in it."""
        parent = self.by_id[slot].parent
        if slot in self.heads:
            return 0
        main = self.line_of[slot] == 0
        if parent is None or slot in self.lines[0][-4:]:
            return 1
        if main and sum(self.line_of.get(child, LINES + 1) <= LINES for child in self.children[slot]) > 1:
            return 2  # where a branch leaves the story
        if self.line_of[parent] != self.line_of[slot]:
            return 3  # with what it leaves it
        return 4 if slot in self.shown else 5 if self.beside(slot) else 6

    def rows(self, picked: set[int]) -> Iterator[Row]:
        """Yield the rows: a line's, and below each the lines that leave the story there."""
        leaving: defaultdict[int | None, list[int]] = defaultdict(list)
        for number, line in enumerate(self.lines[: LINES + 1]):
            if line and number:
                leaving[self.by_id[line[0]].parent].append(number)
        made: list[Row] = []
        for number in leaving[None]:
            self._make(number, None, 1, picked, leaving, made)
        self._make(0, None, 0, picked, leaving, made)
        yield from made

    def _make(
        self,
        number: int,
        above: int | None,
        lane: int,
        picked: set[int],
        leaving: Mapping[int | None, list[int]],
        made: list[Row],
    ) -> None:
        """Make a line's rows, and those of the lines that leave it; these are few, so it may call itself."""
        for group in _grouped(self.lines[number], picked):
            made.append(self._row(number, lane, above, group))
            above = len(made) - 1
            for slot in group:
                for side in leaving.get(slot, ()):
                    self._make(side, above, lane + 1, picked, leaving, made)

    def _row(self, number: int, lane: int, above: int | None, group: list[int]) -> Row:
        beside = [other for slot in group for other in self.beside(slot)]
        read = [(slot, self.read_at(slot) if number == 0 else self.by_id[slot]) for slot in group]
        alone = group[0] if len(group) == 1 else None
        sketch = None if alone is None else read[0][1] or self.by_id[alone]
        mark: Mark = ""
        if alone is not None and number == 0 and alone in self.shown:
            mark = "hidden" if self.shown[alone] is None else "changed"
        return Row(
            line=number,
            lane=lane,
            above=above,
            first=self.by_id[group[0]].depth + 1,
            last=self.by_id[group[-1]].depth + 1,
            writers=Counter(_writer(sketch) for _slot, sketch in read if sketch is not None),
            sketch=sketch,
            mark=mark or ("changed" if sketch is not None and sketch.replaces else ""),
            heads=tuple(name for slot in group for name in self.heads.get(slot, ())),
            beside=tuple(_writer(self.by_id[other]) for other in beside[:BESIDE]),
            versions=len(beside),
            beyond=self.beyond(group[-1]),
        )


def _grouped(line: Sequence[int], picked: set[int]) -> Iterator[list[int]]:
    """Yield a line's passages: each that was picked alone, the others together."""
    for alone, some in groupby(line, picked.__contains__):
        if alone:
            yield from ([slot] for slot in some)
        else:
            yield list(some)


def _writer(sketch: Sketch) -> int:
    return writer_of(sketch.kind, sketch.author_id)
