"""Serve users, applications, direct messages and the gateway's address."""

from aiohttp import web

from bot.playground.errors import Code, invalid_field, known
from bot.playground.rest import access
from bot.playground.rest.requests import read_object, reply
from bot.playground.world import shapes
from bot.playground.world.snowflakes import parse
from bot.playground.world.state import Payload
from bot.playground.world.world import World


def routes(world: World) -> list[web.RouteDef]:
    """List the routes."""
    serve = _Routes(world)

    return [
        web.get("/users/@me", serve.me),
        web.get("/users/@me/guilds", serve.my_guilds),
        web.get("/users/@me/channels", serve.directs),
        web.post("/users/@me/channels", serve.open_direct),
        web.get(r"/users/{user_id:\d+}", serve.one),
        web.get("/oauth2/applications/@me", serve.application),
        web.get("/applications/@me", serve.application),
        web.get(r"/applications/{application_id:\d+}/entitlements", serve.empty),
        web.get(r"/applications/{application_id:\d+}/skus", serve.empty),
        web.get("/gateway", serve.gateway),
        web.get("/gateway/bot", serve.gateway_bot),
    ]


class _Routes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def me(self, request: web.Request) -> web.Response:
        return reply(_own(self._world, access.user_id(request)))

    async def one(self, request: web.Request) -> web.Response:
        user = self._world.users.get(access.path_id(request, "user_id"))
        if user is None:
            raise known(Code.UNKNOWN_USER)
        return reply(user)

    async def my_guilds(self, request: web.Request) -> web.Response:
        user_id = access.user_id(request)
        return reply([_partial_guild(self._world, user_id, g.id) for g in self._world.guilds_of(user_id)])

    async def application(self, request: web.Request) -> web.Response:
        return reply(_application(self._world, access.user_id(request)))

    async def directs(self, request: web.Request) -> web.Response:
        return reply(self._world.directs_of(access.user_id(request)))

    async def open_direct(self, request: web.Request) -> web.Response:
        user_id, body = access.user_id(request), await read_object(request)
        other = _recipient(self._world, body, user_id)
        channel = self._world.open_direct(user_id, other)
        return reply(self._world.channel_payload(int(channel["id"]), user_id))

    async def gateway(self, request: web.Request) -> web.Response:
        return reply({"url": _gateway_url(request)})

    async def gateway_bot(self, request: web.Request) -> web.Response:
        limits = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}
        return reply(
            {"url": _gateway_url(request), "shards": self._world.shards, "session_start_limit": limits}
        )

    async def empty(self, _request: web.Request) -> web.Response:
        return reply([])


def _own(world: World, user_id: int) -> Payload:
    own = {"locale": world.locales[user_id], "mfa_enabled": False, "verified": True, "email": None}
    return {**world.users[user_id], **own, "premium_type": 0}


def _partial_guild(world: World, user_id: int, guild_id: int) -> Payload:
    data = world.guilds[guild_id].data
    return {
        **{key: data[key] for key in ("id", "name", "icon", "banner", "features")},
        "owner": data["owner_id"] == str(user_id),
        "permissions": str(world.guild_permissions(user_id, guild_id)),
    }


def _application(world: World, user_id: int) -> Payload:
    application = world.applications.get(user_id)
    if application is None:
        raise known(Code.BOTS_ONLY)
    guild = next(iter(world.guilds.values()))
    owner = world.users[int(guild.data["owner_id"])]
    return shapes.application(user_id, application.name, owner=owner, bot=world.users[user_id])


def _recipient(world: World, body: Payload, user_id: int) -> int:
    listed = body.get("recipients")
    wanted = listed[0] if isinstance(listed, list) and len(listed) == 1 else body.get("recipient_id")
    number = parse(wanted)
    if number is None or number not in world.users:
        raise invalid_field("recipient_id", "NUMBER_TYPE_COERCE", f'Value "{wanted}" is not snowflake.')
    # Discord lets no bot write to another bot, and nobody to themselves.
    if number == user_id or (world.is_bot(number) and world.is_bot(user_id)):
        raise known(Code.CANNOT_DM)
    return number


def _gateway_url(request: web.Request) -> str:
    return f"ws://{request.host}/gateway"
