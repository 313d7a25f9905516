"""Find what a route names, and refuse who may not use it with Discord's codes."""

from aiohttp import web

from bot.playground.errors import ApiError, Code, known
from bot.playground.rest.requests import WHO
from bot.playground.world import permissions
from bot.playground.world.snowflakes import parse
from bot.playground.world.state import DIRECT, THREADS, Guild, Payload
from bot.playground.world.world import World, archived


def path_id(request: web.Request, name: str) -> int:
    """Return an id of the path; -1, which nothing has, where it is out of range."""
    number = parse(request.match_info[name])
    return -1 if number is None else number


def user_id(request: web.Request) -> int:
    """Return who asks. Raises 401 for nobody."""
    who = request[WHO]
    if who is None:
        raise ApiError(401, Code.GENERAL, "401: Unauthorized")
    return who


def channel(world: World, request: web.Request, needed: int = 0) -> tuple[int, Payload]:
    """Return the channel of the path. Raises 10003, 50001 (cannot see it), 50013 (lacks `needed`)."""
    number = path_id(request, "channel_id")
    if number not in world.channels:
        raise known(Code.UNKNOWN_CHANNEL)
    require(world, user_id(request), number, needed)
    return number, world.channels[number]


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
    number, found = channel(world, request)
    if found["type"] in (4, 15):
        raise known(Code.INVALID_CHANNEL_TYPE)
    in_thread = found["type"] in THREADS
    require(
        world,
        user_id(request),
        number,
        permissions.SEND_IN_THREADS if in_thread else permissions.SEND_MESSAGES,
    )
    locked = in_thread and found["thread_metadata"]["locked"]
    if locked and not may(world, user_id(request), number, permissions.MANAGE_THREADS):
        raise known(Code.THREAD_ARCHIVED)
    return number, found


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
