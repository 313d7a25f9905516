"""Measure a backend as the bot has it, with the queue, its process and HTTP between.

What these cost shows beside the figures of the same model without them.
"""

import time
from collections.abc import AsyncIterator
from typing import Any

from bot.engine.bench.asking import ask, first_word, sentences_of, tale, write
from bot.engine.bench.figures import Table, rounded, spread
from bot.engine.bench.plan import Plan
from bot.engine.engine import Engine, Limits
from bot.engine.request import Backend

FEW = 2  # tokens written where only the first counts
PATIENCE = 3600.0  # seconds: a bench is never in a hurry
LIMITS = Limits(1000, 1000, 1000)


async def bench(backend: Backend, plan: Plan) -> AsyncIterator[dict[str, Any]]:
    """Yield how fast the whole engine is ready, writes, and comes to the first word of a warm story."""
    began = time.perf_counter()
    async with Engine.open(backend, limits=LIMITS, timeout_seconds=PATIENCE) as engine:
        yield {"measure": "whole engine: load", "seconds": round(time.perf_counter() - began, 2)}
        for streams in plan.streams if "speed" in plan.only else ():
            yield await _speed(engine, streams, plan)
        if "words" in plan.only:
            yield await _first_words(engine, plan)


async def _speed(engine: Engine, streams: int, plan: Plan) -> dict[str, Any]:
    table = Table()
    length = await sentences_of(engine, plan.prompt)
    for turn in range(plan.rounds):
        numbers = range(turn * streams, (turn + 1) * streams)
        requests = [ask(tale(length, number=n), tokens=plan.tokens, number=n) for n in numbers]
        began = time.perf_counter()
        tokens = await write(engine, requests)
        table.add("tokens_per_second", "engine", tokens / (time.perf_counter() - began))
    speed = rounded(table.medians("tokens_per_second")["engine"])
    return {"measure": "whole engine: speed", "streams": streams, "tokens_per_second": speed}


async def _first_words(engine: Engine, plan: Plan) -> dict[str, Any]:
    """Let one story grow, warm."""
    waits = []
    for number, length in enumerate(plan.turns.with_the_one_before()):
        story = tale(await sentences_of(engine, length), number=0)
        wait = await first_word(engine, ask(story, tokens=FEW, number=0, warm=True))
        if number:  # the one before the first makes it warm
            waits.append(wait)
    return {"measure": "whole engine: first words", "milliseconds": {"warm": spread(waits)}}
