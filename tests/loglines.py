"""Hear everything that is logged, by us and by the libraries, to find the errors in it."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from structlog.testing import capture_logs
from structlog.typing import EventDict


class _Ear(logging.Handler):
    """Gather what the libraries log as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.heard.append(f"{record.name}: {self.format(record)}")


class Log:
    """Hear what is logged, by us and by the libraries."""

    def __init__(self, events: list[EventDict], ear: _Ear) -> None:
        self._events = events
        self._ear = ear

    @classmethod
    @contextmanager
    def listening(cls) -> Iterator[Self]:
        """Listen until the block ends."""
        ear = _Ear()
        logging.getLogger().addHandler(ear)
        try:
            with capture_logs() as events:
                yield cls(events, ear)
        finally:
            logging.getLogger().removeHandler(ear)

    def errors(self) -> list[str]:
        """Return every error so far, with what caused it."""
        ours = [event for event in self._events if event["log_level"] in ("error", "critical")]
        return [*map(_line, ours), *self._ear.heard]

    def says(self, event: str) -> bool:
        """Tell whether an event was logged, at any level."""
        return any(said["event"] == event for said in self._events)


def _line(event: EventDict) -> str:
    cause = event.get("exc_info")
    trace = "".join(traceback.format_exception(cause)) if isinstance(cause, Exception) else ""
    return f"{event['event']}: {event} {trace}"
