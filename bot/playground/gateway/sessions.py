"""Keep what a gateway session has said, so that a client that lost its socket can take it up again."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Protocol

REPLAY_LIMIT: Final = 4096


class FramesLost(Exception):
    """Tell that frames after the asked sequence number are no longer kept."""


class Outlet(Protocol):
    """What a session needs of the socket that it is attached to."""

    def wake(self) -> None:
        """Tell that there is something new to send."""

    def abort(self) -> None:
        """Cut the TCP connection without a word."""

    def close(self, code: int, reason: str) -> None:
        """Close the socket with a gateway close code, after what is already queued."""

    def send(self, op: int, data: object) -> None:
        """Queue one frame that is no dispatch."""


@dataclass(slots=True)
class Session:
    """Hold one login: who, what they hear, and the newest REPLAY_LIMIT dispatches as JSON text."""

    id: str
    user_id: int
    bot: bool
    intents: int = 0
    shard: int = 0
    shards: int = 1
    sequence: int = 0
    outlet: Outlet | None = None
    detached_at: float = 0.0
    _frames: deque[str] = field(default_factory=lambda: deque(maxlen=REPLAY_LIMIT))

    def push(self, name: str, body: str) -> None:
        """Add a dispatch whose `d` is this JSON text under the next number, and wake the socket."""
        self.sequence += 1
        self._frames.append(f'{{"op":0,"t":"{name}","s":{self.sequence},"d":{body}}}')
        if self.outlet is not None:
            self.outlet.wake()

    def covers(self, guild_id: int | None) -> bool:
        """Tell whether this shard is the one for a guild; direct messages belong to shard 0."""
        return (0 if guild_id is None else (guild_id >> 22) % self.shards) == self.shard

    def keeps(self, sequence: int) -> bool:
        """Tell whether everything after a sequence number can still be replayed."""
        return sequence >= self.sequence - len(self._frames)

    def after(self, sequence: int) -> str | None:
        """Give the frame after a sequence number, None when there is none yet. Raises FramesLost."""
        if sequence >= self.sequence:
            return None
        offset = len(self._frames) - (self.sequence - sequence)
        if offset < 0:
            raise FramesLost
        return self._frames[offset]
