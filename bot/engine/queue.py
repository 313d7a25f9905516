"""Decide whose request is next: servers take turns, in a server its channels, in a channel its people; pure.

Who is served goes to the back of their channel's line, the channel to the back of its server's, and the server to the
back of the queue. So between two requests of a server each other server is served once at most, and likewise channels
in a server and people in a channel: however many requests somebody has, the others' turns come as soon.
What runs in the background waits behind all people, and among itself in the same order.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Path = tuple[int, ...]


@dataclass(slots=True)
class _Line(Generic[Item]):
    """Hold what waits behind one id: a person's items in order, or the lines inside, in the order of their turns."""

    own: deque[Item] = field(default_factory=deque)
    inner: OrderedDict[int, "_Line[Item]"] = field(default_factory=OrderedDict)

    def __bool__(self) -> bool:
        return bool(self.own or self.inner)

    def __iter__(self) -> Iterator[Item]:
        """Yield all items as they will be popped if nothing else happens."""
        yield from self.own
        turns = deque(iter(line) for line in self.inner.values())
        while turns:
            turn = turns.popleft()
            for item in turn:
                yield item
                turns.append(turn)
                break

    def add(self, item: Item, path: Path) -> None:
        if path:
            self.inner.setdefault(path[0], _Line()).add(item, path[1:])
        else:
            self.own.append(item)

    def pop(self) -> Item:
        if self.own:
            return self.own.popleft()
        key, line = next(iter(self.inner.items()))
        item = line.pop()
        self.inner.move_to_end(key)
        self._drop_if_empty(key)
        return item

    def remove(self, item: Item, path: Path) -> None:
        if path:
            self.inner[path[0]].remove(item, path[1:])
            self._drop_if_empty(path[0])
        else:
            self.own.remove(item)

    def _drop_if_empty(self, key: int) -> None:
        if not self.inner[key]:
            del self.inner[key]


class FairQueue(Generic[Item]):
    """Hold waiting requests; an item is in it at most once."""

    def __init__(self) -> None:
        self._people: _Line[Item] = _Line()
        self._background: _Line[Item] = _Line()
        self._paths: dict[Item, tuple[_Line[Item], Path]] = {}

    def __len__(self) -> int:
        return len(self._paths)

    def __contains__(self, item: Item) -> bool:
        return item in self._paths

    def __iter__(self) -> Iterator[Item]:
        """Yield all items, in the order of coming; that of their turns costs more to know."""
        return iter(self._paths)

    @property
    def has_people(self) -> bool:
        """Tell whether the next item is a person's."""
        return bool(self._people)

    def add(
        self, item: Item, *, guild_id: int, channel_id: int, user_id: int, background: bool = False
    ) -> None:
        """Put an item behind all others of its person; in the background, behind everybody's."""
        if item in self._paths:
            raise ValueError("the item already waits")
        line, path = self._background if background else self._people, (guild_id, channel_id, user_id)
        self._paths[item] = line, path
        line.add(item, path)

    def pop(self) -> Item:
        """Take the next item; the queue must not be empty."""
        item = (self._people or self._background).pop()
        del self._paths[item]
        return item

    def remove(self, item: Item) -> None:
        """Take an item out of turn; nobody's place becomes a later one by it."""
        line, path = self._paths.pop(item)
        line.remove(item, path)

    def order(self) -> Iterator[Item]:
        """Yield all items as they will be popped if nothing else happens; nothing may happen meanwhile."""
        yield from self._people
        yield from self._background
