"""Pick the next token of each row; a row's token depends on its own history, logits and seed, never on its company.

The steps stand in the order of llama.cpp's own chain: first what is forbidden and held back (repetition penalty, DRY,
no-repeat n-grams, banned strings, grammar) on the device of the logits, where each touches a few tokens or a row; then
top_k, top_p, min_p, XTC and temperature on the host, where the likeliest tokens come in one copy (see `drawing`). A
temperature of 0 picks the likeliest that is left.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from bot.engine.backends.transformers.banned import BannedTail
from bot.engine.backends.transformers.constraint import Constraint
from bot.engine.backends.transformers.drawing import Candidates, chance, draw, truncated
from bot.engine.backends.transformers.penalties import Dry, History, RepeatedRuns
from bot.engine.backends.transformers.scores import FEW, MANY, Scores
from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.request import Sampling

NOTHING = np.empty(0, dtype=np.int64)


class NotANumber(ArithmeticError):
    """Tell that the model gave no usable numbers for these rows."""

    def __init__(self, rows: list[int]) -> None:
        super().__init__(f"rows {rows} have no finite largest logit")
        self.rows = rows


class Picker:
    """Hold what one request's next pick depends on; raises BadConstraint on a wrong grammar or schema."""

    def __init__(self, sampling: Sampling, *, prompt: Sequence[int], vocabulary: Vocabulary) -> None:
        self.sampling = sampling
        self.vocabulary = vocabulary
        self._count = 0
        self._history = History(prompt)
        self._runs = RepeatedRuns(sampling.no_repeat_ngram, prompt) if sampling.no_repeat_ngram > 0 else None
        self._dry = _dry(sampling, prompt, vocabulary)
        banned = tuple(string for string in sampling.banned if string)
        self._banned = BannedTail(vocabulary.banned_strings(banned)) if banned else None
        constrained = sampling.grammar or sampling.json_schema
        self.constraint = Constraint(sampling, vocabulary) if constrained else None

    def took(self, token: int) -> None:
        """Go on by a token; raises BadConstraint if the grammar forbids it, or is too hard to follow."""
        self._count += 1
        self._history.took(token)
        if self._runs:
            self._runs.took(token)
        if self._dry:
            self._dry.took(token)
        if self._banned:
            self._banned.took(self.vocabulary.bytes_of(token))
        if self.constraint:
            self.constraint.took(token)

    @property
    def finished(self) -> bool:
        """Tell that the constraint allows nothing but the end."""
        return self.constraint is not None and self.constraint.finished

    @property
    def chances(self) -> tuple[float, float]:
        """Return this step's random numbers; asked again at the same step, they are the same."""
        return chance(self.sampling.seed, self._count)

    def repeated(self) -> NDArray[np.int64]:
        """Return the tokens that the repetition penalty is for, some of them several times."""
        penalized = self.sampling.repetition_penalty != 1 and self.sampling.repetition_window != 0
        return self._history.last(self.sampling.repetition_window if penalized else 0)

    def lessened(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return what to take from the logits of which tokens; infinity from those that must not come."""
        if not (self._dry or self._runs or self._banned):
            return NOTHING, NOTHING.astype(np.float32)
        held = self._dry.amounts() if self._dry else {}
        runs = self._runs.masked() if self._runs else ()
        banned = self._banned.masked() if self._banned else NOTHING
        tokens = np.concatenate([np.array([*held, *runs], dtype=np.int64), banned])
        amounts = np.full(len(tokens), np.inf, dtype=np.float32)
        amounts[: len(held)] = list(held.values())
        return tokens, amounts


def _dry(sampling: Sampling, prompt: Sequence[int], vocabulary: Vocabulary) -> Dry | None:
    if sampling.dry_multiplier <= 0 or sampling.dry_base < 1:
        return None
    return Dry(
        multiplier=sampling.dry_multiplier,
        base=sampling.dry_base,
        allowed=sampling.dry_allowed_length,
        breakers=vocabulary.breakers,
        prompt=prompt,
    )


def pick(logits: torch.Tensor, pickers: Sequence[Picker]) -> list[int]:
    """Return a token for each row of [rows, vocabulary] logits, on any device.

    Where all is forbidden, that is an end. Raises NotANumber when a row has NaN, infinity, or no finite value.
    """
    picked: dict[int, int] = {}
    scores = _edited(logits, pickers)
    widths = {row: _width(picker.sampling, logits.shape[1]) for row, picker in enumerate(pickers)}
    while widths:
        groups = _grouped(widths)
        found = scores.likeliest(groups)
        _check(logits, groups, found)
        for width, rows in groups.items():
            picked |= _drawn(found[width], rows, pickers)
        widths = {row: logits.shape[1] for row in widths if row not in picked}
    return [picked[row] for row in range(len(pickers))]


def _edited(logits: torch.Tensor, pickers: Sequence[Picker]) -> Scores:
    scores = Scores(logits, pickers[0].vocabulary)
    penalties = [(p.repeated(), p.sampling.repetition_penalty) for p in pickers]
    lessened = [p.lessened() for p in pickers]
    scores.edit(
        divided={row: edit for row, edit in enumerate(penalties) if len(edit[0])},
        lessened={row: edit for row, edit in enumerate(lessened) if len(edit[0])},
    )
    scores.allow({row: p.constraint.bits for row, p in enumerate(pickers) if p.constraint})
    return scores


def _width(sampling: Sampling, vocabulary: int) -> int:
    few = sampling.temperature <= 0 or 0 < sampling.top_k <= FEW
    if few or sampling.top_k <= MANY:
        return min(FEW if few else MANY, vocabulary)
    return vocabulary


def _grouped(widths: Mapping[int, int]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for row, width in widths.items():
        groups[width].append(row)
    return groups


def _check(
    logits: torch.Tensor, groups: Mapping[int, Sequence[int]], found: Mapping[int, Candidates]
) -> None:
    wrong = [
        row
        for width, rows in groups.items()
        for row, largest in zip(rows, found[width].largest, strict=True)
        if not np.isfinite(largest) and not (largest == -np.inf and bool(logits[row].isfinite().any()))
    ]
    if wrong:
        raise NotANumber(sorted(wrong))


def _drawn(candidates: Candidates, rows: Sequence[int], pickers: Sequence[Picker]) -> dict[int, int]:
    """Return the tokens of rows; those are left out that need more candidates than these."""
    mine = [pickers[row] for row in rows]
    samplings = [picker.sampling for picker in mine]
    ends = mine[0].vocabulary.ends
    kept = truncated(candidates, samplings)
    tokens = draw(candidates, kept, samplings, [picker.chances for picker in mine], ends)
    hopeless = ~np.isfinite(candidates.largest)
    tokens[hopeless] = min(ends)
    width = kept.shape[1]
    whole = np.array([s.temperature <= 0 or 0 < s.top_k <= width for s in samplings])
    enough = whole | ~kept[:, -1] | hopeless | (width == mine[0].vocabulary.size)
    return {row: int(token) for row, token, sure in zip(rows, tokens, enough, strict=True) if sure}
