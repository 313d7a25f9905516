"""Check the commands of an application in one scope, each alone and all together."""

import unicodedata
from collections import Counter
from typing import Any, Final

from bot.playground.errors import Code, known
from bot.playground.limits.form import Body, Form
from bot.playground.world.languages import LOCALES
from bot.playground.world.snowflakes import parse

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, CHANNEL, NUMBER = 1, 2, 3, 4, 7, 10

MAX_COMMANDS: Final = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
MAX_NAME: Final = 32
MAX_DESCRIPTION: Final = 100
MAX_OPTIONS: Final = 25
MAX_CHOICES: Final = 25
MAX_CHOICE: Final = 100
MAX_TEXT_OPTION: Final = 6000
MAX_TOTAL: Final = 8000

CHANNELS: Final = (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16)

_VALUES: Final = tuple(range(STRING, 12))
_AT_DEPTH: Final = ((SUBCOMMAND, GROUP, *_VALUES), (SUBCOMMAND, *_VALUES), _VALUES)
_CHOOSABLE: Final = (STRING, INTEGER, NUMBER)
_FURTHEST: Final = 1 << 53


def check_commands(commands: Any) -> None:
    """Raise 50035 with all that is wrong in a list of commands; 30032 where there are too many of a type."""
    form = Form()
    if not isinstance(commands, list):
        form.add("", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        form.raise_errors()
    for at, command in form.objects({"": commands}, "", "", high=sum(MAX_COMMANDS.values())):
        _check_command(form, command, at.removeprefix("."))
    form.raise_errors()
    for kind, count in Counter(_kind(c) for c in commands).items():
        if count > MAX_COMMANDS[kind]:
            raise known(Code.MAXIMUM_COMMANDS)
    _check_together(form, commands)
    form.raise_errors()


def _kind(command: Body) -> int:
    return int(command.get("type") or CHAT_INPUT)


def _check_together(form: Form, commands: list[Body]) -> None:
    seen = set()
    for index, command in enumerate(commands):
        if _size(command) > MAX_TOTAL:
            message = f"Command exceeds maximum size ({MAX_TOTAL})"
            form.add(str(index), "APPLICATION_COMMAND_TOO_LARGE", message)
        key = (command["name"], _kind(command))
        if key in seen:
            message = "Application command names must be unique"
            form.add(str(index), "APPLICATION_COMMANDS_DUPLICATE_NAME", message)
        seen.add(key)


def _check_command(form: Form, command: Body, at: str) -> None:
    kind = form.choice(command, "type", at, tuple(MAX_COMMANDS)) or CHAT_INPUT
    if kind == CHAT_INPUT:
        _check_names(form, command, at)
        _check_options(form, command, at, depth=0)
    else:
        _check_menu(form, command, at)
    _check_scope(form, command, at)


def _check_menu(form: Form, command: Body, at: str) -> None:
    """Check what a context menu command may say of itself: its name alone."""
    form.text(command, "name", at, low=1, high=MAX_NAME, required=True)
    _localized(form, command, "name_localizations", at, MAX_NAME)
    for key in ("description", "options", "description_localizations"):
        if command.get(key):
            code = f"APPLICATION_COMMAND_CONTEXT_MENU_{key.upper()}_NOT_ALLOWED"
            form.add(f"{at}.{key}", code, f"Context menu commands cannot have {key}")


def _check_scope(form: Form, command: Body, at: str) -> None:
    """Check where a command can be used, and by whom."""
    form.flag(command, "dm_permission", at)
    form.flag(command, "nsfw", at)
    rights = command.get("default_member_permissions")
    if rights is not None and parse(rights) is None:
        form.add(f"{at}.default_member_permissions", "BITFIELD_TYPE_INVALID", "Invalid bitfield value")
    for key, among in (("contexts", (0, 1, 2)), ("integration_types", (0, 1))):
        for index, value in enumerate(form.items(command, key, at, high=3)):
            form.choice({str(index): value}, str(index), f"{at}.{key}", among)


def _check_names(form: Form, part: Body, at: str) -> None:
    """Check the name and description of a command or option, in every language."""
    name = form.text(part, "name", at, low=1, high=MAX_NAME, required=True)
    _check_word(form, name, f"{at}.name")
    form.text(part, "description", at, low=1, high=MAX_DESCRIPTION, required=True)
    for locale, text in _localized(form, part, "name_localizations", at, MAX_NAME):
        _check_word(form, text, f"{at}.name_localizations.{locale}")
    _localized(form, part, "description_localizations", at, MAX_DESCRIPTION)


def _localized(form: Form, part: Body, key: str, at: str, high: int) -> list[tuple[str, str | None]]:
    texts = form.object(part, key, at) or {}
    for locale in texts.keys() - set(LOCALES):
        form.add(f"{at}.{key}", "DICT_TYPE_INVALID_KEY", f"{locale} is not a locale of Discord's")
    return [
        (lo, form.text(texts, lo, f"{at}.{key}", low=1, high=high))
        for lo in sorted(texts.keys() & set(LOCALES))
    ]


def _check_word(form: Form, name: str | None, at: str) -> None:
    """Note a name that is not one word in small letters."""
    if name is None:
        return
    if name != name.lower() or not all(_in_word(c) for c in name):
        form.add(at, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")


def _in_word(character: str) -> bool:
    return character in "-_'" or unicodedata.category(character)[0] in "LNM"


def _check_options(form: Form, part: Body, at: str, *, depth: int) -> None:
    """Check the options of a command (depth 0), group (1) or subcommand (2)."""
    options = form.objects(part, "options", at, high=MAX_OPTIONS)
    for here, option in options:
        _check_option(form, option, here, depth)
    bodies = [option for _here, option in options]
    kinds = [o.get("type") in (SUBCOMMAND, GROUP) for o in bodies]
    if any(kinds) and not all(kinds):
        message = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        form.add(f"{at}.options", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", message)
    _check_order(form, bodies, f"{at}.options")


def _check_order(form: Form, options: list[Body], at: str) -> None:
    names = [o.get("name") for o in options]
    if len({str(n) for n in names}) < len(names):
        message = "Option names in the same level must be unique"
        form.add(at, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", message)
    optional = False
    for index, option in enumerate(options):
        if option.get("required") and optional:
            message = "Required options must be placed before non-required options"
            form.add(f"{at}.{index}", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        optional = optional or not option.get("required")


def _check_option(form: Form, option: Body, at: str, depth: int) -> None:
    kind = form.choice(option, "type", at, _AT_DEPTH[depth], required=True)
    _check_names(form, option, at)
    form.flag(option, "required", at)
    if kind in (SUBCOMMAND, GROUP):
        _check_options(form, option, at, depth=2 if kind == SUBCOMMAND else 1)
    elif kind is not None:
        _check_values(form, option, at, kind)


def _check_values(form: Form, option: Body, at: str, kind: int) -> None:
    choices = form.objects(option, "choices", at, high=MAX_CHOICES)
    if (choices or option.get("autocomplete")) and kind not in _CHOOSABLE:
        message = "Choices and autocomplete are not available for this option type"
        form.add(at, "APPLICATION_COMMAND_OPTIONS_CHOICES_NOT_AVAILABLE", message)
    if choices and option.get("autocomplete"):
        message = "Choices and autocomplete cannot be used together"
        form.add(at, "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES", message)
    for here, choice in choices:
        form.text(choice, "name", here, low=1, high=MAX_CHOICE, required=True)
        _localized(form, choice, "name_localizations", here, MAX_CHOICE)
        _check_choice_value(form, choice, here, kind)
    for key in ("min_length", "max_length"):
        form.number(option, key, at, low=0, high=MAX_TEXT_OPTION)
    for key in ("min_value", "max_value"):
        if option.get(key) is not None:
            _check_number(form, option, key, at, whole=kind == INTEGER)
    for index, value in enumerate(form.items(option, "channel_types", at, high=len(CHANNELS))):
        form.choice({str(index): value}, str(index), f"{at}.channel_types", CHANNELS)


def _check_choice_value(form: Form, choice: Body, at: str, kind: int) -> None:
    if kind == STRING:
        form.text(choice, "value", at, low=1, high=MAX_CHOICE, required=True)
    else:
        _check_number(form, choice, "value", at, whole=kind == INTEGER)


def _check_number(form: Form, part: Body, key: str, at: str, *, whole: bool) -> None:
    value = part.get(key)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        form.add(f"{at}.{key}", "NUMBER_TYPE_COERCE", f'Value "{value!s:.50}" is not a number.')
    elif not -_FURTHEST < value < _FURTHEST:
        form.add(f"{at}.{key}", "NUMBER_TYPE_MAX", "Numbers reach to 2 to the power of 53")


def _size(part: Body) -> int:
    """Count the characters that Discord counts: of names, descriptions and choices, the longest language."""
    return _names_size(part) + sum(_option_size(o) for o in part.get("options") or ())


def _option_size(option: Body) -> int:
    if option["type"] in (SUBCOMMAND, GROUP):
        return _size(option)
    choices = option.get("choices") or ()
    return _names_size(option) + sum(_longest(c, "name") + len(str(c["value"])) for c in choices)


def _names_size(part: Body) -> int:
    return _longest(part, "name") + _longest(part, "description")


def _longest(part: Body, key: str) -> int:
    texts = [part.get(key), *dict(part.get(f"{key}_localizations") or {}).values()]
    return max((len(t) for t in texts if isinstance(t, str)), default=0)
