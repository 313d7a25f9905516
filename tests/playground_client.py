"""Ask the playground's REST API over a real socket, as a person or a bot, and note what the world tells.

async with Client.open(playground, "Ann") as ann:
    status, message = await ann.ask("POST", f"/channels/{ann.channel('fireside')}/messages", {"content": "hi"})
"""

import io
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp

from bot.playground.server import Playground
from bot.playground.world.events import Event


class Client:
    """Be one user of a playground."""

    def __init__(self, http: aiohttp.ClientSession, playground: Playground, user: Any, auth: str) -> None:
        self._http = http
        self._playground = playground
        self._auth = auth
        self.id: str = user["id"]

    @classmethod
    @asynccontextmanager
    async def open(
        cls, playground: Playground, name: str, *, bot: bool = False, roles: Sequence[str] = ("member",)
    ) -> AsyncIterator[Self]:
        """Take a seat, or add a bot."""
        async with aiohttp.ClientSession() as http:
            path, form = ("bots", {"name": name}) if bot else ("seats", {"name": name, "roles": list(roles)})
            async with http.post(f"{playground.url}/playground/{path}", json=form) as response:
                made = await response.json()
            yield cls(http, playground, made["user"], ("Bot " if bot else "") + made["token"])

    def channel(self, name: str) -> str:
        """Return the id of a channel by its name."""
        channels = self._playground.world.channels.values()
        return str(next(c["id"] for c in channels if c.get("name") == name))

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        files: Sequence[tuple[str, bytes]] = (),
        auth: bool = True,
    ) -> tuple[int, Any]:
        """Send a request; return its status and its JSON (None for an empty answer)."""
        headers = {"Authorization": self._auth} if auth else {}
        form: dict[str, Any] = {} if body is None else {"json": body}
        if files:
            parts = aiohttp.FormData()
            parts.add_field("payload_json", json.dumps(body), content_type="application/json")
            for number, (filename, data) in enumerate(files):
                parts.add_field(f"files[{number}]", io.BytesIO(data), filename=filename)
            form = {"data": parts}
        url = self._playground.api_base + path
        async with self._http.request(method, url, headers=headers, **form) as response:
            text = await response.text()
            if text:
                assert response.headers["Content-Type"] == "application/json"
            return response.status, json.loads(text) if text else None

    async def code(self, method: str, path: str, body: Any = None) -> tuple[int, int]:
        """Send a request that is refused; return its status and Discord's code."""
        status, answer = await self.ask(method, path, body)
        assert status >= 400, answer
        return status, answer["code"]

    async def say(self, channel: str, content: str, **more: Any) -> dict[str, Any]:
        """Write a message in a channel, named or by id, and return it."""
        where = channel if channel.isdigit() else self.channel(channel)
        status, message = await self.ask("POST", f"/channels/{where}/messages", {"content": content, **more})
        assert status == 200, message
        return dict(message)


def overhear(playground: Playground) -> list[Event]:
    """Return a list that fills with everything the world tells from now on."""
    heard: list[Event] = []
    publish = playground.world.publish

    def both(event: Event) -> None:
        heard.append(event)
        publish(event)

    playground.world.publish = both
    return heard
