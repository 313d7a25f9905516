"""Name what happens in the world, so that the gateway can tell those who may hear it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Hold one dispatch: Discord's event name, its `d` (snowflakes as strings) and its audience.

    Of the people and applications in `guild_id`, those who may view `channel_id` hear it; where `only` is
    given, nobody but these users does.
    """

    name: str
    data: dict[str, Any]
    guild_id: int | None = None
    channel_id: int | None = None
    only: frozenset[int] | None = None
