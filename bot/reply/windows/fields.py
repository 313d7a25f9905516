"""Read what was typed into a window."""

from collections.abc import Iterator, Mapping
from typing import Any


def fields_of(data: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a modal's answer by their ids, however Discord nests them; a ticked box says "True"."""
    return dict(_fields(data))


def _fields(component: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "value" in component:
        yield str(component.get("custom_id")), str(component["value"] or "")
    for child in component.get("components", ()):
        yield from _fields(child)
    if "component" in component:
        yield from _fields(component["component"])
