"""Make requests of random tokens: what they say does not matter, and no two share a beginning by chance."""

import random
from collections.abc import Iterator
from itertools import accumulate

from bot.engine.backends.transformers.bench.way import Ask
from bot.engine.bench.plan import Plan, Turns


class Prompts:
    """Make requests for a vocabulary of `size` tokens; the same seed makes the same ones."""

    def __init__(self, size: int, *, seed: int = 0) -> None:
        self._size = size
        self._random = random.Random(seed)

    def tokens(self, count: int) -> list[int]:
        """Return so many tokens."""
        return [self._random.randrange(self._size) for _ in range(count)]

    def together(self, streams: int, prompt: int, tokens: int) -> list[Ask]:
        """Return requests of as many new stories, all at once."""
        return [Ask(self.tokens(prompt), tokens, self._story()) for _ in range(streams)]

    def turns(self, turns: Turns, tokens: int, *, new: bool) -> Iterator[Ask]:
        """Yield one story's requests, turn by turn, after one that stands a step before the first.

        With `new` each turn is told as if it were another story's, of which nothing is kept.
        """
        text, story = self.tokens(turns.last), self._story()
        for length in turns.with_the_one_before():
            if new:
                text, story = self.tokens(turns.last), self._story()
            yield Ask(text[:length], tokens, story)

    def arriving(self, streams: int, plan: Plan, *, gap: float, growing: bool) -> list[Ask]:
        """Return requests that come at random, `gap` seconds apart on the average, of `streams` stories by turns.

        A `growing` story has one step more each time; otherwise each request is a new story's. As passages do, answers
        differ in length: by three quarters, up and down, of what the plan says.
        """
        stories = [
            (self._story(), self.tokens(plan.prompt + plan.asks * plan.turns.step)) for _ in range(streams)
        ]
        gaps = (self._random.expovariate(1 / gap) for _ in range(streams * plan.asks - 1))
        asks = []
        for number, at in enumerate((0.0, *accumulate(gaps))):
            story, text = stories[number % streams]
            tokens = self._random.randint(-(-plan.tokens // 4), plan.tokens * 7 // 4)
            if growing:
                prompt = text[: plan.prompt + number // streams * plan.turns.step]
                asks.append(Ask(prompt, tokens, story, at))
            else:
                asks.append(Ask(self.tokens(plan.prompt), tokens, self._story(), at))
        return asks

    def _story(self) -> str:
        return f"{self._random.getrandbits(64):x}"
