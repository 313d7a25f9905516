"""Serve the page, the pictures of users and the files of messages, each with a strict policy."""

from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import web

from bot.playground.errors import Code, known
from bot.playground.http.security import ATTACHMENT_POLICY, PAGE_POLICY, other_name
from bot.playground.world.world import World

FOLDER: Final = Path(__file__).parent / "page"
_COLOURS: Final = ("#5865f2", "#3ba55c", "#faa61a", "#ed4245", "#eb459e", "#747f8d", "#1abc9c", "#9b59b6")
_AVATAR: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80" width="80" height="80">'
    '<rect width="80" height="80" fill="{colour}"/><text x="40" y="54" font-size="40" fill="#fff" '
    'font-family="sans-serif" text-anchor="middle">{letter}</text></svg>'
)
_SAFE: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
# Pictures may be shown in place; everything else is offered for download.
_SHOWN: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")


def page_routes(world: World) -> list[web.RouteDef]:
    """List the routes of the page itself."""

    async def index(request: web.Request) -> web.StreamResponse:
        # Links to files name one address of this machine; only a page at that address may show them.
        if other_name(request.host, world.base_url):
            raise web.HTTPFound(world.base_url + "/")
        return _file(request, "index.html")

    async def part(request: web.Request) -> web.StreamResponse:
        return _file(request, request.match_info["name"])

    return [web.get("/", index), web.get("/page/{name:.+}", part)]


def media_routes(world: World) -> list[web.RouteDef]:
    """List the routes of attachments and avatars, which bots read too."""

    async def attachment(request: web.Request) -> web.Response:
        path = request.path
        data = world.files.get(path, request.query.get("hm", ""))
        if data is None:
            raise web.HTTPNotFound
        return _download(path.rsplit("/", 1)[-1], data)

    async def avatar(request: web.Request) -> web.Response:
        user = world.users.get(int(request.match_info["user_id"]))
        if user is None:
            raise known(Code.UNKNOWN_USER)
        return _avatar(int(user["id"]), user["username"])

    return [
        web.get(r"/attachments/{channel_id:\d+}/{attachment_id:\d+}/{name}", attachment),
        web.get(r"/avatars/{user_id:\d{1,20}}.svg", avatar),
    ]


def _file(request: web.Request, name: str) -> web.FileResponse:
    try:
        place = (FOLDER / name).resolve()
        found = place.is_relative_to(FOLDER.resolve()) and place.is_file()
    except (OSError, ValueError):  # a name that is too long, or holds a null character
        found = False
    if not found:
        raise web.HTTPNotFound
    policy = PAGE_POLICY.format(host=request.host)
    headers = {**_SAFE, "Content-Security-Policy": policy, "Cache-Control": "no-cache"}
    return web.FileResponse(place, headers=headers)


def _download(name: str, data: bytes) -> web.Response:
    kind = _kind(data)
    how = "inline" if kind in _SHOWN else "attachment"
    headers = {
        **_SAFE,
        "Content-Type": kind,
        "Content-Security-Policy": ATTACHMENT_POLICY,
        "Content-Disposition": f"{how}; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    return web.Response(body=data, headers=headers)


def _kind(data: bytes) -> str:
    """Tell a picture by its first bytes, whatever its sender called it."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "application/octet-stream"


def _avatar(user_id: int, name: str) -> web.Response:
    colour = _COLOURS[(user_id >> 22) % len(_COLOURS)]
    body = _AVATAR.format(colour=colour, letter=escape(name[:1].upper()))
    headers = {**_SAFE, "Content-Security-Policy": ATTACHMENT_POLICY, "Cache-Control": "max-age=3600"}
    return web.Response(text=body, content_type="image/svg+xml", headers=headers)
