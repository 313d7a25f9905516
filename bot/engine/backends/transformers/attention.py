"""Keep the keys and values of many sequences in pages, and let a model's layers attend to them.

A forward pass runs over tokens of several sequences packed in one row, `[1, total]`; a `Plan` says whose they are. The
library's models call `attend` through its attention interface, layer by layer. On a card torch's paged kernel reads
the pages where they are; on a processor a sequence whose pages follow each other is read as a view, without a copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

IMPLEMENTATION = "storyloom_paged"
PAGE_TOKENS = {"cpu": 32, "cuda": 256}  # torch's paged kernel takes multiples of 256
SCRATCH = 0  # the page that takes what nobody shall read; no sequence ever holds it


@dataclass(frozen=True, slots=True)
class Span:
    """Say where one sequence's tokens stand in the packed row, and where its keys are.

    Tokens `begin` to `end` of the row are the last of `length` that the sequence then has in `pages`.
    """

    begin: int
    end: int
    length: int
    pages: Sequence[int]


@dataclass(slots=True)
class Plan:
    """Hold what every layer of one forward pass needs to know.

    `slots` [total] are the places in the pages where the row's keys and values go. The rest is for the kernel only:
    `query_ends` [sequences + 1], `lengths` [sequences] and `table` [sequences, pages] as it wants them.
    """

    cache: "KVCache"
    slots: torch.Tensor
    spans: Sequence[Span] = ()
    query_ends: torch.Tensor | None = None
    lengths: torch.Tensor | None = None
    table: torch.Tensor | None = None
    longest_query: int = 1
    longest: int = 1
    masks: dict[tuple[int, int], torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """Hold a sequence's pages in main memory, each [layers, 2, tokens, heads, width]."""

    pages: list[torch.Tensor]

    @property
    def bytes(self) -> int:
        """Return their size."""
        return sum(page.nbytes for page in self.pages)


