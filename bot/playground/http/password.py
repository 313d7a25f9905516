"""Ask for the playground's password once, and remember who gave it in a cookie."""

import asyncio
import secrets
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.playground.errors import ApiError, Code
from bot.playground.rest.requests import read_object

COOKIE: Final = "playground"
# Guesses are looked at one after another, and a wrong one holds up the next for so long.
GUESS_SECONDS: Final = 0.5


class Gate:
    """Guard /playground with a password; nothing is guarded without one."""

    def __init__(self, password: str | None) -> None:
        self._password = password
        self._pass = secrets.token_urlsafe(32)
        self._guessing = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """List the one route by which the password is given."""
        return [web.post("/playground/password", self._enter)]

    def middleware(self) -> Middleware:
        """Make the middleware that refuses /playground to who has no pass."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            guarded = request.path.startswith("/playground/") and request.path != "/playground/password"
            if guarded and not self._admits(request):
                raise ApiError(401, Code.GENERAL, "401: this playground has a password")
            return await handler(request)

        return guard

    def _admits(self, request: web.Request) -> bool:
        if self._password is None:
            return True
        return secrets.compare_digest(request.cookies.get(COOKIE, "").encode(), self._pass.encode())

    async def _enter(self, request: web.Request) -> web.Response:
        given = (await read_object(request)).get("password")
        response = web.Response(status=204)
        if self._password is None:
            return response
        async with self._guessing:
            if not _same(given, self._password):
                await asyncio.sleep(GUESS_SECONDS)
                raise ApiError(403, Code.UNAUTHORIZED, "That is not the password.")
        response.set_cookie(COOKIE, self._pass, httponly=True, samesite="Strict", path="/playground")
        return response


def _same(given: object, password: str) -> bool:
    return isinstance(given, str) and secrets.compare_digest(given.encode(), password.encode())
