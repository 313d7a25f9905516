"""Keep the turns of a story in step with it, inside the transactions in which the story goes on.

The order of turns belongs to a place in the story: each place has its own, so undo and redo find it again. What comes
of a move and is to be said in Discord is kept in the same transaction, until it was said.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

from bot.story.turns import moves
from bot.story.turns.blind import last_lines
from bot.story.turns.state import (
    Effect,
    Gathered,
    Mode,
    Narrate,
    NextUp,
    Outcome,
    Position,
    Rules,
    Seat,
    Then,
    TurnState,
)
from storage import branches, inbox, passages, timers, trail, turns
from storage.database import Reader, Transaction
from storage.passages import Passage
from storage.stories import Story
from storage.turns import Narrating, SeatRow, Turns

TIMER = "turn"
"""The kind of timer that ends turns, about a story."""

REVEALED = 50  # passages whose messages a reveal changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Hold what is kept about the turns of a story: `head` is the passage at which the order holds.

    `epoch` counts the modes; in a blind story the passages with ids above `sealed_after` are secret. `narrating`
    is whether the narrator is to write by itself, `card` the message that says who is next.
    """

    story_id: int
    state: TurnState = field(default_factory=TurnState)
    head: int | None = None
    epoch: int = 0
    sealed_after: int | None = None
    narrating: Narrating = "no"
    card: int | None = None

    @property
    def secret(self) -> bool:
        """Whether passages are written in secret now."""
        return self.state.rules.mode == "blind"

    def sealed(self, passage: Passage) -> bool:
        """Whether a passage is not to be shown yet."""
        return self.secret and passage.id > (self.sealed_after or 0)


async def read(reader: Reader, story_id: int) -> Kept:
    """Return how the turns of a story stand; free where nothing was ever said about them."""
    row = await turns.get(reader, story_id)
    if row is None:
        return Kept(story_id=story_id)
    seats = tuple(Seat(one.person_id, one.name, one.silent) for one in await turns.seats(reader, story_id))
    return Kept(
        story_id=story_id,
        state=_state(row, seats),
        head=row.head,
        epoch=row.epoch,
        sealed_after=row.sealed_after,
        narrating=row.narrating,
        card=row.card,
    )


async def passed(tx: Transaction, story: Story, passage: Passage, *, now: int) -> None:
    """Count a passage that has just become the story's newest."""
    kept = await read(tx, story.id)
    if passage.kind == "narrator":
        await _narrated(tx, story, kept, passage, now)
        return
    if passage.author_id is None or (kept.state.rules.mode == "free" and story.ai_share <= 0):
        return
    kept, _ = await _at(tx, kept, passage.parent, now)
    state, effects = moves.passed(kept.state, passage.author_id, passage.author_name or "—", now=now)
    if await _narrator_is_due(tx, story, state, passage):
        effects = (*effects, Narrate())
    kept = replace(kept, state=state, head=passage.id)
    await keep(tx, story, kept, effects, now=now, by=passage.author_id)


async def begun(tx: Transaction, story_id: int) -> None:
    """Note that the narrator writes now, if it was to write by itself."""
    await turns.set_narrating(tx, story_id, "begun")


async def displaced(tx: Transaction, story_id: int) -> None:
    """Let the timekeeper look at once: the head has moved, and the turn with it."""
    if await turns.get(tx, story_id) is not None:
        await timers.put(tx, TIMER, story_id, 0)


async def current(reader: Reader, story: Story, *, now: int) -> Kept:
    """Return the turns as they are where the head is now: again whose turn it was there, unless it is new."""
    kept = await read(reader, story.id)
    kept, _ = await _at(reader, kept, (await branches.get(reader, story.branch_id)).head, now)
    return kept


async def ending_for(reader: Reader, story: Story, person_id: int, *, now: int) -> str:
    """Return how a secret newest passage ends, for who is to write on; else nothing."""
    kept = await current(reader, story, now=now)
    if not kept.secret or moves.may_write(kept.state, person_id) != "yes":
        return ""
    leaf = None if kept.head is None else await trail.find(reader, story.branch_id, kept.head)
    newest = None if leaf is None or leaf.shown is None else await passages.get(reader, leaf.shown)
    return last_lines(newest.text) if newest is not None and kept.sealed(newest) else ""


async def secrets_of(reader: Reader, story: Story) -> tuple[Passage, ...]:
    """Return the newest passages of a story as told that are not to be read yet, at most `REVEALED`, in order."""
    kept = await read(reader, story.id)
    head = (await branches.get(reader, story.branch_id)).head
    if not kept.secret or head is None:
        return ()
    first = max(0, (await passages.get(reader, head)).depth - REVEALED + 1)
    told = [one.passage for one in await trail.read(reader, story.branch_id, first=first)]
    return tuple(passage for passage in told if kept.sealed(passage))


