"""Measure how a story is written: repetition, variety, who writes how much, how fast; over all and along the way."""

import re
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from statistics import fmean, pstdev

from bot.story.languages import script_of, tokens
from bot.story.survey.writers import NARRATOR

SPACED_GRAM, CJK_GRAM = 5, 7
"""Words, and Chinese characters, in a sequence that is looked for in what was written before."""

REMEMBERED = 200
"""Passages in which it is looked for: more than the narrator reads at once."""

BLOCK = 200
"""Words of which the different ones are counted: in a longer text there are always fewer."""

STRETCHES = 24
STRETCH = 4
"""Parts that a story is cut into, at most, and passages in one of them, at least."""

_SENTENCE_END = re.compile(r"[.!?…。！？\n]+[\s\"”’』」）)]*")
Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """Hold what is measured of one passage.

    `grams` are its word sequences, of which `seen` stood in the passages before it or earlier in itself already;
    `different` and `pairs` are the share of different words and word pairs in each block that ended in it.
    """

    number: int
    writer: int
    words: int
    grams: int
    seen: int
    sentences: tuple[int, ...]
    different: tuple[float, ...]
    pairs: tuple[float, ...]
    day: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Hold the figures of some passages in a row, `first` to `last` counted from 1; None could not be measured.

    `repetition`, `narrator` and `different` are shares from 0 to 1, `variety` is how far sentences' lengths lie apart,
    as a share of their mean, `pace` is how many passages were written in a day, on the days of these.
    """

    first: int
    last: int
    repetition: float | None
    different: float | None
    variety: float | None
    narrator: float | None
    pace: float


@dataclass(frozen=True, slots=True)
class Report:
    """Hold a story's figures, and those of its stretches in order; `days` are those from its first to its last."""

    passages: int
    words: int
    whole: Stretch
    by_people: Stretch | None
    by_narrator: Stretch | None
    pairs: float | None
    sentence: float | None
    days: int
    written_on: int
    stretches: tuple[Stretch, ...]


@dataclass(slots=True)
class Meter:
    """Take a story's passages in the order in which they are read, and measure each against those before it."""

    measured: list[Passage] = field(default_factory=list)
    _before: deque[list[Gram]] = field(default_factory=deque)
    _known: Counter[Gram] = field(default_factory=Counter)
    _block: list[str] = field(default_factory=list)

    def take(self, *, number: int, writer: int, text: str, created: int) -> None:
        """Measure the next passage; `created` is in milliseconds."""
        words = tokens(text)
        grams = _grams(words, text)
        new = Counter(grams)
        seen = sum(count if gram in self._known else count - 1 for gram, count in new.items())
        different, pairs = self._blocks(words)
        self.measured.append(
            Passage(
                number,
                writer,
                len(words),
                len(grams),
                seen,
                sentences(text),
                different,
                pairs,
                day_of(created),
            )
        )
        self._remember(grams)

    def report(self) -> Report:
        """Return what was measured; a story without a passage has no report (ValueError)."""
        if not self.measured:
            raise ValueError("nothing was measured")
        measured = self._with_rest()
        on = Counter(passage.day for passage in measured)
        people = [passage for passage in measured if passage.writer != NARRATOR]
        narrator = [passage for passage in measured if passage.writer == NARRATOR]
        lengths = [length for passage in measured for length in passage.sentences]
        return Report(
            passages=len(measured),
            words=sum(passage.words for passage in measured),
            whole=_stretch(measured, on),
            by_people=_stretch(people, on) if people else None,
            by_narrator=_stretch(narrator, on) if narrator else None,
            pairs=_mean([share for passage in measured for share in passage.pairs]),
            sentence=_mean(lengths),
            days=max(on) - min(on) + 1,
            written_on=len(on),
            stretches=tuple(_stretch(some, on) for some in _cut(measured)),
        )

    def _remember(self, grams: list[Gram]) -> None:
        self._before.append(grams)
        self._known.update(grams)
        if len(self._before) > REMEMBERED:
            self._known.subtract(forgotten := self._before.popleft())
            for gram in forgotten:
                if not self._known[gram]:
                    del self._known[gram]

    def _blocks(self, words: list[str]) -> tuple[tuple[float, ...], tuple[float, ...]]:
        different, pairs = [], []
        self._block += words
        while len(self._block) >= BLOCK:
            block, self._block = self._block[:BLOCK], self._block[BLOCK:]
            different.append(distinct(block, 1))
            pairs.append(distinct(block, 2))
        return tuple(different), tuple(pairs)

    def _with_rest(self) -> list[Passage]:
        """Return the passages; a story shorter than a block is measured by the words that there are."""
        *others, last = self.measured
        if any(passage.different for passage in self.measured) or len(self._block) < 2:
            return self.measured
        block = self._block
        return [
            *others,
            replace(last, different=(distinct(block, 1),), pairs=(distinct(block, 2),)),
        ]


def distinct(words: Sequence[str], size: int) -> float:
    """Return the share of different sequences of `size` words among all; 0 where there is none."""
    found = [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]
    return len(set(found)) / len(found) if found else 0.0


def sentences(text: str) -> tuple[int, ...]:
    """Return the lengths of a text's sentences, in words or Chinese characters."""
    lengths = (len(tokens(sentence)) for sentence in _SENTENCE_END.split(text))
    return tuple(length for length in lengths if length)


def day_of(milliseconds: int) -> int:
    """Return the day of a moment, as a number that grows by one each day."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().toordinal()


def _grams(words: list[str], text: str) -> list[Gram]:
    size = CJK_GRAM if script_of(text) == "cjk" else SPACED_GRAM
    return [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]


def _cut(measured: list[Passage]) -> list[list[Passage]]:
    """Cut a story into stretches of nearly equal length."""
    count = max(1, min(STRETCHES, len(measured) // STRETCH))
    ends = [len(measured) * index // count for index in range(count + 1)]
    return [measured[first:last] for first, last in pairwise(ends)]


def _stretch(some: list[Passage], on: Counter[int]) -> Stretch:
    words = sum(passage.words for passage in some)
    grams = sum(passage.grams for passage in some)
    lengths = [length for passage in some for length in passage.sentences]
    by_narrator = sum(passage.words for passage in some if passage.writer == NARRATOR)
    return Stretch(
        first=some[0].number,
        last=some[-1].number,
        repetition=sum(passage.seen for passage in some) / grams if grams else None,
        different=_mean([share for passage in some for share in passage.different]),
        variety=pstdev(lengths) / fmean(lengths) if len(lengths) > 1 else None,
        narrator=by_narrator / words if words else None,
        pace=fmean(on[passage.day] for passage in some),
    )


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None
