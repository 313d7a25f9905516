"""Measure what the bot adds to llama.cpp: the same requests through the engine and straight into the library."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from bot.engine.backends.llamacpp import LlamaCpp, LlamaCppSettings, request_body, server_settings
from bot.engine.backends.llamaserver import serve
from bot.engine.engine import Engine, Limits
from bot.engine.request import Message, ModelInfo, Request, Sampling

STREAMS = (1, 4)
ROUNDS = 7
TOKENS = 96
Runner = Callable[[list[Request]], Awaitable[int]]


async def bench(
    model: ModelInfo, settings: LlamaCppSettings | None = None, *, rounds: int = ROUNDS, tokens: int = TOKENS
) -> AsyncIterator[dict[str, Any]]:
    """Yield, for 1 and 4 streams, both speeds in tokens per second of wall time, and the share that the bot takes.

    Each round runs both ways one after the other, in turning order, on a machine whose load may change; the share is
    that of the median of the rounds' ratios. Every prompt is read afresh, so both ways do the same work.
    """
    settings = settings or LlamaCppSettings(parallel=max(STREAMS))
    began = time.perf_counter()
    async with Engine.open(LlamaCpp(model, settings), limits=Limits(100, 100)) as engine:
        yield {"bench": "engine", "load_seconds": round(time.perf_counter() - began, 2)}
        raw = await asyncio.to_thread(serve, server_settings(model, settings, "raw"))
        ways: dict[str, Runner] = {
            "raw": lambda requests: _run_raw(raw, requests),
            "engine": lambda requests: _run_engine(engine, requests),
        }
        for streams in STREAMS:
            requests = [_request(number, tokens) for number in range(streams)]
            speeds = await _interleaved(ways, requests, rounds)
            ratios = [ours / theirs for ours, theirs in zip(speeds["engine"], speeds["raw"], strict=True)]
            yield {
                "bench": "engine",
                "model": model.name,
                "streams": streams,
                "raw_tokens_per_second": round(statistics.median(speeds["raw"]), 1),
                "engine_tokens_per_second": round(statistics.median(speeds["engine"]), 1),
                "ratios": [round(ratio, 3) for ratio in ratios],
                "bot_share_percent": round(100 * (1 - statistics.median(ratios)), 1),
            }


async def _interleaved(
    ways: dict[str, Runner], requests: list[Request], rounds: int
) -> dict[str, list[float]]:
    """Return each way's speeds, after a first run of each that does not count."""
    for run in ways.values():
        await run(requests)
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways)
    for _ in range(rounds):
        for name in order:
            began = time.perf_counter()
            tokens = await ways[name](requests)
            speeds[name].append(tokens / (time.perf_counter() - began))
        order.reverse()
    return speeds


async def _run_engine(engine: Engine, requests: list[Request]) -> int:
    generations = [engine.submit(request) for request in requests]
    for generation in generations:
        async for _ in generation:
            pass
    return sum(generation.stats.tokens for generation in generations if generation.stats)


async def _run_raw(server: Any, requests: list[Request]) -> int:
    bodies = [request_body(request, slot) for slot, request in enumerate(requests)]
    return sum(await asyncio.gather(*(asyncio.to_thread(_complete, server, body) for body in bodies)))


def _complete(server: Any, body: dict[str, Any]) -> int:
    """Return how many tokens a completion had."""
    events: list[dict[str, Any]] = []
    server.handle_chat_completions(body, events.append)
    return int(events[-1]["timings"]["predicted_n"])


def _request(number: int, tokens: int) -> Request:
    story = " ".join(f"On day {day} the crew saw island {day * number}." for day in range(12))
    messages = (Message("system", "You write long stories."), Message("user", f"Continue: {story}"))
    return Request(messages, Sampling(seed=number, max_tokens=tokens), str(number), 1, number, 1)
