"""Play a person in the playground: what the page does for someone who types and clicks, as a test's script.

    async with Person.open(playground, name="Mara", locale="en-US") as mara:
        await mara.say("fireside", "The harbour was silent.")
        answer = await mara.command("story start", channel="fireside", options={"title": "Fog"})
        await mara.click(answer.message, "Continue")
        answer = await mara.command("write", channel="fireside")
        await mara.submit_modal(answer.modal, {"Your passage": "A bell rang."})
        told = await mara.wait_for_message(lambda m: "bell" in m["content"])

A person speaks REST and the gateway over real sockets and knows only what Discord would tell them.
Channels are given by name, id or object; commands and their options by plain or localised name,
subcommands after a space. Acting waits until the bot has answered (or has put up a modal), and raises
NotAnswered when it does not within Discord's three seconds, Refused when the server does not take it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.person_forms import File, Payload, fill, find_component, names_of, option_path

Predicate = Callable[[Payload], object]

_ENDS = ("INTERACTION_SUCCESS", "INTERACTION_FAILURE", "INTERACTION_MODAL_CREATE")


class Refused(Exception):
    """Carry the server's refusal: the HTTP status, Discord's code and the whole body."""

    def __init__(self, status: int, body: Payload) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.code = body.get("code")
        self.body = body


class NotAnswered(Exception):
    """Tell that the application did not respond."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what came of an action: the interaction's id, and the modal to fill in, if the bot sent one."""

    person: "Person"
    id: str
    modal: Payload | None

    @property
    def message(self) -> Payload:
        """Give the newest state of the first message of the answer; LookupError where there is none."""
        for message in self.person.all_messages():
            if (message.get("interaction_metadata") or {}).get("id") == self.id:
                return message
        raise LookupError("the bot answered without a message")


