"""Edit a batch's logits on their device, and fetch the likeliest tokens of rows in one copy."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from bot.engine.backends.transformers.drawing import Candidates, in_order
from bot.engine.backends.transformers.vocabulary import Vocabulary

# How many of the likeliest tokens come to the host. A row's number follows from its own top_k alone, so that no company
# changes which of several equal tokens at the edge are among them.
FEW, MANY = 64, 1024

# For a row of the batch: tokens, and a number for each or one for all.
Edits = Mapping[int, tuple[NDArray[np.int64], NDArray[np.float32] | float]]


class Scores:
    """Hold a copy of [rows, vocabulary] logits in 32 bits, to be edited where rows ask for it."""

    def __init__(self, logits: torch.Tensor, vocabulary: Vocabulary) -> None:
        self._scores = logits.to(torch.float32, copy=True)
        self._ends = self._sent(sorted(vocabulary.ends))
        if vocabulary.padding:
            self._scores.index_fill_(1, self._sent(vocabulary.padding), -torch.inf)

    def edit(self, *, divided: Edits, lessened: Edits) -> None:
        """Make tokens less likely, but never an end, so that an answer can always end.

        Of `divided`, positive logits are divided by the number and others multiplied; a token may come repeatedly.
        Of `lessened`, the number is taken from the logit, and infinity forbids it.
        """
        ends = self._scores[:, self._ends]
        flat = self._scores.view(-1)
        if divided:
            places, factors = self._spread(divided)
            before = flat[places]
            flat[places] = torch.where(before > 0, before / factors, before * factors)
        if lessened:
            places, amounts = self._spread(lessened)
            flat.index_put_((places,), -amounts, accumulate=True)
        if divided or lessened:
            self._scores[:, self._ends] = ends

    def allow(self, bits: Mapping[int, NDArray[np.int32]]) -> None:
        """Forbid a row all tokens, ends too, whose bit is not set; lowest bits come first."""
        if not bits:
            return
        forbidden = self._sent(~np.stack(list(bits.values())).view(np.uint8))
        each = torch.arange(8, device=forbidden.device, dtype=torch.uint8)
        flags = ((forbidden.unsqueeze(-1) >> each) & 1).view(torch.bool).flatten(1)
        for row, mask in zip(bits, flags, strict=True):
            self._scores[row].masked_fill_(mask[: self._scores.shape[1]], -torch.inf)

    def likeliest(self, groups: Mapping[int, Sequence[int]]) -> dict[int, Candidates]:
        """Return, for each width, that many of the likeliest tokens of its rows."""
        parts = [self._part(list(rows), width) for width, rows in groups.items()]
        fetched = torch.cat([part.flatten() for part in parts]).cpu().numpy()
        found = {}
        for width, rows in groups.items():
            shape = (len(rows), 2 * width + 2)
            part, fetched = fetched[: shape[0] * shape[1]].reshape(shape), fetched[shape[0] * shape[1] :]
            found[width] = _candidates(part, width)
        return found

    def _part(self, rows: list[int], width: int) -> torch.Tensor:
        """Return logits, tokens and total of rows as [rows, 2 * width + 2] words of 32 bits."""
        every = rows == list(range(len(self._scores)))
        scores = self._scores if every else self._scores[self._sent(rows)]
        logits, tokens = scores.topk(width)
        # Row by row: a sum over rows of a batch goes by another order than over one alone.
        totals = [_total(row, top[0]) for row, top in zip(scores, logits, strict=True)] if width > FEW else []
        none = torch.zeros(len(rows), dtype=torch.float64, device=scores.device)
        total = torch.stack(totals) if totals else none
        words = [logits.view(torch.int32), tokens.int(), total.unsqueeze(1).view(torch.int32)]
        return torch.cat(words, dim=1)

    def _spread(self, edits: Edits) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the places of all edits in the flattened scores, and their numbers."""
        width = self._scores.shape[1]
        places = np.concatenate([tokens + row * width for row, (tokens, _) in edits.items()])
        numbers = [np.full(len(tokens), number, dtype=np.float32) for tokens, number in edits.values()]
        return self._sent(places), self._sent(np.concatenate(numbers))

    def _sent(self, values: object) -> torch.Tensor:
        return torch.as_tensor(values).to(self._scores.device, non_blocking=True)


def _total(row: torch.Tensor, largest: torch.Tensor) -> torch.Tensor:
    return (row - largest).exp().sum(dtype=torch.float64)


def _candidates(part: NDArray[np.int32], width: int) -> Candidates:
    logits = np.ascontiguousarray(part[:, :width]).view(np.float32).astype(np.float64)
    largest = logits[:, 0].copy()  # before they are put in order: topk has NaN first, numpy has it last
    usable = np.isfinite(largest)[:, None]
    logits -= np.where(usable, largest[:, None], 0.0)
    tokens, logits = in_order(part[:, width:-2].astype(np.int64), np.where(usable, logits, 0.0))
    total = np.ascontiguousarray(part[:, -2:]).view(np.float64)[:, 0]
    return Candidates(tokens, logits, largest, total)
