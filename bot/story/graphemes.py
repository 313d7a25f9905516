"""Cut text into what a reader sees as one character, and measure it as Discord does."""

import unicodedata
from collections.abc import Iterator

LONGEST = 32
"""Code points in one cluster at most: towers of combining marks are cut rather than trusted."""

ZWJ = "\u200d"


def units(text: str) -> int:
    """Return the length in UTF-16 code units, which is what Discord's client counts."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def clusters(text: str) -> Iterator[str]:
    """Yield the characters a reader sees: an accented letter, a flag, a family emoji, a Hangul block."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or at - start >= LONGEST or not _joined(text, start, at):
            yield text[start:at]
            start = at


def _joined(text: str, start: int, at: int) -> bool:
    """Tell whether text[at] continues the cluster that begins at start."""
    before, char = text[at - 1], text[at]
    if "\n" != char < "\u0300" and before != ZWJ:
        return False
    if _extends(char) or (before == "\r" and char == "\n"):
        return True
    if before == ZWJ:
        return at - start >= 2
    if _is_regional(char):
        return _is_regional(before) and (at - start) % 2 == 1
    return _hangul_joined(before, char)


def _extends(char: str) -> bool:
    return (
        char == ZWJ
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or "\U000e0020" <= char <= "\U000e007f"
        or (char > "\u02ff" and unicodedata.category(char) in ("Mn", "Mc", "Me"))
    )


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _hangul_joined(before: str, char: str) -> bool:
    leading = "\u1100" <= before <= "\u115f"
    vowel = "\u1160" <= char <= "\u11a7"
    if leading:
        return "\u1100" <= char <= "\u11a7" or "\uac00" <= char <= "\ud7a3"
    open_block = "\uac00" <= before <= "\ud7a3" or "\u1160" <= before <= "\u11ff"
    return open_block and (vowel or "\u11a8" <= char <= "\u11ff")
