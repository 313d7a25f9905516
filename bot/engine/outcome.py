"""Tell whoever keeps count how a request went, once, when it is over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.engine.errors import (
    EngineClosed,
    GenerationCancelled,
    GenerationTimedOut,
    PromptTooLong,
    QueueFull,
    SetAside,
)
from bot.errors import StoryloomError

Word = Literal[
    "stop", "length", "cancelled", "failed", "timed out", "too long", "refused", "set aside", "closed"
]

_WORDS: dict[type[StoryloomError], Word] = {
    GenerationCancelled: "cancelled",
    GenerationTimedOut: "timed out",
    PromptTooLong: "too long",
    QueueFull: "refused",
    SetAside: "set aside",
    EngineClosed: "closed",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold what is known of a request in the end.

    `waited` is how many seconds it was in the queue, `first_word` how many more until there was a word; None where it
    did not come so far. `cached` of the prompt's tokens had not to be read again.
    """

    ending: Word
    tokens: int = 0
    prompt_tokens: int = 0
    cached: int = 0
    waited: float | None = None
    first_word: float | None = None


Observer = Callable[[Outcome], None]


def word_for(error: StoryloomError) -> Word:
    """Return in one word what ended a request early."""
    return _WORDS.get(type(error), "failed")
