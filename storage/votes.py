"""Keep votes: the options that are put to a group, and one ballot a person for each round of the vote."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from sqlite3 import Row
from typing import Literal

from storage.database import Reader, Transaction

Kind = Literal["twist", "next"]
State = Literal["open", "tied", "decided", "lapsed"]
Size = Literal["minor", "major", "curveball"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVote:
    """Describe a vote to be opened; `seconds` is how long a round lasts, None until someone closes it."""

    story_id: int
    kind: Kind
    hidden: bool
    opened_by: int | None
    opener_name: str | None
    channel_id: int
    seconds: int | None
    deadline: int | None
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote(NewVote):
    """Mirror one row; `shown` is the state and round that its message shows, empty before there is one."""

    id: int
    state: State
    round: int
    message_id: int | None
    shown: str
    winner: int | None
    closed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOption:
    """Describe an option; one without an author is the narrator's, a verbatim one becomes the passage itself."""

    text: str
    created: int
    size: Size | None = None
    device: str | None = None
    author_id: int | None = None
    author_name: str | None = None
    verbatim: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(NewOption):
    """Mirror one row; `rounds` is the last round of its vote in which it stands."""

    vote_id: int
    number: int
    rounds: int


_COLUMNS = ", ".join(field.name for field in fields(Vote))
_OPTION = ", ".join(field.name for field in fields(Option))
_OPEN = "state IN ('open', 'tied')"


def _vote(row: Row) -> Vote:
    values = dict(row)
    return Vote(**values | {"hidden": bool(values["hidden"])})


def _option(row: Row) -> Option:
    values = dict(row)
    return Option(**values | {"verbatim": bool(values["verbatim"])})


async def create(tx: Transaction, new: NewVote) -> Vote:
    """Open a vote in its first round; its story must have none that is open or tied."""
    row = await tx.change(
        "INSERT INTO votes (story_id, kind, state, round, hidden, opened_by, opener_name, channel_id, shown,"
        " seconds, deadline, created) VALUES (:story_id, :kind, 'open', 1, :hidden, :opened_by, :opener_name,"
        f" :channel_id, '', :seconds, :deadline, :created) RETURNING {_COLUMNS}",
        asdict(new),
    )
    return _vote(row)


async def get(reader: Reader, vote_id: int) -> Vote | None:
    """Return a vote, if there is one of that id: a button may carry any number."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM votes WHERE id = ?", (vote_id,))
    return _vote(row) if row else None


async def open_in(reader: Reader, story_id: int) -> Vote | None:
    """Return the vote that a story's group has before it, open or tied."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM votes WHERE story_id = ? AND {_OPEN}", (story_id,))
    return _vote(row) if row else None


async def newest(reader: Reader, story_id: int, kind: Kind) -> Vote | None:
    """Return the last vote of a kind that a story's group had before it."""
    row = await reader.fetch_one(
        f"SELECT {_COLUMNS} FROM votes WHERE story_id = ? AND kind = ? ORDER BY id DESC LIMIT 1",
        (story_id, kind),
    )
    return _vote(row) if row else None


async def behind(reader: Reader) -> list[Vote]:
    """Return the votes whose message does not show how they stand: what a crash left, at a start."""
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} FROM votes WHERE shown <> state || ':' || round ORDER BY id"
    )
    return [_vote(row) for row in rows]


async def change(
    tx: Transaction,
    vote_id: int,
    *,
    state: State,
    round_: int,
    deadline: int | None,
    winner: int | None = None,
    closed: int | None = None,
) -> Vote:
    """Put a vote where it is told."""
    row = await tx.change(
        "UPDATE votes SET state = ?, round = ?, deadline = ?, winner = ?, closed = ? WHERE id = ?"
        f" RETURNING {_COLUMNS}",
        (state, round_, deadline, winner, closed, vote_id),
    )
    return _vote(row)


async def show_in(tx: Transaction, vote_id: int, message_id: int | None, *, shown: str) -> None:
    """Note which message shows a vote, None where none ever will, and what of it."""
    await tx.execute("UPDATE votes SET message_id = ?, shown = ? WHERE id = ?", (message_id, shown, vote_id))


async def add_option(tx: Transaction, vote: Vote, new: NewOption) -> Option:
    """Add an option behind the others, standing in the vote's present round."""
    row = await tx.change(
        "INSERT INTO vote_options (vote_id, number, text, size, device, author_id, author_name, verbatim,"
        " rounds, created) SELECT :vote_id, coalesce(max(number), 0) + 1, :text, :size, :device, :author_id,"
        " :author_name, :verbatim, :rounds, :created FROM vote_options WHERE vote_id = :vote_id"
        f" RETURNING {_OPTION}",
        asdict(new) | {"vote_id": vote.id, "rounds": vote.round},
    )
    return _option(row)


async def reword(tx: Transaction, option: Option, text: str, *, verbatim: bool) -> None:
    """Replace the words of an option by its author's own new ones."""
    await tx.execute(
        "UPDATE vote_options SET text = ?, verbatim = ? WHERE vote_id = ? AND number = ?",
        (text, verbatim, option.vote_id, option.number),
    )


async def keep_standing(tx: Transaction, vote_id: int, numbers: Sequence[int], *, round_: int) -> None:
    """Let some options stand in a further round."""
    for number in numbers:
        await tx.execute(
            "UPDATE vote_options SET rounds = ? WHERE vote_id = ? AND number = ?", (round_, vote_id, number)
        )


async def options(reader: Reader, vote_id: int) -> list[Option]:
    """Return a vote's options in their order."""
    rows = await reader.fetch_all(
        f"SELECT {_OPTION} FROM vote_options WHERE vote_id = ? ORDER BY number", (vote_id,)
    )
    return [_option(row) for row in rows]


async def put_before(reader: Reader, story_id: int, *, limit: int) -> list[Option]:
    """Return what was put to a story's group in any vote, the newest first."""
    rows = await reader.fetch_all(
        f"SELECT {', '.join('o.' + name for name in _OPTION.split(', '))} FROM vote_options AS o"
        " JOIN votes ON votes.id = o.vote_id WHERE votes.story_id = ?"
        " ORDER BY o.vote_id DESC, o.number DESC LIMIT ?",
        (story_id, limit),
    )
    return [_option(row) for row in rows]


async def cast(tx: Transaction, vote: Vote, *, voter_id: int, voter_name: str, number: int, now: int) -> None:
    """Keep a person's ballot in the vote's present round, in the place of an earlier one."""
    await tx.execute(
        "INSERT INTO ballots (vote_id, round, voter_id, voter_name, number, created, changed)"
        " VALUES (:vote, :round, :voter, :name, :number, :now, :now) ON CONFLICT (vote_id, round, voter_id)"
        " DO UPDATE SET number = :number, voter_name = :name, changed = :now WHERE number <> :number",
        {
            "vote": vote.id,
            "round": vote.round,
            "voter": voter_id,
            "name": voter_name,
            "number": number,
            "now": now,
        },
    )


async def ballots(reader: Reader, vote: Vote) -> dict[int, int]:
    """Return who chose which option in the vote's present round."""
    rows = await reader.fetch_all(
        "SELECT voter_id, number FROM ballots WHERE vote_id = ? AND round = ? ORDER BY changed, voter_id",
        (vote.id, vote.round),
    )
    return {row["voter_id"]: row["number"] for row in rows}
