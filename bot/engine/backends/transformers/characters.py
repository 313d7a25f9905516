"""Make characters of the bytes that tokens write.

Not with tokenizers' DecodeStream, which raises an error, or waits ever longer, once a model has written bytes that are
no text; a model with random weights, or a hot one, does.
"""

from codecs import getincrementaldecoder

REPLACEMENT = "\ufffd"


class Characters:
    """Make characters of bytes that come in pieces; bytes that are no text are dropped."""

    def __init__(self, pending: bytes = b"") -> None:
        self._decoder = getincrementaldecoder("utf-8")("ignore")
        self.feed(pending)

    def feed(self, data: bytes) -> str:
        """Return the characters that these bytes complete."""
        return self._decoder.decode(data).replace(REPLACEMENT, "")

    @property
    def pending(self) -> bytes:
        """Return the beginning of a character that is not complete yet."""
        return self._decoder.getstate()[0]
