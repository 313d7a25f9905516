"""Write to one gateway socket: what its session has to say, heartbeats and farewells, in one order."""

import asyncio
import json
from collections import deque
from typing import Final

import structlog
from aiohttp import web

from bot.playground.gateway.compression import Compress
from bot.playground.gateway.sessions import FramesLost, Session

logger = structlog.get_logger(__name__)

# A client that is this many dispatches behind is cut off; it may resume while the session keeps them.
LAG_LIMIT: Final = 1024


class Connection:
    """Own the sending side of a socket; `write` is the one task that sends."""

    def __init__(self, ws: web.WebSocketResponse, request: web.Request, *, compress: Compress | None) -> None:
        self._ws = ws
        self._transport = request.transport
        self._compress = compress
        self._wake = asyncio.Event()
        self._control: deque[str] = deque()
        self._farewell: tuple[int, str] | None = None
        self._sent = 0
        self._floor = 0
        self.session: Session | None = None

    @property
    def closing(self) -> bool:
        """Tell whether the server itself wants this socket closed."""
        return self._farewell is not None

    def attach(self, session: Session, *, after: int = 0) -> None:
        """Send this session's dispatches from now on, beginning after a sequence number."""
        if session.outlet is not None:
            session.outlet.close(4000, "Resumed elsewhere.")
        self.session, self._sent, self._floor = session, after, session.sequence
        session.outlet = self
        self.wake()

    def detach(self, *, now: float) -> None:
        """Leave the session to be resumed by another socket. `now` is monotonic seconds."""
        if self.session is not None and self.session.outlet is self:
            self.session.outlet = None
            self.session.detached_at = now

    def send(self, op: int, data: object) -> None:
        """Queue one frame that is no dispatch, ahead of waiting dispatches."""
        self._control.append(json.dumps({"op": op, "d": data, "s": None, "t": None}))
        self._wake.set()

    def wake(self) -> None:
        """Send what the session has gained; a client that lags too far behind is cut off."""
        self._wake.set()
        session = self.session
        if session is not None and session.sequence - max(self._sent, self._floor) > LAG_LIMIT:
            logger.warning("slow gateway client cut off", user=session.user_id)
            self.abort()

    def close(self, code: int, reason: str) -> None:
        """Close after what is already queued."""
        if self._farewell is None:
            self._farewell = (code, reason)
        self._wake.set()

    def abort(self) -> None:
        """Cut the TCP connection."""
        if self._transport is not None:
            self._transport.abort()

    async def write(self) -> None:
        """Send until the socket is closed, from here or from there."""
        while not self._ws.closed:
            await self._wake.wait()
            self._wake.clear()
            await self._send_waiting()
            if self._farewell is not None:
                code, reason = self._farewell
                await self._ws.close(code=code, message=reason.encode())

    async def _send_waiting(self) -> None:
        while not self._ws.closed and (frame := self._next()) is not None:
            if self._compress is None:
                await self._ws.send_str(frame)
            else:
                await self._ws.send_bytes(self._compress(frame.encode()))

    def _next(self) -> str | None:
        if self._control:
            return self._control.popleft()
        if self.session is None:
            return None
        try:
            frame = self.session.after(self._sent)
        except FramesLost:
            self.close(4000, "Too far behind.")
            return None
        if frame is not None:
            self._sent += 1
        return frame
