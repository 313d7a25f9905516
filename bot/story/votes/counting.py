"""Count votes: one ballot a person, the newest counts; a tie is named and never broken in silence.

Pure: whoever asks brings the ballots, and who may vote.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Count:
    """Hold how many votes each option has that stands, by its number, and how many people gave them."""

    votes: Mapping[int, int]
    voters: int


@dataclass(frozen=True, slots=True)
class Won:
    """Tell that one option has more votes than any other."""

    number: int


@dataclass(frozen=True, slots=True)
class Tied:
    """Tell which options share the most votes, in their order."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nobody:
    """Tell that nobody voted who counts."""


Outcome = Won | Tied | Nobody


def count(standing: Collection[int], ballots: Mapping[int, int], seated: Collection[int] | None) -> Count:
    """Count ballots, voter to option, for the options that stand.

    `seated` are the people who may vote, None where everybody may. The ballot of someone who gave up their seat
    counts for nothing while they have none, and counts again if they come back.
    """
    valid = [
        number
        for voter, number in ballots.items()
        if number in standing and (seated is None or voter in seated)
    ]
    votes = Counter(valid)
    return Count({number: votes[number] for number in sorted(standing)}, len(valid))


def outcome(counted: Count) -> Outcome:
    """Return what a count comes to."""
    most = max(counted.votes.values(), default=0)
    if most == 0:
        return Nobody()
    leading = tuple(number for number, votes in counted.votes.items() if votes == most)
    return Won(leading[0]) if len(leading) == 1 else Tied(leading)


def all_voted(ballots: Mapping[int, int], standing: Collection[int], seated: Collection[int] | None) -> bool:
    """Tell whether nobody is left to wait for; where everybody may vote, one never knows."""
    return bool(seated) and all(ballots.get(one) in standing for one in seated or ())
