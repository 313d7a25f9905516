"""Say what a bench of an engine measures, and how often."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self, get_args

Measure = Literal["speed", "words", "arrivals"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


@dataclass(frozen=True, slots=True)
class Turns:
    """Say how a story grows, in tokens: from its first turn to its last, and by how much a turn."""

    first: int = 500
    last: int = 6000
    step: int = 100

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `first,last,step`; raises ValueError for anything else, and for a story that does not grow."""
        first, last, step = (int(part) for part in text.split(","))
        if not 0 < first < last or step < 1:
            raise ValueError(text)
        return cls(first, last, step)

    def lengths(self) -> range:
        """Return how long the story is at each turn."""
        return range(self.first, self.last + 1, self.step)

    def with_the_one_before(self) -> list[int]:
        """Return the same with a turn before the first, after which a story can be warm at the first."""
        return [max(1, self.first - self.step), *self.lengths()]


@dataclass(frozen=True, slots=True)
class Plan:
    """Hold the sizes of a bench: `prompt` and `tokens` a stream, `arriving` streams at random times.

    Each arriving stream asks `asks` times; its story is one `turns.step` longer each time. `only` names what is
    measured: speed side by side, the first words of a growing story, requests that arrive at random times.
    """

    streams: tuple[int, ...] = (1, 4, 8, 16, 32)
    prompt: int = 700
    tokens: int = 128
    rounds: int = 3
    turns: Turns = field(default_factory=Turns)
    arriving: tuple[int, ...] = (4, 8)
    asks: int = 3
    only: tuple[Measure, ...] = MEASURES

    def quick(self) -> Self:
        """Return the plan cut down to a minute or two on a processor: enough to see that all of it runs."""
        turns = replace(self.turns, last=min(self.turns.last, self.turns.first + 2 * self.turns.step))
        return replace(
            self, streams=self.streams[:2], tokens=min(self.tokens, 16), rounds=1, turns=turns, arriving=(4,)
        )

    @property
    def context(self) -> int:
        """Return how many tokens the longest of all sequences has."""
        return max(self._longest, self.turns.last) + self.tokens

    @property
    def parallel(self) -> int:
        """Return how many streams there are at most at a time."""
        return max((*self.streams, *self.arriving))

    @property
    def held(self) -> int:
        """Return for how many tokens there must be room at once: all streams, or the longest story and a new one."""
        return max(self.parallel * (self._longest + self.tokens), 2 * self.context)

    @property
    def _longest(self) -> int:
        return self.prompt + self.asks * self.turns.step

    def as_json(self) -> dict[str, Any]:
        """Return plain values from which `from_json` makes the same plan."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the plan that `as_json` described."""
        return cls(
            **{
                **values,
                "turns": Turns(**values["turns"]),
                "streams": tuple(values["streams"]),
                "arriving": tuple(values["arriving"]),
                "only": tuple(values["only"]),
            }
        )