class Person:
    """Act as one seat, opened with `Person.open`; the same name again is the same person again."""

    def __init__(
        self, http: aiohttp.ClientSession, ws: aiohttp.ClientWebSocketResponse, url: str, seat: Payload
    ) -> None:
        self._http = http
        self._ws = ws
        self._api = f"{url}/api/v10"
        self._token: str = seat["token"]
        self._messages: dict[str, Payload] = {}
        self._waiters: list[tuple[Predicate, asyncio.Future[Payload]]] = []
        self._nonces = 0
        self.user: Payload = seat["user"]
        self.guilds: list[Payload] = []
        self.channels: dict[str, Payload] = {}
        """Every channel, thread and direct message known, by id."""
        self.events: list[tuple[str, Payload]] = []
        """Everything heard, in order: the event's name and its data."""
        self.edits: list[Payload] = []
        """Every message update heard, in order."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, playground: Any, *, name: str, locale: str = "en-US", roles: Sequence[str] = ("member",)
    ) -> AsyncIterator["Person"]:
        """Take a seat in a playground (anything that has its `url`) and listen until the block ends."""
        async with aiohttp.ClientSession() as http:
            form = {"name": name, "locale": locale, "roles": list(roles)}
            async with http.post(f"{playground.url}/playground/seats", json=form) as response:
                seat = await _checked(response)
            gateway = playground.url.replace("http", "ws", 1) + "/gateway?v=10&encoding=json"
            async with http.ws_connect(gateway, max_msg_size=0) as ws:
                person = cls(http, ws, playground.url, seat)
                listener = asyncio.create_task(person._listen(locale))
                try:
                    await person.wait_for("READY")
                    yield person
                finally:
                    listener.cancel()
                    await asyncio.gather(listener, return_exceptions=True)

    # Acting

    async def say(
        self, channel: object, text: str, *, reply_to: Payload | None = None, **files: File
    ) -> Payload:
        """Write a message, with files if any, and give it back once it is heard."""
        body: Payload = {"content": text, "nonce": self._nonce()}
        if reply_to is not None:
            body["message_reference"] = {"message_id": reply_to["id"]}
        path = f"/channels/{self.channel(channel)['id']}/messages"
        uploads = list(files.values())
        if uploads:
            body["attachments"] = [{"id": str(n), "filename": f[0]} for n, f in enumerate(uploads)]
        sent = await self.api("POST", path, body, files=uploads)
        return await self.wait_for_message(lambda message: message["id"] == sent["id"])

    async def command(
        self,
        name: str,
        *,
        channel: object,
        options: Mapping[str, Any] | None = None,
        files: Mapping[str, File] | None = None,
    ) -> Answer:
        """Invoke a slash command; `options` and, for attachment options, `files` go by option name."""
        command, data, uploads = await self._invocation(name, channel, {**(options or {}), **(files or {})})
        return await self._interact(2, command["application_id"], channel, data, uploads)

    async def complete(
        self, name: str, *, channel: object, option: str, text: str, options: Mapping[str, Any] | None = None
    ) -> list[Payload]:
        """Ask for autocompletion of one option, with what stands in the others; gives the choices."""
        given = {**(options or {}), option: text}
        command, data, uploads = await self._invocation(name, channel, given, focused=option)
        nonce = await self._send_interaction(4, command["application_id"], channel, data, uploads)
        names = ("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE", "INTERACTION_FAILURE")
        heard = (await self._heard(names, lambda data: data.get("nonce") == nonce))["data"]
        if "choices" not in heard:
            raise NotAnswered(f"autocomplete of {name}")
        choices: list[Payload] = heard["choices"]
        return choices

    async def use_on(self, name: str, target: Payload, *, channel: object | None = None) -> Answer:
        """Use a message or user command on a message or a user; users need the channel."""
        where = target["channel_id"] if channel is None else channel
        command = await self._find_command(name, where, kinds=(2, 3))
        data = {
            "id": command["id"],
            "name": command["name"],
            "type": command["type"],
            "target_id": target["id"],
        }
        return await self._interact(2, command["application_id"], where, data, [])

    async def click(self, message: Payload, label_or_custom_id: str) -> Answer:
        """Press a button of a message."""
        button = find_component(message["components"], label_or_custom_id)
        return await self._use(message, {"component_type": 2, "custom_id": button["custom_id"]})

    async def select(
        self, message: Payload, placeholder_or_custom_id: str, values: Sequence[object]
    ) -> Answer:
        """Choose in a select menu of a message: option values, or ids of users, roles and channels."""
        menu = find_component(message["components"], placeholder_or_custom_id)
        data = {"component_type": menu["type"], "custom_id": menu["custom_id"], "values": [*map(str, values)]}
        return await self._use(message, data)

    async def submit_modal(self, modal: Payload, values: Mapping[str, Any]) -> Answer:
        """Send a modal with values by custom_id or label: lists for selects, lists of File for uploads.

        What is not given keeps the value that the modal came with, as on the page.
        """
        uploads: list[File] = []
        data: Payload = {"id": modal["id"], "custom_id": modal["custom_id"]}
        data["components"] = [fill(part, values, uploads) for part in modal["components"]]
        if uploads:
            data["attachments"] = [{"id": str(n), "filename": file[0]} for n, file in enumerate(uploads)]
        return await self._interact(5, modal["application"]["id"], modal["channel_id"], data, uploads)

    async def show_as(self, status: str) -> None:
        """Show as online, idle, dnd or invisible."""
        data: Payload = {"status": status, "since": None, "activities": [], "afk": False}
        await self._ws.send_json({"op": 3, "d": data})

    async def api(
        self, method: str, path: str, body: object | None = None, *, files: Sequence[File] = ()
    ) -> Any:
        """Send one REST request under /api/v10 and give the JSON answer (None for an empty one)."""
        headers = {"Authorization": self._token}
        form: dict[str, Any] = {} if body is None else {"json": body}
        if files:
            parts = aiohttp.FormData()
            parts.add_field("payload_json", json.dumps(body), content_type="application/json")
            for number, (filename, content) in enumerate(files):
                parts.add_field(f"files[{number}]", content, filename=filename)
            form = {"data": parts}
        async with self._http.request(method, self._api + path, headers=headers, **form) as response:
            return await _checked(response)

    async def download(self, url: str) -> bytes:
        """Fetch an attachment."""
        async with self._http.get(url) as response:
            response.raise_for_status()
            return await response.read()

    # Seeing

    def channel(self, channel: object) -> Payload:
        """Find a channel by name (with or without #), id or object."""
        if isinstance(channel, dict):
            return channel
        wanted = str(getattr(channel, "id", channel)).removeprefix("#")
        for known in self.channels.values():
            if wanted in (known["id"], known.get("name")):
                return known
        raise LookupError(f"{self.user['username']} sees no channel {wanted!r}")

    def messages(self, channel: object) -> list[Payload]:
        """Give the newest state of each message heard of in a channel, oldest first, ephemeral ones too."""
        channel_id = self.channel(channel)["id"]
        return [message for message in self.all_messages() if message["channel_id"] == channel_id]

    def all_messages(self) -> list[Payload]:
        """Give the newest state of each message heard of anywhere, oldest first."""
        return sorted(self._messages.values(), key=lambda message: int(message["id"]))

    def current(self, message: Payload) -> Payload:
        """Give the newest state of a message; LookupError when it is gone."""
        return self._messages[message["id"]]

    async def wait_for_message(
        self,
        predicate: Predicate,
        timeout: float = 10,  # noqa: ASYNC109  # a test says how patient it is
    ) -> Payload:
        """Wait until some message, old or new, satisfies a predicate in its newest state, and give it."""
        for message in self.all_messages():
            if predicate(message):
                return message

        def matches(event: Payload) -> object:
            message = self._messages.get(str(event["data"].get("id")))
            return event["name"].startswith("MESSAGE_") and message is not None and predicate(message)

        event = await self._future(matches, timeout)
        return self._messages[event["data"]["id"]]

    async def wait_for(
        self,
        name: str,
        predicate: Predicate = lambda _data: True,
        timeout: float = 10,  # noqa: ASYNC109  # a test says how patient it is
    ) -> Payload:
        """Wait for an event that is yet to come, and give its data."""
        data: Payload = (await self._future(lambda e: e["name"] == name and predicate(e["data"]), timeout))[
            "data"
        ]
        return data

    # Beneath

    async def _listen(self, locale: str) -> None:
        hello = await self._ws.receive_json()
        properties = {"os": "test", "browser": "person", "device": "", "system_locale": locale}
        await self._ws.send_json({"op": 2, "d": {"token": self._token, "properties": properties}})
        beat = asyncio.create_task(self._beat(hello["d"]["heartbeat_interval"] / 1000))
        try:
            async for frame in self._ws:
                heard = json.loads(frame.data)
                if heard["op"] == 0:
                    self._hear(heard["t"], heard["d"])
        finally:
            beat.cancel()

    async def _beat(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._ws.send_json({"op": 1, "d": None})

    def _hear(self, name: str, data: Payload) -> None:
        self.events.append((name, data))
        self._keep(name, data)
        for waiter in list(self._waiters):
            predicate, future = waiter
            if not future.done() and predicate({"name": name, "data": data}):
                future.set_result({"name": name, "data": data})

    def _keep(self, name: str, data: Payload) -> None:
        match name:
            case "READY":
                self.guilds = data["guilds"]
                known = [c for guild in self.guilds for c in guild["channels"] + guild["threads"]]
                self.channels = {c["id"]: c for c in known + data["private_channels"]}
            case "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE":
                self.channels[data["id"]] = data
            case "CHANNEL_DELETE" | "THREAD_DELETE":
                self.channels.pop(data["id"], None)
            case "MESSAGE_CREATE":
                self._messages[data["id"]] = data
            case "MESSAGE_UPDATE":
                self.edits.append(data)
                self._messages[data["id"]] = self._messages.get(data["id"], {}) | data
            case "MESSAGE_DELETE":
                self._messages.pop(data["id"], None)

    async def _future(self, predicate: Predicate, seconds: float) -> Payload:
        future: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        waiter = (predicate, future)
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                return await future
        finally:
            self._waiters.remove(waiter)

    async def _heard(self, names: Sequence[str], predicate: Predicate) -> Payload:
        """Find an event that may have come already, else wait for it; gives its name and data."""
        for name, data in reversed(self.events):
            if name in names and predicate(data):
                return {"name": name, "data": data}
        return await self._future(lambda e: e["name"] in names and predicate(e["data"]), 10)

    def _nonce(self) -> str:
        self._nonces += 1
        return f"{self.user['id']}{self._nonces}"

    async def _use(self, message: Payload, data: Payload) -> Answer:
        application_id = message.get("application_id") or message["author"]["id"]
        extra = {"message_id": message["id"], "message_flags": message.get("flags", 0)}
        return await self._interact(3, application_id, message["channel_id"], data, [], **extra)

    async def _interact(
        self,
        kind: int,
        application_id: str,
        channel: object,
        data: Payload,
        uploads: list[File],
        **extra: Any,
    ) -> Answer:
        nonce = await self._send_interaction(kind, application_id, channel, data, uploads, **extra)
        event = await self._heard(_ENDS, lambda heard: heard.get("nonce") == nonce)
        name, ending = event["name"], event["data"]
        if name == "INTERACTION_FAILURE":
            raise NotAnswered(f"interaction {ending['id']}")
        return Answer(self, ending["id"], ending if name == "INTERACTION_MODAL_CREATE" else None)

    async def _send_interaction(
        self,
        kind: int,
        application_id: str,
        channel: object,
        data: Payload,
        uploads: list[File],
        **extra: Any,
    ) -> str:
        nonce = self._nonce()
        where = self.channel(channel)
        body = {"type": kind, "application_id": application_id, "channel_id": where["id"], "nonce": nonce}
        body |= {"guild_id": where.get("guild_id"), "session_id": "test", "data": data, **extra}
        await self.api("POST", "/interactions", body, files=uploads)
        return nonce

    async def _find_command(self, name: str, channel: object, kinds: tuple[int, ...] = (1,)) -> Payload:
        path = f"/channels/{self.channel(channel)['id']}/application-command-index"
        index = await self.api("GET", path)
        for command in index["application_commands"]:
            if command["type"] in kinds and name in names_of(command):
                found: Payload = command
                return found
        raise LookupError(f"{self.user['username']} is offered no command {name!r}")

    async def _invocation(
        self, name: str, channel: object, options: Mapping[str, Any], *, focused: str | None = None
    ) -> tuple[Payload, Payload, list[File]]:
        first, *rest = name.split(" ")
        command = await self._find_command(first, channel)
        uploads: list[File] = []
        data = {key: command[key] for key in ("id", "name", "type", "version")}
        data["options"] = option_path(command, rest, options, uploads, focused)
        if uploads:
            data["attachments"] = [{"id": str(n), "filename": file[0]} for n, file in enumerate(uploads)]
        return command, data, uploads


async def _checked(response: aiohttp.ClientResponse) -> Any:
    body = await response.json(content_type=None) if response.status != 204 else None
    if response.status >= 400:
        raise Refused(response.status, body or {})
    return body
