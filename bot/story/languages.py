"""Know the languages that stories are written in, and count what each of them counts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from bot.locales import Text, _

Script = Literal["cjk", "spaced"]

# Han, kana and bopomofo are written without spaces, so each character counts; Hangul words have spaces.
_CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3105-\u312f\u31a0-\u31ff"
    "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_CJK_CHARACTER = re.compile(f"[{_CJK}]")
# Thai, Lao, Burmese and Khmer have no spaces between words either.
_UNSPACED = re.compile(f"[{_CJK}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_WORD = re.compile(rf"[^\W_{_CJK}]+(?:['’.,-][^\W_{_CJK}]+)*")
_TOKEN = re.compile(f"[{_CJK}]|{_WORD.pattern}")


@dataclass(frozen=True, slots=True)
class Language:
    """Name a story's language, for the reader and in itself, and the script it is written in."""

    code: str
    name: Text
    script: Script


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        "en": Language("en", _("English"), "spaced"),
        "zh": Language("zh", _("Chinese"), "cjk"),
    }
)


def script_of(text: str) -> Script:
    """Tell how most of a text is written; two Chinese characters weigh as much as an English word."""
    return "cjk" if _cjk_count(text) > 2 * _spaced_count(text) else "spaced"


def is_unspaced(character: str) -> bool:
    """Tell whether a character is of a script without spaces between words."""
    return _UNSPACED.match(character) is not None


def tokens(text: str) -> list[str]:
    """Return what `count_words` counts, in order and in small letters."""
    return _TOKEN.findall(text.casefold())


def count_words(text: str) -> int:
    """Return a text's length: a Chinese or Japanese character is one, a word of another script is one."""
    return _cjk_count(text) + _spaced_count(text)


def _cjk_count(text: str) -> int:
    return len(_CJK_CHARACTER.findall(text))


def _spaced_count(text: str) -> int:
    return len(_WORD.findall(text))
