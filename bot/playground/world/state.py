"""Name the records that a world is made of; what clients see of them is Discord's own JSON."""

from dataclasses import dataclass, field
from typing import Any

Payload = dict[str, Any]

TEXT, DIRECT, CATEGORY, ANNOUNCEMENT, FORUM = 0, 1, 4, 5, 15
PUBLIC_THREAD, PRIVATE_THREAD = 11, 12
THREADS = (10, PUBLIC_THREAD, PRIVATE_THREAD)


@dataclass(slots=True)
class Guild:
    """Hold a guild: its own fields, and what it contains by id."""

    data: Payload
    roles: dict[int, Payload] = field(default_factory=dict)
    members: dict[int, Payload] = field(default_factory=dict)
    """Members without their `user`, which `World.member_payload` adds."""
    bans: dict[int, str | None] = field(default_factory=dict)
    rules: dict[int, Payload] = field(default_factory=dict)
    scheduled: dict[int, Payload] = field(default_factory=dict)
    interested: dict[int, list[int]] = field(default_factory=dict)
    """Scheduled event id → ids of the users who will come."""

    @property
    def id(self) -> int:
        """Return the id, which is also that of the role @everyone."""
        return int(self.data["id"])


@dataclass(slots=True)
class Application:
    """Hold a bot's application, whose id is its bot user's; `commands` holds those of every guild too."""

    id: int
    name: str
    privileged_intents: bool = True
    commands: dict[int, Payload] = field(default_factory=dict)


@dataclass(slots=True)
class Reaction:
    """Hold who reacted with one emoji, in order."""

    emoji: Payload
    users: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Whisper:
    """Hold an ephemeral message and the one user who sees it."""

    message: Payload
    reader: int


@dataclass(frozen=True, slots=True)
class Upload:
    """Hold one file that came with a request."""

    filename: str
    content_type: str
    data: bytes


def archived(thread: Payload) -> bool:
    """Tell whether a thread is archived."""
    return bool(thread["thread_metadata"]["archived"])
