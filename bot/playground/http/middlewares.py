"""Stand between the socket and the routes: guard, authenticate, record, break, count, and answer errors."""

import re
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.playground.errors import ApiError, Code, known
from bot.playground.http.faults import Faults
from bot.playground.http.ratelimit import RateLimits
from bot.playground.http.security import host_allowed, origin_allowed
from bot.playground.rest.requests import BODY, WHO, reply
from bot.playground.world.world import World

logger = structlog.get_logger(__name__)

PREFIX: Final = "/api/v10"
RECORDED_REQUESTS: Final = 10_000
# Routes whose secret is in their own path.
_OPEN: Final = re.compile(rf"{PREFIX}/(gateway$|interactions/\d+/[^/]+/callback$|webhooks/\d+/[^/]+)")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Hold one REST request of a bot; `path` is what follows /api/v10, with its query."""

    method: str
    path: str
    body: Any
    status: int


Record = deque[Recorded]


def answer_errors() -> Middleware:
    """Make the outermost layer: every error becomes Discord's JSON, the unexpected ones a logged 500."""

    @web.middleware
    async def layer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except Exception as error:
            response = _failure(request, error)
        if response.content_type == "application/json" and not response.prepared:
            # discord.py compares the header as a whole, and aiohttp's own JSON answers name a charset.
            response.headers["Content-Type"] = "application/json"
        return response

    return layer


def guard(bound_host: str) -> Middleware:
    """Make the layer that keeps rebound names and other sites' pages out."""

    @web.middleware
    async def layer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not host_allowed(request.host, bound_host):
            raise ApiError(403, Code.GENERAL, "403: this host name is not the playground's")
        if not origin_allowed(request.headers.get("Origin"), request.host):
            raise ApiError(403, Code.GENERAL, "403: another site may not use the playground")
        return await handler(request)

    return layer


def authenticate(world: World) -> Middleware:
    """Make the layer that notes who asks in requests to the API, or answers 401."""

    @web.middleware
    async def layer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/api/"):
            request[WHO] = _user(world, request)
        return await handler(request)

    return layer


def recorded(world: World, record: Record) -> Middleware:
    """Make the layer that records what bots ask, and how it ended."""

    @web.middleware
    async def layer(request: web.Request, handler: Handler) -> web.StreamResponse:
        status = 500
        try:
            response = await handler(request)
            status = response.status
        except (ApiError, web.HTTPException) as refusal:
            status = refusal.status
            raise
        finally:
            who = request.get(WHO)
            if request.path.startswith(PREFIX) and (who is None or world.is_bot(who)):
                path = request.path_qs.removeprefix(PREFIX)
                record.append(Recorded(request.method, path, request.get(BODY), status))
        return response

    return layer


def limited(world: World, *, faults: Faults, limits: RateLimits) -> Middleware:
    """Make the layer that injects faults and counts requests to the API."""

    @web.middleware
    async def layer(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(PREFIX):
            return await handler(request)
        struck = await faults.strike(request.method, request.path.removeprefix(PREFIX))
        if struck is not None:
            return struck
        who = request[WHO]
        verdict = limits.count(
            request, _template(request), who=who, bot=who is not None and world.is_bot(who)
        )
        refused = verdict.refused
        response = await _answered(request, handler) if refused is None else refused
        lost = faults.loses(request.method, request.path.removeprefix(PREFIX))
        response = response if lost is None else lost
        response.headers.update(verdict.headers)
        return response

    return layer


async def _answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ApiError as refusal:
        return reply(refusal.body(), refusal.status)


def _template(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical.removeprefix(PREFIX)


def _user(world: World, request: web.Request) -> int | None:
    header = request.headers.get("Authorization")
    if header is None and _OPEN.match(request.path):
        return None
    raw = header or ""
    token = raw.removeprefix("Bot ")
    user_id = world.user_of(token.strip())
    if user_id is None or world.is_bot(user_id) != raw.startswith("Bot "):
        raise ApiError(401, Code.GENERAL, "401: Unauthorized")
    return user_id


def _failure(request: web.Request, error: Exception) -> web.StreamResponse:
    if isinstance(error, ApiError):
        return reply(error.body(), error.status)
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return reply(known(Code.FILE_TOO_LARGE).body(), 413)
    if isinstance(error, web.HTTPException):
        if error.status < 400:
            raise error
        return reply({"message": f"{error.status}: {error.reason}", "code": 0}, error.status)
    # Paths of webhooks and interactions hold their tokens; the route does not.
    logger.error("request failed", method=request.method, route=_template(request), exc_info=error)
    return reply({"message": "500: Internal Server Error", "code": 0}, 500)
