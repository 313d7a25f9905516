"""Speak Discord's gateway protocol, version 10: hello, identify, heartbeats, resume, member requests."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from aiohttp import WSMsgType, web

from bot.playground.gateway import intents
from bot.playground.gateway.compression import CompressionRefused, open_stream
from bot.playground.gateway.connection import Connection
from bot.playground.gateway.greeting import greet, member_chunks
from bot.playground.gateway.hub import Hub, dumps
from bot.playground.world.events import Event
from bot.playground.world.world import World

logger = structlog.get_logger(__name__)

HEARTBEAT_SECONDS: Final = 41.25
ACK_SECONDS: Final = 0.05
MAX_FRAME_BYTES: Final = 4096
MAX_FRAMES_PER_MINUTE: Final = 120
STATUSES: Final = ("online", "idle", "dnd", "invisible", "offline")


class _Closed(Exception):
    """Carry the gateway close code for a client that broke the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def routes(world: World, hub: Hub) -> list[web.RouteDef]:
    """List the gateway's route; it stands outside the versioned API."""

    async def gateway(request: web.Request) -> web.StreamResponse:
        return await _Client(world, hub, request).serve()

    return [web.get("/gateway", gateway), web.get("/gateway/", gateway)]


class _Client:
    """Serve one socket from the handshake to its end."""

    def __init__(self, world: World, hub: Hub, request: web.Request) -> None:
        self._world = world
        self._hub = hub
        self._request = request
        self._ws = web.WebSocketResponse(max_msg_size=1 << 20, compress=False)
        self._frames: deque[float] = deque()
        self._ops: dict[int, Callable[[Any], None]] = {
            1: self._heartbeat,
            2: self._identify,
            3: self._presence,
            4: self._ignore,
            6: self._resume,
            8: self._request_members,
            14: self._ignore,
        }

    async def serve(self) -> web.StreamResponse:
        """Shake hands, then read frames until the client leaves or breaks the protocol."""
        query = self._request.query
        try:
            compress = open_stream(query.get("compress"))
        except CompressionRefused as refused:
            return web.json_response({"message": str(refused), "code": 0}, status=400)
        await self._ws.prepare(self._request)
        self._connection = Connection(self._ws, self._request, compress=compress)
        if query.get("encoding", "json") != "json" or query.get("v", "10") not in ("9", "10"):
            self._connection.close(4012, "Only version 10 with json encoding is spoken here.")
        self._connection.send(10, {"heartbeat_interval": int(HEARTBEAT_SECONDS * 1000), "_trace": []})
        writer = asyncio.create_task(self._write())
        try:
            await self._read()
        finally:
            self._connection.detach(now=time.monotonic())
            self._connection.wake()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return self._ws

    async def _write(self) -> None:
        try:
            await self._connection.write()
        except ConnectionError as gone:
            logger.debug("gateway client gone", reason=str(gone))

    async def _read(self) -> None:
        while True:
            try:
                message = await self._ws.receive(timeout=HEARTBEAT_SECONDS * 2)
            except TimeoutError:
                await self._ws.close(code=4009, message=b"No heartbeat.")
                return
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                self._leave()
                return
            try:
                self._receive(message.data)
            except _Closed as closed:
                await self._ws.close(code=closed.code, message=closed.reason.encode())
                return

    def _leave(self) -> None:
        """End the session when the client itself said goodbye with 1000 or 1001, as Discord does."""
        session = self._connection.session
        if session is None or session.outlet is not self._connection or self._connection.closing:
            return
        if self._ws.close_code in (1000, 1001):
            self._hub.end_session(session)

    def _receive(self, data: str | bytes) -> None:
        self._count_frame()
        if len(data) > MAX_FRAME_BYTES:
            raise _Closed(4002, "Payload too large.")
        try:
            frame = json.loads(data)
            op, body = frame["op"], frame.get("d")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as broken:
            raise _Closed(4002, "Error while decoding payload.") from broken
        handler = self._ops.get(op) if isinstance(op, int) else None
        if handler is None:
            raise _Closed(4001, "Unknown opcode.")
        if self._connection.session is None and op not in (1, 2, 6):
            raise _Closed(4003, "Not authenticated.")
        try:
            handler(body)
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as broken:
            raise _Closed(4002, "Error while decoding payload.") from broken

    def _count_frame(self) -> None:
        now = time.monotonic()
        while self._frames and self._frames[0] < now - 60:
            self._frames.popleft()
        self._frames.append(now)
        if len(self._frames) > MAX_FRAMES_PER_MINUTE:
            raise _Closed(4008, "You are being rate limited.")

    def _heartbeat(self, _sequence: Any) -> None:
        # discord.py notes when it sent a heartbeat after sending it: an answer from the same machine overtakes
        # that note, and it then warns of a connection that is a whole interval behind.
        asyncio.get_running_loop().call_later(ACK_SECONDS, self._connection.send, 11, None)

    def _ignore(self, _body: Any) -> None:
        """Accept what has no meaning here: voice states and a user client's subscriptions."""

    def _user_of(self, token: str) -> int:
        user_id = self._world.user_of(token.removeprefix("Bot ").strip())
        if user_id is None:
            raise _Closed(4004, "Authentication failed.")
        return user_id

    def _identify(self, body: Mapping[str, Any]) -> None:
        if self._connection.session is not None:
            raise _Closed(4005, "Already authenticated.")
        user_id = self._user_of(body["token"])
        bot = self._world.is_bot(user_id)
        wanted = self._wanted_intents(user_id, body) if bot else 0
        shard, shards = _shard(body.get("shard")) if bot else (0, 1)
        session = self._hub.open_session(user_id, bot=bot, wanted=wanted, shard=shard, shards=shards)
        greet(self._world, session, resume_url=f"ws://{self._request.host}/gateway")
        self._connection.attach(session)

    def _wanted_intents(self, user_id: int, body: Mapping[str, Any]) -> int:
        wanted = body["intents"]
        if not isinstance(wanted, int) or wanted & ~intents.KNOWN or wanted < 0:
            raise _Closed(4013, "Invalid intent(s).")
        if wanted & intents.PRIVILEGED and not self._world.applications[user_id].privileged_intents:
            raise _Closed(4014, "Disallowed intent(s).")
        return wanted

    def _resume(self, body: Mapping[str, Any]) -> None:
        if self._connection.session is not None:
            raise _Closed(4005, "Already authenticated.")
        user_id = self._user_of(body["token"])
        session, sequence = self._hub.session(body["session_id"]), int(body["seq"])
        if session is None or session.user_id != user_id or not session.keeps(sequence):
            self._connection.send(9, False)
            return
        if sequence > session.sequence:
            raise _Closed(4007, "Invalid seq.")
        self._connection.attach(session, after=sequence)
        session.push("RESUMED", '{"_trace":[]}')

    def _presence(self, body: Mapping[str, Any]) -> None:
        session = self._connection.session
        if body["status"] not in STATUSES or session is None:
            raise ValueError(body["status"])
        # What JSON may say and others' parsers cannot read ends here: lone surrogates, infinite numbers.
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        status = "offline" if body["status"] == "invisible" else body["status"]
        user = {"id": str(session.user_id)}
        for guild in self._world.guilds_of(session.user_id):
            data = {"user": user, "guild_id": str(guild.id), "status": status}
            data |= {"activities": _activities(body), "client_status": {"desktop": status}}
            self._world.publish(Event("PRESENCE_UPDATE", data, guild_id=guild.id))

    def _request_members(self, body: Mapping[str, Any]) -> None:
        session = self._connection.session
        if session is None:
            raise ValueError("no session")
        for chunk in member_chunks(self._world, session, body):
            session.push("GUILD_MEMBERS_CHUNK", dumps(chunk))


def _shard(asked: Any) -> tuple[int, int]:
    """Read IDENTIFY's `shard`; closes with 4010 when it is no shard."""
    if asked is None:
        return 0, 1
    match asked:
        case [int(shard), int(shards)] if 0 <= shard < shards:
            return shard, shards
        case _:
            raise _Closed(4010, "Invalid shard.")


def _activities(body: Mapping[str, Any]) -> list[Any]:
    """Return a presence's activities; raises ValueError for what others' libraries would stumble over."""
    activities = body.get("activities") or []
    for activity in activities:
        if not isinstance(activity["name"], str) or not isinstance(activity["type"], int):
            raise ValueError("activity")
    return list(activities)
