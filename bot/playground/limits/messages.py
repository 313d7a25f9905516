"""Check a message before it is written or changed: in a channel, through a webhook, or as an answer."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.playground.errors import Code, known
from bot.playground.limits.components import check_layout, check_rows
from bot.playground.limits.embeds import check_embeds
from bot.playground.limits.form import MAX_FLAGS, Body, Form
from bot.playground.limits.polls import check_poll
from bot.playground.world.files import MAX_FILE_BYTES
from bot.playground.world.snowflakes import parse
from bot.playground.world.state import Upload

MAX_CONTENT: Final = 2000
MAX_NONCE: Final = 25
MAX_EMBEDS: Final = 10
MAX_STICKERS: Final = 3
MAX_FILES: Final = 10
MAX_DESCRIPTION: Final = 1024
MAX_NAMED: Final = 100
COMPONENTS_V2: Final = 1 << 15
FORWARD: Final = 1

_PARSE: Final = ("users", "roles", "everyone")
_NOT_IN_V2: Final = ("content", "embeds", "poll", "sticker_ids")
_NOTHING: Final[Mapping[str, Any]] = {}


def check_message(payload: Any, *, existing: Body | None = None, files: Sequence[Upload] = ()) -> None:
    """Raise 50035 with all that is wrong, 50006 for an empty message, 40005 for too large a file.

    `existing` is the stored message that the payload edits.
    """
    form = Form()
    if not isinstance(payload, dict):
        form.not_an_object("")
        form.raise_errors()
    before = existing or _NOTHING
    _check_plain(form, payload)
    _check_files(form, payload, files, before)
    flags = form.number(payload, "flags", "", low=0, high=MAX_FLAGS) or 0
    if (flags | int(before.get("flags", 0))) & COMPONENTS_V2:
        _check_v2(form, payload, before)
    else:
        check_embeds(form, payload, MAX_EMBEDS)
        check_rows(form, payload, "")
    if payload.get("poll") is not None:
        check_poll(form, payload)
    form.raise_errors()
    if _is_empty(payload, before, files, v2=bool((flags | int(before.get("flags", 0))) & COMPONENTS_V2)):
        raise known(Code.EMPTY_MESSAGE)


def check_files(payload: Body, files: Sequence[Upload]) -> None:
    """Raise 50035 with all that is wrong with files and what a body says of them, 40005 for too large a one."""
    form = Form()
    _check_files(form, payload, files, _NOTHING)
    form.raise_errors()


def _check_plain(form: Form, payload: Body) -> None:
    form.text(payload, "content", "", high=MAX_CONTENT)
    form.flag(payload, "tts", "")
    nonce = payload.get("nonce")
    if nonce is not None and (isinstance(nonce, bool) or not isinstance(nonce, str | int)):
        form.add("nonce", "NONCE_TYPE_INVALID", "Nonce must be a string or an integer.")
    elif nonce is not None:
        form.length("nonce", len(str(nonce)), low=0, high=MAX_NONCE)
    if payload.get("sticker_ids") is not None:
        form.ids(payload, "sticker_ids", "", high=MAX_STICKERS)
    if payload.get("allowed_mentions") is not None:
        _check_allowed_mentions(form, payload)
    if payload.get("message_reference") is not None:
        _check_reference(form, payload)


def _check_allowed_mentions(form: Form, payload: Body) -> None:
    allowed = form.object(payload, "allowed_mentions", "")
    if allowed is None:
        return
    named = form.items(allowed, "parse", "allowed_mentions", high=len(_PARSE))
    for index, value in enumerate(named):
        form.choice({"v": value}, "v", f"allowed_mentions.parse.{index}", _PARSE)
    for key in ("users", "roles"):
        form.ids(allowed, key, "allowed_mentions", high=MAX_NAMED)
        if key in named and allowed.get(key):
            code = "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
            form.add("allowed_mentions", code, f'parse:["{key}"] and {key}: [ids...] are mutually exclusive.')
    form.flag(allowed, "replied_user", "allowed_mentions")


def _check_reference(form: Form, payload: Body) -> None:
    reference = form.object(payload, "message_reference", "")
    if reference is None:
        return
    kind = form.choice(reference, "type", "message_reference", (0, FORWARD)) or 0
    needed = ("message_id", "channel_id") if kind == FORWARD else ("message_id",)
    for key in ("message_id", "channel_id", "guild_id"):
        value = reference.get(key)
        if value is None and key in needed:
            form.add(f"message_reference.{key}", "BASE_TYPE_REQUIRED", "This field is required")
        elif value is not None and parse(value) is None:
            form.add(
                f"message_reference.{key}", "NUMBER_TYPE_COERCE", f'Value "{value!s:.50}" is not snowflake.'
            )
    form.flag(reference, "fail_if_not_exists", "message_reference")


def _check_files(form: Form, payload: Body, files: Sequence[Upload], before: Body) -> None:
    if any(len(file.data) > MAX_FILE_BYTES for file in files):
        raise known(Code.FILE_TOO_LARGE)
    form.length("files", len(files), low=0, high=MAX_FILES)
    if payload.get("attachments") is None:
        return
    held = {a["id"] for a in before.get("attachments") or ()}
    for at, attachment in form.objects(payload, "attachments", "", high=MAX_FILES):
        number = parse(attachment.get("id"))
        if number is None or (number >= len(files) and str(number) not in held):
            form.add(at, "ATTACHMENT_NOT_FOUND", "Attachment not found")
        form.text(attachment, "filename", at, high=MAX_DESCRIPTION)
        form.text(attachment, "description", at, high=MAX_DESCRIPTION)
        form.text(attachment, "title", at, high=MAX_DESCRIPTION)


def _check_v2(form: Form, payload: Body, before: Body) -> None:
    for key in _NOT_IN_V2:
        if _after(payload, before, key):
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            form.add(key, code, f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
    check_layout(form, payload)


def _is_empty(payload: Body, before: Body, files: Sequence[Upload], *, v2: bool) -> bool:
    if v2:
        return not _after(payload, before, "components")
    if files or payload.get("poll") or before.get("poll") or payload.get("sticker_ids"):
        return False
    reference = payload.get("message_reference") or _NOTHING
    if reference.get("type") == FORWARD or before.get("message_snapshots"):
        return False
    held = [_after(payload, before, key) for key in ("embeds", "attachments")]
    return not (_after(payload, before, "content") or "").strip() and not any(held)


def _after(payload: Body, before: Body, key: str) -> Any:
    return payload[key] if key in payload else before.get(key)
