"""Find the component that a person used, and check what they chose in it, on messages and in modals."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.playground.channels.numbering import walk
from bot.playground.errors import ApiError, invalid_field
from bot.playground.interactions.options import bad_length
from bot.playground.interactions.resolved import Resolver
from bot.playground.world.state import Payload

BUTTON: Final = 2
STRING_SELECT: Final = 3
TEXT_INPUT: Final = 4
FILE_UPLOAD: Final = 19
RADIO_GROUP: Final = 21
CHECKBOX_GROUP: Final = 22
CHECKBOX: Final = 23

LINK_STYLE: Final = 5
PREMIUM_STYLE: Final = 6

# Selects over the server's own things, and what each may hold.
_REFERENCES: Final[Mapping[int, tuple[str, ...]]] = {
    5: ("user",),
    6: ("role",),
    7: ("user", "role"),
    8: ("channel",),
    FILE_UPLOAD: ("attachment",),
}
CHOOSING: Final = frozenset({STRING_SELECT, RADIO_GROUP, CHECKBOX_GROUP, *_REFERENCES})
MESSAGE_SELECTS: Final = frozenset({3, 5, 6, 7, 8})
MAX_TEXT_INPUT: Final = 4000

Component = Mapping[str, Any]


def find(components: Iterable[Payload], custom_id: object) -> Component | None:
    """Find a component by its custom_id."""
    return next((found for found in walk(components) if found.get("custom_id") == custom_id), None)


def check_use(component: Component | None, data: Mapping[str, Any], resolver: Resolver) -> dict[str, Any]:
    """Give a click or a selection on a message as the bot receives it; raises ApiError 50035.

    Refused are components that are not on the message, are disabled, or cannot be clicked.
    """
    if component is None or component["type"] not in {BUTTON, *MESSAGE_SELECTS}:
        raise invalid_field("data.custom_id", "COMPONENT_VALIDATION_FAILED", "Component validation failed")
    if component.get("disabled") or component.get("style") in (LINK_STYLE, PREMIUM_STYLE):
        raise invalid_field("data.custom_id", "COMPONENT_DISABLED", "This component is disabled")
    if data.get("component_type", component["type"]) != component["type"]:
        raise invalid_field("data.component_type", "COMPONENT_TYPE", "The component is of another type")
    used = {"custom_id": component["custom_id"], "component_type": component["type"]}
    used["id"] = component.get("id", 0)
    if component["type"] in MESSAGE_SELECTS:
        used["values"] = check_values(component, data.get("values"), resolver=resolver, path="data.values")
        # discord.py reads a string select's values only where there is no `resolved`.
        if component["type"] != STRING_SELECT:
            used["resolved"] = resolver.resolved
    return used


def check_values(component: Component, values: Any, *, resolver: Resolver, path: str) -> list[str]:
    """Check how many and which values were chosen in a select, a group or a file upload."""
    chosen = values or []
    if not isinstance(chosen, list) or len(set(map(str, chosen))) != len(chosen):
        raise invalid_field(path, "LIST_TYPE_CONVERT", "Only lists of different values may be used here")
    fewest, most = bounds(component)
    if not fewest <= len(chosen) <= most:
        raise bad_length(path, fewest, most)
    return [_check_one(component, value, resolver, path) for value in chosen]


def bounds(component: Component) -> tuple[int, int]:
    """Give how few and how many values this component takes; one that is not required takes none too."""
    # Libraries send null for what they leave to the server.
    given = {key: value for key, value in component.items() if value is not None}
    required = given.get("required", True)
    if given["type"] == RADIO_GROUP:
        return int(required), 1
    most_by_default = len(given.get("options", [])) if given["type"] == CHECKBOX_GROUP else 1
    fewest, most = given.get("min_values", 1), given.get("max_values", most_by_default)
    return (fewest if required else 0), most


def _check_one(component: Component, value: Any, resolver: Resolver, path: str) -> str:
    kinds = _REFERENCES.get(component["type"])
    if kinds is None:
        if value not in [option["value"] for option in component.get("options") or []]:
            raise _unknown(path)
        return str(value)
    found = resolver.resolve(value, *kinds)
    types = component.get("channel_types")
    if found is None or (types and resolver.resolved["channels"][found]["type"] not in types):
        raise _unknown(path)
    return found


def _unknown(path: str) -> ApiError:
    return invalid_field(path, "BASE_TYPE_CHOICES", "Value must be one of those offered.")
