"""Go on where memory is short: let go what lies idle, do less at once, and try again once."""

from collections.abc import Callable
from typing import TypeVar

import structlog
import torch

from bot.engine.backends.transformers.runner import Row
from bot.engine.backends.transformers.sequence import Running

log = structlog.get_logger(__name__)

Batch = list[tuple[Running, Row]]
Result = TypeVar("Result")


def eased(first: Callable[[], Result], again: Callable[[], Result]) -> Result:
    """Return what `first` gives, or, where it ran out of memory, what `again` gives once what lies idle is let go.

    That is the allocator's own store. Stories need not grow cold for it: their pages are allocated once and for all.
    """
    try:
        return first()
    except torch.OutOfMemoryError as error:
        log.warning("out of memory", reason=str(error))
    # Outside of the handler: the error holds on to what the failed attempt had allocated.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return again()


def halved(batch: Batch) -> Batch:
    """Return the step's smaller half: shorter chunks of prompts, or, where there are none, fewer sequences."""
    if all(len(row.tokens) == 1 for _sequence, row in batch):
        return batch[: -(-len(batch) // 2)]
    return [(sequence, sequence.row(-(-len(row.tokens) // 2))) for sequence, row in batch]


def largest(batch: Batch) -> Running:
    """Return the sequence whose part of the step takes the most memory."""
    return max(batch, key=lambda entry: (len(entry[1].tokens), entry[0].read))[0]
