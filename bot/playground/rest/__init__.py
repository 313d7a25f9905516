"""Answer Discord's REST routes, one module for each family."""

from aiohttp import web

from bot.playground.rest import messages, users
from bot.playground.world import World


def routes(world: World) -> list[web.RouteDef]:
    """List the routes of every family."""
    families = (users, messages)
    return [route for family in families for route in family.routes(world)]
