"""Serve a channel's messages: reading, writing, editing, deleting, typing."""

from typing import Any

from aiohttp import web

from bot.playground import limits
from bot.playground.channels import automod, messages
from bot.playground.errors import ApiError, Code, invalid_field, known
from bot.playground.rest import access
from bot.playground.rest.requests import done, number, read_form, read_object, reply
from bot.playground.world import permissions, snowflakes
from bot.playground.world.state import ANNOUNCEMENT, DIRECT, THREADS, Payload, Upload
from bot.playground.world.world import World

_TWO_WEEKS = 14 * 86_400
_NONCES_KEPT = 1000
# "The past few minutes", says Discord.
_NONCE_SECONDS = 300
_CHANNEL = r"/channels/{channel_id:\d+}"
_MESSAGES = _CHANNEL + "/messages"
_MESSAGE = _MESSAGES + r"/{message_id:\d+}"
_PEOPLE_MAY_WRITE = (
    "content",
    "nonce",
    "message_reference",
    "allowed_mentions",
    "attachments",
    "flags",
    "poll",
)


def routes(world: World) -> list[web.RouteDef]:
    """List the routes."""
    serve = _Routes(world)

    return [
        web.get(_MESSAGES, serve.listing),
        web.post(_MESSAGES, serve.create),
        web.post(_MESSAGES + "/bulk-delete", serve.bulk_delete),
        web.get(_MESSAGE, serve.get),
        web.patch(_MESSAGE, serve.edit),
        web.delete(_MESSAGE, serve.delete),
        web.post(_MESSAGE + "/crosspost", serve.crosspost),
        web.post(_CHANNEL + "/typing", serve.typing),
    ]


