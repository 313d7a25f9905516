"""Serve guilds: their members, roles and bans."""

from typing import Any

from aiohttp import web

from bot.playground.errors import Code, known
from bot.playground.limits.form import Form
from bot.playground.rest import access
from bot.playground.rest.requests import done, number, read_object, reply
from bot.playground.world import permissions
from bot.playground.world.snowflakes import HIGHEST, moment
from bot.playground.world.state import Guild, Payload
from bot.playground.world.world import World

_GUILD = r"/guilds/{guild_id:\d+}"
_MEMBER = _GUILD + r"/members/{user_id:\d+}"
_BAN = _GUILD + r"/bans/{user_id:\d+}"


def routes(world: World) -> list[web.RouteDef]:
    """List the routes."""
    return [*_guild_routes(world), *_member_routes(world), *_ban_routes(world)]


def _guild_routes(world: World) -> list[web.RouteDef]:
    serve = _GuildRoutes(world)
    return [
        web.get(_GUILD, serve.get),
        web.get(_GUILD + "/roles", serve.roles),
        web.get(_GUILD + "/emojis", serve.empty),
        web.get(_GUILD + "/stickers", serve.empty),
        web.get(_GUILD + "/webhooks", serve.webhooks),
    ]


class _GuildRoutes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def get(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request)
        counts = {"approximate_member_count": len(guild.members), "approximate_presence_count": 0}
        counted = counts if request.query.get("with_counts") in ("true", "1") else {}
        return reply({**guild.data, "roles": list(guild.roles.values()), **counted})

    async def roles(self, request: web.Request) -> web.Response:
        return reply(list(access.guild(self._world, request).roles.values()))

    async def empty(self, request: web.Request) -> web.Response:
        access.guild(self._world, request)
        return reply([])

    async def webhooks(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request, permissions.MANAGE_WEBHOOKS)
        return reply([h for h in self._world.webhooks.values() if h["guild_id"] == guild.data["id"]])


def _member_routes(world: World) -> list[web.RouteDef]:
    serve = _MemberRoutes(world)
    return [
        web.get(_GUILD + "/members", serve.listing),
        web.get(_GUILD + "/members/search", serve.search),
        web.get(_MEMBER, serve.get),
        web.patch(_GUILD + "/members/@me", serve.change_own),
        web.patch(_MEMBER, serve.change),
        web.delete(_MEMBER, serve.kick),
        web.put(_MEMBER + r"/roles/{role_id:\d+}", serve.change_role),
        web.delete(_MEMBER + r"/roles/{role_id:\d+}", serve.change_role),
    ]


class _MemberRoutes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def listing(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request)
        after = number(request, "after", 0, low=0, high=HIGHEST)
        limit = number(request, "limit", 1, low=1, high=1000)
        ids = [u for u in sorted(guild.members) if u > after][:limit]
        return reply([self._world.member_payload(guild.id, u) for u in ids])

    async def search(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request)
        query = request.query.get("query", "").casefold()
        limit = number(request, "limit", 1, low=1, high=1000)
        ids = [u for u in guild.members if _is_called(self._world, guild, u, query)]
        return reply([self._world.member_payload(guild.id, u) for u in ids[:limit]])

    async def get(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request)
        return reply(self._world.member_payload(guild.id, access.path_id(request, "user_id")))

    async def change(self, request: web.Request) -> web.Response:
        guild, user_id = access.guild(self._world, request), access.path_id(request, "user_id")
        self._world.member_payload(guild.id, user_id)
        body = await read_object(request)
        _check_member_rights(self._world, guild, access.user_id(request), user_id, body)
        return reply(self._world.update_member(guild.id, user_id, **_member_changes(guild, body)))

    async def change_own(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request, permissions.CHANGE_NICKNAME)
        body = await read_object(request)
        changes = _member_changes(guild, {"nick": body.get("nick")})
        return reply(self._world.update_member(guild.id, access.user_id(request), **changes))

    async def change_role(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request, permissions.MANAGE_ROLES)
        user_id = access.path_id(request, "user_id")
        role = access.path_id(request, "role_id")
        if role not in guild.roles:
            raise known(Code.UNKNOWN_ROLE)
        held = [r for r in self._world.member_payload(guild.id, user_id)["roles"] if r != str(role)]
        self._world.update_member(
            guild.id, user_id, roles=[*held, str(role)] if request.method == "PUT" else held
        )
        return done()

    async def kick(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request, permissions.KICK_MEMBERS)
        user_id = access.path_id(request, "user_id")
        self._world.member_payload(guild.id, user_id)
        _remove(self._world, guild, user_id)
        return done()


