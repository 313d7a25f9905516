"""Count requests in buckets as Discord does, and tell clients how much is left."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from bot.playground.errors import Code
from bot.playground.rest.requests import reply
from bot.playground.world import snowflakes

_EDIT: Final = ("PATCH", "/channels/{channel_id}/messages/{message_id}")
# (method, route) → requests, seconds. Discord publishes no figures; these are what clients meet there.
_RULES: Final[Mapping[tuple[str, str], tuple[int, float]]] = {
    ("POST", "/channels/{channel_id}/messages"): (5, 5.0),
    _EDIT: (5, 5.0),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): (5, 1.0),
    ("POST", "/channels/{channel_id}/messages/bulk-delete"): (1, 1.0),
    ("POST", "/channels/{channel_id}/typing"): (5, 5.0),
    ("PATCH", "/channels/{channel_id}"): (5, 15.0),
    ("POST", "/guilds/{guild_id}/channels"): (10, 10.0),
    ("POST", "/channels/{channel_id}/threads"): (10, 10.0),
    ("POST", "/channels/{channel_id}/messages/{message_id}/threads"): (10, 10.0),
    ("POST", "/users/@me/channels"): (10, 10.0),
    ("PUT", "/applications/{application_id}/commands"): (5, 20.0),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}"): (5, 2.0),
    ("POST", "/webhooks/{application_id}/{token}"): (5, 2.0),
}
_DEFAULT: Final = (20, 1.0)
_REACTIONS: Final = (4, 1.0)
_WEBHOOK_MESSAGES: Final = (5, 5.0)
_OLD_EDITS: Final = (3, 20.0)
_OLD_SECONDS: Final = 3600
_GLOBAL: Final = (50, 1.0)
# What shares no bucket with other channels, guilds or webhooks.
MAJOR: Final = ("channel_id", "guild_id", "application_id", "webhook_id", "webhook_token", "token")
_MANY_BUCKETS: Final = 10_000


@dataclass(slots=True)
class _Bucket:
    limit: int
    ends: float
    used: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Tell whether a request may pass, and the headers that its answer bears."""

    refused: web.Response | None
    headers: Mapping[str, str]


class RateLimits:
    """Hold every client's buckets; a switched-off one lets everything pass and says nothing."""

    def __init__(self, *, enabled: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._enabled = enabled
        self._clock = clock
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def count(self, request: web.Request, route: str, *, who: int | None, bot: bool) -> Verdict:
        """Count a request towards its bucket; `route` is its template after /api/v10."""
        if not self._enabled or route.endswith("/callback"):
            return Verdict(None, {})
        now = self._clock()
        if bot and not self._take(("global", str(who)), *_GLOBAL, now=now):
            return Verdict(too_many(self._left(("global", str(who)), now), is_global=True), {})
        if (request.method, route) == _EDIT and _is_old(request.match_info["message_id"]):
            old = (str(who), "old edits", request.match_info["channel_id"])
            if not self._take(old, *_OLD_EDITS, now=now):
                return Verdict(too_many_old_edits(self._left(old, now)), {})
        limit, seconds = rule(request.method, route)
        major = [f"{name}={request.match_info[name]}" for name in MAJOR if name in request.match_info]
        key = (str(who), request.method, route, *major)
        passed = self._take(key, limit, seconds, now=now)
        headers = self._headers(key, now)
        if passed:
            return Verdict(None, headers)
        return Verdict(too_many(self._left(key, now), is_global=False), headers)

    def _take(self, key: tuple[str, ...], limit: int, seconds: float, *, now: float) -> bool:
        bucket = self._buckets.get(key)
        if bucket is None or bucket.ends <= now:
            self._tidy(now)
            bucket = self._buckets[key] = _Bucket(limit, now + seconds)
        if bucket.used >= bucket.limit:
            return False
        bucket.used += 1
        return True

    def _left(self, key: tuple[str, ...], now: float) -> float:
        return max(0.001, self._buckets[key].ends - now)

    def _headers(self, key: tuple[str, ...], now: float) -> dict[str, str]:
        bucket = self._buckets[key]
        left = self._left(key, now)
        name = "|".join(key[1:3])
        return {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(bucket.limit - bucket.used),
            "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(name.encode()).hexdigest()[:32],
        }

    def _tidy(self, now: float) -> None:
        if len(self._buckets) > _MANY_BUCKETS:
            self._buckets = {key: b for key, b in self._buckets.items() if b.ends > now}


def rule(method: str, route: str) -> tuple[int, float]:
    """Return how many requests a bucket takes in how many seconds."""
    if "/reactions/" in route and method in ("PUT", "DELETE"):
        return _REACTIONS
    if route.startswith("/webhooks/") and "/messages/" in route:
        return _WEBHOOK_MESSAGES
    return _RULES.get((method, route), _DEFAULT)


def too_many(retry_after: float, *, is_global: bool) -> web.Response:
    """Return Discord's 429; without `Via`, clients would take it for a ban by Cloudflare."""
    response = _refusal({"message": "You are being rate limited.", "global": is_global}, retry_after)
    response.headers["X-RateLimit-Scope"] = "global" if is_global else "user"
    if is_global:
        response.headers["X-RateLimit-Global"] = "true"
    return response


def too_many_old_edits(retry_after: float) -> web.Response:
    """Return Discord's 429 for who often edits messages that are older than an hour."""
    message = "Maximum number of edits to messages older than 1 hour reached. Try again later"
    return _refusal({"message": message, "code": Code.MAXIMUM_OLD_EDITS, "global": False}, retry_after)


def _refusal(body: dict[str, object], retry_after: float) -> web.Response:
    response = reply(body | {"retry_after": round(retry_after, 3)}, 429)
    response.headers["Via"] = "1.1 playground"
    response.headers["Retry-After"] = str(max(1, round(retry_after)))
    return response


def _is_old(message_id: str) -> bool:
    number = snowflakes.parse(message_id)
    return number is not None and number < snowflakes.from_time(time.time() - _OLD_SECONDS)