class KVCache:
    """Hold all pages of all layers in one tensor: [layers, 2 (keys, values), pages, tokens, heads, width].

    `kernel` tells whether they are read by torch's paged kernel, which is there on a card only; `windows` gathers how
    far back layers looked that look back no farther.
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
    ) -> None:
        self.page_tokens = page_tokens
        self.pages = pages
        self.device = device
        self.kernel = device.type == "cuda"
        self.windows: set[int] = set()
        # A card's kernel multiplies what it masks by 0, which leaves NaN what it is; a processor reads only what was
        # written, and main memory that nobody wrote to costs nothing.
        make = torch.zeros if device.type == "cuda" else torch.empty
        self._data = make(layers, 2, pages, page_tokens, heads, width, dtype=dtype, device=device)
        flat = (pages * page_tokens, heads, width)
        self._keys = [layer[0].view(flat) for layer in self._data]
        self._values = [layer[1].view(flat) for layer in self._data]

    @property
    def bytes(self) -> int:
        """Return the size of all pages."""
        return self._data.nbytes

    @property
    def page_bytes(self) -> int:
        """Return the size of one page, over all layers."""
        return self._data.nbytes // self.pages

    def write(self, layer: int, keys: torch.Tensor, values: torch.Tensor, slots: torch.Tensor) -> None:
        """Put keys and values, [total, heads, width] each, into their places."""
        self._keys[layer].index_copy_(0, slots, keys)
        self._values[layer].index_copy_(0, slots, values)

    def read(
        self, layer: int, pages: Sequence[int], start: int, stop: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return keys and values of a sequence's tokens from `start` to `stop`, [1, heads, tokens, width]."""
        first, last = start // self.page_tokens, -(-stop // self.page_tokens)
        held = pages[first:last]
        start, stop = start - first * self.page_tokens, stop - first * self.page_tokens
        if all(after == before + 1 for before, after in pairwise(held)):
            start, stop = start + held[0] * self.page_tokens, stop + held[0] * self.page_tokens
            keys, values = self._keys[layer][start:stop], self._values[layer][start:stop]
        else:
            index = torch.tensor(held, device=self.device)
            keys, values = (side[index].flatten(0, 1)[start:stop] for side in self._data[layer])
        return keys.transpose(0, 1)[None], values.transpose(0, 1)[None]

    def blank(self, pages: Sequence[int]) -> None:
        """Empty pages that may hold no numbers: a kernel that looks beyond a story's end would carry them on."""
        for page in pages:
            self._data[:, :, page] = 0

    def paged(self, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a layer's keys and values as [pages, tokens, heads, width]."""
        return self._data[layer, 0], self._data[layer, 1]

    def copy(self, source: int, target: int) -> None:
        """Copy one page."""
        self._data[:, :, target] = self._data[:, :, source]

    def save(self, pages: Sequence[int]) -> Saved:
        """Copy pages into main memory, pinned where there is a card that will want them back.

        Raises MemoryError if there is no room.
        """
        # One by one: the card has no room to gather them first, or nobody would save anything.
        saved = Saved([self._host_page().copy_(self._data[:, :, page], non_blocking=True) for page in pages])
        if self.device.type == "cuda":
            torch.cuda.current_stream().synchronize()
        return saved

    def load(self, saved: Saved, pages: Sequence[int]) -> None:
        """Copy the first of the saved pages back, as many as are named, to other places perhaps."""
        for data, page in zip(saved.pages, pages, strict=False):
            self._data[:, :, page].copy_(data, non_blocking=True)

    def _host_page(self) -> torch.Tensor:
        layers, sides, _pages, *page = self._data.shape
        try:
            return torch.empty(
                layers, sides, *page, dtype=self._data.dtype, pin_memory=self.device.type == "cuda"
            )
        except RuntimeError as error:
            raise MemoryError(str(error)) from error


def slots_of(pages: Sequence[int], page_tokens: int, start: int, stop: int) -> list[int]:
    """Return the places, counted over all pages, of a sequence's tokens from `start` to `stop`."""
    return [pages[at // page_tokens] * page_tokens + at % page_tokens for at in range(start, stop)]


def register() -> None:
    """Make `IMPLEMENTATION` known to the library; its models build no mask for what has no mask function."""
    AttentionInterface.register(IMPLEMENTATION, attend)


def attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    plan: Plan,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **_kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Write a layer's new keys and values and return what its queries find: [1, total, heads, width].

    Query, key and value come as [1, heads, total, width].
    """
    if sliding_window:
        plan.cache.windows.add(sliding_window)
    layer = module.layer_idx
    assert isinstance(layer, int)
    plan.cache.write(layer, key[0].transpose(0, 1), value[0].transpose(0, 1), plan.slots)
    if plan.table is not None:
        return _in_kernel(layer, query, plan, scaling, sliding_window)[None], None
    return _row_by_row(layer, query, plan, scaling, sliding_window), None


def _in_kernel(
    layer: int, query: torch.Tensor, plan: Plan, scaling: float | None, window: int | None
) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn  # asks the card when imported

    keys, values = plan.cache.paged(layer)
    assert plan.query_ends is not None
    found = varlen_attn(
        query[0].transpose(0, 1).contiguous(),
        keys,
        values,
        plan.query_ends,
        None,
        plan.longest_query,
        plan.longest,
        scale=scaling,
        window_size=(window - 1 if window else -1, 0),
        enable_gqa=True,
        seqused_k=plan.lengths,
        block_table=plan.table,
    )
    assert isinstance(found, torch.Tensor)
    return found


def _row_by_row(
    layer: int, query: torch.Tensor, plan: Plan, scaling: float | None, window: int | None
) -> torch.Tensor:
    found = torch.empty_like(query)
    for span in plan.spans:
        asked = span.end - span.begin
        # What no query of the span sees for its window need not be read.
        start = max(0, span.length - asked + 1 - window) if window else 0
        keys, values = plan.cache.read(layer, span.pages, start, span.length)
        found[:, :, span.begin : span.end] = scaled_dot_product_attention(
            query[:, :, span.begin : span.end],
            keys,
            values,
            attn_mask=_mask(plan, asked, span.length - start, window),
            is_causal=asked > 1 and asked == span.length - start and not window,
            scale=scaling,
            enable_gqa=True,
        )
    return found.transpose(1, 2)


def _mask(plan: Plan, asked: int, length: int, window: int | None) -> torch.Tensor | None:
    """Return who of `asked` last tokens sees whom of `length`, [asked, length]; None where all see what they may."""
    if asked == 1 or (asked == length and not window):
        return None
    if (mask := plan.masks.get((asked, length))) is not None and not window:
        return mask
    queries = torch.arange(length - asked, length)[:, None]
    keys = torch.arange(length)[None, :]
    mask = keys <= queries
    if window:
        return mask & (keys > queries - window)
    plan.masks[asked, length] = mask
    return mask
