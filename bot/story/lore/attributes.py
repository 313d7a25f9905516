"""Read from a sentence what can be compared with another: how many, which colour, what is never done, who is whose.

Each reading is small and sure rather than complete: what it does not understand it leaves out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.story.terms import numbers, stem


@dataclass(frozen=True, slots=True)
class Claim:
    """Say that a thing has a value; `owner` is the word that tells whose it is, empty where none does."""

    thing: str
    value: str
    owner: str = ""


_COLOURS = (
    "red blue green yellow black white brown grey gray golden silver purple pink orange copper blond blonde"
)
_DIRECTIONS = "north south east west northern southern eastern western"
_GROUPS = {
    "colour": _COLOURS,
    "side": "left right",
    "direction": _DIRECTIONS,
    "age": "old young",
    "size": "tall short tiny huge",
    "matter": "wooden iron stone glass bronze leather paper",
}
_GROUP_OF = {word: group for group, words in _GROUPS.items() for word in words.split()}
_SAME = {"gray": "grey", "blonde": "blond", "妈妈": "母亲", "爸爸": "父亲"} | {
    f"{word}ern": word for word in ("north", "south", "east", "west")
}
_SMALL = {"one": "1", "single": "1", "both": "2", "no": "0"}
_IRREGULAR_PLURALS = {"feet": "foot", "men": "man", "women": "woman", "children": "child", "teeth": "tooth"}
_PARTICLES = """is are was were has had the a an her his their its and or but as to of in on at by with from when while
that which who for"""
_BREAKS = frozenset(_PARTICLES.split())
_BETWEEN = frozenset(["a", "an", "the", "only", "very", "just"])
_IS = frozenset(["is", "are", "was", "were"])
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?|[0-9]+", re.IGNORECASE)
_AGE = re.compile(r"\b\w+(?:[- ]\w+)? years? (?:old|of age)", re.IGNORECASE)
_PART_OF_ONE = re.compile(r"\b(one|two|three)-(eye|leg|arm|hand|ear|head)(?:ed)?\b", re.IGNORECASE)

_HAN = "[\u3400-\u9fff]"
_THINGS_ZH = (
    "眼睛|眼|头发|发|胡子|皮肤|衣服|外套|长袍|斗篷|帽子|裙子|马|猫|狗|鹦鹉"
    "|剑|门|旗|船|钥匙|戒指|手|腿|脚|耳|灯|塔|花"
)
_COLOURS_ZH = "[红蓝绿黄黑白棕灰金银紫粉橙褐青]"
_ATTRIBUTES_ZH = (
    ("colour", re.compile(rf"(?P<value>{_COLOURS_ZH})色?的?(?P<thing>{_THINGS_ZH})")),
    ("colour", re.compile(rf"(?P<thing>{_THINGS_ZH})(?:是|为)(?P<value>{_COLOURS_ZH})色?的?")),
    ("side", re.compile(r"(?P<value>[左右])(?P<thing>手|眼|腿|脚|耳|臂|肩)")),
    ("direction", re.compile(r"(?P<thing>在|位于|坐落于).{0,8}?(?P<value>[东西南北])(?:边|面|部|方|岸|端)")),
)
_SAME_ZH = {"头发": "发", "眼睛": "眼", "位于": "在", "坐落于": "在"}
_COUNTED_ZH = re.compile(
    rf"(?P<value>[零一二两三四五六七八九十百千万\d]+)"
    rf"(?:(?:只|个|条|位|名|把|枚|艘|匹|座|头|间|根|颗)(?P<thing>{_HAN}{{1,2}})|(?P<age>岁))"
)
_OWNER_ZH = re.compile(rf"({_HAN}{{1,4}})的\Z")

_NOT = re.compile(
    r"\b(?:cannot|can['’]t|could(?: not|n['’]t)|can not|never|does(?: not|n['’]t)|do(?: not|n['’]t)|did(?: not|n['’]t)"
    r"|will not|won['’]t)(?: (?:ever|even|yet|really))? (?P<verb>[a-z]{3,})"
    rf"|(?:不会|不能|从不|从来不|从没|不敢|无法|不曾|绝不)(?P<han>{_HAN}{{1,2}})",
    re.IGNORECASE,
)
_PASTS = """swam/swim swum/swim sang/sing sung/sing spoke/speak spoken/speak drank/drink drunk/drink wrote/write
written/write ate/eat eaten/eat slept/sleep flew/fly flown/fly rode/ride ridden/ride saw/see seen/see heard/hear
lied/lie wept/weep left/leave fought/fight wore/wear worn/wear drove/drive forgot/forget told/tell stole/steal
swore/swear"""
_PRESENT = dict(pair.split("/") for pair in _PASTS.split())
_VAGUE = "have know want see come take give make think feel find look mind need"
_EMPTY_VERBS = frozenset(stem(word) for word in _VAGUE.split())

_KIN = (
    "mother|father|sister|brother|wife|husband|daughter|son|aunt|uncle|cousin|niece|nephew|widow"
    "|grandmother|grandfather"
)
_KIN_ZH = "母亲|父亲|妈妈|爸爸|姐姐|妹妹|哥哥|弟弟|妻子|丈夫|女儿|儿子|姑姑|叔叔"
_KINSHIPS = (
    re.compile(rf"(?P<a>[A-Z]\w{{1,39}})(?:,| is| was)(?: the)? (?P<kin>{_KIN}) of (?P<b>[A-Z]\w{{1,39}})"),
    re.compile(rf"(?P<a>[A-Z]\w{{1,39}})(?:,| is| was) (?P<b>[A-Z]\w{{1,39}})['’]s (?:\w+ )?(?P<kin>{_KIN})"),
    re.compile(rf"(?P<b>[A-Z]\w{{1,39}})['’]s (?:\w+ )?(?P<kin>{_KIN}),? (?P<a>[A-Z]\w{{1,39}})"),
    re.compile(rf"(?P<a>{_HAN}{{2,4}}?)是(?P<b>{_HAN}{{2,4}}?)的(?P<kin>{_KIN_ZH})"),
    re.compile(rf"(?P<b>{_HAN}{{2,4}}?)的(?P<kin>{_KIN_ZH})(?P<a>{_HAN}{{2,3}})"),
)


def counts(sentence: str) -> frozenset[Claim]:
    """Return how many of what a sentence speaks of: eyes, brothers, years."""
    return frozenset([*_counted(_words(sentence)), *_counted_otherwise(sentence)])


def attributes(sentence: str) -> frozenset[Claim]:
    """Return which colour, side, direction, age, size and matter a sentence gives to what."""
    return frozenset([*_described(_words(sentence)), *_described_in_chinese(sentence)])


def kinships(sentence: str) -> frozenset[Claim]:
    """Return who is what to whom."""
    found = (match for pattern in _KINSHIPS for match in pattern.finditer(sentence))
    return frozenset(
        Claim(
            f"{match['a']}/{match['b']}".casefold(), _SAME.get(match["kin"], match["kin"]).casefold(), "its"
        )
        for match in found
    )


def denied(sentence: str) -> frozenset[str]:
    """Return what, a sentence says, is not or cannot be done: the stems of verbs."""
    verbs = (match["verb"] or match["han"] for match in _NOT.finditer(sentence))
    return frozenset(_verb(verb) for verb in verbs) - _EMPTY_VERBS


def done(sentence: str) -> frozenset[str]:
    """Return what is done in a sentence: the stems of its words, but for those that it denies."""
    rest = _NOT.sub(" ", sentence)
    # A denied verb of Chinese has one or two characters: all that stand there could be it.
    runs = re.findall(f"{_HAN}+", rest)
    han = {run[at : at + size] for run in runs for size in (1, 2) for at in range(len(run) - size + 1)}
    return frozenset(_verb(word) for word in _WORD.findall(rest)) | han


def _words(sentence: str) -> list[str]:
    return [word.casefold().replace("’", "'") for word in _WORD.findall(sentence)]


def _counted(words: Sequence[str]) -> Iterator[Claim]:
    for at, word in enumerate(words):
        value = _SMALL.get(word) or "".join(numbers(word))
        if value and (thing := _noun(words[at + 1 : at + 4])) not in ("", "year"):
            yield Claim(thing, value, _owner(words, at))


def _counted_otherwise(sentence: str) -> Iterator[Claim]:
    for match in _PART_OF_ONE.finditer(sentence):
        yield Claim(match[2].casefold(), "".join(numbers(match[1])) or "1", "its")
    for match in _AGE.finditer(sentence):
        yield from (Claim("age", value, "its") for value in numbers(match[0]))
    for match in _COUNTED_ZH.finditer(sentence):
        thing, value = "岁" if match["age"] else match["thing"], match["value"]
        owner = _owner_in_chinese(sentence[: match.start()])
        yield from (
            Claim(_SAME_ZH.get(thing, thing), one, owner)
            for one in (["1"] if value == "一" else numbers(value))
        )


def _described(words: Sequence[str]) -> Iterator[Claim]:
    for at, word in enumerate(words):
        group, value = _GROUP_OF.get(word), _SAME.get(word, word)
        if group is None:
            continue
        if thing := _noun(words[at + 1 : at + 3]):
            yield Claim(f"{group} {thing}", value, "its" if group == "direction" else _owner(words, at))
        elif at >= 2 and words[at - 1] in _IS:
            owner = words[at - 3] if at >= 3 else ""
            yield Claim(f"{group} {_singular(words[at - 2])}", value, owner)


def _described_in_chinese(sentence: str) -> Iterator[Claim]:
    for group, pattern in _ATTRIBUTES_ZH:
        for match in pattern.finditer(sentence):
            owner = _owner_in_chinese(sentence[: match.start()])
            yield Claim(f"{group} {_SAME_ZH.get(match['thing'], match['thing'])}", match["value"], owner)


def _owner(words: Sequence[str], at: int) -> str:
    """Return the word before an adjective or a number and those beside it: his, Mara's, had, with."""
    for word in reversed(words[:at]):
        if word not in _GROUP_OF and word not in _BETWEEN and not numbers(word):
            return word
    return ""


def _owner_in_chinese(before: str) -> str:
    """Return whose something is; where that is not said, it is the sentence's own subject."""
    found = _OWNER_ZH.search(before)
    return found[1] if found else "其"


def _noun(following: Sequence[str]) -> str:
    """Return the thing that a number or an adjective stands before: the next word that is no adjective known here."""
    for word in following:
        if word in _BREAKS or word in _SMALL:
            return ""
        if word not in _GROUP_OF and not numbers(word):
            return _singular(word)
    return ""


def _singular(word: str) -> str:
    if word in _IRREGULAR_PLURALS or len(word) < 4 or word.endswith(("ss", "us", "is")):
        return _IRREGULAR_PLURALS.get(word, word)
    return re.sub(r"(?<=[sxzh])es\Z|s\Z", "", re.sub(r"ies\Z", "y", word))


def _verb(word: str) -> str:
    word = word.casefold()
    return stem(_PRESENT.get(word, word))
