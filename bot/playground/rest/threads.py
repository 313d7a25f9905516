"""Serve threads: opening them, posts in forums, members, and the lists of active and archived ones."""

from typing import Any

from aiohttp import web

from bot.playground.channels import threads
from bot.playground.errors import Code, known
from bot.playground.limits.form import Form
from bot.playground.rest import access
from bot.playground.rest.messages import checked
from bot.playground.rest.requests import done, number, read_form, read_object, reply
from bot.playground.world import permissions
from bot.playground.world.snowflakes import parse
from bot.playground.world.state import (
    ANNOUNCEMENT,
    FORUM,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    TEXT,
    THREADS,
    Payload,
    Upload,
    archived,
)
from bot.playground.world.world import World

_CHANNEL = r"/channels/{channel_id:\d+}"
_MEMBERS = _CHANNEL + "/thread-members"
_MEMBER = _MEMBERS + r"/{user_id:@me|\d+}"
_ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
_REQUIRE_TAG = 1 << 4


def routes(world: World) -> list[web.RouteDef]:
    """List the routes."""
    serve = _Routes(world)

    return [
        web.post(_CHANNEL + r"/messages/{message_id:\d+}/threads", serve.from_message),
        web.post(_CHANNEL + "/threads", serve.create),
        web.get(_MEMBERS, serve.members),
        web.get(_MEMBER, serve.member),
        web.put(_MEMBER, serve.join),
        web.delete(_MEMBER, serve.leave),
        web.get(r"/guilds/{guild_id:\d+}/threads/active", serve.active),
        web.get(_CHANNEL + "/threads/archived/public", serve.closed),
        web.get(_CHANNEL + "/threads/archived/private", serve.closed),
        web.get(_CHANNEL + "/users/@me/threads/archived/private", serve.closed),
    ]


class _Routes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def from_message(self, request: web.Request) -> web.Response:
        channel_id, channel = access.channel(self._world, request, permissions.CREATE_PUBLIC_THREADS)
        if channel["type"] not in (TEXT, ANNOUNCEMENT):
            raise known(Code.INVALID_CHANNEL_TYPE)
        message, body = access.message(self._world, request, channel_id), await read_object(request)
        if int(message["id"]) in self._world.channels:
            raise known(Code.THREAD_EXISTS)
        fields = _fields(body, channel)
        kind = 10 if channel["type"] == ANNOUNCEMENT else PUBLIC_THREAD
        owner = access.user_id(request)
        thread = threads.create(
            self._world, channel, owner_id=owner, kind=kind, thread_id=int(message["id"]), **fields
        )
        threads.hang_on(self._world, channel_id, message)
        return reply(self._world.thread_payload(thread, owner), 201)

    async def create(self, request: web.Request) -> web.Response:
        body, files = await read_form(request)
        _id, channel = access.channel(self._world, request)
        if channel["type"] == FORUM:
            return reply(_post(self._world, access.user_id(request), channel, body, files), 201)
        return reply(_standalone(self._world, access.user_id(request), channel, body), 201)

    async def members(self, request: web.Request) -> web.Response:
        channel_id, _thread = _thread_of(self._world, request)
        return reply(list(self._world.thread_members[channel_id].values()))

    async def member(self, request: web.Request) -> web.Response:
        channel_id, _thread = _thread_of(self._world, request)
        found = self._world.thread_members[channel_id].get(_who(request))
        if found is None:
            raise known(Code.UNKNOWN_MEMBER)
        return reply(found)

    async def join(self, request: web.Request) -> web.Response:
        channel_id, thread = _thread_of(self._world, request)
        access.open_thread(thread)
        who = _who(request)
        if who != access.user_id(request):
            access.require(self._world, access.user_id(request), channel_id, permissions.SEND_IN_THREADS)
        self._world.member_payload(int(thread["guild_id"]), who)
        threads.add_member(self._world, thread, who)
        return done()

    async def leave(self, request: web.Request) -> web.Response:
        channel_id, thread = _thread_of(self._world, request)
        access.open_thread(thread)
        who, asker = _who(request), access.user_id(request)
        if who != asker and thread["owner_id"] != str(asker):
            access.require(self._world, asker, channel_id, permissions.MANAGE_THREADS)
        threads.remove_member(self._world, thread, who)
        return done()

    async def active(self, request: web.Request) -> web.Response:
        guild, user_id = access.guild(self._world, request), access.user_id(request)
        found = [c for c in self._world.channels_of(guild.id) if c["type"] in THREADS and not archived(c)]
        return reply(
            _listed(self._world, user_id, [c for c in found if self._world.may_view(user_id, int(c["id"]))])
        )

    async def closed(self, request: web.Request) -> web.Response:
        _id, channel = access.channel(self._world, request, permissions.READ_HISTORY)
        access.not_direct(channel)
        user_id = access.user_id(request)
        kinds = (PRIVATE_THREAD,) if "private" in request.path else (10, PUBLIC_THREAD)
        found = [
            c
            for c in self._world.channels_of(int(channel["guild_id"]))
            if c["parent_id"] == channel["id"] and c["type"] in kinds and archived(c)
        ]
        found = [c for c in found if self._world.may_view(user_id, int(c["id"]))]
        return reply(_archived_page(self._world, request, user_id, found))


