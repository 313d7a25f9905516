"""Write log lines that the bot's process reads: the level, then the event and its values."""

import logging
import sys

import structlog

from bot.engine.backends.transformers.quiet import hush


def configure() -> None:
    """Set up logging for the model's process: everything goes to standard error, one level a line."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, _line],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    hush()


def _line(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
    """Put an event in a line; the lines of a traceback follow it."""
    text, trace = str(event.pop("event")), event.pop("exception", "")
    values = [f"{key}={value}" for key, value in event.items()]
    return "\n".join(filter(None, [" ".join([text, *values]), str(trace)]))
