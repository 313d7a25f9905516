"""Let a model's layers attend to many sequences at once, whose keys and values are in pages.

A forward pass runs over tokens of several sequences packed in one row, `[1, total]`; a `Plan` says whose they are. The
library's models call `attend` through its attention interface, layer by layer. On a card torch's paged kernel reads
the pages where they are; on a processor a sequence whose pages follow each other is read as a view, without a copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from bot.engine.backends.transformers.kvcache import KVCache

IMPLEMENTATION = "storyloom_paged"


@dataclass(frozen=True, slots=True)
class Span:
    """Say where one sequence's tokens stand in the packed row, and where its keys are.

    Tokens `begin` to `end` of the row are the last of `length` that the sequence then has in `pages`, which follow each
    other if `in_a_row`.
    """

    begin: int
    end: int
    length: int
    pages: Sequence[int]
    in_a_row: bool


@dataclass(slots=True)
class Plan:
    """Hold what every layer of one forward pass needs to know.

    `slots` [total] are the places in the pages where the row's keys and values go. The rest is for the kernel only:
    `query_ends` [sequences + 1], `lengths` [sequences] and `table` [sequences, pages] as it wants them.
    """

    cache: KVCache
    slots: torch.Tensor
    spans: Sequence[Span] = ()
    query_ends: torch.Tensor | None = None
    lengths: torch.Tensor | None = None
    table: torch.Tensor | None = None
    longest_query: int = 1
    longest: int = 1
    masks: dict[tuple[int, int], torch.Tensor] = field(default_factory=dict)


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
    plan.cache.write(layer, key[0], value[0], plan.slots)
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
        keys, values = plan.cache.read(layer, span.pages, start, span.length, in_a_row=span.in_a_row)
        asking = query[:, :, span.begin : span.end]
        if asked == 1:
            # The queries that share a head stand in for its one query's rows: each key is read once for all of them.
            grouped = asking.reshape(1, keys.shape[1], -1, asking.shape[3])
            answer = scaled_dot_product_attention(grouped, keys, values, scale=scaling).reshape(asking.shape)
        else:
            mask = _mask(plan, asked, span.length - start, window)
            answer = scaled_dot_product_attention(
                asking, keys, values, attn_mask=mask, is_causal=mask is None, scale=scaling, enable_gqa=True
            )
        found[:, :, span.begin : span.end] = answer
    return found.transpose(1, 2)


def _mask(plan: Plan, asked: int, length: int, window: int | None) -> torch.Tensor | None:
    """Return who of `asked` last tokens sees whom of `length`, [asked, length]; None where all see what came before."""
    if asked == length and not window:
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
