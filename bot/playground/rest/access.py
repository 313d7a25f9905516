"""Find what a route names, and refuse who may not use it with Discord's codes."""

from aiohttp import web

from bot.playground.errors import ApiError, Code, known
from bot.playground.rest.requests import WHO, number
from bot.playground.world import permissions
from bot.playground.world.snowflakes import HIGHEST, parse
from bot.playground.world.state import CATEGORY, DIRECT, FORUM, THREADS, Guild, Payload, archived
from bot.playground.world.world import World


def path_id(request: web.Request, name: str) -> int:
    """Return an id of the path; -1, which nothing has, where it is out of range."""
    found = parse(request.match_info[name])
    return -1 if found is None else found


def user_id(request: web.Request) -> int:
    """Return who asks. Raises 401 for nobody."""
    who = request[WHO]
    if who is None:
        raise ApiError(401, Code.GENERAL, "401: Unauthorized")
    return who


def channel(world: World, request: web.Request, needed: int = 0) -> tuple[int, Payload]:
    """Return the channel of the path. Raises 10003, 50001 (cannot see it), 50013 (lacks `needed`)."""
    channel_id = path_id(request, "channel_id")
    if channel_id not in world.channels:
        raise known(Code.UNKNOWN_CHANNEL)
    require(world, user_id(request), channel_id, needed)
    return channel_id, world.channels[channel_id]


def require(world: World, who: int, channel_id: int, needed: int) -> None:
    """Let pass who sees a channel and has all needed permissions there. Raises 50001, 50013."""
    bits = world.permissions(who, channel_id)
    if not bits & permissions.VIEW_CHANNEL:
        raise known(Code.MISSING_ACCESS)
    if bits & needed != needed:
        raise known(Code.MISSING_PERMISSIONS)


def may(world: World, who: int, channel_id: int, needed: int) -> bool:
    """Tell whether someone has a permission in a channel."""
    return world.permissions(who, channel_id) & needed == needed


def to_write(world: World, request: web.Request) -> tuple[int, Payload]:
    """Return the channel of the path for writing in it. Raises as `channel`, 50024 and 50083."""
    channel_id, found = channel(world, request)
    if found["type"] in (CATEGORY, FORUM):
        raise known(Code.INVALID_CHANNEL_TYPE)
    in_thread = found["type"] in THREADS
    require(
        world,
        user_id(request),
        channel_id,
        permissions.SEND_IN_THREADS if in_thread else permissions.SEND_MESSAGES,
    )
    locked = in_thread and found["thread_metadata"]["locked"]
    if locked and not may(world, user_id(request), channel_id, permissions.MANAGE_THREADS):
        raise known(Code.THREAD_ARCHIVED)
    return channel_id, found


def open_thread(found: Payload) -> None:
    """Let pass what is no archived thread. Raises 50083."""
    if found["type"] in THREADS and archived(found):
        raise known(Code.THREAD_ARCHIVED)


def message(world: World, request: web.Request, channel_id: int) -> Payload:
    """Return the message of the path from the channel's history. Raises 10008."""
    found = world.histories[channel_id].get(path_id(request, "message_id"))
    if found is None:
        raise known(Code.UNKNOWN_MESSAGE)
    return found


def message_of(world: World, request: web.Request, needed: int = 0) -> tuple[int, Payload]:
    """Return the channel's id and the message of the path. Raises as `channel` and `message` do."""
    channel_id, _channel = channel(world, request, needed)
    return channel_id, message(world, request, channel_id)


def listed(world: World, request: web.Request, users: list[int]) -> list[Payload]:
    """Return the page of users that the query asks for. Raises 50035."""
    after = number(request, "after", 0, low=0, high=HIGHEST)
    limit = number(request, "limit", 25, low=1, high=100)
    return [world.users[u] for u in sorted(users) if u > after][:limit]


def guild(world: World, request: web.Request, needed: int = 0) -> Guild:
    """Return the guild of the path. Raises 10004 for who is not in it, 50013 for who lacks `needed`."""
    found = world.guilds.get(path_id(request, "guild_id"))
    if found is None or user_id(request) not in found.members:
        raise known(Code.UNKNOWN_GUILD)
    if world.guild_permissions(user_id(request), found.id) & needed != needed:
        raise known(Code.MISSING_PERMISSIONS)
    return found


def not_direct(found: Payload) -> None:
    """Let pass a guild's channel. Raises 50003."""
    if found["type"] == DIRECT:
        raise known(Code.CANNOT_IN_DM)
