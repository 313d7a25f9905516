"""Serve reactions, pins and poll votes: what is done to a message by others than its author."""

from typing import Any

from aiohttp import web

from bot.playground.errors import Code, invalid_field, known
from bot.playground.rest import access
from bot.playground.rest.requests import done, number, read_object, reply
from bot.playground.talk import messages, reactions, voting
from bot.playground.world import permissions, snowflakes
from bot.playground.world.state import Payload
from bot.playground.world.world import World

_CHANNEL = r"/channels/{channel_id:\d+}"
_MESSAGE = _CHANNEL + r"/messages/{message_id:\d+}"
_EMOJI = _MESSAGE + "/reactions/{emoji}"
_PINS = _CHANNEL + "/messages/pins"
_POLL = _CHANNEL + r"/polls/{message_id:\d+}"
MAX_PINS = 250


def routes(world: World) -> list[web.RouteDef]:
    """List the routes."""
    return [*_reaction_routes(world), *_pin_routes(world), *_poll_routes(world)]


def _reaction_routes(world: World) -> list[web.RouteDef]:
    serve = _ReactionRoutes(world)
    return [
        web.get(_EMOJI, serve.listing),
        web.delete(_EMOJI, serve.clear),
        web.delete(_MESSAGE + "/reactions", serve.clear),
        web.put(_EMOJI + "/@me", serve.add),
        web.delete(_EMOJI + r"/{user_id:@me|\d+}", serve.remove),
    ]


class _ReactionRoutes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def add(self, request: web.Request) -> web.Response:
        channel_id, message = _message(self._world, request, permissions.READ_HISTORY)
        emoji = reactions.parse_emoji(request.match_info["emoji"])
        if emoji["name"] not in self._world.reactions.get(int(message["id"]), {}):
            access.require(self._world, access.user_id(request), channel_id, permissions.ADD_REACTIONS)
        access.open_thread(self._world.channels[channel_id])
        reactions.add(self._world, channel_id, message, access.user_id(request), emoji)
        return done()

    async def remove(self, request: web.Request) -> web.Response:
        channel_id, message = _message(self._world, request)
        emoji = reactions.parse_emoji(request.match_info["emoji"])
        named = request.match_info["user_id"]
        whose = access.user_id(request) if named == "@me" else access.path_id(request, "user_id")
        if whose != access.user_id(request):
            access.require(self._world, access.user_id(request), channel_id, permissions.MANAGE_MESSAGES)
        reactions.remove(self._world, channel_id, message, whose, emoji)
        return done()

    async def clear(self, request: web.Request) -> web.Response:
        channel_id, message = _message(self._world, request, permissions.MANAGE_MESSAGES)
        named = request.match_info.get("emoji")
        reactions.clear(self._world, channel_id, message, reactions.parse_emoji(named) if named else None)
        return done()

    async def listing(self, request: web.Request) -> web.Response:
        _channel_id, message = _message(self._world, request)
        emoji = reactions.parse_emoji(request.match_info["emoji"])
        reaction = self._world.reactions.get(int(message["id"]), {}).get(emoji["name"])
        return reply(_page(self._world, request, reaction.users if reaction else []))


def _pin_routes(world: World) -> list[web.RouteDef]:
    serve = _PinRoutes(world)
    one = r"/{message_id:\d+}"
    return [
        web.get(_PINS, serve.listing),
        web.get(_CHANNEL + "/pins", serve.old_listing),
        web.put(_PINS + one, serve.pin),
        web.put(_CHANNEL + "/pins" + one, serve.pin),
        web.delete(_PINS + one, serve.unpin),
        web.delete(_CHANNEL + "/pins" + one, serve.unpin),
    ]


class _PinRoutes:
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
        channel_id, message = _message(self._world, request)
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
        channel_id, message = _message(self._world, request)
        _require_pinning(self._world, request, channel_id)
        if self._world.histories[channel_id].pins.pop(int(message["id"]), None) is not None:
            _tell_pins(self._world, channel_id, message, pinned=False)
        return done()


def _poll_routes(world: World) -> list[web.RouteDef]:
    serve = _PollRoutes(world)
    return [
        web.get(_POLL + r"/answers/{answer_id:\d+}", serve.voters),
        web.put(_POLL + "/answers/@me", serve.vote),
        web.post(_POLL + "/expire", serve.expire),
    ]


class _PollRoutes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def voters(self, request: web.Request) -> web.Response:
        _channel_id, message = _message(self._world, request)
        if "poll" not in message:
            raise known(Code.UNKNOWN_MESSAGE)
        votes = self._world.votes.get(int(message["id"]), {})
        return reply(
            {"users": _page(self._world, request, votes.get(access.path_id(request, "answer_id"), []))}
        )

    async def vote(self, request: web.Request) -> web.Response:
        channel_id, message = _message(self._world, request)
        if self._world.is_bot(access.user_id(request)):
            raise known(Code.POLL_VOTING_BLOCKED)
        answers = _answers((await read_object(request)).get("answer_ids"))
        voting.vote(self._world, channel_id, message, access.user_id(request), answers)
        return done()

    async def expire(self, request: web.Request) -> web.Response:
        channel_id, message = _message(self._world, request)
        if message["author"]["id"] != str(access.user_id(request)):
            raise known(Code.CANNOT_EXPIRE_POLL)
        voting.expire(self._world, channel_id, message)
        return reply(messages.show(self._world, message, access.user_id(request)))


def _message(world: World, request: web.Request, needed: int = 0) -> tuple[int, Payload]:
    channel_id, _channel = access.channel(world, request, needed)
    return channel_id, access.message(world, request, channel_id)


def _of(world: World, channel_id: int, message_id: int) -> Payload:
    message = world.histories[channel_id].get(message_id)
    if message is None:
        raise known(Code.UNKNOWN_MESSAGE)
    return message


def _page(world: World, request: web.Request, users: list[int]) -> list[Payload]:
    after = number(request, "after", 0, low=0, high=snowflakes.HIGHEST)
    limit = number(request, "limit", 25, low=1, high=100)
    return [world.users[u] for u in sorted(users) if u > after][:limit]


def _answers(given: Any) -> list[int]:
    ids = [snowflakes.parse(value) for value in given] if isinstance(given, list) else [None]
    if None in ids:
        raise invalid_field("answer_ids", "LIST_TYPE_CONVERT", "Only lists of numbers may be used here")
    return [i for i in ids if i is not None]


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
