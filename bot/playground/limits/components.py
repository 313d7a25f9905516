"""Check a message's components: rows of buttons and selects, and the layouts of Components V2."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.playground.channels.reactions import is_emoji
from bot.playground.limits.form import Body, Form

ROW, BUTTON, STRING_SELECT = 1, 2, 3
SELECTS: Final = (3, 5, 6, 7, 8)
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LINK, PREMIUM = 5, 6

MAX_ROWS: Final = 5
MAX_IN_ROW: Final = 5
MAX_LAYOUT: Final = 40
MAX_LAYOUT_TEXT: Final = 4000
MAX_CUSTOM_ID: Final = 100
MAX_BUTTON_LABEL: Final = 80
MAX_BUTTON_URL: Final = 512
MAX_PLACEHOLDER: Final = 150
MAX_OPTIONS: Final = 25
MAX_OPTION_TEXT: Final = 100
MAX_SECTION_TEXTS: Final = 3
MAX_GALLERY: Final = 10
MAX_MEDIA_TEXT: Final = 1024

_IN_CONTAINER: Final = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
_IN_LAYOUT: Final = (*_IN_CONTAINER, CONTAINER)


def check_rows(form: Form, payload: Body, path: str) -> None:
    """Note what is wrong with the components of a message without Components V2."""
    if not payload.get("components"):
        return
    check = ComponentCheck(form)
    for at, row in form.objects(payload, "components", path, high=MAX_ROWS):
        check.one(row, at, (ROW,))


def check_layout(form: Form, payload: Body) -> None:
    """Note what is wrong with the components of a message with Components V2."""
    if payload.get("components") is None:
        return
    check = ComponentCheck(form)
    for at, component in form.objects(payload, "components", "", high=MAX_LAYOUT):
        check.one(component, at, _IN_LAYOUT)
    if check.count > MAX_LAYOUT:
        message = f"Must be {MAX_LAYOUT} or fewer components in total."
        form.add("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message)
    if check.text > MAX_LAYOUT_TEXT:
        message = f"The total length of text displays must be {MAX_LAYOUT_TEXT} or fewer."
        form.add("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)


class ComponentCheck:
    """Check components at every depth; counts them, their text, and sees names used twice."""

    def __init__(self, form: Form) -> None:
        self.count = 0
        self.text = 0
        self._form = form
        self._custom_ids: set[str] = set()
        self._ids: set[int] = set()
        self._checks: Mapping[int, Callable[[Body, str], None]] = {
            ROW: self._row,
            BUTTON: self._button,
            SECTION: self._section,
            TEXT: self._text,
            THUMBNAIL: self._thumbnail,
            GALLERY: self._gallery,
            FILE: self._file,
            SEPARATOR: self._separator,
            CONTAINER: self._container,
            **dict.fromkeys(SELECTS, self.select),
        }

    def one(self, component: Body, at: str, among: tuple[int, ...]) -> None:
        """Check a component that must be of one of these types, and what it holds."""
        kind = self._form.choice(component, "type", at, among, required=True)
        if kind is None:
            return
        self.count += 1
        number = self._form.number(component, "id", at, low=0, high=(1 << 31) - 1)
        if number and number in self._ids:
            self._form.add(f"{at}.id", "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
        self._ids.add(number or 0)
        self._checks[kind](component, at)

    def custom_id(self, component: Body, at: str) -> None:
        """Check a component's name, which no other on the message may have."""
        name = self._form.text(component, "custom_id", at, low=1, high=MAX_CUSTOM_ID, required=True)
        if name is not None and name in self._custom_ids:
            message = "Component custom id cannot be duplicated"
            self._form.add(f"{at}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", message)
        self._custom_ids.add(name or "")

    def select(self, component: Body, at: str) -> None:
        """Check a select of any type."""
        self.custom_id(component, at)
        self._form.text(component, "placeholder", at, high=MAX_PLACEHOLDER)
        self._form.flag(component, "disabled", at)
        fewest = self._form.number(component, "min_values", at, low=0, high=MAX_OPTIONS)
        most = self._form.number(component, "max_values", at, low=1, high=MAX_OPTIONS)
        if (1 if fewest is None else fewest) > (most or 1):
            message = "Min values must be less than or equal to max values"
            self._form.add(at, "SELECT_COMPONENT_MIN_VALUES_INVALID", message)
        if component["type"] == STRING_SELECT:
            self.options(component, at, most=MAX_OPTIONS, bound=max(fewest or 0, most or 0))

    def options(self, component: Body, at: str, *, most: int, bound: int = 0, fewest: int = 1) -> None:
        """Check the options of a select or a group; `bound` is how many it says can be chosen."""
        form = self._form
        options = form.objects(component, "options", at, low=fewest, high=most, required=True)
        values = set()
        for here, option in options:
            form.text(option, "label", here, low=1, high=MAX_OPTION_TEXT, required=True)
            form.text(option, "description", here, high=MAX_OPTION_TEXT)
            value = form.text(option, "value", here, low=1, high=MAX_OPTION_TEXT, required=True)
            if value is not None and value in values:
                message = "The specified option value is already used"
                form.add(f"{here}.value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
            values.add(value)
        if bound > len(options) > 0:
            message = "Max values must be less than or equal to the number of options"
            form.add(f"{at}.max_values", "SELECT_COMPONENT_MAX_VALUES_INVALID", message)

    def text_display(self, component: Body, at: str) -> None:
        """Check a text display, and count its characters."""
        text = self._form.text(component, "content", at, low=1, high=MAX_LAYOUT_TEXT, required=True)
        self.text += len(text or "")

    def _row(self, row: Body, at: str) -> None:
        children = self._form.objects(row, "components", at, low=1, high=MAX_IN_ROW, required=True)
        for here, child in children:
            self.one(child, here, (BUTTON, *SELECTS))
        # A select takes a row for itself.
        if len(children) > 1 and any(_type(child) in SELECTS for _here, child in children):
            message = "The row cannot hold a select menu beside other components"
            self._form.add(f"{at}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)

    def _button(self, button: Body, at: str) -> None:
        form = self._form
        style = form.choice(button, "style", at, (1, 2, 3, 4, LINK, PREMIUM), required=True)
        form.text(button, "label", at, high=MAX_BUTTON_LABEL)
        form.flag(button, "disabled", at)
        emoji = form.object(button, "emoji", at)
        if emoji is not None and (emoji.get("id") or not is_emoji(emoji.get("name"))):
            form.add(f"{at}.emoji.name", "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")
        if style == PREMIUM:
            return
        if not button.get("label") and not emoji:
            form.add(at, "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A button needs a label or an emoji")
        if style == LINK:
            self._link(button, at)
        elif button.get("url"):
            form.add(f"{at}.url", "BUTTON_COMPONENT_URL_INVALID", "Only link buttons have a URL")
        elif style is not None:
            self.custom_id(button, at)

    def _link(self, button: Body, at: str) -> None:
        if button.get("url") is None:
            self._form.add(f"{at}.url", "BASE_TYPE_REQUIRED", "A url is required")
        self._form.url(button, "url", at, high=MAX_BUTTON_URL)
        if button.get("custom_id"):
            message = "A custom id and url cannot both be specified"
            self._form.add(at, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)

    def _section(self, section: Body, at: str) -> None:
        texts = self._form.objects(section, "components", at, low=1, high=MAX_SECTION_TEXTS, required=True)
        for here, text in texts:
            self.one(text, here, (TEXT,))
        if accessory := self._form.object(section, "accessory", at, required=True):
            self.one(accessory, f"{at}.accessory", (BUTTON, THUMBNAIL))

    def _text(self, component: Body, at: str) -> None:
        self.text_display(component, at)

    def _thumbnail(self, component: Body, at: str) -> None:
        self._media(component, at)

    def _gallery(self, gallery: Body, at: str) -> None:
        for here, item in self._form.objects(gallery, "items", at, low=1, high=MAX_GALLERY, required=True):
            self._media(item, here)

    def _media(self, component: Body, at: str) -> None:
        self._form.text(component, "description", at, high=MAX_MEDIA_TEXT)
        if media := self._form.object(component, "media", at, required=True):
            self._form.text(media, "url", f"{at}.media", low=1, high=2048, required=True)
            self._form.url(media, "url", f"{at}.media", attachments=True)

    def _file(self, component: Body, at: str) -> None:
        file = self._form.object(component, "file", at, required=True)
        url = file.get("url") if file else None
        if file is not None and not (isinstance(url, str) and url.startswith("attachment://")):
            message = "Only attachment://<filename> is supported here."
            self._form.add(f"{at}.file.url", "URL_TYPE_INVALID_SCHEME", message)

    def _separator(self, component: Body, at: str) -> None:
        self._form.flag(component, "divider", at)
        self._form.choice(component, "spacing", at, (1, 2))

    def _container(self, container: Body, at: str) -> None:
        self._form.number(container, "accent_color", at, low=0, high=0xFFFFFF)
        for here, child in self._form.objects(
            container, "components", at, low=1, high=MAX_LAYOUT, required=True
        ):
            self.one(child, here, _IN_CONTAINER)


def _type(component: Body) -> Any:
    return component.get("type")
