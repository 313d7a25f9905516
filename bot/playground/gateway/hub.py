"""Carry each event to the gateway sessions that may hear it."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Final

import structlog

from bot.playground.gateway import intents
from bot.playground.gateway.sessions import Session
from bot.playground.world.events import Event
from bot.playground.world.world import World

logger = structlog.get_logger(__name__)

# How many sessions of one user wait for a client that may come back.
KEPT_SESSIONS: Final = 16
# How long Discord lets a client come back to a session whose socket is gone.
RESUME_SECONDS: Final = 300.0


class _Texts:
    """Turn one event into JSON at most twice: whole, and without what MESSAGE_CONTENT protects."""

    def __init__(self, event: Event) -> None:
        self._event = event
        self._whole: str | None = None
        self._blank: str | None = None

    def for_session(self, session: Session) -> str:
        """Give the event's `d` as this session may read it."""
        event = self._event
        if session.bot and intents.hides_content(
            session.intents, event.name, event.data, user_id=session.user_id
        ):
            if self._blank is None:
                self._blank = dumps(intents.without_content(event.data))
            return self._blank
        if self._whole is None:
            self._whole = dumps(event.data)
        return self._whole


def dumps(data: object) -> str:
    """Write compact JSON."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


class Hub:
    """Own the gateway sessions of people and bots, and fan events out to them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sessions: dict[str, Session] = {}

    def publish(self, event: Event) -> None:
        """Hand an event to every session that may hear it; never blocks."""
        texts = _Texts(event)
        for session in self._sessions.values():
            if self._hears(session, event):
                session.push(event.name, texts.for_session(session))

    def open_session(
        self, user_id: int, *, bot: bool, wanted: int = 0, shard: int = 0, shards: int = 1
    ) -> Session:
        """Start a session that hears everything published from now on."""
        self._forget_abandoned()
        self._forget_oldest(user_id)
        session = Session(secrets.token_hex(16), user_id, bot, wanted, shard, shards)
        self._sessions[session.id] = session
        logger.debug("gateway session opened", user=user_id, bot=bot, shard=shard)
        return session

    def session(self, session_id: str) -> Session | None:
        """Find a session that can still be resumed."""
        self._forget_abandoned()
        return self._sessions.get(session_id)

    def end_session(self, session: Session) -> None:
        """Forget a session for good; its client must identify anew."""
        self._sessions.pop(session.id, None)

    def online(self, user_id: int) -> bool:
        """Tell whether a user has a session with a live socket."""
        return any(session.outlet is not None for session in self._of(user_id))

    def drop(self, user_id: int) -> None:
        """Cut a user's sockets as a broken network would; the sessions can be resumed."""
        for session in self._of(user_id):
            if session.outlet is not None:
                session.outlet.abort()

    def close(self, user_id: int, code: int) -> None:
        """Close a user's sockets with a gateway close code."""
        for session in self._of(user_id):
            if session.outlet is not None:
                session.outlet.close(code, "Closed by the playground.")

    def reconnect(self, user_id: int) -> None:
        """Ask a user's clients to reconnect and resume (op 7)."""
        for session in self._of(user_id):
            if session.outlet is not None:
                session.outlet.send(7, None)

    def invalidate(self, user_id: int, resumable: bool) -> None:
        """Tell a user's clients that their session is invalid (op 9); unless resumable, forget it."""
        for session in list(self._of(user_id)):
            if session.outlet is not None:
                session.outlet.send(9, resumable)
            if not resumable:
                self.end_session(session)

    def close_all(self) -> None:
        """Close every socket with 1001, for the end of the server."""
        for session in self._sessions.values():
            if session.outlet is not None:
                session.outlet.close(1001, "The playground is closing.")

    def _of(self, user_id: int) -> Iterator[Session]:
        return (session for session in self._sessions.values() if session.user_id == user_id)

    def _hears(self, session: Session, event: Event) -> bool:
        if not session.covers(event.guild_id):
            return False
        if session.bot and not intents.hears(
            session.intents, event.name, in_guild=event.guild_id is not None
        ):
            return False
        return self._audience(session.user_id, event)

    def _audience(self, user_id: int, event: Event) -> bool:
        if event.only is not None:
            return user_id in event.only
        if event.channel_id is not None:
            return self._world.may_view(user_id, event.channel_id)
        return event.guild_id is None or user_id in self._world.guilds[event.guild_id].members

    def _forget_abandoned(self) -> None:
        deadline = time.monotonic() - RESUME_SECONDS
        for session in list(self._sessions.values()):
            if session.outlet is None and session.detached_at < deadline:
                self.end_session(session)

    def _forget_oldest(self, user_id: int) -> None:
        waiting = [session for session in self._of(user_id) if session.outlet is None]
        for session in waiting[:-KEPT_SESSIONS]:
            self.end_session(session)
