"""Check the options that a person filled in against the command's definition, as Discord does."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.playground.errors import ApiError, invalid_field
from bot.playground.interactions.resolved import Resolver

SUBCOMMAND: Final = 1
GROUP: Final = 2
STRING: Final = 3
INTEGER: Final = 4
BOOLEAN: Final = 5
USER: Final = 6
CHANNEL: Final = 7
ROLE: Final = 8
MENTIONABLE: Final = 9
NUMBER: Final = 10
ATTACHMENT: Final = 11

# What options of these types name.
_REFERENCES: Final[Mapping[int, tuple[str, ...]]] = {
    USER: ("user",),
    CHANNEL: ("channel",),
    ROLE: ("role",),
    MENTIONABLE: ("user", "role"),
    ATTACHMENT: ("attachment",),
}

MAX_STRING: Final = 6000
MAX_SAFE_INTEGER: Final = 2**53

_Option = Mapping[str, Any]


def check_options(
    definitions: Sequence[_Option],
    given: Any,
    *,
    resolver: Resolver,
    autocomplete: bool = False,
    path: str = "data.options",
) -> list[dict[str, Any]]:
    """Give the options as the bot will receive them; raises ApiError 50035 for the first that is wrong.

    With `autocomplete` nothing is required, exactly one option is focused, and its text is not checked.
    """
    options = _listed(given, path)
    if any(definition["type"] in (SUBCOMMAND, GROUP) for definition in definitions):
        return [_check_subcommand(definitions, options, resolver, autocomplete, path)]
    checker = _Checker(definitions, resolver, autocomplete)
    checked = [checker.check(option, f"{path}.{index}") for index, option in enumerate(options)]
    checker.finish(path)
    return checked


def _listed(given: Any, path: str) -> list[dict[str, Any]]:
    options = given or []
    if not isinstance(options, list) or not all(isinstance(option, dict) for option in options):
        raise invalid_field(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    return options


def _check_subcommand(
    definitions: Sequence[_Option],
    options: list[dict[str, Any]],
    resolver: Resolver,
    autocomplete: bool,
    path: str,
) -> dict[str, Any]:
    if len(options) != 1:
        raise invalid_field(path, "BASE_TYPE_BAD_LENGTH", "Exactly one subcommand must be given")
    option = options[0]
    definition = _named(definitions, option, f"{path}.0")
    inner = check_options(
        definition.get("options") or [],
        option.get("options"),
        resolver=resolver,
        autocomplete=autocomplete,
        path=f"{path}.0.options",
    )
    return {"name": definition["name"], "type": definition["type"], "options": inner}


def _named(definitions: Sequence[_Option], option: _Option, path: str) -> _Option:
    for definition in definitions:
        if definition["name"] == option.get("name"):
            if option.get("type", definition["type"]) != definition["type"]:
                raise invalid_field(f"{path}.type", "BASE_TYPE_CHOICES", f"Must be {definition['type']}")
            return definition
    raise invalid_field(f"{path}.name", "BASE_TYPE_CHOICES", "This command has no option of this name")


class _Checker:
    """Check one level of plain options, and remember which came."""

    def __init__(self, definitions: Sequence[_Option], resolver: Resolver, autocomplete: bool) -> None:
        self._definitions = definitions
        self._resolver = resolver
        self._autocomplete = autocomplete
        self._seen: set[str] = set()
        self._focused = 0

    def check(self, option: _Option, path: str) -> dict[str, Any]:
        """Give one option as the bot receives it."""
        definition = _named(self._definitions, option, path)
        if definition["name"] in self._seen:
            raise invalid_field(path, "BASE_TYPE_DUPLICATE", "This option was given twice")
        self._seen.add(definition["name"])
        checked = {"name": definition["name"], "type": definition["type"]}
        if self._autocomplete and option.get("focused"):
            self._focused += 1
            if not definition.get("autocomplete"):
                raise invalid_field(path, "BASE_TYPE_CHOICES", "This option has no autocomplete")
            return checked | {"value": str(option.get("value") or ""), "focused": True}
        value = check_value(definition, option.get("value"), resolver=self._resolver, path=f"{path}.value")
        return checked | {"value": value}

    def finish(self, path: str) -> None:
        """Refuse a missing required option, or an autocomplete without one focused option."""
        if self._autocomplete:
            if self._focused != 1:
                raise invalid_field(path, "BASE_TYPE_BAD_LENGTH", "Exactly one option must be focused")
            return
        for definition in self._definitions:
            if definition.get("required") and definition["name"] not in self._seen:
                raise invalid_field(
                    f"{path}.{definition['name']}", "BASE_TYPE_REQUIRED", "This field is required"
                )


def check_value(definition: _Option, value: Any, *, resolver: Resolver, path: str) -> Any:
    """Give a value as the bot receives it; refuses what the option's definition does not allow (50035)."""
    kind = definition["type"]
    if kind in _REFERENCES:
        return _check_reference(kind, definition, value, resolver, path)
    if kind == STRING:
        _check_text(definition, value, path)
    elif kind in (INTEGER, NUMBER):
        _check_number(definition, value, path)
    elif kind == BOOLEAN and not isinstance(value, bool):
        raise invalid_field(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
    choices = definition.get("choices")
    if choices and value not in [choice["value"] for choice in choices]:
        raise invalid_field(path, "BASE_TYPE_CHOICES", "Value must be one of the choices.")
    return value


def _check_text(definition: _Option, value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise invalid_field(path, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
    shortest = max(1, definition.get("min_length") or 0)
    longest = definition.get("max_length") or MAX_STRING
    if not shortest <= len(value) <= longest:
        raise bad_length(path, shortest, longest)


def bad_length(path: str, shortest: int, longest: int) -> ApiError:
    """Make Discord's refusal of a text that is too short or too long."""
    text = f"Must be between {shortest} and {longest} in length."
    return invalid_field(path, "BASE_TYPE_BAD_LENGTH", text)


def _check_number(definition: _Option, value: Any, path: str) -> None:
    whole = definition["type"] == INTEGER
    allowed = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, allowed) or abs(value) > MAX_SAFE_INTEGER:
        raise invalid_field(path, "NUMBER_TYPE_COERCE", f"Value {str(value)[:40]!r} is not a number here.")
    lowest, highest = definition.get("min_value"), definition.get("max_value")
    if lowest is not None and value < lowest:
        raise invalid_field(path, "NUMBER_TYPE_MIN", f"Value should be greater than or equal to {lowest}.")
    if highest is not None and value > highest:
        raise invalid_field(path, "NUMBER_TYPE_MAX", f"Value should be less than or equal to {highest}.")


def _check_reference(kind: int, definition: _Option, value: Any, resolver: Resolver, path: str) -> str:
    kinds = _REFERENCES[kind]
    found = resolver.resolve(value, *kinds)
    if found is None:
        raise invalid_field(path, "MODEL_TYPE_CONVERT", f"{' or '.join(kinds).capitalize()} not found.")
    types = definition.get("channel_types")
    if kind == CHANNEL and types and resolver.resolved["channels"][found]["type"] not in types:
        raise invalid_field(path, "BASE_TYPE_CHOICES", "This kind of channel is not accepted here.")
    return found
