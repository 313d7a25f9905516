"""The library's own ways: one request after the other, static batches, continuous batching. All pick greedily."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import GenerationConfig
from transformers.generation.configuration_utils import ContinuousBatchingConfig
from transformers.generation.streamers import BaseStreamer

from bot.engine.backends.transformers.bench.apart import apart
from bot.engine.backends.transformers.bench.way import Ask, Line, Timing

ATTENTION = "sdpa"
PAGE_TOKENS = 256
BATCH_TOKENS = 2048  # what continuous batching reads at most in one pass
NEVER = -1  # a token that does not come
PATIENCE = 0.05  # seconds between two looks at whether the next request is due


class _Watch(BaseStreamer):
    """Note when each token came; the first call is the prompt."""

    def __init__(self) -> None:
        self.calls: list[float] = []

    def put(self, value: torch.Tensor) -> None:
        """Take the next token of every row."""
        self.calls.append(time.perf_counter())

    def end(self) -> None:
        """Need nothing at the end."""


class Plain:
    """Call `generate` for one request at a time."""

    name = "plain"

    def __init__(self, model: Any) -> None:
        self._model = model

    def run(self, asks: Sequence[Ask], *, limit: int) -> list[Timing]:
        """Take one request after the other, whatever the limit."""
        return _in_batches(self._model, asks, 1)


class Static:
    """Take all requests that are there as one batch, and the next when all of them are done."""

    name = "static"

    def __init__(self, model: Any) -> None:
        self._model = model

    def run(self, asks: Sequence[Ask], *, limit: int) -> list[Timing]:
        """Take batches of at most so many."""
        return _in_batches(self._model, asks, limit)


class Continuous:
    """Hand requests to the library's continuous batching, which shares whole pages of equal prompts.

    It has a thread of its own, which lives as long as a run.
    """

    name = "continuous"

    def __init__(self, model: Any, manager: Any) -> None:
        self._model = model
        self._manager = manager
        self._attention: str = model.config._attn_implementation

    def run(self, asks: Sequence[Ask], *, limit: int) -> list[Timing]:
        """Add each request when it is due."""
        _attend(self._model, self._attention)
        self._manager.start()
        try:
            return self._run(asks, limit)
        finally:
            self._manager.stop(keep_for_next_session=True)

    def _run(self, asks: Sequence[Ask], limit: int) -> list[Timing]:
        line = Line(asks)
        running: dict[str, int] = {}
        while not line.over:
            for number in line.due(limit - len(running), running.values()):
                ask = asks[number]
                name = self._manager.add_request(
                    ask.prompt, max_new_tokens=ask.tokens, record_timestamps=True
                )
                running[name] = number
            output = self._manager.get_result(timeout=PATIENCE)
            if output is not None:
                number = running.pop(output.request_id)
                _whole(output, asks[number].tokens)
                line.answered(number, output.timestamps[0], output.timestamps[-1])
            elif not self._manager.is_running():
                raise RuntimeError("continuous batching stopped")
        return line.timings()


@contextmanager
def continuous(model: Any, *, parallel: int, tokens: int) -> Iterator[Continuous]:
    """Give continuous batching with room for `tokens` of `parallel` sequences."""
    _attend(model, ATTENTION)
    pages = -(-tokens // PAGE_TOKENS) + parallel
    config = ContinuousBatchingConfig(
        page_size=PAGE_TOKENS,
        num_blocks=pages,
        max_batch_tokens=BATCH_TOKENS,
        max_requests_per_batch=parallel,
    )
    settings = {
        "generation_config": GenerationConfig(do_sample=False, eos_token_id=NEVER),
        "continuous_batching_config": config,
    }
    manager = model.init_continuous_batching(**settings)
    apart(torch.no_grad()(manager.warmup))
    try:
        yield Continuous(model, manager)
    finally:
        manager.destroy()


def _in_batches(model: Any, asks: Sequence[Ask], limit: int) -> list[Timing]:
    line = Line(asks)
    while not line.over:
        numbers = line.due(limit)
        if not numbers:
            line.wait()
            continue
        watch = _generate(model, [asks[number] for number in numbers])
        for number in numbers:
            line.answered(number, watch.calls[1], watch.calls[asks[number].tokens])
    return line.timings()


@torch.inference_mode()
def _generate(model: Any, asks: Sequence[Ask]) -> _Watch:
    """Run one batch, padded on the left, as long as its longest answer takes."""
    _attend(model, ATTENTION)
    width = max(len(ask.prompt) for ask in asks)
    rows = [[0] * (width - len(ask.prompt)) + ask.prompt for ask in asks]
    masks = [[0] * (width - len(ask.prompt)) + [1] * len(ask.prompt) for ask in asks]
    tokens = max(ask.tokens for ask in asks)
    watch = _Watch()
    output = model.generate(
        torch.tensor(rows, device=model.device),
        attention_mask=torch.tensor(masks, device=model.device),
        generation_config=GenerationConfig(do_sample=False, max_new_tokens=tokens, pad_token_id=0),
        streamer=watch,
    )
    if output.shape[1] != width + tokens:
        raise RuntimeError("an answer ended before its length")
    return watch


def _attend(model: Any, implementation: str) -> None:
    if model.config._attn_implementation != implementation:
        model.set_attn_implementation(implementation)


def _whole(output: Any, tokens: int) -> None:
    """Raise RuntimeError for an answer that failed or is too short: its speed would mean nothing."""
    if output.error is not None or len(output.generated_tokens) != tokens:
        raise RuntimeError(f"continuous batching gave {len(output.generated_tokens)} tokens: {output.error}")
