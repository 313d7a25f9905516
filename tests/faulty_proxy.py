"""Stand between a bot and a model server on a real socket, and do to their conversation what networks do."""

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Self
from urllib.parse import urlsplit

COMPLETIONS = "/v1/chat/completions"
WORD = re.compile(rb'"content": ?"[^"]')

Upstream = Callable[[], Awaitable[str]]
# What is done with a request instead of passing it on as it is: it gets the request's bytes and both ends.
Fault = Callable[["Connection"], Awaitable[None]]


class Connection:
    """Hold one request and the ends to do something with."""

    def __init__(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, upstream: Upstream
    ) -> None:
        self.head = head
        self.reader = reader
        self.writer = writer
        self._upstream = upstream

    async def answer(self, raw: bytes) -> None:
        """Send bytes as the whole answer."""
        self.writer.write(raw)
        await self.writer.drain()

    async def events(self) -> AsyncIterator[bytes]:
        """Pass the request on and yield the answer as it comes; ends the upstream when the bot hangs up."""
        address = urlsplit(await self._upstream())
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(self.head)
        hangs_up = asyncio.create_task(self._end_with_bot(writer))
        try:
            while data := await reader.read(65536):
                yield data
        finally:
            hangs_up.cancel()
            writer.close()

    async def _end_with_bot(self, upstream: asyncio.StreamWriter) -> None:
        while await self.reader.read(65536):
            pass
        upstream.close()


async def through(connection: Connection) -> None:
    """Do nothing to it."""
    with suppress(ConnectionError):  # the bot hung up, which is its right
        async for data in connection.events():
            await connection.answer(data)


def status(code: int, body: object, **headers: str) -> Fault:
    """Answer with a status; `Retry_After="2"` becomes the header."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    raw = json.dumps(body).encode()
    lines += [f"Content-Length: {len(raw)}", "Content-Type: application/json", "Connection: close"]
    text = "\r\n".join([f"HTTP/1.1 {code} Fault", *lines, "", ""]).encode() + raw
    return said(text)


def said(raw: bytes) -> Fault:
    """Answer with any bytes."""

    async def fault(connection: Connection) -> None:
        await connection.answer(raw)

    return fault


async def hang(connection: Connection) -> None:
    """Take the request and never answer."""
    while await connection.reader.read(65536):
        pass


def cut(after: int) -> Fault:
    """Break off after a number of words."""

    async def fault(connection: Connection) -> None:
        words = 0
        async for data in connection.events():
            for event in re.split(rb"(?<=\n\n)", data):
                await connection.answer(event)
                words += len(WORD.findall(event))
                if words >= after:
                    await asyncio.sleep(0.05)  # a reset overtakes what was not read yet
                    connection.writer.transport.abort()
                    return

    return fault


def slow(seconds: float) -> Fault:
    """Let every piece of the answer, however small, wait."""

    async def fault(connection: Connection) -> None:
        async for data in connection.events():
            for at in range(0, len(data), 50):
                await asyncio.sleep(seconds)
                await connection.answer(data[at : at + 50])

    return fault


class FaultyProxy:
    """Pass requests to one upstream; faults befall completions, or with `everywhere` all requests.

    `faults` are for the next requests, one each; `always` is for all others. `asked` counts completions.
    """

    def __init__(self, upstream: Upstream) -> None:
        self.faults: deque[Fault] = deque()
        self.always: Fault = through
        self.everywhere = False
        self.asked = 0
        self.bodies: list[dict[str, object]] = []
        self._upstream = upstream
        self._port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, upstream: Upstream) -> AsyncIterator[Self]:
        """Listen until the end of the block."""
        proxy = cls(upstream)
        await proxy.listen()
        try:
            yield proxy
        finally:
            await proxy.refuse()

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://127.0.0.1:{self._port}"

    async def listen(self) -> None:
        """Take connections, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Take no more connections and break off all that are open, as a machine that is switched off."""
        if self._server is None:
            return
        self._server.close()
        for writer in [*self._open]:
            writer.transport.abort()
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(
                ConnectionError, asyncio.IncompleteReadError
            ):  # a side went away, as in the test's plan
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
                await self._fault(head, body)(Connection(head + body, reader, writer, self._upstream))
        finally:
            self._open.discard(writer)
            writer.close()

    def _fault(self, head: bytes, body: bytes) -> Fault:
        completes = COMPLETIONS.encode() in head.split(b"\r\n", 1)[0]
        if completes:
            self.asked += 1
            self.bodies.append(json.loads(body))
        if not (completes or self.everywhere):
            return through
        return self.faults.popleft() if self.faults else self.always


def _length(head: bytes) -> int:
    """Return how long the body is that follows a request's head."""
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