def _ban_routes(world: World) -> list[web.RouteDef]:
    serve = _BanRoutes(world)
    return [
        web.get(_GUILD + "/bans", serve.listing),
        web.get(_BAN, serve.get),
        web.put(_BAN, serve.ban),
        web.delete(_BAN, serve.pardon),
    ]


class _BanRoutes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def listing(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request, permissions.BAN_MEMBERS)
        return reply([_ban(self._world, u, why) for u, why in guild.bans.items()])

    async def get(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request, permissions.BAN_MEMBERS)
        user_id = access.path_id(request, "user_id")
        if user_id not in guild.bans:
            raise known(Code.UNKNOWN_BAN)
        return reply(_ban(self._world, user_id, guild.bans[user_id]))

    async def ban(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request, permissions.BAN_MEMBERS)
        user_id = access.path_id(request, "user_id")
        if user_id not in self._world.users:
            raise known(Code.UNKNOWN_USER)
        guild.bans[user_id] = request.headers.get("X-Audit-Log-Reason")
        data = {"guild_id": str(guild.id), "user": self._world.users[user_id]}
        self._world.emit("GUILD_BAN_ADD", data, guild_id=guild.id)
        if user_id in guild.members:
            _remove(self._world, guild, user_id)
        return done()

    async def pardon(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request, permissions.BAN_MEMBERS)
        user_id = access.path_id(request, "user_id")
        if guild.bans.pop(user_id, "") == "":
            raise known(Code.UNKNOWN_BAN)
        data = {"guild_id": str(guild.id), "user": self._world.users[user_id]}
        self._world.emit("GUILD_BAN_REMOVE", data, guild_id=guild.id)
        return done()


def _is_called(world: World, guild: Guild, user_id: int, query: str) -> bool:
    names = (world.users[user_id]["username"], guild.members[user_id]["nick"] or "")
    return any(name.casefold().startswith(query) for name in names)


def _ban(world: World, user_id: int, reason: str | None) -> Payload:
    return {"user": world.users[user_id], "reason": reason}


def _remove(world: World, guild: Guild, user_id: int) -> None:
    """Take a member away; the guild hears it, and they themselves lose it."""
    data = {"guild_id": str(guild.id), "user": world.users[user_id]}
    world.emit("GUILD_MEMBER_REMOVE", data, guild_id=guild.id)
    world.emit("GUILD_DELETE", {"id": str(guild.id)}, to={user_id})
    del guild.members[user_id]
    world.rights_changed()


_NEEDED = {
    "nick": permissions.MANAGE_NICKNAMES,
    "roles": permissions.MANAGE_ROLES,
    "communication_disabled_until": permissions.MODERATE_MEMBERS,
}


def _check_member_rights(world: World, guild: Guild, who: int, target: int, body: Payload) -> None:
    bits = world.guild_permissions(who, guild.id)
    for key, needed in _NEEDED.items():
        if key in body and not bits & needed:
            raise known(Code.MISSING_PERMISSIONS)
    timing_out = body.get("communication_disabled_until") is not None
    if timing_out and world.guild_permissions(target, guild.id) & permissions.ADMINISTRATOR:
        raise known(Code.MISSING_PERMISSIONS)


def _member_changes(guild: Guild, body: Payload) -> dict[str, Any]:
    form = Form()
    form.text(body, "nick", "", high=32)
    form.ids(body, "roles", "", high=250)
    until = form.text(body, "communication_disabled_until", "", high=64)
    if until is not None and not _is_moment(until):
        form.add("communication_disabled_until", "DATE_TIME_TYPE_PARSE", "Could not parse as a timestamp.")
    form.raise_errors()
    changes: dict[str, Any] = {
        key: body[key] or None for key in ("nick", "communication_disabled_until") if key in body
    }
    if "roles" in body:
        changes["roles"] = [str(r) for r in body["roles"] or [] if int(r) in guild.roles]
    return changes


def _is_moment(text: str) -> bool:
    try:
        moment(text)
    except ValueError:
        return False
    return True
