"""Fill in what a person sends: options of commands, components of messages and of modals."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Payload = dict[str, Any]
File = tuple[str, bytes]
"""A file's name and its bytes."""

_ATTACHMENT = 11


def names_of(thing: Payload) -> set[str]:
    """Give the names by which a command or an option may be called: plain and localised."""
    return {thing["name"], *(thing.get("name_localizations") or {}).values()}


def option_path(
    command: Payload, rest: list[str], options: Mapping[str, Any], uploads: list[File], focused: str | None
) -> list[Payload]:
    """Nest options beneath the named subcommands."""
    if not rest:
        return [_option(command, name, value, uploads, focused) for name, value in options.items()]
    for inner in command["options"]:
        if inner["type"] in (1, 2) and rest[0] in names_of(inner):
            deeper = option_path(inner, rest[1:], options, uploads, focused)
            return [{"type": inner["type"], "name": inner["name"], "options": deeper}]
    raise LookupError(f"{command['name']} has no subcommand {rest[0]!r}")


def _option(command: Payload, name: str, value: Any, uploads: list[File], focused: str | None) -> Payload:
    for option in command.get("options") or []:
        if name in names_of(option):
            if option["type"] == _ATTACHMENT and isinstance(value, tuple):
                uploads.append(value)
                value = str(len(uploads) - 1)
            plain = {"type": option["type"], "name": option["name"], "value": value}
            return plain | {"focused": True} if name == focused else plain
    raise LookupError(f"{command['name']} has no option {name!r}")


def _components(components: Sequence[Payload]) -> Iterator[Payload]:
    for component in components:
        yield component
        yield from _components(component.get("components") or [])
        yield from _components([component[k] for k in ("accessory", "component") if component.get(k)])


def find_component(components: Sequence[Payload], wanted: str) -> Payload:
    """Find a component by custom_id, label, placeholder or emoji; LookupError says what is there."""
    for component in _components(components):
        emoji = (component.get("emoji") or {}).get("name")
        names = (component.get("custom_id"), component.get("label"), component.get("placeholder"), emoji)
        if "custom_id" in component and wanted in names:
            return component
    shown = [c.get("label") or c.get("custom_id") for c in _components(components) if "custom_id" in c]
    raise LookupError(f"no component {wanted!r} among {shown}")


def fill(part: Payload, values: Mapping[str, Any], uploads: list[File], label: str = "") -> Payload:
    """Fill one component of a modal, and those in it."""
    filled: Payload = {"type": part["type"], "id": part["id"]}
    if "components" in part:
        return filled | {"components": [fill(inner, values, uploads) for inner in part["components"]]}
    if "component" in part:
        return filled | {"component": fill(part["component"], values, uploads, part["label"])}
    if "custom_id" not in part:
        return filled
    names = [str(name) for name in (part["custom_id"], label, part.get("label"))]
    given = next((values[name] for name in names if name in values), None)
    key = "value" if part["type"] in (4, 21, 23) else "values"
    if given is None:
        given = _initial(part)
    elif part["type"] == 19:
        uploads.extend(given)
        given = [str(number) for number in range(len(uploads) - len(given), len(uploads))]
    return filled | {"custom_id": part["custom_id"], key: given}


def _initial(part: Payload) -> Any:
    """Give what stands in a component of a modal before anybody touches it."""
    chosen = [option["value"] for option in part.get("options") or [] if option.get("default")]
    match part["type"]:
        case 4:
            return part.get("value") or ""
        case 21:
            return chosen[0] if chosen else None
        case 23:
            return part.get("default", False)
        case _:
            return chosen + [default["id"] for default in part.get("default_values") or []]
