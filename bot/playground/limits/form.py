"""Collect what is wrong with a body, as the nested tree of Discord's error 50035."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from bot.playground.errors import invalid_form
from bot.playground.world.snowflakes import parse

_URL = re.compile(r"https?://[^\s/]+\.?\S*", re.IGNORECASE)
_REQUIRED: Final = ("BASE_TYPE_REQUIRED", "This field is required")

MAX_FLAGS: Final = (1 << 31) - 1

Body = Mapping[str, Any]


class Form:
    """Check the fields of a body at a path; `raise_errors` refuses them all at once."""

    def __init__(self) -> None:
        self._tree: dict[str, Any] = {}

    @property
    def clean(self) -> bool:
        """Tell whether nothing was wrong so far."""
        return not self._tree

    def add(self, path: str, code: str, message: str) -> None:
        """Note an error at a dotted path; the empty path is the body itself."""
        node = self._tree
        for key in filter(None, path.split(".")):
            node = node.setdefault(key, {})
        node.setdefault("_errors", []).append({"code": code, "message": message})

    def raise_errors(self) -> None:
        """Raise 50035 if anything was wrong."""
        if self._tree:
            raise invalid_form(self._tree)

    def text(
        self, body: Body, key: str, path: str, *, high: int, low: int = 0, required: bool = False
    ) -> str | None:
        """Return a text within bounds of characters; None where it is absent or wrong."""
        at, value = self._given(body, key, path, required=required)
        if value is None:
            return None
        if not isinstance(value, str):
            self.add(at, "STRING_TYPE_CONVERT", "Could not interpret value as string.")
            return None
        return value if self.length(at, len(value), low=low, high=high) else None

    def length(self, at: str, count: int, *, low: int, high: int) -> bool:
        """Note a length out of bounds, in Discord's words."""
        if low <= count <= high:
            return True
        if low == 0:
            self.add(at, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")
        elif count == 0:
            self.add(at, *_REQUIRED)
        else:
            self.add(at, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        return False

    def number(
        self, body: Body, key: str, path: str, *, low: int, high: int, required: bool = False
    ) -> int | None:
        """Return an integer within bounds; None where it is absent or wrong."""
        at, value = self._given(body, key, path, required=required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.add(at, "NUMBER_TYPE_COERCE", f'Value "{value!s:.50}" is not int.')
            return None
        if not low <= value <= high:
            self.add(at, "NUMBER_TYPE_MAX" if value > high else "NUMBER_TYPE_MIN", _bounds(value, low, high))
            return None
        return value

    def choice(
        self, body: Body, key: str, path: str, among: Collection[Any], *, required: bool = False
    ) -> Any:
        """Return a value that is one of those allowed; None where it is absent or wrong."""
        at, value = self._given(body, key, path, required=required)
        if value is None:
            return None
        if isinstance(value, bool | list | dict) or value not in among:
            listed = ", ".join(str(v) for v in sorted(among))
            self.add(at, "BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")
            return None
        return value

    def items(
        self, body: Body, key: str, path: str, *, high: int, low: int = 0, required: bool = False
    ) -> list[Any]:
        """Return a list within bounds; an empty one where it is absent or wrong."""
        at, value = self._given(body, key, path, required=required)
        if value is None:
            return []
        if not isinstance(value, list):
            self.add(at, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        return value if self.length(at, len(value), low=low, high=high) else []

    def objects(
        self, body: Body, key: str, path: str, *, high: int, low: int = 0, required: bool = False
    ) -> list[tuple[str, Body]]:
        """Return the objects of a list, each with its path; what is no object is noted and left out."""
        found: list[tuple[str, Body]] = []
        for index, item in enumerate(self.items(body, key, path, high=high, low=low, required=required)):
            at = f"{_join(path, key)}.{index}"
            if isinstance(item, dict):
                found.append((at, item))
            else:
                self.not_an_object(at)
        return found

    def object(self, body: Body, key: str, path: str, *, required: bool = False) -> Body | None:
        """Return an object; None where it is absent or wrong."""
        at, value = self._given(body, key, path, required=required)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.not_an_object(at)
            return None
        return value

    def _given(self, body: Body, key: str, path: str, *, required: bool) -> tuple[str, Any]:
        """Return a field's own path and its value; notes one that is required and missing."""
        at, value = _join(path, key), body.get(key)
        if value is None and required:
            self.add(at, *_REQUIRED)
        return at, value

    def not_an_object(self, at: str) -> None:
        """Note that something is no JSON object."""
        self.add(at, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")

    def ids(self, body: Body, key: str, path: str, *, high: int) -> None:
        """Note what is no id in a list of ids."""
        for index, value in enumerate(self.items(body, key, path, high=high)):
            if parse(value) is None:
                at = f"{_join(path, key)}.{index}"
                self.add(at, "NUMBER_TYPE_COERCE", f'Value "{value!s:.50}" is not snowflake.')

    def flag(self, body: Body, key: str, path: str) -> bool:
        """Return a truth value; false where it is absent or wrong."""
        value = body.get(key)
        if value is not None and not isinstance(value, bool):
            self.add(_join(path, key), "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")
        return value is True

    def url(self, body: Body, key: str, path: str, *, attachments: bool = False, high: int = 2048) -> None:
        """Note what is no web address; with `attachments`, `attachment://name` is one too."""
        value = self.text(body, key, path, high=high)
        if not value or (attachments and value.startswith("attachment://")):
            return
        at = _join(path, key)
        if "://" in value and not value.lower().startswith(("http://", "https://")):
            scheme = value.split("://")[0][:20]
            schemes = "('http', 'https', 'attachment')" if attachments else "('http', 'https')"
            self.add(
                at,
                "URL_TYPE_INVALID_SCHEME",
                f'Scheme "{scheme}" is not supported. Scheme must be one of {schemes}.',
            )
        elif not _URL.fullmatch(value):
            self.add(at, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _bounds(value: int, low: int, high: int) -> str:
    if value > high:
        return f"int value should be less than or equal to {high}."
    return f"int value should be greater than or equal to {low}."
