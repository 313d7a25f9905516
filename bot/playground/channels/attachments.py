"""Turn the files of a request into a message's `attachments`, and point its embeds at them."""

import mimetypes
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bot.playground.world.files import safe_name
from bot.playground.world.state import Payload, Upload

if TYPE_CHECKING:
    from bot.playground.world.world import World

_PREFIX = "attachment://"


def store(
    world: "World", channel_id: int, uploads: Sequence[Upload], described: Sequence[Mapping[str, Any]] = ()
) -> list[Payload]:
    """Keep files and return their attachment objects; `described` is the body's `attachments`."""
    notes = {str(d.get("id")): d for d in described}
    return [
        _store_one(world, channel_id, upload, notes.get(str(index), {}))
        for index, upload in enumerate(uploads)
    ]


def _store_one(world: "World", channel_id: int, upload: Upload, note: Mapping[str, Any]) -> Payload:
    number = world.snowflakes.next()
    name = str(note.get("filename") or upload.filename)
    upload = Upload(name, upload.content_type, upload.data)
    url = world.base_url + world.files.add(channel_id, number, upload)
    attachment: Payload = {
        "id": str(number),
        "filename": safe_name(name),
        "size": len(upload.data),
        "url": url,
        "proxy_url": url,
        "content_type": _kind(upload),
    }
    attachment |= {key: note[key] for key in ("description", "title") if note.get(key)}
    return attachment | _measure(upload.data)


def _kind(upload: Upload) -> str:
    """Return what a file is; libraries that send every file as mere bytes leave that to its name."""
    if upload.content_type != "application/octet-stream":
        return upload.content_type
    return mimetypes.guess_type(upload.filename)[0] or upload.content_type


def _measure(data: bytes) -> dict[str, int]:
    """Return a PNG's or GIF's width and height in pixels; nothing for other files."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        return {"width": int.from_bytes(data[16:20]), "height": int.from_bytes(data[20:24])}
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        return {"width": int.from_bytes(data[6:8], "little"), "height": int.from_bytes(data[8:10], "little")}
    return {}


def kept(existing: Sequence[Payload], asked: Any) -> list[Payload]:
    """Return the attachments that stay after an edit; without `attachments` in its body all do."""
    if asked is None:
        return list(existing)
    wanted = {str(a.get("id")) for a in asked}
    return [a for a in existing if a["id"] in wanted]


def link(value: Any, attachments: Sequence[Payload]) -> Any:
    """Return embeds or components with `attachment://name` replaced by the file's address."""
    if not attachments:
        return value
    return _replace(value, {_PREFIX + a["filename"]: a["url"] for a in attachments})


def _replace(value: Any, urls: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return urls.get(value, value)
    if isinstance(value, list):
        return [_replace(v, urls) for v in value]
    if isinstance(value, dict):
        return {k: _replace(v, urls) for k, v in value.items()}
    return value
