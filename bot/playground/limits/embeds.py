"""Check a message's embeds."""

from typing import Final

from bot.playground.limits.form import Body, Form
from bot.playground.world.snowflakes import moment

MAX_TOTAL: Final = 6000
MAX_TITLE: Final = 256
MAX_DESCRIPTION: Final = 4096
MAX_FIELDS: Final = 25
MAX_FIELD_NAME: Final = 256
MAX_FIELD_VALUE: Final = 1024
MAX_FOOTER: Final = 2048
MAX_AUTHOR: Final = 256
MAX_COLOUR: Final = 0xFFFFFF

_SHOWS: Final = ("title", "description", "fields", "footer", "author", "image", "thumbnail", "video", "url")


def check_embeds(form: Form, payload: Body, most: int) -> None:
    """Note what is wrong with the embeds of a body, one by one and in sum."""
    if not payload.get("embeds"):
        return
    total = sum(_check_embed(form, embed, at) for at, embed in form.objects(payload, "embeds", "", high=most))
    if total > MAX_TOTAL:
        message = f"Embed size exceeds maximum size of {MAX_TOTAL}"
        form.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", message)


def _check_embed(form: Form, embed: Body, at: str) -> int:
    """Note what is wrong with one embed, and return how many characters it has."""
    if not any(embed.get(key) for key in _SHOWS):
        form.add(f"{at}.description", "BASE_TYPE_REQUIRED", "This field is required")
    total = len(form.text(embed, "title", at, high=MAX_TITLE) or "")
    total += len(form.text(embed, "description", at, high=MAX_DESCRIPTION) or "")
    form.url(embed, "url", at)
    form.number(embed, "color", at, low=0, high=MAX_COLOUR)
    _check_timestamp(form, embed, at)
    for at_field, field in form.objects(embed, "fields", at, high=MAX_FIELDS):
        total += len(form.text(field, "name", at_field, low=1, high=MAX_FIELD_NAME, required=True) or "")
        total += len(form.text(field, "value", at_field, low=1, high=MAX_FIELD_VALUE, required=True) or "")
    return total + _check_edges(form, embed, at)


def _check_edges(form: Form, embed: Body, at: str) -> int:
    total = 0
    if footer := form.object(embed, "footer", at):
        total += len(form.text(footer, "text", f"{at}.footer", high=MAX_FOOTER) or "")
        form.url(footer, "icon_url", f"{at}.footer", attachments=True)
    if author := form.object(embed, "author", at):
        total += len(form.text(author, "name", f"{at}.author", low=1, high=MAX_AUTHOR, required=True) or "")
        form.url(author, "url", f"{at}.author")
        form.url(author, "icon_url", f"{at}.author", attachments=True)
    for key in ("image", "thumbnail"):
        if media := form.object(embed, key, at):
            form.url(media, "url", f"{at}.{key}", attachments=True)
    return total


def _check_timestamp(form: Form, embed: Body, at: str) -> None:
    text = form.text(embed, "timestamp", at, high=64)
    if text is None:
        return
    try:
        moment(text)
    except ValueError:
        message = f"Could not parse {text}. Should be ISO8601."
        form.add(f"{at}.timestamp", "DATE_TIME_TYPE_PARSE", message)