class _Routes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def listing(self, request: web.Request) -> web.Response:
        channel_id, _channel = access.channel(self._world, request)
        if not access.may(self._world, access.user_id(request), channel_id, permissions.READ_HISTORY):
            return reply([])
        viewer = access.user_id(request)
        return reply([messages.show(self._world, m, viewer) for m in _page(self._world, request, channel_id)])

    async def get(self, request: web.Request) -> web.Response:
        channel_id, _channel = access.channel(self._world, request, permissions.READ_HISTORY)
        message = access.message(self._world, request, channel_id)
        return reply(messages.show(self._world, message, access.user_id(request)))

    async def create(self, request: web.Request) -> web.Response:
        payload, files = await read_form(request)
        channel_id, channel = access.to_write(self._world, request)
        author = access.user_id(request)
        payload = checked(self._world, author, channel, payload, files)
        if channel["type"] in THREADS:
            wake(self._world, channel)
        return reply(_write(self._world, channel_id, author, payload, files))

    async def edit(self, request: web.Request) -> web.Response:
        payload, files = await read_form(request)
        channel_id, channel = access.channel(self._world, request)
        message = access.message(self._world, request, channel_id)
        _check_edit(self._world, access.user_id(request), channel_id, message, payload)
        access.open_thread(channel)
        limits.check_message(payload, existing=message, files=files)
        return reply(messages.edit(self._world, channel_id, message, payload, files=files))

    async def delete(self, request: web.Request) -> web.Response:
        channel_id, channel = access.channel(self._world, request)
        message = access.message(self._world, request, channel_id)
        if message["author"]["id"] != str(access.user_id(request)):
            access.not_direct(channel)
            access.require(self._world, access.user_id(request), channel_id, permissions.MANAGE_MESSAGES)
        access.open_thread(channel)
        messages.delete(self._world, channel_id, int(message["id"]))
        return done()

    async def bulk_delete(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        channel_id, channel = access.channel(self._world, request, permissions.MANAGE_MESSAGES)
        access.not_direct(channel)
        messages.delete_many(self._world, channel_id, _bulk_ids(self._world, body.get("messages")))
        return done()

    async def typing(self, request: web.Request) -> web.Response:
        channel_id, _channel = access.to_write(self._world, request)
        _tell_typing(self._world, access.user_id(request), channel_id)
        return done()

    async def crosspost(self, request: web.Request) -> web.Response:
        channel_id, channel = access.channel(self._world, request)
        if channel["type"] != ANNOUNCEMENT:
            raise known(Code.INVALID_CHANNEL_TYPE)
        message = access.message(self._world, request, channel_id)
        message["flags"] |= 1
        return reply(messages.tell_update(self._world, channel_id, message))


def checked(world: World, author: int, channel: Payload, payload: Payload, files: list[Upload]) -> Payload:
    """Return what an author may write in a channel of a body. Raises 50035, 50013, 20016, 200000 and more."""
    if not world.is_bot(author):
        payload = {key: value for key, value in payload.items() if key in _PEOPLE_MAY_WRITE}
    channel_id = int(channel["id"])
    limits.check_message(payload, files=files)
    _check_rights(world, author, channel_id, payload, files=bool(files))
    _check_slowmode(world, author, channel_id, channel)
    automod.check(world, channel_id, author, payload.get("content") or "")
    return messages.public(payload)


def _write(world: World, channel_id: int, author: int, payload: Payload, files: list[Upload]) -> Payload:
    """Write a message once: with `enforce_nonce`, the author's earlier one of the same nonce stands for it."""
    key = (author, str(payload["nonce"])) if payload.get("enforce_nonce") and payload.get("nonce") else None
    if key is not None and (earlier := _earlier(world, channel_id, world.nonces.get(key, 0))):
        return {**messages.show(world, earlier, author), "nonce": payload["nonce"]}
    message = world.create_message(channel_id, author, payload, files=files)
    if key is not None:
        world.nonces[key] = int(message["id"])
        if len(world.nonces) > _NONCES_KEPT:
            del world.nonces[next(iter(world.nonces))]
    return message


def _earlier(world: World, channel_id: int, message_id: int) -> Payload | None:
    if message_id < snowflakes.from_time(world.clock() - _NONCE_SECONDS):
        return None
    return world.histories[channel_id].get(message_id)


def wake(world: World, thread: Payload) -> None:
    """Take a thread out of the archive, as a message written in it does."""
    if thread["thread_metadata"]["archived"]:
        thread["thread_metadata"] |= {"archived": False, "archive_timestamp": snowflakes.iso(world.clock())}
        world.emit_in(int(thread["id"]), "THREAD_UPDATE", thread)


def _page(world: World, request: web.Request, channel_id: int) -> list[Payload]:
    limit = number(request, "limit", 50, low=1, high=100)
    history = world.histories[channel_id]
    for name, pick in (("around", history.around), ("before", history.before), ("after", history.after)):
        if name in request.query:
            return pick(number(request, name, 0, low=0, high=snowflakes.HIGHEST), limit)
    return history.newest(limit)


def _check_rights(world: World, author: int, channel_id: int, payload: Payload, *, files: bool) -> None:
    needed = permissions.ATTACH_FILES if files else 0
    if payload.get("poll"):
        needed |= permissions.SEND_POLLS
    if payload.get("message_reference"):
        needed |= permissions.READ_HISTORY
    access.require(world, author, channel_id, needed)
    if world.channels[channel_id]["type"] == DIRECT:
        _check_direct(world, author, channel_id)


def _check_direct(world: World, author: int, channel_id: int) -> None:
    """Let a bot write to those alone who share a guild with it. Raises 50007."""
    others = [u for u in world.recipients[channel_id] if u != author]
    mine = {g.id for g in world.guilds_of(author)}
    if any(not mine & {g.id for g in world.guilds_of(u)} for u in others):
        raise known(Code.CANNOT_DM)


def _check_slowmode(world: World, author: int, channel_id: int, channel: Payload) -> None:
    seconds = channel.get("rate_limit_per_user") or 0
    free = permissions.MANAGE_MESSAGES | permissions.BYPASS_SLOWMODE
    if not seconds or world.is_bot(author) or world.permissions(author, channel_id) & free:
        return
    since = world.clock() - seconds
    for message in world.histories[channel_id].newest(100):
        sent = snowflakes.unix_time(int(message["id"]))
        if sent > since and message["author"]["id"] == str(author):
            text = "This action cannot be performed due to slowmode rate limit."
            raise ApiError(429, Code.SLOWMODE, text, extra={"retry_after": sent - since, "global": False})


def _check_edit(world: World, editor: int, channel_id: int, message: Payload, payload: Payload) -> None:
    if message["author"]["id"] == str(editor):
        if message["type"] not in messages.WRITTEN:
            raise known(Code.SYSTEM_MESSAGE)
        return
    # Who manages messages may hide another's embeds, and nothing else.
    if payload.keys() - {"flags"}:
        raise known(Code.NOT_THE_AUTHOR)
    access.require(world, editor, channel_id, permissions.MANAGE_MESSAGES)


def _bulk_ids(world: World, given: Any) -> list[int]:
    if not isinstance(given, list) or not 2 <= len(given) <= 100:
        raise known(Code.INVALID_BULK_DELETE_COUNT)
    ids = [snowflakes.parse(value) for value in given]
    if None in ids:
        raise invalid_field("messages", "NUMBER_TYPE_COERCE", "Value is not snowflake.")
    found = [i for i in ids if i is not None]
    if min(found) < snowflakes.from_time(world.clock() - _TWO_WEEKS):
        raise known(Code.MESSAGE_TOO_OLD)
    return found


def _tell_typing(world: World, user_id: int, channel_id: int) -> None:
    data: Payload = {
        "channel_id": str(channel_id),
        "user_id": str(user_id),
        "timestamp": int(world.clock()),
    }
    guild_id = world.guild_of(channel_id)
    if guild_id is not None and user_id in world.guilds[guild_id].members:
        data["member"] = world.member_payload(guild_id, user_id)
    world.emit_in(channel_id, "TYPING_START", data)
