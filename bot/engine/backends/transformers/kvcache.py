"""Keep the keys and values of many sequences in pages, as whoever reads them likes them best."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch

PAGE_TOKENS = {"cpu": 32, "cuda": 256}  # torch's paged kernel takes multiples of 256
SCRATCH = 0  # the page that takes what nobody shall read; no sequence ever holds it


@dataclass(frozen=True, slots=True)
class Saved:
    """Hold a sequence's pages in main memory, one by one."""

    pages: list[torch.Tensor]

    @property
    def bytes(self) -> int:
        """Return their size."""
        return sum(page.nbytes for page in self.pages)


class KVCache:
    """Hold all pages of all layers in one tensor.

    With `kernel`, which a card has, it is [layers, 2 (keys, values), pages, tokens, heads, width], as torch's paged
    kernel reads it. Else it is [layers, 2, heads, pages, tokens, width]: a head's tokens then stand in one piece as
    long as its sequence's pages do, and are read without a copy. `windows` gathers how far back layers looked that
    look back no farther.
    """

    def __init__(
        self,
        *,
        layers: int,
        heads: int,
        width: int,
        pages: int,
        page_tokens: int,
        dtype: torch.dtype,
        device: torch.device,
        kernel: bool | None = None,
    ) -> None:
        self.page_tokens = page_tokens
        self.pages = pages
        self.device = device
        self.kernel = device.type == "cuda" if kernel is None else kernel
        self.windows: set[int] = set()
        self._axis = 2 if self.kernel else 3
        page = (pages, page_tokens, heads, width) if self.kernel else (heads, pages, page_tokens, width)
        # A card's kernel multiplies what it masks by 0, which leaves NaN what it is; a processor reads only what was
        # written, and main memory that nobody wrote to costs nothing.
        make = torch.zeros if device.type == "cuda" else torch.empty
        self._data = make(layers, 2, *page, dtype=dtype, device=device)
        self._flat = self._data.flatten(self._axis, self._axis + 1)  # tokens of all pages in one row

    @property
    def bytes(self) -> int:
        """Return the size of all pages."""
        return self._data.nbytes

    @property
    def page_bytes(self) -> int:
        """Return the size of one page, over all layers."""
        return self._data.nbytes // self.pages

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor, slots: torch.Tensor) -> None:
        """Put keys and values, [heads, total, width] each, into their places."""
        for side, new in zip(self._flat[layer], (keys, values), strict=True):
            side.index_copy_(self._axis - 2, slots, new.transpose(0, 1) if self.kernel else new)

    def read(
        self, layer: int, pages: Sequence[int], start: int, stop: int, *, in_a_row: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return keys and values of a sequence's tokens from `start` to `stop`, [1, heads, tokens, width].

        `in_a_row` tells what `consecutive` says of the pages. Not for a kernel's pages.
        """
        if in_a_row:
            first = pages[0] * self.page_tokens
            return self._flat[layer, 0, None, :, first + start : first + stop], (
                self._flat[layer, 1, None, :, first + start : first + stop]
            )
        index = torch.tensor(pages[: -(-stop // self.page_tokens)], device=self.device)
        found = self._data[layer].index_select(2, index).flatten(2, 3)[:, :, start:stop]
        return found[0, None], found[1, None]

    def paged(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a layer's keys and values as [pages, tokens, heads, width]; for a kernel's pages only."""
        return self._data[layer, 0], self._data[layer, 1]

    def blank(self, pages: Sequence[int]) -> None:
        """Empty pages that may hold no numbers: a kernel that looks beyond a story's end would carry them on."""
        for page in pages:
            self._page(page).zero_()

    def copy(self, source: int, target: int) -> None:
        """Copy one page."""
        self._page(target).copy_(self._page(source))

    def save(self, pages: Sequence[int]) -> Saved:
        """Copy pages into main memory, pinned where there is a card that will want them back.

        Raises MemoryError if there is no room.
        """
        # One by one: the card has no room to gather them first, or nobody would save anything.
        saved = Saved([self._host_page().copy_(self._page(page), non_blocking=True) for page in pages])
        if self.device.type == "cuda":
            torch.cuda.current_stream().synchronize()
        return saved

    def load(self, saved: Saved, pages: Sequence[int]) -> None:
        """Copy the first of the saved pages back, as many as are named, to other places perhaps."""
        for data, page in zip(saved.pages, pages, strict=False):
            self._page(page).copy_(data, non_blocking=True)

    def _page(self, page: int) -> torch.Tensor:
        """Return a page of all layers, as a view."""
        return self._data.select(self._axis, page)

    def _host_page(self) -> torch.Tensor:
        try:
            return torch.empty(
                self._page(SCRATCH).shape, dtype=self._data.dtype, pin_memory=self.device.type == "cuda"
            )
        except RuntimeError as error:
            raise MemoryError(str(error)) from error


def consecutive(pages: Sequence[int]) -> bool:
    """Tell whether pages follow each other."""
    return all(after == before + 1 for before, after in pairwise(pages))


def slots_of(pages: Sequence[int], page_tokens: int, start: int, stop: int) -> list[int]:
    """Return the places, counted over all pages, of a sequence's tokens from `start` to `stop`."""
    return [pages[at // page_tokens] * page_tokens + at % page_tokens for at in range(start, stop)]
