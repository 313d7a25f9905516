"""Turn tokens into text: whole characters only, up to a stop string."""

from collections.abc import Sequence

from bot.engine.backends.transformers.characters import Characters
from bot.engine.backends.transformers.vocabulary import Vocabulary


class TextStream:
    """Write one answer's text; special tokens and an end cut in a character leave nothing in it.

    The text ends before the stop string that is complete first, or before the longest of those complete at once.
    """

    def __init__(self, vocabulary: Vocabulary, stop: tuple[str, ...]) -> None:
        self._vocabulary = vocabulary
        self._stops = tuple(word for word in stop if word)
        self._characters = Characters()
        self._held = ""
        self._begun = False
        self.stopped = False

    def feed(self, token: int) -> str:
        """Return the text that this token completes and no stop string can claim any more."""
        if self.stopped:
            return ""
        text = self._held + self._characters.feed(self._bytes(token))
        cut = first_stop(text, self._stops)
        if cut is not None:
            self.stopped, self._held = True, ""
            return text[:cut]
        sure = len(text) - _claimed(text, self._stops)
        self._held = text[sure:]
        return text[:sure]

    def flush(self) -> str:
        """Return what was held back, when the answer ended without a stop string."""
        held, self._held = self._held, ""
        return held

    def _bytes(self, token: int) -> bytes:
        data = self._vocabulary.bytes_of(token)
        if data and not self._begun:
            self._begun = True
            return self._vocabulary.first_bytes_of(token)
        return data


def first_stop(text: str, stops: Sequence[str]) -> int | None:
    """Return where the stop string begins that is complete first, the longest of those complete at once."""
    found = [(text.find(stop) + len(stop), -len(stop)) for stop in stops if stop in text]
    if not found:
        return None
    end, length = min(found)
    return end + length


def _claimed(text: str, stops: Sequence[str]) -> int:
    """Return how many of the last characters may be the beginning of a stop string."""
    return max((_overlap(text, stop) for stop in stops), default=0)


def _overlap(text: str, stop: str) -> int:
    longest = min(len(stop) - 1, len(text))
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
