"""Find what a text says against a fact of the lore by simple rules, in English and Chinese; pure and quick.

Only sentences that name what the fact is about are looked at, and not what people say in them: they may lie. A
sentence that tells of a change (dyed, lost …) or of what is not so (if, dreamt …) contradicts nothing: it is the plot.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from bot.story.lore.attributes import Claim, attributes, counts, denied, done, kinships
from bot.story.lore.keys import fold
from bot.story.questions.excerpts import sentences

Kind = Literal["dead", "number", "attribute", "denied", "kinship", "judged"]

SPEECH = re.compile(r"[“\"][^”\"\n]*[”\"]|「[^」\n]*」|『[^』\n]*』")
_PLOT = re.compile(
    r"\b(?:if|unless|as though|would|might|could have|dream\w*|imagin\w+|pretend\w*|paint(?:ed|ing)?|portrait|statue|"
    r"dyed?|no longer|not any ?more|anymore|became|become\w*|turned|turning|grew|grown|lost|losing|once|used to|"
    r"until (?:now|then)|disguise\w*|wig|ghost\w*|spirit|memor(?:y|ies)|remember\w*|grave|tomb|funeral|corpse|body|"
    r"rumou?r\w*|legend\w*|like an?|second|another|other|now|suddenly|birthday)\b"
    r"|如果|假如|要是|好像|仿佛|似乎|梦|想象|假装|画像|雕像|染|不再|变成|变得|成了|失去|曾经|从前|鬼|魂|回忆|记得|想起"
    r"|坟|墓|葬|尸|传说|谣|如今|现在|忽然|另一|第二|生日",
    re.IGNORECASE,
)
_DEATH = (
    r"(?:(?:is|was|has been|lies|lay) (?:\w+ )?dead\b|(?:died|drowned|perished|was killed|is no more)\b)"
    r"|(?:已经?|早就?|三年前|多年前)?(?:死了|死于|去世|过世|身亡|淹死|遇害|已故)"
)
_DEAD = re.compile(_DEATH, re.IGNORECASE)
_IT = ("he", "she", "it", "they", "他", "她", "它")
_ACTS = (
    r"(?:said|says|asked|asks|answered|whispered|shouted|called|cried|smiled|smiles|laughed|nodded|shrugged|grinned|"
    r"frowned|walked|walks|ran|runs|came|comes|went|sat|stood|rose|turned|looked|opened|closed|took|takes|held|holds|"
    r"gave|gives|carried|lit|drank|ate|wrote|sang|climbed|jumped|fought|drew|raised|waved|entered|left|knocked|poured|"
    r"pulled|pushed)\b"
    r"|(?:说|问|答|喊|叫|笑|哭|点头|摇头|走|跑|来|去|坐|站|起身|转身|看|打开|推开|关上|拿|举|递|喝|吃|写|唱|爬|跳|冲|抬)"
)
_OWN = frozenset(
    [
        "his",
        "her",
        "its",
        "their",
        "with",
        "had",
        "has",
        "have",
        "wore",
        "wears",
        "wearing",
        "having",
        "其",
        "他",
        "她",
        "它",
    ]
)
_REACH = 24  # characters between a name and what its owner does


@dataclass(frozen=True, slots=True)
class Conflict:
    """Tell which sentence of a text goes against which sentence of a fact, and how that was found."""

    kind: Kind
    said: str
    fact: str


class Statement:
    """Hold a sentence with what can be compared in it, each read when it is first needed."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def folded(self) -> str:
        """The sentence as names are looked for in it."""
        return fold(self.text)

    @cached_property
    def dead(self) -> bool:
        """Whether it tells of somebody's death."""
        return _DEAD.search(self.folded) is not None

    @cached_property
    def claims(self) -> dict[Kind, frozenset[Claim]]:
        """What is how many, how it looks, and who is whose."""
        return {
            "number": counts(self.text),
            "attribute": attributes(self.text),
            "kinship": kinships(self.text),
        }

    @cached_property
    def denied(self) -> frozenset[str]:
        """What is not or cannot be done."""
        return denied(self.text)

    @cached_property
    def done(self) -> frozenset[str]:
        """What is done."""
        return done(self.text)


def facts_of(text: str) -> tuple[Statement, ...]:
    """Return the sentences of a fact."""
    return tuple(Statement(sentence) for sentence in sentences(text))


def told_in(text: str) -> tuple[Statement, ...]:
    """Return the sentences of a passage that tell how things are, without what people say in them."""
    return tuple(
        Statement(sentence) for sentence in sentences(SPEECH.sub(" ", text)) if not _PLOT.search(sentence)
    )


def conflicts(
    told: Sequence[Statement], facts: Sequence[Statement], names: Collection[str]
) -> list[Conflict]:
    """Return what a text says against facts about something of these folded names; at most one of each kind."""
    found: dict[Kind, Conflict] = {}
    for said in told:
        if any(name in said.folded and _pattern(name).search(said.folded) for name in names):
            for fact in facts:
                for kind in _against(said, fact, names):
                    found.setdefault(kind, Conflict(kind, said.text, fact.text))
    return list(found.values())


def _against(said: Statement, fact: Statement, names: Collection[str]) -> Iterator[Kind]:
    if fact.dead and not said.dead and _is_dead(fact.folded, names) and _acts(said.folded, names):
        yield "dead"
    for kind, known in fact.claims.items():
        if known and _differ(known, said.claims[kind], names):
            yield kind
    if fact.denied & said.done or said.denied & fact.done:
        yield "denied"


def _differ(known: Collection[Claim], said: Collection[Claim], names: Collection[str]) -> bool:
    """Tell whether the same thing has other values in two sentences, and none in common."""
    for claim in said:
        values = {one.value for one in known if one.thing == claim.thing}
        if values and _is_own(claim, names):
            same = {one.value for one in said if one.thing == claim.thing}
            if not values & same:
                return True
    return False


def _is_own(claim: Claim, names: Collection[str]) -> bool:
    """Tell whether something belongs to whom these names are of, or is that itself."""
    if claim.owner in _OWN:
        return True
    owner, thing = claim.owner.removesuffix("'s"), claim.thing.split()[-1]
    words = {word for name in names for word in name.split()}
    # A Chinese owner may have more before it than the name.
    return owner in words or thing in words or any(owner.endswith(name) for name in names)


def _is_dead(folded: str, names: Collection[str]) -> bool:
    """Tell whether it is somebody of these names that a sentence calls dead."""
    subjects = "|".join([*(re.escape(name) for name in names), *(rf"\A{word}" for word in _IT)])
    return (
        re.search(rf"(?:{subjects})(?!['’]s|的)(?:, [^,]*,)?[\s,，]*(?:\w+ )?(?:{_DEATH})", folded)
        is not None
    )


def _acts(folded: str, names: Collection[str]) -> bool:
    """Tell whether somebody of these names does something in a sentence."""
    for name in names:
        for found in re.finditer(re.escape(name), folded):
            after = folded[found.end() : found.end() + _REACH]
            before = folded[max(0, found.start() - _REACH) : found.start()]
            if _starts_acting(after) or re.search(
                r"\b(?:said|asked|answered|whispered|shouted|cried) \Z", before
            ):
                return True
    return False


def _starts_acting(after: str) -> bool:
    """Tell whether an act follows a name at once, but for an adverb; a possessive does nothing itself."""
    return re.match(rf"(?!['’]s|的)[\s,，]*(?:\w+ly )?(?:then |and )?(?:{_ACTS})", after) is not None


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    """Return what finds a folded name: a whole word where its script has spaces."""
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)" if name.isascii() else re.escape(name))
