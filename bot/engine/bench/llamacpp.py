"""Measure what the bot adds to llama.cpp: the same requests through the engine and straight into the library."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.engine.backends.llamacpp import LlamaCpp, LlamaCppSettings, request_body, server_settings
from bot.engine.backends.llamaserver import serve
from bot.engine.bench.asking import ask, first_word, sentences_of, tale, write
from bot.engine.bench.figures import Table, in_turns, spread, summed_up
from bot.engine.bench.plan import Plan
from bot.engine.engine import Engine, Limits
from bot.engine.request import ModelInfo, Request

FEW = 2  # tokens written where only the first counts
PATIENCE = 3600.0  # seconds: a bench is never in a hurry

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Both:
    """Hold the engine, and llama.cpp's own server in this process with the same settings."""

    engine: Engine
    raw: Any


async def bench(model: ModelInfo, plan: Plan, settings: LlamaCppSettings) -> AsyncIterator[Figures]:
    """Yield how both ways write and read, and how fast the first words come while a story grows."""
    async with _opened(model, settings) as (both, seconds):
        yield {"measure": "load", "backend": "llamacpp", "model": model.name, "seconds": round(seconds, 2)}
        if "speed" in plan.only:
            async for figures in _speeds(both, plan):
                yield figures
        for warm in (True, False) if "words" in plan.only else ():
            yield await _first_words(both, plan, warm=warm)


async def share(model: ModelInfo, plan: Plan, settings: LlamaCppSettings) -> AsyncIterator[Figures]:
    """Yield how both ways write only, which tells the share that the bot takes."""
    async with _opened(model, settings) as (both, _seconds):
        async for figures in _speeds(both, plan):
            yield figures


@asynccontextmanager
async def _opened(model: ModelInfo, settings: LlamaCppSettings) -> AsyncIterator[tuple[Both, float]]:
    """Give both ways, and the seconds that the engine took to be ready."""
    began = time.perf_counter()
    backend = LlamaCpp(model, settings)
    async with Engine.open(backend, limits=Limits(100, 100), timeout_seconds=PATIENCE) as engine:
        seconds = time.perf_counter() - began
        yield (
            Both(engine, await asyncio.to_thread(serve, server_settings(model, settings) | {"key": "raw"})),
            seconds,
        )


async def _speeds(both: Both, plan: Plan) -> AsyncIterator[Figures]:
    """Yield, for each number of streams, tokens per second of wall time; every prompt is read afresh."""
    ways: dict[str, Callable[[list[Request]], Awaitable[int]]] = {
        "engine": lambda requests: write(both.engine, requests),
        "raw": lambda requests: _write_raw(both.raw, requests),
    }
    story = await sentences_of(both.engine, plan.prompt)
    for streams in plan.streams:
        requests = [ask(tale(story, number=n), tokens=plan.tokens, number=n) for n in range(streams)]
        for run in ways.values():
            await run(requests)  # does not count
        table = Table()
        for order in in_turns(list(ways), plan.rounds):
            for name in order:
                began = time.perf_counter()
                tokens = await ways[name](requests)
                table.add("tokens_per_second", name, tokens / (time.perf_counter() - began))
        summary = summed_up(table, "engine")
        ratio = summary["ratios"]["tokens_per_second"]["raw"]
        given = {"streams": streams, "prompt": plan.prompt, "tokens": plan.tokens}
        yield {"measure": "speed", **given, **summary, "bot_share_percent": round(100 * (1 - ratio), 1)}


async def _first_words(both: Both, plan: Plan, *, warm: bool) -> Figures:
    """Return how long the first word takes, turn by turn, with what is kept of the story or without."""
    ways: dict[str, Callable[[Request], Awaitable[float]]] = {
        "engine": lambda request: first_word(both.engine, request),
        "raw": lambda request: _first_raw(both.raw, request),
    }
    turns = plan.turns
    lengths = [await sentences_of(both.engine, length) for length in turns.with_the_one_before()]
    table = Table()
    for number, order in enumerate(in_turns(list(ways), plan.rounds)):
        for turn, sentences in enumerate(lengths):
            request = ask(tale(sentences, number=number), tokens=FEW, number=number, warm=warm)
            for name in order:
                seconds = await ways[name](request)
                if turn:  # the one before the first makes warm what is warm
                    table.add("seconds", name, seconds)
    waits = table.of("seconds")
    return {
        "measure": "first words",
        "warm": warm,
        "turns": [turns.first, turns.last, turns.step],
        "milliseconds": {name: spread(given) for name, given in waits.items()},
        "ratios": summed_up(table, "engine")["ratios"],
    }


async def _write_raw(server: Any, requests: list[Request]) -> int:
    """Let all be written at once, each in a thread and a slot of its own; return how many tokens came."""
    bodies = [request_body(request, slot) for slot, request in enumerate(requests)]
    events = await asyncio.gather(*(asyncio.to_thread(_events, server, body) for body in bodies))
    return sum(int(told[-1][1]["timings"]["predicted_n"]) for told in events)


async def _first_raw(server: Any, request: Request) -> float:
    """Return the seconds until the first word."""
    began = time.perf_counter()
    events = await asyncio.to_thread(_events, server, request_body(request, 0))
    return next(at for at, event in events if _words(event)) - began


def _events(server: Any, body: dict[str, Any]) -> list[tuple[float, dict[str, Any]]]:
    """Return what a completion told, and when."""
    events: list[tuple[float, dict[str, Any]]] = []
    server.handle_chat_completions(body, lambda event: events.append((time.perf_counter(), event)))
    return events


def _words(event: dict[str, Any]) -> bool:
    return any(choice["delta"].get("content") for choice in event["choices"])
