"""Keep one channel's messages in the order of their ids, and page through them."""

from bisect import bisect_left, bisect_right
from typing import Any

Message = dict[str, Any]


class History:
    """Hold a channel's messages; new ones come last, for ids only grow."""

    def __init__(self) -> None:
        self._ids: list[int] = []
        self._by_id: dict[int, Message] = {}
        self.pins: dict[int, str] = {}
        """Message id → moment of pinning, oldest pin first."""

    def __len__(self) -> int:
        return len(self._ids)

    def put(self, message: Message) -> None:
        """Add a message, or replace the one with its id."""
        number = int(message["id"])
        if number not in self._by_id:
            at = bisect_right(self._ids, number)
            self._ids.insert(at, number)
        self._by_id[number] = message

    def get(self, message_id: int) -> Message | None:
        """Return a message, or None."""
        return self._by_id.get(message_id)

    def remove(self, message_id: int) -> Message | None:
        """Take a message out and return it, or None where there was none."""
        message = self._by_id.pop(message_id, None)
        if message is not None:
            del self._ids[bisect_left(self._ids, message_id)]
            self.pins.pop(message_id, None)
        return message

    def all(self) -> list[Message]:
        """Return every message, oldest first."""
        return [self._by_id[i] for i in self._ids]

    def newest(self, limit: int) -> list[Message]:
        """Return up to `limit` messages, newest first."""
        return self._slice(len(self._ids) - limit, len(self._ids))

    def before(self, message_id: int, limit: int) -> list[Message]:
        """Return up to `limit` messages just older than an id, newest first."""
        end = bisect_left(self._ids, message_id)
        return self._slice(end - limit, end)

    def after(self, message_id: int, limit: int) -> list[Message]:
        """Return up to `limit` messages just newer than an id, newest first."""
        start = bisect_right(self._ids, message_id)
        return self._slice(start, start + limit)

    def around(self, message_id: int, limit: int) -> list[Message]:
        """Return up to `limit` messages about an id, newest first."""
        middle = bisect_left(self._ids, message_id)
        start = max(0, middle - limit // 2)
        return self._slice(start, start + limit)

    def _slice(self, start: int, end: int) -> list[Message]:
        return [self._by_id[i] for i in reversed(self._ids[max(0, start) : max(0, end)])]
