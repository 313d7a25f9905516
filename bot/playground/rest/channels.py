"""Serve channels: list, create, change, delete, and their permission overwrites."""

from typing import Any

from aiohttp import web

from bot.playground.channels import threads
from bot.playground.errors import Code, known
from bot.playground.limits.form import MAX_FLAGS, Body, Form
from bot.playground.rest import access
from bot.playground.rest.requests import done, read_object, reply
from bot.playground.world import permissions, snowflakes
from bot.playground.world.snowflakes import parse
from bot.playground.world.state import ANNOUNCEMENT, DIRECT, FORUM, TEXT, THREADS, Payload
from bot.playground.world.world import World

_CHANNEL = r"/channels/{channel_id:\d+}"
_KINDS = (0, 2, 4, 5, 13, 15)
_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
_MAX_SLOWMODE = 21_600
MAX_CHANNELS = 500


def routes(world: World) -> list[web.RouteDef]:
    """List the routes."""
    serve = _Routes(world)

    return [
        web.get(_CHANNEL, serve.get),
        web.patch(_CHANNEL, serve.change),
        web.delete(_CHANNEL, serve.delete),
        web.put(_CHANNEL + r"/permissions/{target_id:\d+}", serve.overwrite),
        web.delete(_CHANNEL + r"/permissions/{target_id:\d+}", serve.remove_overwrite),
        web.get(r"/guilds/{guild_id:\d+}/channels", serve.listing),
        web.post(r"/guilds/{guild_id:\d+}/channels", serve.create),
    ]


class _Routes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def get(self, request: web.Request) -> web.Response:
        channel_id, _channel = access.channel(self._world, request)
        return reply(self._world.channel_payload(channel_id, access.user_id(request)))

    async def listing(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request)
        user_id = access.user_id(request)
        found = [c for c in self._world.channels_of(guild.id) if c["type"] not in THREADS]
        return reply([c for c in found if self._world.may_view(user_id, int(c["id"]))])

    async def create(self, request: web.Request) -> web.Response:
        guild, body = access.guild(self._world, request), await read_object(request)
        kind = body.get("type") or TEXT
        # On the playground anybody may open a text channel or a forum, so that every story finds a place.
        if self._world.is_bot(access.user_id(request)) or kind not in (TEXT, FORUM):
            access.guild(self._world, request, permissions.MANAGE_CHANNELS)
        if sum(c["type"] not in THREADS for c in self._world.channels_of(guild.id)) >= MAX_CHANNELS:
            raise known(Code.MAXIMUM_CHANNELS)
        fields = _channel_fields(body, kind, new=True)
        name = _channel_name(fields.pop("name"), kind)
        return reply(self._world.create_channel(guild.id, name, kind, **fields), 201)

    async def change(self, request: web.Request) -> web.Response:
        channel_id, channel = access.channel(self._world, request)
        access.not_direct(channel)
        body = await read_object(request)
        if channel["type"] in THREADS:
            _change_thread(self._world, access.user_id(request), channel, body)
        else:
            access.require(self._world, access.user_id(request), channel_id, permissions.MANAGE_CHANNELS)
            _change_channel(self._world, channel, body)
        return reply(self._world.channel_payload(channel_id, access.user_id(request)))

    async def delete(self, request: web.Request) -> web.Response:
        channel_id, channel = access.channel(self._world, request)
        if channel["type"] == DIRECT:
            return reply(self._world.channel_payload(channel_id, access.user_id(request)))
        in_thread = channel["type"] in THREADS
        needed = permissions.MANAGE_THREADS if in_thread else permissions.MANAGE_CHANNELS
        access.require(self._world, access.user_id(request), channel_id, needed)
        delete_channel(self._world, channel)
        return reply(channel)

    async def overwrite(self, request: web.Request) -> web.Response:
        channel = self._with_overwrites(request)
        body, target = await read_object(request), access.path_id(request, "target_id")
        _set_overwrite(channel, _overwrite(body, target))
        _tell_update(self._world, channel)
        return done()

    async def remove_overwrite(self, request: web.Request) -> web.Response:
        channel = self._with_overwrites(request)
        target = str(access.path_id(request, "target_id"))
        if all(o["id"] != target for o in channel["permission_overwrites"]):
            raise known(Code.UNKNOWN_OVERWRITE)
        _set_overwrite(channel, None, target)
        _tell_update(self._world, channel)
        return done()

    def _with_overwrites(self, request: web.Request) -> Payload:
        _id, channel = access.channel(self._world, request, permissions.MANAGE_ROLES)
        access.not_direct(channel)
        if channel["type"] in THREADS:
            raise known(Code.INVALID_CHANNEL_TYPE)
        return channel


def delete_channel(world: World, channel: Payload) -> None:
    """Take a channel away with its threads, or one thread, and tell who saw it."""
    if channel["type"] in THREADS:
        threads.delete(world, channel)
        return
    for child in world.channels_of(int(channel["guild_id"])):
        if child["parent_id"] == channel["id"] and child["type"] in THREADS:
            threads.delete(world, child)
    for webhook_id in [w for w, hook in world.webhooks.items() if hook["channel_id"] == channel["id"]]:
        del world.webhooks[webhook_id]
    channel_id = int(channel["id"])
    world.emit_in(channel_id, "CHANNEL_DELETE", channel)
    threads.forget(world, channel_id)


def _channel_name(name: str, kind: int) -> str:
    """Write a text channel's name as Discord does: in small letters, with hyphens for spaces."""
    return "-".join(name.lower().split()) if kind in (TEXT, ANNOUNCEMENT, FORUM) else name