async def foreseen(reader: Reader, story: Story, *, now: int) -> TurnState:
    """Return the state as it will be once the words that wait for the narrator to finish have joined."""
    state = (await current(reader, story, now=now)).state
    for arrival in await inbox.of_story(reader, story.id):
        state, _ = moves.passed(state, arrival.author_id, arrival.author_name, now=now)
    return state


async def move(
    tx: Transaction, story: Story, made: Callable[[TurnState], Outcome], *, now: int, by: int | None = None
) -> Kept:
    """Make a move where the head is now, keep what comes of it, and return how the turns stand."""
    head = (await branches.get(tx, story.branch_id)).head
    kept, back = await _at(tx, await read(tx, story.id), head, now)
    state, effects = made(kept.state)
    kept = replace(kept, state=state, epoch=max(kept.epoch, 1))
    await keep(tx, story, kept, (*back, *effects), now=now, by=by)
    return kept


async def keep(
    tx: Transaction, story: Story, kept: Kept, effects: Sequence[Effect], *, now: int, by: int | None = None
) -> None:
    """Note how the turns stand, set the clock, and keep what is to be said; `by` needs no word about themselves."""
    if any(isinstance(effect, Narrate) for effect in effects) and story.narrates:
        kept = replace(kept, narrating="due")
    state = kept.state
    await turns.save(tx, _row(kept))
    await turns.seat(tx, story.id, [SeatRow(one.id, one.name, one.silent) for one in state.seats])
    await timers.put(tx, TIMER, story.id, state.alarm if story.state == "running" else None)
    said = [effect for effect in effects if not isinstance(effect, Narrate | Gathered)]
    if said and not all(isinstance(effect, NextUp) and effect.seat.id == by for effect in said):
        await turns.add_news(tx, story.id, [encoded(effect) for effect in said], created=now)


def encoded(effect: Effect) -> dict[str, Any]:
    """Return an effect as JSON can hold it."""
    return {"effect": type(effect).__name__} | asdict(effect)


def fresh_seed() -> int:
    """Return a seed for the shuffles of a story, which nobody can guess."""
    return secrets.randbelow(2**31)


async def _at(reader: Reader, kept: Kept, head: int | None, now: int) -> tuple[Kept, tuple[Effect, ...]]:
    """Return the turns as they are at another place in the story, and whose turn that makes it again."""
    if kept.head == head:
        return kept, ()
    order = await turns.order_at(reader, kept.story_id, head, epoch=kept.epoch)
    position = Position(order.queue, order.recent, order.lap) if order else None
    state, effects = moves.rewound(kept.state, position, now=now)
    # What the narrator was to write belonged to where the story stood then.
    return replace(kept, state=state, head=head, narrating="no"), effects


async def _narrated(tx: Transaction, story: Story, kept: Kept, passage: Passage, now: int) -> None:
    """Count the narrator's passage; a turn that waited for it starts only now."""
    if (kept.epoch == 0 and kept.narrating == "no") or (
        await branches.get(tx, story.branch_id)
    ).head != passage.id:
        return
    waited = kept.narrating != "no"
    kept, back = await _at(tx, kept, passage.replaces or passage.parent, now)
    state, effects = moves.narrated(kept.state, now=now)
    if waited and not effects and state.due is not None:
        state, _ = moves.started(state, now=now)
    kept = replace(kept, state=state, head=passage.id, narrating="no")
    await keep(tx, story, kept, (*back, *effects), now=now)


async def _narrator_is_due(tx: Transaction, story: Story, state: TurnState, passage: Passage) -> bool:
    if story.ai_share <= 0 or state.rules.gathers:
        return False
    return await turns.people_in_a_row(tx, passage.id, limit=story.ai_share) >= story.ai_share


def _state(row: Turns, seats: tuple[Seat, ...]) -> TurnState:
    rules = Rules(
        mode=cast(Mode, row.mode),
        length=row.length,
        nudge=row.nudge,
        then=cast(Then, row.fallback),
        patience=row.patience,
        others=row.others,
    )
    return TurnState(
        rules=rules,
        seats=seats,
        position=Position(row.queue, row.recent, row.lap),
        since=row.since,
        due=row.due,
        nudged=row.nudged,
        closed=row.closed,
        seed=row.seed,
    )


def _row(kept: Kept) -> Turns:
    state, rules, position = kept.state, kept.state.rules, kept.state.position
    return Turns(
        story_id=kept.story_id,
        mode=rules.mode,
        length=rules.length,
        nudge=rules.nudge,
        fallback=rules.then,
        patience=rules.patience,
        others=rules.others,
        since=state.since,
        due=state.due,
        nudged=state.nudged,
        closed=state.closed,
        seed=state.seed,
        head=kept.head,
        queue=position.queue,
        recent=position.recent,
        lap=position.lap,
        epoch=kept.epoch,
        sealed_after=kept.sealed_after,
        narrating=kept.narrating,
        card=kept.card,
    )
