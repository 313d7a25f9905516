"""Serve a channel's pinned messages."""

from aiohttp import web

from bot.playground.channels import messages
from bot.playground.errors import Code, known
from bot.playground.rest import access
from bot.playground.rest.requests import done, number, reply
from bot.playground.world import permissions, snowflakes
from bot.playground.world.state import Payload
from bot.playground.world.world import World

_CHANNEL = r"/channels/{channel_id:\d+}"
_PINS = _CHANNEL + "/messages/pins"
MAX_PINS = 250


def routes(world: World) -> list[web.RouteDef]:
    """List the routes."""
    serve = _Routes(world)
    one = r"/{message_id:\d+}"
    return [
        web.get(_PINS, serve.listing),
        web.get(_CHANNEL + "/pins", serve.old_listing),
        web.put(_PINS + one, serve.pin),
        web.put(_CHANNEL + "/pins" + one, serve.pin),
        web.delete(_PINS + one, serve.unpin),
        web.delete(_CHANNEL + "/pins" + one, serve.unpin),
    ]


class _Routes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def listing(self, request: web.Request) -> web.Response:
        channel_id, _channel = access.channel(self._world, request, permissions.READ_HISTORY)
        pins = self._world.histories[channel_id].pins
        items = [
            (when, messages.show(self._world, _of(self._world, channel_id, m), access.user_id(request)))
            for m, when in pins.items()
        ]
        items.reverse()
        if before := request.query.get("before"):
            items = [(when, message) for when, message in items if when < before]
        limit = number(request, "limit", 50, low=1, high=50)
        page = [{"pinned_at": when, "message": message} for when, message in items[:limit]]
        return reply({"items": page, "has_more": len(items) > limit})

    async def old_listing(self, request: web.Request) -> web.Response:
        channel_id, _channel = access.channel(self._world, request, permissions.READ_HISTORY)
        pins = reversed(self._world.histories[channel_id].pins)
        return reply(
            [
                messages.show(self._world, _of(self._world, channel_id, m), access.user_id(request))
                for m in pins
            ]
        )

    async def pin(self, request: web.Request) -> web.Response:
        channel_id, message = access.message_of(self._world, request)
        _require_pinning(self._world, request, channel_id)
        if message["type"] not in messages.WRITTEN:
            raise known(Code.SYSTEM_MESSAGE)
        pins = self._world.histories[channel_id].pins
        if not message["pinned"]:
            if len(pins) >= MAX_PINS:
                raise known(Code.MAXIMUM_PINS)
            pins[int(message["id"])] = snowflakes.iso(self._world.clock())
            _tell_pins(self._world, channel_id, message, pinned=True)
            _announce_pin(self._world, access.user_id(request), channel_id, message)
        return done()

    async def unpin(self, request: web.Request) -> web.Response:
        channel_id, message = access.message_of(self._world, request)
        _require_pinning(self._world, request, channel_id)
        if self._world.histories[channel_id].pins.pop(int(message["id"]), None) is not None:
            _tell_pins(self._world, channel_id, message, pinned=False)
        return done()


def _of(world: World, channel_id: int, message_id: int) -> Payload:
    message = world.histories[channel_id].get(message_id)
    if message is None:
        raise known(Code.UNKNOWN_MESSAGE)
    return message


def _require_pinning(world: World, request: web.Request, channel_id: int) -> None:
    """Let pass who may pin; Manage Messages still allows it too, as it did before Pin Messages came."""
    if not world.permissions(access.user_id(request), channel_id) & permissions.MANAGE_MESSAGES:
        access.require(world, access.user_id(request), channel_id, permissions.PIN_MESSAGES)


def _tell_pins(world: World, channel_id: int, message: Payload, *, pinned: bool) -> None:
    message["pinned"] = pinned
    pins = world.histories[channel_id].pins
    newest = max(pins.values(), default=None)
    world.channels[channel_id]["last_pin_timestamp"] = newest
    messages.tell_update(world, channel_id, message)
    data = {"channel_id": str(channel_id), "last_pin_timestamp": newest}
    world.emit_in(channel_id, "CHANNEL_PINS_UPDATE", data)


def _announce_pin(world: World, user_id: int, channel_id: int, message: Payload) -> None:
    reference = {"type": 0, "channel_id": str(channel_id), "message_id": message["id"]}
    extra = {"type": messages.PINNED, "message_reference": reference}
    world.create_message(channel_id, user_id, {}, interaction=extra)
