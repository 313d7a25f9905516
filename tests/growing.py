"""Grow trees of stories without a database, for tests of what is shown of them."""

import random
from collections.abc import Sequence

from storage.branches import Branch
from storage.outlines import Sketch
from storage.passages import Kind

WRITERS = {7: "Mara", 8: "小红", 9: "Tom of the Long Wharf"}
OPENINGS = (
    "The lamp went out, and for a moment nobody on the pier dared to breathe.",
    "“你回来了。”守塔人头也不回地说。",
    "A bell rang.",
)


class Grove:
    """Hold a tree that grows; passages get ids from 1 in the order in which they are written."""

    def __init__(self) -> None:
        self.sketches: list[Sketch] = []
        self.branches: list[Branch] = []

    def write(
        self, parent: int | None, writer: int | None = 7, *, words: str = "", replaces: int | None = None
    ) -> int:
        """Add a passage by a person, or by the narrator where there is no writer."""
        number = len(self.sketches) + 1
        depth = -1 if parent is None else self.sketches[parent - 1].depth
        kind: Kind = "narrator" if writer is None else "person"
        name = WRITERS.get(writer or 0)
        opening = words or OPENINGS[0]
        self.sketches.append(Sketch(number, parent, depth + 1, kind, writer, name, replaces, opening))
        return number

    def row(self, parent: int | None, count: int, writer: int | None = 7) -> int:
        """Add passages one after the other; return the last."""
        for _ in range(count):
            parent = self.write(parent, writer)
        assert parent is not None
        return parent

    def name(self, name: str, head: int | None) -> Branch:
        """End a branch at a passage."""
        branch = Branch(len(self.branches) + 1, 1, name, head, 0)
        self.branches.append(branch)
        return branch


def grown(seed: int, size: int, *, branches: int = 4) -> Grove:
    """Grow a tree at random: writers in turn, takes beside the narrator's passages, branches anywhere."""
    chance = random.Random(seed)
    grove = Grove()

    def grow(at: int | None, count: int) -> int | None:
        for _ in range(count):
            writer = chance.choice((None, *WRITERS))
            for _take in range(chance.choice((0, 0, 0, 1, 5)) if writer is None else 0):
                grove.write(at, None, words=chance.choice(OPENINGS))
            at = grove.write(at, writer, words=chance.choice(OPENINGS))
        return at

    grove.name("main", grow(None, size))
    for number in range(branches):
        start = chance.choice((None, *range(1, len(grove.sketches) + 1)))
        grove.name(f"支线 {number}", grow(start, chance.randint(0, max(1, size // 4))))
    return grove


def ids(sketches: Sequence[Sketch | None]) -> list[int | None]:
    """Return the ids of what is shown, None where several are shown together."""
    return [sketch.id if sketch else None for sketch in sketches]
