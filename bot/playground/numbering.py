"""Give components the integer ids that Discord's server assigns."""

from collections.abc import Iterator
from itertools import count
from typing import Any


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
    copy = {**component, "id": component.get("id") or next(free)}
    if inner := component.get("components"):
        copy["components"] = [_numbered(c, free) for c in inner]
    for key in ("accessory", "component"):
        if one := component.get(key):
            copy[key] = _numbered(one, free)
    return copy
