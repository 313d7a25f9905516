"""Capture one token's step for small batches on a card, so that a step costs one launch instead of thousands."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

import torch

from bot.engine.backends.transformers.attention import Plan
from bot.engine.backends.transformers.kvcache import SCRATCH, KVCache

SIZES = (1, 2, 4, 8, 12, 16, 24, 32)
WARMUPS = 2  # runs before the capture, in which libraries choose their kernels and make their workspaces


class _Inputs:
    """Hold what a captured step reads, on the card, and the pinned memory from which it is filled: two copies a step.

    `wide` [3, size] has tokens, positions and slots; `narrow` [size, 1 + pages] lengths and the table of pages.
    """

    def __init__(self, size: int, widest: int, device: torch.device) -> None:
        self.wide = torch.zeros(3, size, dtype=torch.int64, device=device)
        self.narrow = torch.full((size, 1 + widest), SCRATCH, dtype=torch.int32, device=device)
        self.narrow[:, 0] = 1
        self.query_ends = torch.arange(size + 1, dtype=torch.int32, device=device)
        pinned = device.type == "cuda"
        self._wide = torch.zeros(3, size, dtype=torch.int64, pin_memory=pinned)
        self._narrow = torch.zeros(size, 1 + widest, dtype=torch.int32, pin_memory=pinned)

    def fill(
        self, tokens: Sequence[int], starts: Sequence[int], pages: Sequence[Sequence[int]], page_tokens: int
    ) -> None:
        """Describe a batch; what it leaves free reads and writes the scratch page."""
        wide, narrow = self._wide.numpy(), self._narrow.numpy()
        wide[:] = 0
        narrow[:, 0] = 1
        narrow[:, 1:] = SCRATCH
        for row, (token, start, held) in enumerate(zip(tokens, starts, pages, strict=True)):
            page, within = divmod(start, page_tokens)
            wide[:, row] = token, start, held[page] * page_tokens + within
            narrow[row, 0] = start + 1
            narrow[row, 1 : page + 2] = held[: page + 1]
        # The step before has been waited for, so nobody reads the pinned memory any more.
        self.wide.copy_(self._wide, non_blocking=True)
        self.narrow.copy_(self._narrow, non_blocking=True)


class DecodeGraphs:
    """Hold a captured step for each of a few batch sizes; a batch between two is filled up with scratch rows."""

    def __init__(self, *, model: Callable[..., Any], cache: KVCache, parallel: int, context: int) -> None:
        """Prepare for up to `parallel` sequences of up to `context` tokens; captures nothing yet."""
        self._model = model
        self._cache = cache
        self._context = context
        self._sizes = [*(size for size in SIZES if size < parallel), parallel]
        self._captured: dict[int, tuple[torch.cuda.CUDAGraph, _Inputs, torch.Tensor]] = {}

    def fits(self, rows: int) -> bool:
        """Tell whether a batch of that many rows has a graph."""
        return 0 < rows <= self._sizes[-1]

    @torch.inference_mode()
    def capture(self) -> None:
        """Capture every size, the largest first so that the others share its memory."""
        pool = None
        for size in reversed(self._sizes):
            inputs = self.inputs(size)
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(WARMUPS):
                    self.run(inputs)
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=pool):
                logits = self.run(inputs)
            pool = pool or graph.pool()
            self._captured[size] = (graph, inputs, logits)

    def replay(
        self, tokens: Sequence[int], starts: Sequence[int], pages: Sequence[Sequence[int]]
    ) -> torch.Tensor:
        """Read one token of each sequence, standing at place `start`; return the logits, [rows, vocabulary]."""
        size = self._sizes[bisect_left(self._sizes, len(tokens))]
        graph, inputs, logits = self._captured[size]
        inputs.fill(tokens, starts, pages, self._cache.page_tokens)
        graph.replay()
        return logits[: len(tokens)]

    def inputs(self, size: int) -> _Inputs:
        """Return inputs for a batch of a size, with nothing in it."""
        return _Inputs(size, -(-self._context // self._cache.page_tokens), self._cache.device)

    def run(self, inputs: _Inputs) -> torch.Tensor:
        """Run the step that is captured; return the logits, [size, vocabulary]."""
        plan = Plan(
            self._cache,
            inputs.wide[2],
            query_ends=inputs.query_ends,
            lengths=inputs.narrow[:, 0].contiguous(),
            table=inputs.narrow[:, 1:].contiguous(),
            longest=self._context,
        )
        answer = self._model(
            input_ids=inputs.wide[0][None], position_ids=inputs.wide[1][None], use_cache=False, plan=plan
        )
        logits = answer.logits[0]
        assert isinstance(logits, torch.Tensor)
        return logits
