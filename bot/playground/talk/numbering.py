"""Give components the integer ids and defaults that Discord's server assigns."""

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

# What Discord fills in where a component does not say it, by type.
_DEFAULTS: Final[dict[int, dict[str, Any]]] = {
    **{select: {"min_values": 1, "max_values": 1} for select in (3, 5, 6, 7, 8)},
    11: {"description": None, "spoiler": False},
    13: {"spoiler": False},
    14: {"divider": True, "spacing": 1},
    17: {"accent_color": None, "spoiler": False},
}


def number(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return copies of the components in which every one, at every depth, has an `id`."""
    taken = {c["id"] for c in walk(components) if c.get("id")}
    free = (n for n in count(1) if n not in taken)
    return [_numbered(c, free) for c in components]


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Go through components at every depth, parents first."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("accessory", "component"):
            if inner := component.get(key):
                yield from walk([inner])


def _numbered(component: dict[str, Any], free: Iterator[int]) -> dict[str, Any]:
    copy = {**_DEFAULTS.get(component["type"], {}), **component, "id": component.get("id") or next(free)}
    if inner := component.get("components"):
        copy["components"] = [_numbered(c, free) for c in inner]
    for key in ("accessory", "component"):
        if one := component.get(key):
            copy[key] = _numbered(one, free)
    return copy
