"""Name who acts and where, without Discord's own objects."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """Describe someone who acts; `moderator` is whether they may manage messages in this place."""

    id: int
    name: str
    moderator: bool = False
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Place:
    """Name a channel, thread or direct message; `guild_id` is 0 in direct messages.

    `parent_id` is the channel of a thread, which inherits what was agreed on there.
    """

    guild_id: int
    channel_id: int
    parent_id: int | None = None
