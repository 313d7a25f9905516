"""Draw one of the likeliest tokens, row by row, on the host.

The steps come in the order of llama.cpp's own chain: top_k, top_p, min_p, XTC, temperature. So all but the last judge
by probabilities at temperature 1, and each by those that the steps before it left. Sums run along a row in float64,
so a row's token does not depend on the rows beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from bot.engine.request import Sampling

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Hold the likeliest tokens of rows, the likeliest first.

    `logits` are less by the row's `largest`; where that is not finite, they mean nothing. `total` is the sum of e to
    the logits of all the row's tokens, those that are not among the candidates too.
    """

    tokens: NDArray[np.int64]
    logits: Floats
    largest: Floats
    total: Floats


def in_order(tokens: NDArray[np.int64], logits: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return rows with the largest logit first, and of equal ones the smallest token."""
    order = np.lexsort((tokens, -logits))
    return np.take_along_axis(tokens, order, -1), np.take_along_axis(logits, order, -1)


def chance(seed: int, place: int) -> tuple[float, float]:
    """Return two numbers from 0 up to 1 for a place in the answer with this seed: for the token, and for XTC."""
    digest = blake2b(f"{seed} {place}".encode(), digest_size=16).digest()
    first, second = int.from_bytes(digest[:8]) >> 11, int.from_bytes(digest[8:]) >> 11
    return first / 2**53, second / 2**53


def draw(
    candidates: Candidates,
    kept: Flags,
    samplings: Sequence[Sampling],
    chances: Sequence[tuple[float, float]],
    ends: frozenset[int],
) -> NDArray[np.int64]:
    """Return a token for each row, of those kept by `truncated`; the first where the temperature is 0."""
    fires = np.array([second < s.xtc_probability for s, (_, second) in zip(samplings, chances, strict=True)])
    if fires.any():
        excluded = _excluded(candidates, kept, _column(samplings, "xtc_threshold"), ends)
        kept = kept & ~(fires[:, None] & excluded)
    temperature = _column(samplings, "temperature")
    logits = np.where(kept, candidates.logits, -np.inf)
    logits -= logits.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):
        sums = np.cumsum(np.exp(logits / np.maximum(temperature, 1e-9)), axis=1)
    first = np.array([first for first, _ in chances])[:, None]
    picked = np.argmax(sums > first * sums[:, -1:], axis=1)
    picked[temperature[:, 0] <= 0] = 0
    return np.take_along_axis(candidates.tokens, picked[:, None], axis=1)[:, 0]


def truncated(candidates: Candidates, samplings: Sequence[Sampling]) -> Flags:
    """Return which candidates top_k, top_p and min_p leave; always the first."""
    logits = candidates.logits
    width = logits.shape[1]
    top_k = _column(samplings, "top_k")
    limited = top_k > 0
    kept = ((np.arange(width) < top_k) | ~limited) & np.isfinite(logits)
    weights = np.where(kept, np.exp(logits), 0.0)
    sums = np.cumsum(weights, axis=1)
    total = np.where(limited, sums[:, -1:], np.maximum(sums[:, -1:], candidates.total[:, None]))
    top_p = _column(samplings, "top_p")
    kept &= (sums - weights < top_p * total) | (top_p >= 1)
    min_p = _column(samplings, "min_p")
    with np.errstate(divide="ignore"):
        kept &= logits >= np.log(np.maximum(min_p, 0.0))
    kept[:, 0] = True
    return kept


def _excluded(candidates: Candidates, kept: Flags, threshold: Floats, ends: frozenset[int]) -> Flags:
    """Return the top choices, all but the least likely of those that reach the threshold.

    None where an end is among them: an answer must always be able to end.
    """
    weights = np.where(kept, np.exp(candidates.logits), 0.0)
    reaching = kept & (weights >= threshold * weights.sum(axis=1, keepdims=True))
    top = reaching & (np.arange(kept.shape[1]) < reaching.sum(axis=1, keepdims=True) - 1)
    ending = (top & np.isin(candidates.tokens, list(ends))).any(axis=1, keepdims=True)
    excluded: Flags = top & ~ending
    return excluded


def _column(samplings: Sequence[Sampling], name: str) -> Floats:
    return np.array([getattr(sampling, name) for sampling in samplings], dtype=np.float64)[:, None]
