"""Answer Discord's REST routes, one module for each family."""

from aiohttp import web

from bot.playground.rest import (
    automod,
    channels,
    guilds,
    messages,
    pins,
    polls,
    reactions,
    scheduled,
    threads,
    users,
    webhooks,
)
from bot.playground.world.world import World


def routes(world: World) -> list[web.RouteDef]:
    """List the routes of every family; literal paths stand before those that could swallow them."""
    families = (
        users,
        guilds,
        channels,
        reactions,
        pins,
        polls,
        messages,
        threads,
        webhooks,
        automod,
        scheduled,
    )
    return [route for family in families for route in family.routes(world)]
