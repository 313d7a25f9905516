"""Prove the limits of modals and commands both ways, by Discord's codes."""

from typing import Any

import pytest

from bot.playground import limits
from tests.refusals import codes

LENGTH, BAD, REQUIRED = "BASE_TYPE_MAX_LENGTH", "BASE_TYPE_BAD_LENGTH", "BASE_TYPE_REQUIRED"
CHOICES, SCHEME = "BASE_TYPE_CHOICES", "URL_TYPE_INVALID_SCHEME"
DUPLICATE = "COMPONENT_CUSTOM_ID_DUPLICATED"


def field(number: int = 0, **more: Any) -> dict[str, Any]:
    """Build a labelled text input."""
    return {"type": 18, "label": "L", "component": {"type": 4, "custom_id": str(number), "style": 1, **more}}


def group(kind: int, options: int) -> dict[str, Any]:
    """Build a labelled group of choices."""
    listed = [{"label": str(n), "value": str(n)} for n in range(options)]
    return {"type": 18, "label": "L", "component": {"type": kind, "custom_id": "g", "options": listed}}


MODALS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    (
        "components",
        {"components": [field(n) for n in range(5)]},
        {"components": [field(n) for n in range(6)]},
        BAD,
    ),
    ("nothing", {"components": [field()]}, {"components": []}, REQUIRED),
    ("title", {"title": "t" * 45}, {"title": "t" * 46}, BAD),
    ("custom id", {"custom_id": "t" * 100}, {"custom_id": "t" * 101}, BAD),
    (
        "label",
        {"components": [field() | {"label": "l" * 45}]},
        {"components": [field() | {"label": "l" * 46}]},
        BAD,
    ),
    (
        "description",
        {"components": [field() | {"description": "l" * 100}]},
        {"components": [field() | {"description": "l" * 101}]},
        LENGTH,
    ),
    ("value", {"components": [field(value="v" * 4000)]}, {"components": [field(value="v" * 4001)]}, LENGTH),
    (
        "placeholder",
        {"components": [field(placeholder="v" * 100)]},
        {"components": [field(placeholder="v" * 101)]},
        LENGTH,
    ),
    (
        "length",
        {"components": [field(max_length=4000)]},
        {"components": [field(max_length=4001)]},
        "NUMBER_TYPE_MAX",
    ),
    ("style", {"components": [field(style=2)]}, {"components": [field(style=3)]}, CHOICES),
    ("same name", {"components": [field(1), field(2)]}, {"components": [field(1), field(1)]}, DUPLICATE),
    ("radio", {"components": [group(21, 10)]}, {"components": [group(21, 11)]}, BAD),
    ("one radio", {"components": [group(21, 2)]}, {"components": [group(21, 1)]}, BAD),
    ("checkboxes", {"components": [group(22, 10)]}, {"components": [group(22, 11)]}, BAD),
    (
        "button",
        {"components": [field()]},
        {"components": [{"type": 2, "style": 1, "label": "go", "custom_id": "b"}]},
        CHOICES,
    ),
]


@pytest.mark.parametrize(("name", "fits", "exceeds", "code"), MODALS, ids=[m[0] for m in MODALS])
def test_a_modal_is_held_to_its_limits(name: str, fits: Any, exceeds: Any, code: str) -> None:
    """Titles, labels, inputs and groups."""
    base = {"custom_id": "m", "title": "T", "components": [field()]}
    assert codes(lambda: limits.check_modal(base | fits)) == set()
    assert code in codes(lambda: limits.check_modal(base | exceeds))


def command(**more: Any) -> dict[str, Any]:
    """Build a command."""
    return {"name": "ok", "description": "d", **more}


def option(name: str = "o", **more: Any) -> dict[str, Any]:
    """Build an option."""
    return {"type": 3, "name": name, "description": "d", **more}


def choices(count: int, **more: Any) -> list[dict[str, Any]]:
    """Build choices."""
    return [{"name": str(n), "value": str(n), **more} for n in range(count)]


