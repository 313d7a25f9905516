"""Decide whose request is next: channels take turns, and in a channel its people do; pure and synchronous.

Who is served goes to the back of their channel's line, and their channel to the back of the queue. So between two
requests of a channel each other channel is served once at most, and likewise people in a channel: however many
requests somebody has, the others' turns come as soon.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class _Line(Generic[Item]):
    """Hold one channel's requests: people in the order of their turns, each with their own in order."""

    people: dict[int, deque[Item]] = field(default_factory=dict)

    def pop(self) -> Item:
        user_id, items = next(iter(self.people.items()))
        item = items.popleft()
        del self.people[user_id]
        if items:
            self.people[user_id] = items
        return item


class FairQueue(Generic[Item]):
    """Hold waiting requests; an item is in it at most once."""

    def __init__(self) -> None:
        self._lines: dict[int, _Line[Item]] = {}
        self._places: dict[Item, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, item: Item) -> bool:
        return item in self._places

    def add(self, item: Item, *, channel_id: int, user_id: int) -> None:
        """Put an item behind all others of its person."""
        if item in self._places:
            raise ValueError("the item already waits")
        line = self._lines.setdefault(channel_id, _Line())
        line.people.setdefault(user_id, deque()).append(item)
        self._places[item] = (channel_id, user_id)

    def pop(self) -> Item:
        """Take the next item; the queue must not be empty."""
        channel_id, line = next(iter(self._lines.items()))
        item = line.pop()
        del self._lines[channel_id], self._places[item]
        if line.people:
            self._lines[channel_id] = line
        return item

    def remove(self, item: Item) -> None:
        """Take an item out of turn; nobody's place becomes a later one by it."""
        channel_id, user_id = self._places.pop(item)
        people = self._lines[channel_id].people
        people[user_id].remove(item)
        if not people[user_id]:
            del people[user_id]
        if not people:
            del self._lines[channel_id]

    def order(self) -> Iterator[Item]:
        """Yield all items as they will be popped if nothing else happens."""
        rehearsal: FairQueue[Item] = FairQueue()
        for channel_id, line in self._lines.items():
            rehearsal._lines[channel_id] = _Line({user: deque(items) for user, items in line.people.items()})
        rehearsal._places = dict(self._places)
        while rehearsal:
            yield rehearsal.pop()
