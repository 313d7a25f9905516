"""Read how long a turn shall be, as people write it: 10, 10m, 2h, 1 day, 半小时, 3天."""

import re

from bot.errors import Refused
from bot.locales import _
from bot.story.turns.state import DAY, HOUR, LONGEST, MINUTE, SHORTEST

SUGGESTED = (5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY)
"""Lengths to choose from, in milliseconds."""

_UNITS = {
    MINUTE: ("", "m", "min", "mins", "minute", "minutes", "分", "分钟", "分鐘"),
    HOUR: ("h", "hr", "hrs", "hour", "hours", "时", "小时", "個小時", "个小时", "小時", "钟头", "个钟头"),
    DAY: ("d", "day", "days", "天", "日"),
    7 * DAY: ("w", "week", "weeks", "周", "星期", "个星期"),
}
_UNIT = {word: milliseconds for milliseconds, words in _UNITS.items() for word in words}
_NUMBERS = {
    "半": 0.5,
    "一": 1,
    "两": 2,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
}
_LENGTH = re.compile(r"(\d{1,6}(?:[.,]\d{1,2})?|[半一两二三四五六七八九十])\s*([^\W\d_]*)")


def parse(raw: str) -> int:
    """Return a length in milliseconds, whole minutes; Refused where it cannot be read or is out of bounds."""
    match = _LENGTH.fullmatch(raw.strip().casefold()[:40])
    if match is None or match[2] not in _UNIT:
        raise Refused(
            _("I cannot read that length of a turn. Write it like 10m, 2h or 1d: minutes, hours or days.")
        )
    number = _NUMBERS[match[1]] if match[1] in _NUMBERS else float(match[1].replace(",", "."))
    length = round(number * _UNIT[match[2]] / MINUTE) * MINUTE
    if not SHORTEST <= length <= LONGEST:
        raise Refused(_("A turn lasts from one minute to 14 days. Choose a length between these."))
    return length


def written(length: int) -> str:
    """Return a length as `parse` reads it."""
    for unit, sign in ((DAY, "d"), (HOUR, "h")):
        if length % unit == 0:
            return f"{length // unit}{sign}"
    return f"{length // MINUTE}m"
