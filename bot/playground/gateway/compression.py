"""Compress gateway frames the three ways that Discord offers: none, zlib-stream and zstd-stream."""

import importlib
import zlib
from collections.abc import Callable
from typing import Any

Compress = Callable[[bytes], bytes]


class CompressionRefused(Exception):
    """Tell that the asked compression is unknown, or cannot be done on this machine."""


def open_stream(name: str | None) -> Compress | None:
    """Open one connection's compressor by its name in the gateway's query.

    Every call of what is returned gives one whole websocket message; the context lasts as long as
    the connection. None means text frames. Raises CompressionRefused.
    """
    match name:
        case None | "":
            return None
        case "zlib-stream":
            return _zlib_stream()
        case "zstd-stream":
            return _zstd_stream()
        case _:
            raise CompressionRefused(f"Unknown compression {name!r}; use zlib-stream, zstd-stream or none.")


def _zlib_stream() -> Compress:
    context = zlib.compressobj()

    def compress(data: bytes) -> bytes:
        # The sync flush ends each message with 00 00 ff ff, by which a client knows that it is whole.
        return context.compress(data) + context.flush(zlib.Z_SYNC_FLUSH)

    return compress


def _zstd_stream() -> Compress:
    # Optional: discord.py asks for this stream only where the package is installed, and so do tests.
    try:
        zstandard: Any = importlib.import_module("zstandard")
    except ImportError as missing:
        raise CompressionRefused(
            "zstd-stream needs the zstandard package, which is not installed; use zlib-stream or none."
        ) from missing
    context = zstandard.ZstdCompressor().compressobj()

    def compress(data: bytes) -> bytes:
        # One endless frame: the block is flushed, the frame never ends.
        whole: bytes = context.compress(data) + context.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        return whole

    return compress
