"""Find the fonts of this machine that can draw people's names and words, and tell what they cannot draw."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import structlog
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

log = structlog.get_logger(__name__)

# Latin first, for its narrow quotation marks; DejaVu comes with matplotlib, so one of them is always there.
LATIN = ("Noto Sans", "Liberation Sans", "DejaVu Sans")
CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "LXGW WenKai",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Noto Serif CJK SC",
    "Noto Sans CJK JP",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)
SAMPLE = "故事树"

# What is drawn by no glyph of its own: spaces, joiners, variation selectors.
_UNSEEN = ("Zs", "Cc", "Cf", "Mn")


@dataclass(frozen=True, slots=True)
class Typeface:
    """Hold the families that text is drawn with, in order: what the first lacks is looked for in the next."""

    families: tuple[str, ...]
    fonts: tuple[FT2Font, ...]

    @classmethod
    def find(cls, latin: Sequence[str] = LATIN, chinese: Sequence[str] = CHINESE) -> Self:
        """Return the best that this machine has."""
        known = _families()
        if not known.intersection(chinese):
            known = _look_again()
        chosen = [name for name in latin if name in known][:1]
        chosen += [name for name in chinese if name in known][:1]
        families = tuple(dict.fromkeys([*chosen, LATIN[-1]]))
        return cls(families, tuple(_font(family) for family in families))

    @property
    def chinese(self) -> str | None:
        """Return the family that draws Chinese, if there is one."""
        for family, font in zip(self.families, self.fonts, strict=True):
            if all(font.get_char_index(ord(char)) for char in SAMPLE):
                return family
        return None

    def draws(self, text: str) -> bool:
        """Tell whether everything that can be seen of a text can be drawn."""
        return all(self._has(char) or unicodedata.category(char) in _UNSEEN for char in text)

    def drawable(self, text: str) -> str:
        """Return what can be drawn of a text, in one line; nothing where the better part of it cannot."""
        kept = " ".join("".join(char for char in text if char.isspace() or self._has(char)).split())
        letters = sum(char.isalnum() for char in text)
        return kept if sum(char.isalnum() for char in kept) * 2 >= letters else ""

    def _has(self, char: str) -> bool:
        return any(font.get_char_index(ord(char)) for font in self.fonts)


def _families() -> set[str]:
    return {entry.name for entry in font_manager.fontManager.ttflist}


def _look_again() -> set[str]:
    """Take in what was installed since matplotlib wrote its list of fonts, which it keeps for good."""
    listed = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in set(font_manager.findSystemFonts()) - listed:
        try:
            font_manager.fontManager.addfont(path)
        except (OSError, RuntimeError) as error:
            log.info("a font cannot be used", path=path, error=str(error))
    return _families()


def _font(family: str) -> FT2Font:
    path = font_manager.findfont(font_manager.FontProperties(family=family), fallback_to_default=False)
    return font_manager.get_font(path)
