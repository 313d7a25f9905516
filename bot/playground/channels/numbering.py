"""Give components the integer ids and defaults that Discord's server assigns."""

from collections.abc import Iterable, Iterator, Mapping
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
# Where components hold others, by type; what stands there on any other is left out.
_HOLDERS: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("components",),
    9: ("components", "accessory"),
    17: ("components",),
    18: ("component",),
}
_HELD: Final = frozenset(key for keys in _HOLDERS.values() for key in keys)


def number(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return copies of the components in which every one, at every depth, has an `id`."""
    taken = {c["id"] for c in walk(components) if c.get("id")}
    free = (n for n in count(1) if n not in taken)
    return [_numbered(c, free) for c in components]


def walk(components: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Go through components at every depth, parents first."""
    for component in components:
        yield component
        for _key, inner in _held(component):
            yield from walk(inner if isinstance(inner, list) else [inner])


def _held(component: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key in _HOLDERS.get(component["type"], ()):
        if inner := component.get(key):
            yield key, inner


def _numbered(component: dict[str, Any], free: Iterator[int]) -> dict[str, Any]:
    own = {key: value for key, value in component.items() if key not in _HELD}
    copy = {**_DEFAULTS.get(component["type"], {}), **own, "id": component.get("id") or next(free)}
    for key, inner in _held(component):
        copy[key] = [_numbered(c, free) for c in inner] if isinstance(inner, list) else _numbered(inner, free)
    return copy
