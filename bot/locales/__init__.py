"""Say every text that a user sees in the reader's own language.

English sentences are the message ids; other languages stand beside this file as gettext catalogs.
A `Text` is a sentence not yet said in any language, so rules and errors can carry it to whoever reads it.
"""

import gettext
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import polib

FOLDER = Path(__file__).parent
LOCALES = ("en", "zh-CN")
_BETWEEN = {"en": ", ", "zh-CN": "、"}  # the parts of a list


@dataclass(frozen=True, slots=True)
class Text:
    """Hold a message id and its parameters until the reader's locale is known."""

    msgid: str
    plural: str | None = None
    params: dict[str, Any] = field(default_factory=dict)

    def render(self, locale: str) -> str:
        """Return the sentence in a locale; parameters that are texts are rendered too, and tuples listed."""
        catalog = _catalog(nearest(locale))
        if self.plural is None:
            sentence = catalog.gettext(self.msgid)
        else:
            sentence = catalog.ngettext(self.msgid, self.plural, self.params["n"])
        return sentence.format_map({k: _value(v, locale) for k, v in self.params.items()})

    def __str__(self) -> str:
        return self.render("en")


def _(msgid: str, /, **params: Any) -> Text:
    """Name a sentence to be said later; `{name}` in it is replaced by the parameter of that name."""
    return Text(msgid, None, params)


def _n(singular: str, plural: str, n: int, /, **params: Any) -> Text:
    """Name a sentence that counts; `{n}` is the number."""
    return Text(singular, plural, {"n": n, **params})


def nearest(locale: str) -> str:
    """Return the locale spoken here that is nearest to a Discord locale or a language code."""
    return "zh-CN" if locale.lower().startswith("zh") else "en"


def listed(parts: Iterable[object], locale: str) -> str:
    """Return a list as it is written inside of a sentence."""
    return _BETWEEN[nearest(locale)].join(str(_value(part, locale)) for part in parts)


def _value(value: Any, locale: str) -> Any:
    if isinstance(value, tuple):
        return listed(value, locale)
    return value.render(locale) if isinstance(value, Text) else value


@cache
def _catalog(locale: str) -> gettext.NullTranslations:
    """Compile a catalog in memory, so that no generated file can lag behind its source."""
    if locale == "en":
        return gettext.NullTranslations()
    entries = polib.pofile(str(FOLDER / f"{locale}.po"))
    return gettext.GNUTranslations(io.BytesIO(entries.to_binary()))
