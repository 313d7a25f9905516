"""A bare gateway socket, for tests of what no library would do."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from bot.playground.server import Playground


class Socket:
    """Hold one bare gateway socket; text frames only."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def send(self, op: object, data: object = None) -> None:
        """Send one frame."""
        await self.ws.send_json({"op": op, "d": data})

    async def receive(self, *, op: int | None = None, name: str | None = None) -> Any:
        """Give the next frame with this op or event name; others are passed over."""
        while True:
            frame = json.loads((await self.ws.receive(timeout=5)).data)
            if name in (None, frame["t"]) and op in (None, frame["op"]):
                return frame

    async def closed_with(self) -> int | None:
        """Read to the end, and give the close code."""
        async with asyncio.timeout(5):
            async for _frame in self.ws:
                pass
        return self.ws.close_code


@asynccontextmanager
async def socket(playground: Playground, query: str = "v=10&encoding=json") -> AsyncIterator[Socket]:
    """Open a bare gateway socket, its hello already read."""
    url = playground.url.replace("http", "ws", 1) + f"/gateway?{query}"
    async with aiohttp.ClientSession() as http, http.ws_connect(url, max_msg_size=0) as ws:
        opened = Socket(ws)
        assert (await opened.receive(op=10))["d"]["heartbeat_interval"] > 0
        yield opened


def identify(token: str, **more: Any) -> dict[str, Any]:
    """Make the data of op 2 of a bot that hears everything that needs no privilege."""
    return {"token": token, "intents": 1 << 0 | 1 << 9, "properties": {}, "compress": True} | more
