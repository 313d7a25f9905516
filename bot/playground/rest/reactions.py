"""Serve reactions: adding, taking back, clearing and listing them."""

from aiohttp import web

from bot.playground.channels import reactions
from bot.playground.rest import access
from bot.playground.rest.requests import done, reply
from bot.playground.world import permissions
from bot.playground.world.world import World

_MESSAGE = r"/channels/{channel_id:\d+}/messages/{message_id:\d+}"
_EMOJI = _MESSAGE + "/reactions/{emoji}"


def routes(world: World) -> list[web.RouteDef]:
    """List the routes."""
    serve = _Routes(world)
    return [
        web.get(_EMOJI, serve.listing),
        web.delete(_EMOJI, serve.clear),
        web.delete(_MESSAGE + "/reactions", serve.clear),
        web.put(_EMOJI + "/@me", serve.add),
        web.delete(_EMOJI + r"/{user_id:@me|\d+}", serve.remove),
    ]


class _Routes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def add(self, request: web.Request) -> web.Response:
        channel_id, message = access.message_of(self._world, request, permissions.READ_HISTORY)
        emoji = reactions.parse_emoji(request.match_info["emoji"])
        if emoji["name"] not in self._world.reactions.get(int(message["id"]), {}):
            access.require(self._world, access.user_id(request), channel_id, permissions.ADD_REACTIONS)
        access.open_thread(self._world.channels[channel_id])
        reactions.add(self._world, channel_id, message, access.user_id(request), emoji)
        return done()

    async def remove(self, request: web.Request) -> web.Response:
        channel_id, message = access.message_of(self._world, request)
        emoji = reactions.parse_emoji(request.match_info["emoji"])
        named = request.match_info["user_id"]
        whose = access.user_id(request) if named == "@me" else access.path_id(request, "user_id")
        if whose != access.user_id(request):
            access.require(self._world, access.user_id(request), channel_id, permissions.MANAGE_MESSAGES)
        reactions.remove(self._world, channel_id, message, whose, emoji)
        return done()

    async def clear(self, request: web.Request) -> web.Response:
        channel_id, message = access.message_of(self._world, request, permissions.MANAGE_MESSAGES)
        named = request.match_info.get("emoji")
        reactions.clear(self._world, channel_id, message, reactions.parse_emoji(named) if named else None)
        return done()

    async def listing(self, request: web.Request) -> web.Response:
        _channel_id, message = access.message_of(self._world, request)
        emoji = reactions.parse_emoji(request.match_info["emoji"])
        reaction = self._world.reactions.get(int(message["id"]), {}).get(emoji["name"])
        return reply(access.listed(self._world, request, reaction.users if reaction else []))