INVALID = "APPLICATION_COMMAND_INVALID_NAME"
MANY = [command(name=f"c{n}") for n in range(101)]
MENUS = [{"type": 3, "name": f"Menu {n}"} for n in range(16)]
COMMANDS: list[tuple[str, list[Any], list[Any], str]] = [
    ("case", [command(name="lower")], [command(name="UPPER")], INVALID),
    ("space", [command(name="a-b_c")], [command(name="a b")], INVALID),
    ("chinese", [command(name="故事")], [command(name="故 事")], INVALID),
    ("name", [command(name="x" * 32)], [command(name="x" * 33)], BAD),
    ("description", [command(description="d" * 100)], [command(description="d" * 101)], BAD),
    ("no description", [command()], [{"name": "ok"}], REQUIRED),
    ("many", MANY[:100], MANY, "30032"),
    ("menus", MENUS[:15], MENUS, "30032"),
    ("menu name", [{"type": 2, "name": "Wave At"}], [{"type": 2, "name": "x" * 33}], BAD),
    (
        "menu description",
        [{"type": 2, "name": "a"}],
        [{"type": 2, "name": "a", "description": "d"}],
        "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_NOT_ALLOWED",
    ),
    ("twice", [command(), command(name="b")], [command(), command()], "APPLICATION_COMMANDS_DUPLICATE_NAME"),
    (
        "options",
        [command(options=[option(f"o{n}") for n in range(25)])],
        [command(options=[option(f"o{n}") for n in range(26)])],
        LENGTH,
    ),
    (
        "option twice",
        [command(options=[option("a"), option("b")])],
        [command(options=[option("a"), option("a")])],
        "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
    ),
    ("option case", [command(options=[option("foo")])], [command(options=[option("Foo")])], INVALID),
    (
        "order",
        [command(options=[option("a", required=True), option("b")])],
        [command(options=[option("a"), option("b", required=True)])],
        "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
    ),
    (
        "choices",
        [command(options=[option(choices=choices(25))])],
        [command(options=[option(choices=choices(26))])],
        LENGTH,
    ),
    (
        "choice name",
        [command(options=[option(choices=choices(1, name="n" * 100))])],
        [command(options=[option(choices=choices(1, name="n" * 101))])],
        BAD,
    ),
    (
        "choice type",
        [command(options=[option(type=4, choices=[{"name": "a", "value": 1}])])],
        [command(options=[option(type=4, choices=[{"name": "a", "value": "1"}])])],
        "NUMBER_TYPE_COERCE",
    ),
    (
        "autocomplete",
        [command(options=[option(autocomplete=True)])],
        [command(options=[option(autocomplete=True, choices=choices(1))])],
        "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES",
    ),
    (
        "mixture",
        [command(options=[option(type=1)])],
        [command(options=[option(type=1), option("p")])],
        "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
    ),
    (
        "depth",
        [command(options=[option(type=2, options=[option(type=1, options=[option()])])])],
        [command(options=[option(type=1, options=[option(type=1)])])],
        CHOICES,
    ),
    (
        "locale",
        [command(name_localizations={"zh-CN": "故事"})],
        [command(name_localizations={"zh": "故事"})],
        "DICT_TYPE_INVALID_KEY",
    ),
    (
        "localised name",
        [command(name_localizations={"zh-CN": "故事"})],
        [command(name_localizations={"de": "Große Geschichte"})],
        INVALID,
    ),
    (
        "size",
        [
            command(
                options=[
                    option(
                        f"o{n}", description="d" * 100, choices=choices(1, name="n" * 100, value="v" * 100)
                    )
                    for n in range(24)
                ]
            )
        ],
        [
            command(
                options=[
                    option(
                        f"o{n}", description="d" * 100, choices=choices(2, name="n" * 100, value="v" * 100)
                    )
                    for n in range(24)
                ]
            )
        ],
        "APPLICATION_COMMAND_TOO_LARGE",
    ),
]


@pytest.mark.parametrize(("name", "fits", "exceeds", "code"), COMMANDS, ids=[m[0] for m in COMMANDS])
def test_commands_are_held_to_their_limits(name: str, fits: Any, exceeds: Any, code: str) -> None:
    """Names, options, choices and numbers of commands."""
    assert codes(lambda: limits.check_commands(fits)) == set()
    assert codes(lambda: limits.check_commands(exceeds)) == {code}
