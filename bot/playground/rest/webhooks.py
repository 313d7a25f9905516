"""Serve a channel's webhooks: making them, writing through them, and editing what they wrote."""

import secrets

from aiohttp import web

from bot.playground import limits
from bot.playground.channels import messages
from bot.playground.errors import ApiError, Code, known
from bot.playground.limits.form import Form
from bot.playground.rest import access
from bot.playground.rest.requests import done, read_form, read_object, reply
from bot.playground.world import permissions, shapes
from bot.playground.world.snowflakes import parse
from bot.playground.world.state import ANNOUNCEMENT, FORUM, TEXT, Payload
from bot.playground.world.world import World

MAX_WEBHOOKS = 15
_CHANNEL = r"/channels/{channel_id:\d+}/webhooks"
_HOOK = r"/webhooks/{webhook_id:\d+}"
_WITH_TOKEN = _HOOK + "/{webhook_token}"
_MESSAGE = _WITH_TOKEN + r"/messages/{message_id:\d+}"
_FORBIDDEN_NAMES = ("clyde", "discord")


def routes(world: World) -> list[web.RouteDef]:
    """List the routes; those of interactions, which look alike, must be mounted before."""
    return [*_hook_routes(world), *_message_routes(world)]


def _hook_routes(world: World) -> list[web.RouteDef]:
    serve = _HookRoutes(world)
    routed = [web.get(_CHANNEL, serve.listing), web.post(_CHANNEL, serve.create)]
    for path in (_HOOK, _WITH_TOKEN):
        routed += [web.get(path, serve.get), web.patch(path, serve.change), web.delete(path, serve.delete)]
    return routed


class _HookRoutes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def listing(self, request: web.Request) -> web.Response:
        channel_id, _channel = access.channel(self._world, request, permissions.MANAGE_WEBHOOKS)
        return reply([h for h in self._world.webhooks.values() if h["channel_id"] == str(channel_id)])

    async def create(self, request: web.Request) -> web.Response:
        _id, channel = access.channel(self._world, request, permissions.MANAGE_WEBHOOKS)
        if channel["type"] not in (TEXT, ANNOUNCEMENT, FORUM):
            raise known(Code.INVALID_CHANNEL_TYPE)
        name = _name(await read_object(request), required=True)
        if sum(1 for h in self._world.webhooks.values() if h["channel_id"] == channel["id"]) >= MAX_WEBHOOKS:
            raise known(Code.MAXIMUM_WEBHOOKS)
        return reply(_make(self._world, access.user_id(request), channel, str(name)))

    async def get(self, request: web.Request) -> web.Response:
        return reply(_asked(self._world, request))

    async def change(self, request: web.Request) -> web.Response:
        hook, body = _asked(self._world, request), await read_object(request)
        if name := _name(body, required=False):
            hook["name"] = name
        _move(self._world, hook, body)
        _tell(self._world, hook)
        return reply(hook)

    async def delete(self, request: web.Request) -> web.Response:
        hook = _asked(self._world, request)
        del self._world.webhooks[int(hook["id"])]
        _tell(self._world, hook)
        return done()


def _message_routes(world: World) -> list[web.RouteDef]:
    serve = _MessageRoutes(world)
    return [
        web.post(_WITH_TOKEN, serve.execute),
        web.get(_MESSAGE, serve.get),
        web.patch(_MESSAGE, serve.edit),
        web.delete(_MESSAGE, serve.delete),
    ]


class _MessageRoutes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def execute(self, request: web.Request) -> web.Response:
        hook = _by_token(self._world, request)
        payload, files = await read_form(request)
        form = Form()
        _check_name(form, payload, "username", required=False)
        form.raise_errors()
        limits.check_message(payload, files=files)
        channel_id = _where(self._world, request, hook)
        if payload.pop("message_reference", None) is not None:
            raise known(Code.EMPTY_MESSAGE)
        marks = {"webhook_id": hook["id"], "author": _author(hook, payload)}
        if hook["application_id"]:
            marks["application_id"] = hook["application_id"]
        message = self._world.create_message(
            channel_id, int(hook["user"]["id"]), messages.public(payload), files=files, interaction=marks
        )
        return reply(message) if request.query.get("wait") in ("true", "1", "True") else done()

    async def get(self, request: web.Request) -> web.Response:
        hook, (_channel_id, message) = _by_token(self._world, request), _message(self._world, request)
        return reply(messages.show(self._world, message, int(hook["user"]["id"])))

    async def edit(self, request: web.Request) -> web.Response:
        channel_id, message = _message(self._world, request)
        payload, files = await read_form(request)
        limits.check_message(payload, existing=message, files=files)
        return reply(messages.edit(self._world, channel_id, message, payload, files=files))

    async def delete(self, request: web.Request) -> web.Response:
        channel_id, message = _message(self._world, request)
        messages.delete(self._world, channel_id, int(message["id"]))
        return done()