def _thread_of(world: World, request: web.Request) -> tuple[int, Payload]:
    channel_id, channel = access.channel(world, request)
    if channel["type"] not in THREADS:
        raise known(Code.INVALID_CHANNEL_TYPE)
    return channel_id, channel


def _who(request: web.Request) -> int:
    if request.match_info["user_id"] == "@me":
        return access.user_id(request)
    return access.path_id(request, "user_id")


def _fields(body: Payload, parent: Payload) -> dict[str, Any]:
    form = Form()
    name = form.text(body, "name", "", low=1, high=100, required=True)
    archive = form.choice(body, "auto_archive_duration", "", _ARCHIVE_MINUTES)
    form.raise_errors()
    return {"name": name, "archive": archive or parent["default_auto_archive_duration"]}


def _standalone(world: World, owner: int, channel: Payload, body: Payload) -> Payload:
    if channel["type"] != TEXT:
        raise known(Code.INVALID_CHANNEL_TYPE)
    form = Form()
    kind = form.choice(body, "type", "", (10, PUBLIC_THREAD, PRIVATE_THREAD)) or PRIVATE_THREAD
    form.raise_errors()
    private = kind == PRIVATE_THREAD
    needed = permissions.CREATE_PRIVATE_THREADS if private else permissions.CREATE_PUBLIC_THREADS
    access.require(world, owner, int(channel["id"]), needed)
    thread = threads.create(world, channel, owner_id=owner, kind=kind, **_fields(body, channel))
    if not private:
        threads.announce(world, thread, int(channel["id"]))
    return world.thread_payload(thread, owner)


def _post(world: World, owner: int, forum: Payload, body: Payload, files: list[Upload]) -> Payload:
    """Open a post in a forum: a thread with its first message, whose id is the thread's."""
    access.require(world, owner, int(forum["id"]), permissions.SEND_MESSAGES)
    form = Form()
    message = form.object(body, "message", "", required=True)
    tags = form.items(body, "applied_tags", "", high=5)
    form.ids(body, "applied_tags", "", high=5)
    if forum["flags"] & _REQUIRE_TAG and not tags:
        form.add(
            "applied_tags", "BASE_TYPE_REQUIRED", "A tag is required to create a forum post in this channel"
        )
    form.raise_errors()
    fields = _fields(body, forum)
    payload = checked(world, owner, forum, dict(message or {}), files)
    thread = threads.create(
        world, forum, owner_id=owner, kind=PUBLIC_THREAD, tags=[str(parse(t)) for t in tags], **fields
    )
    mark = {"id": thread["id"]}
    first = world.create_message(int(thread["id"]), owner, payload, files=files, interaction=mark)
    return {**world.thread_payload(thread, owner), "message": first}


def _listed(world: World, user_id: int, found: list[Payload]) -> Payload:
    mine = [world.thread_members[int(c["id"])].get(user_id) for c in found]
    return {
        "threads": [world.thread_payload(c, user_id) for c in found],
        "members": [m for m in mine if m is not None],
        "has_more": False,
    }


def _archived_page(world: World, request: web.Request, user_id: int, found: list[Payload]) -> Payload:
    found.sort(key=lambda c: str(c["thread_metadata"]["archive_timestamp"]), reverse=True)
    if before := request.query.get("before"):
        found = [c for c in found if c["thread_metadata"]["archive_timestamp"] < before]
    limit = number(request, "limit", 50, low=2, high=100)
    return {**_listed(world, user_id, found[:limit]), "has_more": len(found) > limit}
