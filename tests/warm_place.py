"""Run texts over a small pool of pages in which each token leaves a trace of all that came before it."""

from collections.abc import Sequence
from weakref import WeakSet

from bot.engine.backends.transformers.pages import PagePool
from bot.engine.backends.transformers.warm import Lease, WarmStories

PAGE = 4
PAGE_BYTES = 10


class SavedCells:
    """Hold what stood in pages."""

    def __init__(self, cells: list[list[object]]) -> None:
        self.cells = cells
        self.bytes = len(cells) * PAGE_BYTES


class Broken(Exception):
    """Tell that a page could not be moved."""


class CellMover:
    """Move what stands in the places of pages, and fail when told to."""

    page_bytes = PAGE_BYTES

    def __init__(self, pages: int) -> None:
        self.cells: list[list[object]] = [[None] * PAGE for _page in range(pages)]
        self.saved: WeakSet[SavedCells] = WeakSet()
        self.moves: list[str] = []
        self.fails_in: int | None = None

    def copy(self, source: int, target: int) -> None:
        """Copy one page's cells."""
        self._count("copy")
        self.cells[target] = list(self.cells[source])

    def save(self, pages: Sequence[int]) -> SavedCells:
        """Copy cells out."""
        self._count("save")
        saved = SavedCells([list(self.cells[page]) for page in pages])
        self.saved.add(saved)
        return saved

    def load(self, saved: SavedCells, pages: Sequence[int]) -> None:
        """Copy the first saved cells back."""
        self._count("load")
        for page, cells in zip(pages, saved.cells, strict=False):
            self.cells[page] = list(cells)

    def _count(self, move: str) -> None:
        if self.fails_in is not None:
            self.fails_in -= 1
            if self.fails_in < 0:
                raise Broken
        self.moves.append(move)


class Place:
    """Run texts over a small pool: what a token leaves in its cell tells all that came before it."""

    def __init__(self, *, pages: int = 20, host_pages: int = 0, spare: int = 0) -> None:
        self.pool = PagePool(pages + 1, page_tokens=PAGE, first=1)
        self.mover = CellMover(pages + 1)
        self.host_bytes = host_pages * PAGE_BYTES
        self.warm = WarmStories(self.pool, self.mover, self.host_bytes, spare_tokens=spare)

    def read(self, lease: Lease, tokens: Sequence[int], stamp: object = "") -> None:
        """Compute tokens that follow in a lease, each into a cell of which the lease is the only holder."""
        for token in tokens:
            at = len(lease.tokens)
            page = lease.pages[at // PAGE]
            assert self.pool.holders(page) == 1
            lease.tokens.append(token)
            self.mover.cells[page][at % PAGE] = (lease.key, stamp, tuple(lease.tokens))

    def holds(self, lease: Lease, stamp: object = "") -> bool:
        """Tell whether all of a lease's tokens stand in its pages."""
        return all(
            self.mover.cells[lease.pages[at // PAGE]][at % PAGE]
            == (lease.key, stamp, tuple(lease.tokens[: at + 1]))
            for at in range(len(lease.tokens))
        )

    def turn(self, prompt: Sequence[int], answer: Sequence[int] = (), *, key: str = "story") -> Lease:
        """Run a whole text and return its lease, which has ended."""
        lease = self.warm.begin(key, prompt, room=len(answer), warm=True)
        assert lease.tokens == list(prompt[: lease.cached])
        assert self.holds(lease)
        self.read(lease, [*prompt[lease.cached :], *answer])
        self.warm.end(lease)
        return lease

    @property
    def free(self) -> int:
        """Return how many pages nobody holds."""
        return self.pool.free
