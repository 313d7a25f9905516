"""Check a filled-in modal against the modal that the bot sent, and shape it as the bot receives it."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.playground.channels.numbering import walk
from bot.playground.errors import invalid_field
from bot.playground.interactions.components import (
    CHECKBOX,
    CHOOSING,
    MAX_TEXT_INPUT,
    RADIO_GROUP,
    TEXT_INPUT,
    Component,
    check_values,
)
from bot.playground.interactions.options import bad_length
from bot.playground.interactions.resolved import Resolver


def check_submission(modal: Mapping[str, Any], given: Any, resolver: Resolver) -> list[dict[str, Any]]:
    """Give the modal's components with what was filled in; raises ApiError 50035 for what may not be sent.

    `given` is the person's `data.components`, in which only custom_ids and values count.
    """
    if not isinstance(given, list):
        raise invalid_field("data.components", "LIST_TYPE_CONVERT", "Must be a list of components")
    filled = {part["custom_id"]: part for part in _answers(given)}
    unknown = filled.keys() - {part.get("custom_id") for part in walk(modal["components"])}
    if unknown:
        raise invalid_field("data.components", "COMPONENT_UNKNOWN", f"Not in this modal: {sorted(unknown)}")
    return [_submitted(component, filled, resolver) for component in modal["components"]]


def _answers(given: Any) -> Iterator[Component]:
    """Go through whatever a person sent, and give the parts that are about an input."""
    for part in given if isinstance(given, list) else [given]:
        if not isinstance(part, dict):
            continue
        if isinstance(part.get("custom_id"), str):
            yield part
        yield from _answers(part.get("components"))
        yield from _answers(part.get("component"))


def _submitted(component: Component, filled: Mapping[str, Component], resolver: Resolver) -> dict[str, Any]:
    kind = component["type"]
    shape = {"type": kind, "id": component["id"]}
    if kind == 1:
        return shape | {"components": [_submitted(c, filled, resolver) for c in component["components"]]}
    if kind == 18:
        return shape | {"component": _submitted(component["component"], filled, resolver)}
    if "custom_id" not in component:
        return shape
    custom_id = component["custom_id"]
    answer = filled.get(custom_id, {})
    return shape | {"custom_id": custom_id} | _value(component, answer, resolver)


def _value(component: Component, answer: Component, resolver: Resolver) -> dict[str, Any]:
    path = f"data.components.{component['custom_id']}"
    kind = component["type"]
    if kind == TEXT_INPUT:
        return {"value": _text(component, answer.get("value"), f"{path}.value")}
    if kind == CHECKBOX:
        return {"value": bool(answer.get("value", component.get("default", False)))}
    if kind == RADIO_GROUP:
        picked = [] if answer.get("value") is None else [answer["value"]]
        values = check_values(component, picked, resolver=resolver, path=f"{path}.value")
        return {"value": values[0] if values else None}
    if kind in CHOOSING:
        values = check_values(component, answer.get("values"), resolver=resolver, path=f"{path}.values")
        return {"values": values}
    return {}


def _text(component: Component, value: Any, path: str) -> str:
    text = "" if value is None else value
    if not isinstance(text, str):
        raise invalid_field(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
    if not text:
        if component.get("required", True):
            raise invalid_field(path, "BASE_TYPE_REQUIRED", "This field is required")
        return ""
    shortest, longest = component.get("min_length") or 0, component.get("max_length") or MAX_TEXT_INPUT
    if not shortest <= len(text) <= longest:
        raise bad_length(path, shortest, longest)
    return text