def _channel_fields(body: Payload, kind: int, *, new: bool) -> Payload:
    """Return the channel fields of a body in stored form. Raises 50035."""
    form = Form()
    form.choice(body, "type", "", _KINDS)
    name = form.text(body, "name", "", low=1, high=100, required=new)
    if name is not None and not _channel_name(name, kind):
        form.add("name", "BASE_TYPE_REQUIRED", "This field is required")
    form.text(body, "topic", "", high=4096 if kind == FORUM else 1024)
    form.number(body, "rate_limit_per_user", "", low=0, high=_MAX_SLOWMODE)
    form.number(body, "position", "", low=0, high=500)
    form.choice(body, "default_auto_archive_duration", "", _ARCHIVE_MINUTES)
    form.flag(body, "nsfw", "")
    tags = form.objects(body, "available_tags", "", high=20)
    overwrites = form.objects(body, "permission_overwrites", "", high=1000)
    form.raise_errors()
    plain = ("name", "topic", "nsfw", "rate_limit_per_user", "position", "default_auto_archive_duration")
    fields = {
        key: body[key] for key in plain if body.get(key) is not None or key in (body.keys() & {"topic"})
    }
    if "parent_id" in body:
        parent = parse(body["parent_id"])
        fields["parent_id"] = None if parent is None else str(parent)
    if overwrites:
        fields["permission_overwrites"] = [_overwrite(o, parse(o.get("id")) or 0) for _at, o in overwrites]
    if kind == FORUM and "available_tags" in body:
        fields["available_tags"] = [_tag(tag, number) for number, (_at, tag) in enumerate(tags, start=1)]
    return fields


def _tag(tag: Body, number: int) -> Payload:
    emoji = tag.get("emoji_name")
    return {
        "id": str(parse(tag.get("id")) or number),
        "name": str(tag.get("name", ""))[:20],
        "moderated": bool(tag.get("moderated")),
        "emoji_id": None,
        "emoji_name": emoji[:32] if isinstance(emoji, str) else None,
    }


def _overwrite(body: Any, target: int) -> Payload:
    allow, deny = parse(body.get("allow") or 0), parse(body.get("deny") or 0)
    form = Form()
    if allow is None or deny is None:
        form.add("allow", "BITFIELD_TYPE_INVALID", "Invalid bitfield value")
    kind = form.choice(body, "type", "", (0, 1), required=True)
    form.raise_errors()
    return {"id": str(target), "type": kind, "allow": str(allow), "deny": str(deny)}


def _set_overwrite(channel: Payload, overwrite: Payload | None, target: str = "") -> None:
    gone = overwrite["id"] if overwrite else target
    kept = [o for o in channel["permission_overwrites"] if o["id"] != gone]
    channel["permission_overwrites"] = [*kept, overwrite] if overwrite else kept


def _change_channel(world: World, channel: Payload, body: Payload) -> None:
    fields = _channel_fields(body, channel["type"], new=False)
    if "permission_overwrites" in body and not body["permission_overwrites"]:
        fields["permission_overwrites"] = []
    if "name" in fields:
        fields["name"] = _channel_name(fields["name"], channel["type"])
    channel |= fields
    _tell_update(world, channel)


def _tell_update(world: World, channel: Payload) -> None:
    world.rights_changed()
    world.emit_in(int(channel["id"]), "CHANNEL_UPDATE", channel)


def _change_thread(world: World, user_id: int, thread: Payload, body: Payload) -> None:
    _check_thread_rights(world, user_id, thread, body)
    form = Form()
    form.text(body, "name", "", low=1, high=100)
    form.number(body, "rate_limit_per_user", "", low=0, high=_MAX_SLOWMODE)
    form.choice(body, "auto_archive_duration", "", _ARCHIVE_MINUTES)
    form.number(body, "flags", "", low=0, high=MAX_FLAGS)
    for key in ("archived", "locked", "invitable"):
        form.flag(body, key, "")
    form.ids(body, "applied_tags", "", high=5)
    form.raise_errors()
    metadata = thread["thread_metadata"]
    if "archived" in body and bool(body["archived"]) != metadata["archived"]:
        metadata["archive_timestamp"] = snowflakes.iso(world.clock())
    for key in ("archived", "locked", "invitable", "auto_archive_duration"):
        if body.get(key) is not None:
            metadata[key] = body[key]
    thread |= {
        key: body[key] for key in ("name", "rate_limit_per_user", "flags") if body.get(key) is not None
    }
    if "applied_tags" in body:
        thread["applied_tags"] = [str(tag) for tag in body["applied_tags"] or []]
    world.changed = True
    world.emit_in(int(thread["id"]), "THREAD_UPDATE", thread)


def _check_thread_rights(world: World, user_id: int, thread: Payload, body: Payload) -> None:
    """Let pass who may change a thread. Raises 50013; 50083 where it stays archived."""
    manager = access.may(world, user_id, int(thread["id"]), permissions.MANAGE_THREADS)
    own = thread["owner_id"] == str(user_id)
    needs_manager = {"locked", "rate_limit_per_user", "flags"} & body.keys()
    opening = body.get("archived") is False and not thread["thread_metadata"]["locked"]
    may_open = opening and access.may(world, user_id, int(thread["id"]), permissions.SEND_IN_THREADS)
    allowed = manager or (own and not needs_manager) or (may_open and body.keys() == {"archived"})
    if not allowed or (thread["thread_metadata"]["locked"] and not manager):
        raise known(Code.MISSING_PERMISSIONS)
    if thread["thread_metadata"]["archived"] and body.get("archived") is not False:
        raise known(Code.THREAD_ARCHIVED)
