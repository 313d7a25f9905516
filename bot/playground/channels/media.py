"""Complete the media of a message's embeds and components, as Discord's server gives them back."""

from collections.abc import Sequence
from typing import Any

from bot.playground.channels import numbering
from bot.playground.world.state import Payload

_THUMBNAIL, _GALLERY, _FILE = 11, 12, 13


def complete_embeds(embeds: list[Payload]) -> list[Payload]:
    """Return embeds with every key that clients read; pictures are their own proxies."""
    return [_embed(e) for e in embeds]


def complete_components(components: list[Payload], stored: Sequence[Payload]) -> None:
    """Turn each `url` of numbered components into a whole media item; `stored` are the attachments."""
    by_url = {a["url"]: a for a in stored}
    for component in numbering.walk(components):
        if component["type"] == _THUMBNAIL:
            component["media"] = _item(component["media"], by_url)
        elif component["type"] == _GALLERY:
            component["items"] = [_gallery_item(i, by_url) for i in component["items"]]
        elif component["type"] == _FILE:
            component["file"] = _item(component["file"], by_url)
            attachment = by_url.get(component["file"]["url"], {})
            component |= {"name": attachment.get("filename", "file"), "size": attachment.get("size", 0)}


def _embed(embed: Payload) -> Payload:
    # Nobody but Discord itself makes embeds of other types.
    shown = {**embed, "type": "rich"}
    if "fields" in embed:
        shown["fields"] = [{"inline": False, **f} for f in embed["fields"] or []]
    for key in ("image", "thumbnail"):
        if embed.get(key):
            shown[key] = {"proxy_url": embed[key].get("url"), **embed[key]}
    return shown


def _gallery_item(item: Payload, by_url: dict[str, Payload]) -> Payload:
    return {"description": None, "spoiler": False, **item, "media": _item(item["media"], by_url)}


def _item(media: dict[str, Any], by_url: dict[str, Payload]) -> Payload:
    attachment = by_url.get(media["url"], {})
    item: Payload = {
        "id": attachment.get("id", "0"),
        "url": media["url"],
        "proxy_url": media["url"],
        "width": attachment.get("width", 0),
        "height": attachment.get("height", 0),
        "content_type": attachment.get("content_type", ""),
        "loading_state": 2,
    }
    return item | ({"attachment_id": attachment["id"]} if attachment else {})
