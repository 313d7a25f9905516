"""Ask an engine as the bot does, in words: many at once, or one whose first word counts."""

import time

from bot.engine.engine import Engine
from bot.engine.request import Message, Request, Sampling


def tale(sentences: int, *, number: int) -> str:
    """Return a story of so many sentences; a longer one of the same number begins with it."""
    return " ".join(
        f"On day {day} the crew of ship {number} saw island {day * 7}." for day in range(sentences)
    )


def ask(story: str, *, tokens: int, number: int, warm: bool = False) -> Request:
    """Return a request to go on with a story, by a person, channel and cache of that number."""
    messages = (Message("system", "You write long stories."), Message("user", f"Continue: {story}"))
    sampling = Sampling(seed=number, max_tokens=tokens)
    return Request(messages, sampling, str(number), 1, number, number, warm=warm)


async def sentences_of(engine: Engine, tokens: int) -> int:
    """Return how many sentences of a tale have about so many tokens."""
    few, many = [await engine.count_tokens(tale(count, number=1)) for count in (10, 110)]
    return max(1, round(100 * tokens / (many - few)))


async def write(engine: Engine, requests: list[Request]) -> int:
    """Let all be written at once; return how many tokens came."""
    generations = [engine.submit(request) for request in requests]
    for generation in generations:
        async for _ in generation:
            pass
    return sum(generation.stats.tokens for generation in generations if generation.stats)


async def first_word(engine: Engine, request: Request) -> float:
    """Return the seconds until the first word; the rest is waited for."""
    began = time.perf_counter()
    seconds = 0.0
    async for _ in engine.submit(request):
        seconds = seconds or time.perf_counter() - began
    return seconds
