"""Keep the order of a story's turns: who comes after whom, in each mode."""

import random
from collections.abc import Iterable
from dataclasses import replace

from bot.story.turns.state import Position, TurnState


def opened(state: TurnState, ids: Iterable[int] = ()) -> TurnState:
    """Begin a new order: these first, then everyone else with a seat; in a free story there is none."""
    first = [one for one in ids if state.seat(one)]
    rest = [seat.id for seat in state.seats if seat.id not in first]
    if state.rules.mode == "free":
        return _at(state, queue=())
    if state.rules.mode == "random":
        return _shuffled(state, first, rest)
    return _at(state, queue=(*first, *rest))


def seated(state: TurnState, person_id: int) -> TurnState:
    """Let someone with a new seat come last; who had their turn in this lap and came back waits for the next."""
    queue = state.position.queue
    if state.rules.mode == "free" or person_id in queue or (state.rules.gathers and state.closed):
        return state
    if state.rules.mode == "random" and person_id in state.position.recent:
        return _next_lap(state)
    return _at(state, queue=(*queue, person_id))


def without(state: TurnState, person_id: int) -> TurnState:
    """Take out someone who has no seat any more; that they wrote is remembered, for when they come back."""
    state = _at(state, queue=_less(state.position.queue, person_id))
    return _next_lap(state) if state.rules.mode == "random" else state


def advanced(state: TurnState, person_id: int) -> TurnState:
    """Let someone have had their turn: they come last, or in a shuffled order not again in this lap."""
    queue = _less(state.position.queue, person_id)
    if state.rules.mode == "random":
        return _next_lap(_at(wrote(state, person_id), queue=queue), after=person_id)
    return _at(state, queue=(*queue, person_id))


def arranged(state: TurnState, ids: Iterable[int]) -> TurnState:
    """Let these come first, and everyone else behind in the order they had; the seats are put in the same order.

    In a shuffled order who is named and had their turn in this lap has another.
    """
    first = tuple(dict.fromkeys(one for one in ids if state.seat(one)))
    queue = (*first, *(one for one in state.position.queue if one not in first))
    recent = tuple(one for one in state.position.recent if one not in first)
    rest = tuple(seat for seat in state.seats if seat.id not in queue)
    seats = (*(state.sure(one) for one in queue), *rest)
    return _at(replace(state, seats=seats), queue=queue, recent=recent)


def wrote(state: TurnState, person_id: int) -> TurnState:
    """Remember an author as the newest."""
    recent = _less(state.position.recent, person_id)
    return _at(state, recent=(*recent, person_id))


def restored(state: TurnState, position: Position) -> TurnState:
    """Bring back an earlier order among those who have a seat now; who came since then comes last."""
    known = {seat.id for seat in state.seats}
    queue = [one for one in position.queue if one in known]
    if state.rules.mode != "random":
        queue += [seat.id for seat in state.seats if seat.id not in queue]
    state = replace(state, position=replace(position, queue=tuple(queue)))
    return _next_lap(state) if state.rules.mode == "random" else state


def _next_lap(state: TurnState, *, after: int | None = None) -> TurnState:
    """Shuffle anew once everyone has had a turn; who had the last one does not come first."""
    if state.position.queue:
        return state
    rest = [seat.id for seat in state.seats if seat.id != after]
    if not rest:
        return _at(state, queue=tuple(seat.id for seat in state.seats), recent=())
    dice = _dice(state)
    first = dice.choice(rest)
    return _shuffled(state, [first], [seat.id for seat in state.seats if seat.id != first])


def _shuffled(state: TurnState, first: list[int], rest: list[int]) -> TurnState:
    rest = list(rest)
    _dice(state).shuffle(rest)
    return replace(state, position=Position((*first, *rest), (), state.position.lap + 1))


def _dice(state: TurnState) -> random.Random:
    """Return the dice of a lap: the same at each look, so that what is foreseen also comes."""
    return random.Random(f"{state.seed}:{state.position.lap}")


def _at(
    state: TurnState, *, queue: tuple[int, ...] | None = None, recent: tuple[int, ...] | None = None
) -> TurnState:
    position = state.position
    if queue is not None:
        position = replace(position, queue=queue)
    if recent is not None:
        position = replace(position, recent=recent)
    return replace(state, position=position)


def _less(ids: tuple[int, ...], person_id: int) -> tuple[int, ...]:
    return tuple(one for one in ids if one != person_id)
