"""Name what a turn is made of: the rules, the seats, where the turn stands, and what comes of a move.

All values are immutable; times are Unix milliseconds and lengths milliseconds.
"""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["free", "robin", "random", "between", "blind", "round", "vote"]
Then = Literal["skip", "narrator"]
Verdict = Literal["yes", "not your turn", "no seat", "others first", "handed in", "closed", "full"]

SEATS = 50  # in a story at the most

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SHORTEST, LONGEST = MINUTE, 14 * DAY

IN_TURN: tuple[Mode, ...] = ("robin", "random", "blind")
"""The modes in which one person at a time has the turn."""
GATHERING: tuple[Mode, ...] = ("round", "vote")
"""The modes in which everyone hands something in, and one passage comes of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Say how turns go.

    `nudge` is the share of a turn, in percent, after which its one nudge comes; 0 is none. `then` is what happens at
    the end of a turn in which nothing came. A seat is freed after `patience` silent turns in a row. `others` is how
    many others must write before the same person again, where the mode is `between`.
    """

    mode: Mode = "free"
    length: int = DAY
    nudge: int = 50
    then: Then = "skip"
    patience: int = 2
    others: int = 1

    @property
    def in_turn(self) -> bool:
        """Whether one person at a time has the turn."""
        return self.mode in IN_TURN

    @property
    def gathers(self) -> bool:
        """Whether everyone hands something in, of which one passage is made."""
        return self.mode in GATHERING

    @property
    def after_nudge(self) -> int:
        """How much of a turn is left once its nudge has come."""
        return self.length * (100 - self.nudge) // 100


@dataclass(frozen=True, slots=True)
class Seat:
    """Hold a writer's place: `silent` counts the turns in a row in which nothing came."""

    id: int
    name: str
    silent: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Hold what belongs to a place in the story, so that undo and redo bring it back.

    `queue` are the ids of those to come, the one whose turn it is first; in a gathering mode, of those who have not
    handed in yet. `recent` are the last who wrote, each once, the newest last; in a shuffled order those who had their
    turn in this lap. `lap` counts the shuffles.
    """

    queue: tuple[int, ...] = ()
    recent: tuple[int, ...] = ()
    lap: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnState:
    """Hold everything about the turns of a story.

    `due` is when the turn ends, None where no clock runs. `closed` tells that a gathering mode has what it waited for,
    and makes a passage of it. `seed` makes the shuffles of this story its own.
    """

    rules: Rules = Rules()
    seats: tuple[Seat, ...] = ()
    position: Position = Position()
    since: int = 0
    due: int | None = None
    nudged: bool = False
    closed: bool = False
    seed: int = 0

    @property
    def holder(self) -> Seat | None:
        """The one who is waited for: whose turn it is, or who may write and has waited longest."""
        if self.rules.mode == "free" or self.rules.gathers:
            return None
        return next((self.seat(one) for one in self.position.queue if not self.others_before(one)), None)

    @property
    def missing(self) -> tuple[Seat, ...]:
        """Those who have not handed in yet, in a gathering mode."""
        return tuple(self.sure(one) for one in self.position.queue) if self.rules.gathers else ()

    @property
    def handed_in(self) -> tuple[Seat, ...]:
        """Those who have handed in, in a gathering mode."""
        waiting = self.position.queue
        return tuple(one for one in self.seats if one.id not in waiting) if self.rules.gathers else ()

    @property
    def full(self) -> bool:
        """Whether no seat is left for anyone new."""
        return len(self.seats) >= SEATS

    @property
    def alarm(self) -> int | None:
        """When something is due: the nudge, else the end of the turn."""
        if self.due is None or self.nudged or self.rules.nudge == 0:
            return self.due
        return self.due - self.rules.after_nudge

    def others_before(self, person_id: int) -> int:
        """Return how many others with a seat must write before someone may again; never more than there are."""
        recent = self.position.recent
        if self.rules.mode != "between" or person_id not in recent:
            return 0
        others = [one.id for one in self.seats if one.id != person_id]
        since = sum(one in others for one in recent[recent.index(person_id) + 1 :])
        return max(0, min(self.rules.others, len(others)) - since)

    def seat(self, person_id: int) -> Seat | None:
        """Return a person's seat, if they have one."""
        return next((one for one in self.seats if one.id == person_id), None)

    def sure(self, person_id: int) -> Seat:
        """Return the seat of someone who is known to have one; LookupError if not."""
        seat = self.seat(person_id)
        if seat is None:
            raise LookupError(f"no seat for {person_id}")
        return seat


@dataclass(frozen=True, slots=True)
class NextUp:
    """Tell whose turn it is now, and until when."""

    seat: Seat
    due: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Tell that someone took a seat."""

    seat: Seat


@dataclass(frozen=True, slots=True)
class Left:
    """Tell that someone gave up their seat."""

    seat: Seat


@dataclass(frozen=True, slots=True)
class Switched:
    """Tell that other rules hold from now on."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class Hosted:
    """Tell who is the host from now on."""

    name: str


@dataclass(frozen=True, slots=True)
class Arranged:
    """Tell that people come in another order from now on."""

    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class RoundOpened:
    """Tell that everyone may hand in, until when."""

    due: int


@dataclass(frozen=True, slots=True)
class Nudge:
    """Remind those who are waited for: one person, or all who have not handed in."""

    seats: tuple[Seat, ...]
    due: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """Tell that a turn passed without a passage; `silent` is whether its time ran out."""

    seat: Seat
    silent: bool


@dataclass(frozen=True, slots=True)
class Freed:
    """Tell that a seat was freed after repeated silence."""

    seat: Seat


@dataclass(frozen=True, slots=True)
class Narrate:
    """Ask the narrator to write in place of who was silent."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Tell that a gathering mode has what it gets: make a passage of it."""


@dataclass(frozen=True, slots=True)
class Emptied:
    """Tell that the last seat is free: whoever writes next takes one."""


Effect = (
    NextUp
    | Joined
    | Left
    | Switched
    | Hosted
    | Arranged
    | RoundOpened
    | Nudge
    | Skipped
    | Freed
    | Narrate
    | Gathered
    | Emptied
)
Outcome = tuple[TurnState, tuple[Effect, ...]]
