"""Show how far a download is: a bar on a terminal, a log line every tenth elsewhere."""

import sys
import time
from typing import Self

import structlog

log = structlog.get_logger(__name__)

WIDTH = 30  # characters of the bar
REDRAW = 0.1  # seconds


class Progress:
    """Tell what is fetched and how much before it starts, then how far it is; used as a context manager."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._bar = sys.stderr.isatty()
        self._drawn = 0.0
        self._tenth = 0

    def __enter__(self) -> Self:
        log.info("downloading", file=self._name, megabytes=round(self._size / 10**6))
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar:
            sys.stderr.write("\n")

    def show(self, done: int) -> None:
        """Tell that so many bytes are there."""
        share = done / self._size if self._size else 1.0
        if self._bar:
            self._draw(done, share)
        elif int(share * 10) > self._tenth:
            self._tenth = int(share * 10)
            log.info("downloading", file=self._name, percent=self._tenth * 10)

    def _draw(self, done: int, share: float) -> None:
        now = time.monotonic()
        if now - self._drawn < REDRAW and share < 1:
            return
        self._drawn = now
        bar = "#" * int(share * WIDTH)
        sys.stderr.write(f"\r[{bar:<{WIDTH}}] {done / 10**6:,.0f} of {self._size / 10**6:,.0f} MB")
        sys.stderr.flush()
