"""Take what people do with commands, components and modals, check it, and hand it to the application."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from bot.playground import limits
from bot.playground.channels import attachments, messages
from bot.playground.errors import ApiError, Code, invalid_field, known
from bot.playground.interactions import components, modals
from bot.playground.interactions.book import AUTOCOMPLETE, COMPONENT, MODAL, InteractionBook
from bot.playground.interactions.commands import may_use
from bot.playground.interactions.options import check_options
from bot.playground.interactions.payload import interaction_payload
from bot.playground.interactions.resolved import Resolver
from bot.playground.rest import access
from bot.playground.rest.requests import done, read_form
from bot.playground.world.permissions import USE_COMMANDS
from bot.playground.world.snowflakes import parse
from bot.playground.world.state import Payload, Upload
from bot.playground.world.world import World

MESSAGE_COMMAND = 3


def routes(world: World, book: InteractionBook) -> list[web.RouteDef]:
    """List the route by which people interact with applications."""

    async def post(request: web.Request) -> web.Response:
        body, files = await read_form(request)
        user_id = access.user_id(request)
        if world.is_bot(user_id):
            raise ApiError(403, 20001, "Bots cannot use this endpoint")
        _Act(world, book, user_id, body, files).perform()
        return done()

    return [web.post("/interactions", post)]


class _Act:
    """Check one person's one interaction, and open it."""

    def __init__(
        self,
        world: World,
        book: InteractionBook,
        user_id: int,
        body: Mapping[str, Any],
        files: Sequence[Upload],
    ) -> None:
        self._world = world
        self._book = book
        self._user_id = user_id
        self._body = body
        self._data = _data(body)
        self._channel_id = parse(body.get("channel_id")) or 0
        if not world.may_view(user_id, self._channel_id):
            raise known(Code.UNKNOWN_CHANNEL)
        self._application_id = parse(body.get("application_id")) or 0
        if self._application_id not in world.applications:
            raise known(Code.UNKNOWN_APPLICATION)
        self._resolver = Resolver(
            world, user_id=user_id, channel_id=self._channel_id, attachments=self._store(files)
        )

    def _store(self, files: Sequence[Upload]) -> dict[str, Payload]:
        """Keep the files that came along; options name them by the numbers in `data.attachments`."""
        limits.check_files(self._data, files)
        described = self._data.get("attachments") or ()
        stored = attachments.store(self._world, self._channel_id, files, described)
        return {str(number): attachment for number, attachment in enumerate(stored)}

    def perform(self) -> None:
        """Open the interaction, or raise ApiError."""
        match self._body.get("type"):
            case 2 | 4 as kind:
                self._open(kind, self._command(kind, self._data))
            case 3:
                self._component(self._data)
            case 5:
                self._modal(self._data)
            case _:
                raise invalid_field("type", "BASE_TYPE_CHOICES", "Value must be one of {2, 3, 4, 5}.")

    def _command(self, kind: int, data: Payload) -> Payload:
        application = self._world.applications[self._application_id]
        command = application.commands.get(parse(data.get("id")) or 0)
        where = {"user_id": self._user_id, "channel_id": self._channel_id}
        if command is None or not may_use(self._world, command, **where):
            raise known(Code.UNKNOWN_COMMAND)
        if not self._world.permissions(self._user_id, self._channel_id) & USE_COMMANDS:
            raise known(Code.MISSING_PERMISSIONS)
        clean: Payload = {"id": command["id"], "name": command["name"], "type": command["type"]}
        if "guild_id" in command:
            clean["guild_id"] = command["guild_id"]
        clean |= self._target(data, command) if command["type"] != 1 else self._options(kind, data, command)
        if self._resolver.resolved:
            clean["resolved"] = self._resolver.resolved
        return clean

    def _options(self, kind: int, data: Payload, command: Payload) -> Payload:
        options = check_options(
            command["options"],
            data.get("options"),
            resolver=self._resolver,
            autocomplete=kind == AUTOCOMPLETE,
        )
        return {"options": options} if options else {}

    def _target(self, data: Payload, command: Payload) -> Payload:
        target = parse(data.get("target_id")) or 0
        found = (
            self._resolver.message(target)
            if command["type"] == MESSAGE_COMMAND
            else self._resolver.resolve(target, "user")
        )
        if found in (None, False):
            raise known(Code.UNKNOWN_MESSAGE if command["type"] == MESSAGE_COMMAND else Code.UNKNOWN_USER)
        return {"target_id": str(target)}

    def _component(self, data: Payload) -> None:
        message = self._world.find_message(self._channel_id, parse(self._body.get("message_id")) or 0)
        if message is None or not self._may_click(message):
            raise known(Code.UNKNOWN_MESSAGE)
        component = components.find(message["components"], data.get("custom_id"))
        used = components.check_use(component, data, self._resolver)
        self._open(COMPONENT, used, message=message)

    def _may_click(self, message: Payload) -> bool:
        whisper = self._world.whispers.get(int(message["id"]))
        author = message.get("application_id") or message["author"]["id"]
        return author == str(self._application_id) and (whisper is None or whisper.reader == self._user_id)

    def _modal(self, data: Payload) -> None:
        opener = self._book.open_modal(self._user_id, self._application_id, data.get("custom_id"))
        if opener is None or opener.modal is None or opener.channel_id != self._channel_id:
            raise known(Code.UNKNOWN_INTERACTION)
        filled = modals.check_submission(opener.modal, data.get("components"), self._resolver)
        clean: Payload = {"custom_id": opener.modal["custom_id"], "components": filled}
        if self._resolver.resolved:
            clean["resolved"] = self._resolver.resolved
        message = self._world.find_message(self._channel_id, opener.source or 0)
        self._open(MODAL, clean, message=message, metadata=opener.metadata)

    def _open(
        self, kind: int, data: Payload, *, message: Payload | None = None, metadata: Payload | None = None
    ) -> None:
        interaction = self._book.add(
            application_id=self._application_id,
            kind=kind,
            user_id=self._user_id,
            channel_id=self._channel_id,
            nonce=self._body.get("nonce"),
            data=data,
            source=None if message is None else int(message["id"]),
            metadata=metadata,
        )
        self._book.tell(interaction, "INTERACTION_CREATE")
        shown = None if message is None else messages.show(self._world, message, self._application_id)
        payload = interaction_payload(self._world, interaction, shown)
        guild_id = self._world.guild_of(self._channel_id)
        self._world.emit("INTERACTION_CREATE", payload, guild_id=guild_id, to={self._application_id})


def _data(body: Mapping[str, Any]) -> Payload:
    data = body.get("data")
    if not isinstance(data, dict):
        raise invalid_field("data", "BASE_TYPE_REQUIRED", "This field is required")
    return data
