"""Turn a story's creativity dial, and what was wrong with the draft before, into how the next words are picked.

The host's settings are the middle of the dial. What a draft did wrong says which way to go from there: what repeats is
held back harder, what leaves the language or the manner of the story is kept closer to the likeliest words.
"""

from dataclasses import replace

from bot.config import NarratorSettings
from bot.engine.request import Sampling
from bot.story.narration.flaws import Flaw

DIAL = range(1, 6)
MIDDLE = 3

# For each step of the dial: temperature times, top_p and min_p as that many parts of the way, penalty added.
_TEMPERATURE = {1: 0.6, 2: 0.8, 3: 1.0, 4: 1.25, 5: 1.5}
_TOP_P = {1: -0.1, 2: -0.05, 3: 0.0, 4: 0.02, 5: 0.04}
_MIN_P = {1: 2.0, 2: 1.5, 3: 1.0, 4: 0.8, 5: 0.6}
_PENALTY = {1: 0.0, 2: 0.0, 3: 0.0, 4: 0.02, 5: 0.04}

_REPEATING = frozenset({Flaw.LOOPING, Flaw.REPEATING, Flaw.EMPTY})
_STRAYING = frozenset({Flaw.LEAVING_OUT, Flaw.LANGUAGE, Flaw.PERSON, Flaw.TENSE, Flaw.REGISTER})
_HOTTEST = 2.0


def sampling(settings: NarratorSettings, creativity: int, *, seed: int, max_tokens: int) -> Sampling:
    """Return how a story's first draft is picked."""
    return Sampling(
        seed=seed,
        temperature=round(min(settings.temperature * _TEMPERATURE[creativity], _HOTTEST), 3),
        top_p=round(min(max(settings.top_p + _TOP_P[creativity], 0.1), 1.0), 3),
        min_p=round(min(settings.min_p * _MIN_P[creativity], 1.0), 3),
        repetition_penalty=round(settings.repetition_penalty + _PENALTY[creativity], 3),
        dry_multiplier=settings.dry_multiplier,
        max_tokens=max_tokens,
    )


def otherwise(before: Sampling, flaw: Flaw | None) -> Sampling:
    """Return how another draft is picked after one with a flaw: with another seed, and away from what went wrong."""
    again = replace(before, seed=before.seed + 1)
    if flaw in _STRAYING:
        return replace(again, temperature=round(before.temperature * 0.75, 3))
    hotter = replace(again, temperature=round(min(before.temperature + 0.1, _HOTTEST), 3))
    if flaw in _REPEATING:
        return replace(
            hotter,
            repetition_penalty=round(before.repetition_penalty + 0.1, 3),
            dry_multiplier=round(before.dry_multiplier + 0.4, 3),
        )
    return hotter