def _make(world: World, maker: int, channel: Payload, name: str) -> Payload:
    number = world.snowflakes.next()
    hook = world.webhooks[number] = {
        "id": str(number),
        "type": 1,
        "guild_id": channel["guild_id"],
        "channel_id": channel["id"],
        "user": world.users[maker],
        "name": name,
        "avatar": None,
        "token": secrets.token_urlsafe(51),
        "application_id": str(maker) if world.is_bot(maker) else None,
        "url": f"{world.base_url}/api/v10/webhooks/{number}",
    }
    _tell(world, hook)
    return hook


def _tell(world: World, hook: Payload) -> None:
    world.changed = True
    world.emit_in(int(hook["channel_id"]), "WEBHOOKS_UPDATE", {"channel_id": hook["channel_id"]})


def _name(body: Payload, *, required: bool) -> str | None:
    form = Form()
    name = _check_name(form, body, "name", required=required)
    form.raise_errors()
    return name


def _check_name(form: Form, body: Payload, key: str, *, required: bool) -> str | None:
    name = form.text(body, key, "", low=1, high=80, required=required)
    if name is not None and any(word in name.lower() for word in _FORBIDDEN_NAMES):
        form.add(key, "USERNAME_INVALID_CONTAINS", 'Username cannot contain "discord" or "clyde"')
    return name


def _asked(world: World, request: web.Request) -> Payload:
    """Return a webhook for who has its token in the path, or manages webhooks in its channel."""
    if "webhook_token" in request.match_info:
        return _by_token(world, request)
    hook = world.webhooks.get(access.path_id(request, "webhook_id"))
    who = access.user_id(request)
    if hook is None:
        raise known(Code.UNKNOWN_WEBHOOK)
    access.require(world, who, int(hook["channel_id"]), permissions.MANAGE_WEBHOOKS)
    return hook


def _by_token(world: World, request: web.Request) -> Payload:
    hook = world.webhooks.get(access.path_id(request, "webhook_id"))
    if hook is None:
        raise known(Code.UNKNOWN_WEBHOOK)
    if not secrets.compare_digest(hook["token"].encode(), request.match_info["webhook_token"].encode()):
        raise known(Code.INVALID_WEBHOOK_TOKEN)
    return hook


def _move(world: World, hook: Payload, body: Payload) -> None:
    wanted = parse(body.get("channel_id"))
    if wanted is None:
        return
    if wanted not in world.channels or world.channels[wanted].get("guild_id") != hook["guild_id"]:
        raise known(Code.UNKNOWN_CHANNEL)
    hook["channel_id"] = str(wanted)


def _where(world: World, request: web.Request, hook: Payload) -> int:
    """Return the webhook's channel, or the thread of it that the query names. Raises 10003, 50083."""
    asked = request.query.get("thread_id")
    if asked is None:
        if world.channels[int(hook["channel_id"])]["type"] == FORUM:
            raise ApiError(
                400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id"
            )
        return int(hook["channel_id"])
    thread = world.channels.get(parse(asked) or 0)
    if thread is None or thread.get("parent_id") != hook["channel_id"]:
        raise known(Code.UNKNOWN_CHANNEL)
    if thread["thread_metadata"]["locked"]:
        access.open_thread(thread)
    return int(thread["id"])


def _author(hook: Payload, payload: Payload) -> Payload:
    name = payload.get("username") or hook["name"]
    return {**shapes.user(int(hook["id"]), name, bot=True), "global_name": None}


def _message(world: World, request: web.Request) -> tuple[int, Payload]:
    hook = _by_token(world, request)
    channel_id = _where(world, request, hook)
    message = access.message(world, request, channel_id)
    if message.get("webhook_id") != hook["id"]:
        raise known(Code.UNKNOWN_MESSAGE)
    return channel_id, message
