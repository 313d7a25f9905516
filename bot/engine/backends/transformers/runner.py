"""Run the model once over tokens of many sequences: packed in one row, without padding."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch

from bot.engine.backends.transformers.adapters import Adapters
from bot.engine.backends.transformers.attention import Plan, Span
from bot.engine.backends.transformers.graphs import DecodeGraphs
from bot.engine.backends.transformers.kvcache import KVCache, consecutive, slots_of


@dataclass(frozen=True, slots=True)
class Row:
    """Ask for one sequence's next tokens to be read: `tokens` stand from place `start` on, in its `pages`.

    Only of a row that `wants_logits` is it worked out what may follow.
    """

    tokens: Sequence[int]
    start: int
    pages: Sequence[int]
    adapter: str = ""
    wants_logits: bool = True


class Runner:
    """Run forward passes; used by one thread."""

    def __init__(
        self,
        *,
        model: Callable[..., Any],
        cache: KVCache,
        adapters: Adapters,
        graphs: DecodeGraphs | None = None,
    ) -> None:
        self.cache = cache
        self.adapters = adapters
        self._model = model
        self._graphs = graphs

    @torch.inference_mode()
    def forward(self, rows: Sequence[Row]) -> torch.Tensor:
        """Read all rows' tokens; return the logits after the last one of each row that wants them, in their order."""
        decoding = all(len(row.tokens) == 1 and row.wants_logits and not row.adapter for row in rows)
        if self._graphs is not None and decoding and self._graphs.fits(len(rows)):
            return self._graphs.replay(
                [row.tokens[0] for row in rows], [row.start for row in rows], [row.pages for row in rows]
            )
        ends = list(accumulate(len(row.tokens) for row in rows))
        device = self.cache.device
        ids = torch.tensor([[token for row in rows for token in row.tokens]], device=device)
        places = [place for row in rows for place in range(row.start, row.start + len(row.tokens))]
        wanted = [end - 1 for row, end in zip(rows, ends, strict=True) if row.wants_logits]
        with self._adapted(rows, ends):
            answer = self._model(
                input_ids=ids,
                position_ids=torch.tensor([places], device=device),
                use_cache=False,
                # The library takes no empty choice; one that nobody asked for costs little.
                logits_to_keep=torch.tensor(wanted or [0], device=device),
                plan=self._plan(rows, ends),
            )
        logits = answer.logits[0, : len(wanted)]
        assert isinstance(logits, torch.Tensor)
        return logits

    def _adapted(self, rows: Sequence[Row], ends: Sequence[int]) -> AbstractContextManager[None]:
        return self.adapters.use(
            [
                (row.adapter, slice(end - len(row.tokens), end))
                for row, end in zip(rows, ends, strict=True)
                if row.adapter
            ]
        )

    def _plan(self, rows: Sequence[Row], ends: Sequence[int]) -> Plan:
        cache = self.cache
        slots = [
            slot
            for row in rows
            for slot in slots_of(row.pages, cache.page_tokens, row.start, row.start + len(row.tokens))
        ]
        spans = [_span(row, end, cache.page_tokens) for row, end in zip(rows, ends, strict=True)]
        plan = Plan(cache, torch.tensor(slots, device=cache.device), spans)
        if cache.kernel:
            _describe_for_kernel(plan, ends)
        return plan


def _span(row: Row, end: int, page_tokens: int) -> Span:
    length = row.start + len(row.tokens)
    used = row.pages[: -(-length // page_tokens)]
    return Span(end - len(row.tokens), end, length, used, consecutive(used))


def _describe_for_kernel(plan: Plan, ends: Sequence[int]) -> None:
    device = plan.cache.device
    lengths = [span.length for span in plan.spans]
    plan.longest_query = max(span.end - span.begin for span in plan.spans)
    plan.longest = max(lengths)
    table = torch.zeros(len(lengths), max(len(span.pages) for span in plan.spans), dtype=torch.int32)
    for number, span in enumerate(plan.spans):
        table[number, : len(span.pages)] = torch.tensor(span.pages, dtype=torch.int32)
    plan.query_ends = torch.tensor([0, *ends], dtype=torch.int32, device=device)
    plan.lengths = torch.tensor(lengths, dtype=torch.int32, device=device)
    plan.table = table.to(device, non_blocking=True)
