"""Read what a request carries, and answer it; a body that cannot be read is refused with 400."""

import json
import math
import re
from typing import Any, NoReturn

from aiohttp import BodyPartReader, web

from bot.playground.errors import ApiError, Code, known
from bot.playground.world.files import MAX_FILE_BYTES
from bot.playground.world.state import Payload, Upload

WHO: web.RequestKey[int | None] = web.RequestKey("who", int)
"""Who asks; None where a secret in the path says it."""
BODY: web.RequestKey[Any] = web.RequestKey("body", object)
"""The JSON body that was read."""

MAX_BODY_BYTES = 25 << 20

# Up to here a float and an integer mean the same number.
_EXACT = 1 << 53
_FILE_FIELD = re.compile(r"files?(?:\[(\d{1,3})\])?$")
# Lone surrogates can be written in JSON but in no UTF-8 answer.
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def reply(data: Any, status: int = 200) -> web.Response:
    """Answer with JSON; the content type is exactly what Discord's is, for clients compare it."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return web.Response(body=text.encode(), status=status, content_type="application/json")


def done() -> web.Response:
    """Answer that there is nothing to say: 204."""
    return web.Response(status=204)


async def read_json(request: web.Request) -> Any:
    """Return the JSON body, kept for the request record. Raises 50109 for what is no JSON."""
    request[BODY] = body = parse_json(await request.read())
    return body


async def read_object(request: web.Request) -> Payload:
    """Return the JSON body, which must be an object; an empty body is an empty object."""
    if not await request.read():
        return {}
    return _object(await read_json(request))


async def read_form(request: web.Request) -> tuple[Payload, list[Upload]]:
    """Return the payload and the files of a JSON or multipart body.

    Raises 50109 for what is neither, 40005 for a file over MAX_FILE_BYTES.
    """
    if request.content_type != "multipart/form-data":
        return await read_object(request), []
    fields: Payload = {}
    uploads: dict[int, Upload] = {}
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader):
                await _read_part(part, fields, uploads)
    except (ValueError, AssertionError) as broken:
        raise known(Code.BODY_INVALID) from broken
    payload = _object(parse_json(fields["payload_json"])) if "payload_json" in fields else _plain(fields)
    request[BODY] = payload
    return payload, [uploads[n] for n in sorted(uploads)]


def parse_json(raw: bytes) -> Any:
    """Return what JSON text says. Raises 50109."""
    try:
        body = json.loads(raw, parse_constant=_no_constant, parse_float=_number)
        if b"\\u" in raw and _SURROGATE.search(json.dumps(body, ensure_ascii=False)):
            raise ValueError("lone surrogate")
    except (ValueError, RecursionError) as broken:
        raise known(Code.BODY_INVALID) from broken
    return body


def number(request: web.Request, name: str, default: int, *, low: int, high: int) -> int:
    """Return an integer of the query. Raises 50035 where it is none, or out of bounds."""
    text = request.query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,20}", text):
        raise ApiError(400, Code.INVALID_FORM, "Invalid Form Body", _leaf(name, "NUMBER_TYPE_COERCE", text))
    if not low <= int(text) <= high:
        message = f"int value should be between {low} and {high}."
        raise ApiError(
            400, Code.INVALID_FORM, "Invalid Form Body", _leaf(name, "NUMBER_TYPE_BOUNDS", message)
        )
    return int(text)


async def _read_part(part: BodyPartReader, fields: Payload, uploads: dict[int, Upload]) -> None:
    name = part.name or ""
    data = await _limited(part)
    match = _FILE_FIELD.match(name)
    if match and part.filename is not None:
        kind = part.headers.get("Content-Type") or "application/octet-stream"
        uploads[int(match[1] or len(uploads))] = Upload(part.filename, kind, data)
    else:
        fields[name] = data


async def _limited(part: BodyPartReader) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(1 << 16):
        data += part.decode(chunk)
        if len(data) > MAX_FILE_BYTES:
            raise known(Code.FILE_TOO_LARGE)
    return bytes(data)


def _plain(fields: Payload) -> Payload:
    """Read a form without payload_json, whose fields are texts, as sticker uploads are."""
    return {name: value.decode(errors="replace") for name, value in fields.items()}


def _object(body: Any) -> Payload:
    if not isinstance(body, dict):
        leaf = {
            "_errors": [
                {"code": "MODEL_TYPE_CONVERT", "message": "Only dictionaries may be used in a ModelType"}
            ]
        }
        raise ApiError(400, Code.INVALID_FORM, "Invalid Form Body", leaf)
    return body


def _leaf(name: str, code: str, message: str) -> Payload:
    return {name: {"_errors": [{"code": code, "message": message}]}}


def _number(text: str) -> int | float:
    """Read 2.0 as 2, as Discord does: libraries write a poll's hours so. Raises ValueError for 1e400."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
