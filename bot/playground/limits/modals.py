"""Check a modal that an application wants to show."""

from typing import Any, Final

from bot.playground.limits.components import MAX_CUSTOM_ID, MAX_PLACEHOLDER, SELECTS, ComponentCheck
from bot.playground.limits.form import Body, Form

ROW, TEXT_INPUT, TEXT, LABEL = 1, 4, 10, 18
FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 19, 21, 22, 23

MAX_TITLE: Final = 45
MAX_LABEL: Final = 45
MAX_DESCRIPTION: Final = 100
MAX_COMPONENTS: Final = 5
MAX_INPUT: Final = 4000
MAX_INPUT_PLACEHOLDER: Final = 100
MAX_GROUP: Final = 10
_IN_LABEL: Final = (TEXT_INPUT, *SELECTS, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX)


def check_modal(data: Any, *, path: str = "data") -> None:
    """Raise 50035 with all that is wrong in a modal's custom_id, title and components."""
    form = Form()
    if not isinstance(data, dict):
        form.not_an_object(path)
        form.raise_errors()
    form.text(data, "custom_id", path, low=1, high=MAX_CUSTOM_ID, required=True)
    form.text(data, "title", path, low=1, high=MAX_TITLE, required=True)
    check = ComponentCheck(form)
    for at, part in form.objects(data, "components", path, low=1, high=MAX_COMPONENTS, required=True):
        _check_part(form, check, part, at)
    form.raise_errors()


def _check_part(form: Form, check: ComponentCheck, part: Body, at: str) -> None:
    kind = form.choice(part, "type", at, (ROW, TEXT, LABEL), required=True)
    if kind == TEXT:
        check.text_display(part, at)
    elif kind == LABEL:
        form.text(part, "label", at, low=1, high=MAX_LABEL, required=True)
        form.text(part, "description", at, high=MAX_DESCRIPTION)
        if inner := form.object(part, "component", at, required=True):
            _check_input(form, check, inner, f"{at}.component", _IN_LABEL)
    elif kind == ROW:
        for here, inner in form.objects(part, "components", at, low=1, high=1, required=True):
            form.text(inner, "label", here, low=1, high=MAX_LABEL, required=True)
            _check_input(form, check, inner, here, (TEXT_INPUT,))


def _check_input(form: Form, check: ComponentCheck, part: Body, at: str, among: tuple[int, ...]) -> None:
    kind = form.choice(part, "type", at, among, required=True)
    form.flag(part, "required", at)
    if kind in SELECTS:
        check.select(part, at)
    elif kind is not None:
        check.custom_id(part, at)
    if kind == TEXT_INPUT:
        _check_text_input(form, part, at)
    elif kind in (RADIO_GROUP, CHECKBOX_GROUP):
        _check_group(form, check, part, at)
    elif kind == FILE_UPLOAD:
        _check_bounds(form, part, at, MAX_GROUP)


def _check_text_input(form: Form, part: Body, at: str) -> None:
    form.choice(part, "style", at, (1, 2), required=True)
    form.text(part, "placeholder", at, high=MAX_INPUT_PLACEHOLDER)
    fewest = form.number(part, "min_length", at, low=0, high=MAX_INPUT) or 0
    most = form.number(part, "max_length", at, low=1, high=MAX_INPUT) or MAX_INPUT
    if fewest > most:
        form.add(f"{at}.min_length", "TEXT_INPUT_MIN_LENGTH_INVALID", "Min length must not exceed max length")
    form.text(part, "value", at, high=most)


def _check_group(form: Form, check: ComponentCheck, part: Body, at: str) -> None:
    _check_bounds(form, part, at, MAX_GROUP)
    check.options(part, at, most=MAX_GROUP, fewest=2 if part["type"] == RADIO_GROUP else 1)


def _check_bounds(form: Form, part: Body, at: str, high: int) -> None:
    form.text(part, "placeholder", at, high=MAX_PLACEHOLDER)
    fewest = form.number(part, "min_values", at, low=0, high=high) or 0
    most = form.number(part, "max_values", at, low=1, high=high) or high
    if fewest > most:
        message = "Min values must be less than or equal to max values"
        form.add(at, "SELECT_COMPONENT_MIN_VALUES_INVALID", message)
