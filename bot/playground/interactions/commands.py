"""Keep application commands, global and per guild, and list for each person those that they may use."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from bot.playground import limits
from bot.playground.errors import Code, known
from bot.playground.limits.commands import GROUP, SUBCOMMAND
from bot.playground.rest import access
from bot.playground.rest.requests import done, read_json, read_object, reply
from bot.playground.world.permissions import ADMINISTRATOR
from bot.playground.world.state import Application, Payload
from bot.playground.world.world import World

CHAT_INPUT: Final = 1
IN_GUILD: Final = 0
IN_BOT_DM: Final = 1

_APPLICATION = r"/applications/{application_id:\d+}"
_GUILD = _APPLICATION + r"/guilds/{guild_id:\d+}"


def routes(world: World) -> list[web.RouteDef]:
    """List the routes of application commands, for applications and for people."""
    book = _Routes(world)
    listed: list[web.RouteDef] = []
    for base in (_APPLICATION, _GUILD):
        one = base + r"/commands/{command_id:\d+}"
        listed += [
            web.get(base + "/commands", book.listing),
            web.put(base + "/commands", book.overwrite),
            web.post(base + "/commands", book.create),
            web.get(one, book.get),
            web.patch(one, book.edit),
            web.delete(one, book.delete),
        ]
    listed.append(web.get(_GUILD + "/commands/permissions", book.permissions))
    listed.append(web.get(r"/guilds/{guild_id:\d+}/application-command-index", book.guild_index))
    listed.append(web.get(r"/channels/{channel_id:\d+}/application-command-index", book.channel_index))
    return listed


def may_use(world: World, command: Payload, *, user_id: int, channel_id: int) -> bool:
    """Tell whether a person may use a command in a channel: its guild, its contexts, their permissions."""
    guild_id = world.guild_of(channel_id)
    if guild_id is None:
        return int(command["application_id"]) in world.recipients[channel_id] and _in_context(
            command, IN_BOT_DM
        )
    return _in_guild(world, command, guild_id) and _has_rights(
        command, world.permissions(user_id, channel_id)
    )


def _in_guild(world: World, command: Payload, guild_id: int) -> bool:
    here = command.get("guild_id") in (None, str(guild_id))
    return (
        here
        and _in_context(command, IN_GUILD)
        and (int(command["application_id"]) in world.guilds[guild_id].members)
    )


def _in_context(command: Payload, context: int) -> bool:
    if command.get("guild_id") is not None:
        return context == IN_GUILD
    contexts = command.get("contexts")
    if contexts is None:
        return context == IN_GUILD or command.get("dm_permission", True) is not False
    return context in contexts


def _has_rights(command: Payload, bits: int) -> bool:
    needed = command.get("default_member_permissions")
    if needed is None or bits & ADMINISTRATOR:
        return True
    # "0" is Discord's way of saying: administrators alone.
    return int(needed) != 0 and bits & int(needed) == int(needed)


class _Routes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def listing(self, request: web.Request) -> web.Response:
        """List the commands of one scope."""
        application, scope = self._scope(request)
        return reply(list(_scoped(application, scope).values()))

    async def get(self, request: web.Request) -> web.Response:
        """Give one command."""
        return reply(self._command(request))

    async def create(self, request: web.Request) -> web.Response:
        """Create a command, or replace the one of its name and type."""
        application, scope = self._scope(request)
        body = await read_object(request)
        before = _same_name(_scoped(application, scope), body)
        others = [c for c in _scoped(application, scope).values() if c is not before]
        limits.check_commands([*others, body])
        command = self._store(application, scope, body, before)
        return reply(command, status=201 if before is None else 200)

    async def overwrite(self, request: web.Request) -> web.Response:
        """Replace all commands of one scope; those whose name and type stay keep their ids."""
        application, scope = self._scope(request)
        bodies = await read_json(request)
        limits.check_commands(bodies)
        old = _scoped(application, scope)
        for number in old:
            del application.commands[number]
        made = [self._store(application, scope, body, _same_name(old, body)) for body in bodies]
        return reply(made)

    async def edit(self, request: web.Request) -> web.Response:
        """Change fields of one command."""
        application, scope = self._scope(request)
        before = self._command(request)
        body = before | await read_object(request)
        others = [c for c in _scoped(application, scope).values() if c is not before]
        limits.check_commands([*others, body])
        return reply(self._store(application, scope, body, before))

    async def delete(self, request: web.Request) -> web.Response:
        """Remove one command."""
        command = self._command(request)
        application, _scope = self._scope(request)
        del application.commands[int(command["id"])]
        self._world.changed = True
        return done()

    async def permissions(self, request: web.Request) -> web.Response:
        """List the overrides of who may use commands; the playground keeps none."""
        self._scope(request)
        return reply([])

    async def guild_index(self, request: web.Request) -> web.Response:
        """List the commands that a person may use somewhere in a guild."""
        user_id, guild_id = access.user_id(request), access.path_id(request, "guild_id")
        guild = self._world.guilds.get(guild_id)
        if guild is None or user_id not in guild.members:
            raise known(Code.UNKNOWN_GUILD)
        bits = self._world.guild_permissions(user_id, guild_id)
        return self._index(
            [c for c in self._all() if _in_guild(self._world, c, guild_id) and _has_rights(c, bits)]
        )

    async def channel_index(self, request: web.Request) -> web.Response:
        """List the commands that a person may use in a channel, direct messages included."""
        user_id, channel_id = access.user_id(request), access.path_id(request, "channel_id")
        if channel_id not in self._world.channels or not self._world.may_view(user_id, channel_id):
            raise known(Code.UNKNOWN_CHANNEL)
        usable = [c for c in self._all() if may_use(self._world, c, user_id=user_id, channel_id=channel_id)]
        return self._index(usable)

    def _all(self) -> list[Payload]:
        return [c for app in self._world.applications.values() for c in app.commands.values()]

    def _index(self, commands: list[Payload]) -> web.Response:
        ids = sorted({int(command["application_id"]) for command in commands})
        applications = [
            {"id": str(i), "name": self._world.applications[i].name, "icon": None, "description": ""}
            | {"bot": self._world.users[i]}
            for i in ids
        ]
        version = str(max((int(command["version"]) for command in commands), default=0))
        listing = {"applications": applications, "application_commands": commands, "version": version}
        return reply(listing)

    def _scope(self, request: web.Request) -> tuple[Application, int | None]:
        application_id = access.path_id(request, "application_id")
        application = self._world.applications.get(application_id)
        if application is None:
            raise known(Code.UNKNOWN_APPLICATION)
        if access.user_id(request) != application_id:
            raise known(Code.MISSING_ACCESS)
        if "guild_id" not in request.match_info:
            return application, None
        guild = self._world.guilds.get(access.path_id(request, "guild_id"))
        if guild is None or application_id not in guild.members:
            raise known(Code.MISSING_ACCESS)
        return application, guild.id

    def _command(self, request: web.Request) -> Payload:
        application, scope = self._scope(request)
        command = _scoped(application, scope).get(access.path_id(request, "command_id"))
        if command is None:
            raise known(Code.UNKNOWN_COMMAND)
        return command

    def _store(
        self, application: Application, scope: int | None, body: Mapping[str, Any], before: Payload | None
    ) -> Payload:
        number = self._world.snowflakes.next() if before is None else int(before["id"])
        command = _normal(body)
        command |= {"id": str(number), "application_id": str(application.id)}
        command["version"] = str(self._world.snowflakes.next())
        if scope is not None:
            command["guild_id"] = str(scope)
        application.commands[number] = command
        self._world.changed = True
        return command


def _scoped(application: Application, guild_id: int | None) -> dict[int, Payload]:
    wanted = None if guild_id is None else str(guild_id)
    return {n: c for n, c in application.commands.items() if c.get("guild_id") == wanted}


def _same_name(commands: Mapping[int, Payload], body: Mapping[str, Any]) -> Payload | None:
    key = (body.get("name"), body.get("type") or CHAT_INPUT)
    return next((c for c in commands.values() if (c["name"], c["type"]) == key), None)


def _normal(body: Mapping[str, Any]) -> Payload:
    """Fill in what Discord gives a command that did not say it."""
    kind = body.get("type") or CHAT_INPUT
    rights = body.get("default_member_permissions")
    command: Payload = {
        "type": kind,
        "name": body["name"],
        "name_localizations": body.get("name_localizations"),
        "description": (body.get("description") or "") if kind == CHAT_INPUT else "",
        "description_localizations": body.get("description_localizations"),
        "default_member_permissions": None if rights is None else str(rights),
        "dm_permission": body.get("dm_permission", True),
        "contexts": body.get("contexts"),
        "integration_types": body.get("integration_types") or [0],
        "nsfw": bool(body.get("nsfw", False)),
    }
    if kind == CHAT_INPUT:
        command["options"] = [_normal_option(option) for option in body.get("options") or []]
    return command


def _normal_option(option: Mapping[str, Any]) -> Payload:
    holds = option["type"] in (SUBCOMMAND, GROUP)
    foreign = "choices" if holds else "options"
    whole = {key: value for key, value in option.items() if value is not None and key != foreign}
    if holds:
        whole["options"] = [_normal_option(inner) for inner in option.get("options") or []]
    return whole
