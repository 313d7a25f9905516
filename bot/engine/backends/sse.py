"""Read server-sent events from bytes, however the network cut them; pure.

Lines end at a newline byte, which no multi-byte character contains, so a character is never decoded in parts.
"""

import json
from collections.abc import Iterator
from typing import Any

LINE_LIMIT = 1 << 20  # bytes; a server that sends more without a newline is not speaking this protocol


class BrokenStream(ValueError):
    """Tell that the bytes are no event stream of JSON objects."""


class EventReader:
    """Turn bytes into the JSON objects of `data:` lines; all else, `[DONE]` too, is passed over."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Yield the objects that these bytes complete.

        Raises BrokenStream when a line is too long, not UTF-8 or not a JSON object.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_LIMIT:
            raise BrokenStream("a line without end")
        for line in lines:
            value = line.removeprefix(b"data:").strip()
            if line.startswith(b"data:") and value and value != b"[DONE]":
                yield _object(value)


def _object(value: bytes) -> dict[str, Any]:
    try:
        event = json.loads(value)
    except ValueError as error:
        raise BrokenStream(f"not JSON: {error}") from error
    if not isinstance(event, dict):
        raise BrokenStream("not a JSON object")
    return event


class TextJoiner:
    """Make whole characters of pieces of text.

    Some servers escape a character beyond U+FFFF as two halves, which may come in two pieces. A half left alone, and
    the replacement character that stands for bytes which are no text, are dropped: nobody wants to read �.
    """

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        """Return the text that this piece completes; it may be empty."""
        text = self._half + piece
        self._half = text[-1] if text and "\ud800" <= text[-1] <= "\udbff" else ""
        whole = text.removesuffix(self._half) if self._half else text
        if whole.isascii():
            return whole
        joined = whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
        return joined.replace("\ufffd", "")
