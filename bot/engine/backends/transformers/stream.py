"""Write a job's words as server-sent events: the first at once, then as often as anybody reads."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

from bot.engine.backends.transformers.sequence import Event, Failed, Finished

PACE_SECONDS = 0.04  # between two events of a stream: each costs both processes time, and nobody reads faster
DONE = b"data: [DONE]\n\n"


class EventStream:
    """Gather the events of one job between two writes."""

    def __init__(self) -> None:
        self._text = ""
        self._end: Finished | Failed | None = None
        self._news = asyncio.Event()
        self._over = asyncio.Event()

    def hear(self, event: Event) -> None:
        """Take the next event in."""
        if not isinstance(event, Failed):
            self._text += event.text
        if isinstance(event, Finished | Failed):
            self._end = event
            self._over.set()
        self._news.set()

    async def lines(self) -> AsyncGenerator[bytes]:
        """Yield the lines of the stream up to its last, in llama.cpp's shape."""
        while True:
            await self._news.wait()
            self._news.clear()
            text, self._text = self._text, ""
            end = self._end
            if text:
                yield _line({"choices": [_choice(text, None)]})
            if end:
                yield _last(end)
                yield DONE
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(PACE_SECONDS):
                    await self._over.wait()


def _last(end: Finished | Failed) -> bytes:
    if isinstance(end, Failed):
        return _line({"error": {"type": end.kind, "message": end.detail}})
    usage = end.usage
    timings = {
        "prompt_n": usage.prompt_tokens - usage.cached,
        "cache_n": usage.cached,
        "predicted_n": usage.tokens,
    }
    return _line({"choices": [_choice("", usage.ending)], "timings": timings})


def _choice(text: str, finish: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}


def _line(event: dict[str, Any]) -> bytes:
    whole = {"object": "chat.completion.chunk", **event}
    return b"data: " + json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
