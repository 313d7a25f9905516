"""Know which words never fit a rating: only such as can hardly be meant otherwise. Judging the rest is for people."""

from collections.abc import Mapping
from types import MappingProxyType

from storage.stories import Rating

ORDER: tuple[Rating, ...] = ("everyone", "teen", "mature")
"""From the mildest on."""

_ADULT = (
    "porn, pornographic, blowjob, blow job, handjob, cumshot, gangbang, dildo, orgasm, masturbate, masturbation,"
    "ejaculate, deepthroat, motherfucker, cunt, rape, rapist, molest, snuff film",
    "口交, 肛交, 性交, 做爱, 自慰, 手淫, 射精, 乱伦, 强奸, 轮奸, 色情片, 高潮迭起, 操你妈",
)
_ROUGH = (
    "fuck, disembowel, eviscerate, dismember, decapitate, behead, entrails, genital, strip club, nude photo",
    "肢解, 分尸, 碎尸, 开膛破肚, 剖腹, 脑浆, 肠子流, 他妈的, 裸照",
)
OUT: Mapping[Rating, tuple[str, ...]] = MappingProxyType(
    {"everyone": (*_ADULT, *_ROUGH), "teen": _ADULT, "mature": ()}
)
"""The terms that are out of place under a rating, several in an entry."""


def mildest(first: Rating, second: Rating) -> Rating:
    """Return the milder of two ratings."""
    return min(first, second, key=ORDER.index)
