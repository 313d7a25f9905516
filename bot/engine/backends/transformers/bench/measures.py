"""Measure ways against each other: speed side by side, first words of a growing story, requests at random times."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.engine.backends.transformers.bench.apart import apart
from bot.engine.backends.transformers.bench.prompts import Prompts
from bot.engine.backends.transformers.bench.way import Ask, Timing, Way
from bot.engine.bench.figures import Table, in_turns, rounded, spread, summed_up
from bot.engine.bench.plan import Plan, Turns

Figures = dict[str, Any]
OURS, PLAIN, STATIC = "ours", "plain", "static"
HASTE = 2
FEW = 2  # tokens where only the first counts: continuous batching keeps no pages of a text that had a single one


def speed(ways: Mapping[str, Way], streams: int, plan: Plan, prompts: Prompts) -> Figures:
    """Return what each way reads and writes a second with so many streams at once.

    A run that writes one token tells what reading takes; what a full run takes longer is writing. Where noise makes
    that nothing, the speed of writing is None.
    """
    table, seconds = Table(), Table()
    # One after the other is equally fast however many there are.
    counts = {name: 1 if name == PLAIN else streams for name in ways}
    for order in in_turns(list(ways), plan.rounds):
        for name in order:
            count = counts[name]
            seconds.add("reading", name, _seconds(ways[name], prompts.together(count, plan.prompt, 1)))
            whole = _seconds(ways[name], prompts.together(count, plan.prompt, plan.tokens))
            seconds.add("both", name, whole)
            table.add("tokens_per_second", name, count * plan.tokens / whole)
    reading, both = seconds.medians("reading"), seconds.medians("both")
    return {
        "measure": "speed",
        "streams": streams,
        "prompt": plan.prompt,
        "tokens": plan.tokens,
        **summed_up(table, OURS),
        "prefill": {name: rounded(counts[name] * plan.prompt / reading[name]) for name in ways},
        "decode": {
            name: rounded(counts[name] * (plan.tokens - 1) / (both[name] - reading[name]))
            if both[name] > reading[name]
            else None
            for name in ways
        },
    }


def first_words(ways: Mapping[str, Way], turns: Turns, rounds: int, prompts: Prompts) -> Figures:
    """Return how long the first word takes while a story grows: where it may be warm, and where it must not be.

    Continuous batching shares the pages that it can. Ratios compare all with our warm story, turn by turn.
    """
    kinds = {
        "warm": (ways[OURS], False),
        "cold": (ways[OURS], True),
        **{name: (way, False) for name, way in ways.items() if name not in (OURS, STATIC)},
    }
    waits, last = Table(), Table()
    for order in in_turns(list(kinds), rounds):
        stories = {name: prompts.turns(turns, FEW, new=new) for name, (_way, new) in kinds.items()}
        for turn in range(len(turns.lengths()) + 1):
            for name in order:
                wait = _first(kinds[name][0], next(stories[name]))
                if turn:  # the one before the first makes warm what can be
                    waits.add("seconds", name, wait)
                if turn == len(turns.lengths()):
                    last.add("seconds", name, wait)
    return {
        "measure": "first words",
        "turns": [turns.first, turns.last, turns.step],
        "milliseconds": {name: spread(given) for name, given in waits.of("seconds").items()},
        "of": summed_up(waits, "warm")["ratios"]["seconds"],
        "last_turn": summed_up(last, "warm"),
    }


def arrivals(ways: Mapping[str, Way], streams: int, plan: Plan, prompts: Prompts) -> Iterator[Figures]:
    """Yield how requests fare that come at random times: those of new stories, then of some that go on.

    They come faster than any way serves them, so that what is told is how much it can serve: `HASTE` times as fast as
    the best that static batches could do, `streams` in the time that a full batch takes.
    """
    full = _seconds(ways[STATIC], prompts.together(streams, plan.prompt, plan.tokens))
    gap = full / streams / HASTE
    for growing in (False, True):
        table, waits = Table(), Table()
        for order in in_turns([name for name in ways if name != PLAIN], plan.rounds):
            asks = prompts.arriving(streams, plan, gap=gap, growing=growing)
            for name in order:
                _arrive(ways[name], streams, asks, table, waits)
        yield {
            "measure": "arrivals",
            "stories": "going on" if growing else "new",
            "streams": streams,
            "requests": streams * plan.asks,
            "seconds_apart": round(gap, 3),
            **summed_up(table, OURS),
            "first_word_milliseconds": {name: spread(given) for name, given in waits.of("seconds").items()},
        }


def _arrive(way: Way, streams: int, asks: Sequence[Ask], table: Table, waits: Table) -> None:
    timings = apart(lambda: way.run(asks, limit=streams))
    table.add("tokens_per_second", way.name, sum(ask.tokens for ask in asks) / _whole(timings))
    for timing in timings:
        waits.add("seconds", way.name, timing.first - timing.asked)


def _seconds(way: Way, asks: Sequence[Ask]) -> float:
    """Return how long it takes to run them all at once."""
    return _whole(apart(lambda: way.run(asks, limit=len(asks))))


def _whole(timings: Sequence[Timing]) -> float:
    """Return the seconds from the first request to the last token."""
    return max(timing.end for timing in timings) - timings[0].asked


def _first(way: Way, ask: Ask) -> float:
    [timing] = apart(lambda: way.run([ask], limit=1))
    return timing.first - timing.asked
