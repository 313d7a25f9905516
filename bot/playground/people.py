"""Give people seats and bots tokens, and tell the page what the playground holds."""

import unicodedata
from typing import Any, Final

from aiohttp import web

from bot.playground.errors import invalid_field
from bot.playground.gateway.hub import Hub
from bot.playground.rest.requests import read_object, reply
from bot.playground.world.languages import LOCALES
from bot.playground.world.state import Guild, Payload
from bot.playground.world.world import World

MAX_NAME: Final = 32
ROLES: Final = ("admin", "moderator", "member")


def routes(world: World, hub: Hub) -> list[web.RouteDef]:
    """List the routes under /playground, which no Discord has."""
    seats = _Seats(world, hub)
    return [
        web.post("/playground/seats", seats.take_seat),
        web.post("/playground/bots", seats.add_bot),
        web.get("/playground/state", seats.state),
    ]


def register_bot(world: World, name: str) -> str:
    """Return the token of the bot of a name, a new application if need be."""
    user_id = _find(world, name, bot=True)
    if user_id is None:
        user_id = world.create_application(name, next(iter(world.guilds)))[0].id
    return _token(world, user_id)


class _Seats:
    def __init__(self, world: World, hub: Hub) -> None:
        self._world = world
        self._hub = hub

    async def take_seat(self, request: web.Request) -> web.Response:
        """Give the seat of a name, a new one if need be, with the locale and roles asked for."""
        body = await read_object(request)
        name, locale, roles = _name(body), _locale(body.get("locale")), _roles(body.get("roles"))
        user_id = _find(self._world, name, bot=False)
        if user_id is None:
            user_id = int(self._world.create_user(name)["id"])
            for guild in self._world.guilds.values():
                self._world.add_member(guild.id, user_id)
        if locale is not None:
            self._world.locales[user_id] = locale
        if roles is not None:
            self._set_roles(user_id, roles)
        return reply({"token": _token(self._world, user_id), "user": self._world.users[user_id]})

    async def add_bot(self, request: web.Request) -> web.Response:
        """Give the application of a name, a new one if need be, and its bot's token."""
        name = _name(await read_object(request))
        token = register_bot(self._world, name)
        user_id = self._world.tokens[token]
        user = self._world.users[user_id]
        return reply({"token": token, "application_id": str(user_id), "user": user})

    async def state(self, _request: web.Request) -> web.Response:
        """List guilds, channels, commands and seats; never a token."""
        world = self._world
        commands = [c for a in world.applications.values() for c in a.commands.values()]
        return reply(
            {
                "guilds": [guild.data for guild in world.guilds.values()],
                "channels": [c for c in world.channels.values() if "guild_id" in c],
                "commands": commands,
                "seats": [self._seat(n) for n in world.locales if not world.is_bot(n) and world.guilds_of(n)],
                "bots": [self._seat(number) for number in world.applications],
            }
        )

    def _seat(self, user_id: int) -> dict[str, Any]:
        world = self._world
        roles = sorted({role for guild in world.guilds_of(user_id) for role in _held(guild, user_id)})
        seat = {"user": world.users[user_id], "locale": world.locales[user_id], "roles": roles}
        return seat | {"online": self._hub.online(user_id)}

    def _set_roles(self, user_id: int, names: list[str]) -> None:
        for guild in self._world.guilds_of(user_id):
            ids = [str(number) for number, role in guild.roles.items() if role["name"] in names]
            if ids != guild.members[user_id]["roles"]:
                self._world.update_member(guild.id, user_id, roles=ids)


def _find(world: World, name: str, *, bot: bool) -> int | None:
    for user in world.users.values():
        if user["username"] == name and user["bot"] == bot:
            return int(user["id"])
    return None


def _token(world: World, user_id: int) -> str:
    for token, owner in world.tokens.items():
        if owner == user_id:
            return token
    return world.issue_token(user_id)


def _held(guild: Guild, user_id: int) -> list[str]:
    names = [guild.roles[int(role)]["name"] for role in guild.members[user_id]["roles"]]
    return [name for name in names if name in ROLES]


def _name(body: Payload) -> str:
    name = body.get("name")
    name = unicodedata.normalize("NFC", name).strip() if isinstance(name, str) else ""
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise invalid_field("name", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_NAME} in length.")
    return name


def _locale(locale: Any) -> str | None:
    if locale is not None and locale not in LOCALES:
        raise invalid_field("locale", "BASE_TYPE_CHOICES", f"Value must be one of {LOCALES}.")
    return None if locale is None else str(locale)


def _roles(roles: Any) -> list[str] | None:
    if roles is None:
        return None
    if not isinstance(roles, list) or any(role not in ROLES for role in roles):
        raise invalid_field("roles", "BASE_TYPE_CHOICES", f"Value must be a subset of {ROLES}.")
    return roles
