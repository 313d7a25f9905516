"""Make the moves of a turn: each takes a state and gives the new one, with what comes of it.

No move knows a clock: `now` is passed in. A story never gets stuck: where nobody has a seat everyone may write,
and a turn that brings nothing passes on.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.story.turns import queue
from bot.story.turns.state import (
    MINUTE,
    Arranged,
    Effect,
    Emptied,
    Freed,
    Gathered,
    Joined,
    Left,
    Narrate,
    NextUp,
    Nudge,
    Outcome,
    Position,
    RoundOpened,
    Rules,
    Seat,
    Skipped,
    Switched,
    TurnState,
    Verdict,
)


def may_write(state: TurnState, person_id: int) -> Verdict:
    """Tell whether someone may write now, or hand in where the mode gathers."""
    rules, seated = state.rules, state.seat(person_id) is not None
    if rules.mode == "free" or (not state.seats and not state.closed):
        return "yes"
    if rules.gathers and state.closed:
        return "closed"
    if not rules.in_turn and not seated and state.full:
        return "full"  # writing would take a seat
    if rules.gathers:
        return "handed in" if seated and person_id not in state.position.queue else "yes"
    if rules.mode == "between":
        return "others first" if state.others_before(person_id) else "yes"
    if not seated:
        return "no seat"
    return "yes" if state.holder == state.seat(person_id) else "not your turn"


def join(state: TurnState, person_id: int, name: str, *, now: int) -> Outcome:
    """Give someone a seat; who has one keeps it, with their newest name."""
    if state.seat(person_id) is not None:
        return renamed(state, person_id, name), ()
    first, seat = not state.seats, Seat(person_id, name)
    state = queue.seated(replace(state, seats=(*state.seats, seat)), person_id)
    state, effects = started(state, now=now) if first and not state.closed else (state, ())
    return state, (Joined(seat), *effects)


def renamed(state: TurnState, person_id: int, name: str) -> TurnState:
    """Note the name that someone goes by now."""
    seats = tuple(replace(one, name=name) if one.id == person_id else one for one in state.seats)
    return replace(state, seats=seats)


def leave(state: TurnState, person_id: int, *, now: int) -> Outcome:
    """Take someone's seat away; their turn goes to the next."""
    if (seat := state.seat(person_id)) is None:
        return state, ()
    state, effects = _vacated(state, seat, now)
    return state, (Left(seat), *effects)


def passed(state: TurnState, person_id: int, name: str, *, now: int) -> Outcome:
    """Count a person's passage, or what they handed in; words that were taken already are never refused here."""
    if state.rules.mode == "free":
        return state, ()
    # Words that waited may come from someone whose seat is gone meanwhile; only an open table seats its writer.
    if state.seat(person_id) is None and (not state.seats or not state.rules.in_turn):
        state, _ = join(state, person_id, name, now=now)
    state = _silence(renamed(state, person_id, name), person_id, 0)
    if state.rules.gathers:
        rest = tuple(one for one in state.position.queue if one != person_id)
        return _complete(replace(state, position=replace(state.position, queue=rest)))
    if state.seat(person_id) is None:
        return state, ()
    turn_over = state.holder == state.seat(person_id) or state.rules.mode == "between"
    if not turn_over:
        return state, ()
    return started(queue.advanced(queue.wrote(state, person_id), person_id), now=now)


def narrated(state: TurnState, *, now: int) -> Outcome:
    """Count the narrator's passage: it takes nobody's turn, and opens the next round where the mode gathers."""
    if state.rules.gathers and state.closed:
        return started(queue.opened(replace(state, closed=False)), now=now)
    return state, ()


def skip(state: TurnState, *, now: int) -> Outcome:
    """Let the turn pass on because someone said so, which is no silence; a round is closed with what there is."""
    if state.rules.gathers:
        if state.closed or not state.handed_in:
            return state, ()
        return _close(state)
    if (holder := state.holder) is None:
        return state, ()
    state, effects = started(queue.advanced(state, holder.id), now=now)
    return state, (Skipped(holder, silent=False), *effects)


def give(state: TurnState, person_id: int, *, now: int) -> Outcome:
    """Give the turn to someone with a seat; those who were before them keep their order behind."""
    if state.seat(person_id) is None or not state.rules.in_turn:
        return state, ()
    ids = state.position.queue
    ids = (person_id, *(one for one in ids if one != person_id))
    return started(replace(state, position=replace(state.position, queue=ids)), now=now)


def arrange(state: TurnState, ids: Sequence[int], *, now: int) -> Outcome:
    """Let people come in another order, these first: the first of them has the turn at once."""
    if not state.rules.in_turn:
        return state, ()
    before, state = state.holder, queue.arranged(state, ids)
    state, effects = started(state, now=now) if state.holder != before else (state, ())
    return state, (Arranged(order(state)), *effects)


def expire(state: TurnState, *, now: int) -> Outcome:
    """Do what is due: the one nudge first, however late it is, and the end of the turn only some time after it."""
    if state.due is None or state.alarm is None or now < state.alarm:
        return state, ()
    if state.rules.nudge and not state.nudged:
        due = max(state.due, now + state.rules.after_nudge)
        waited = (state.holder,) if state.holder else state.missing
        return replace(state, nudged=True, due=due), (Nudge(waited, due),)
    silent = state.missing if state.rules.gathers else (state.holder,)
    return _ran_out(state, tuple(one for one in silent if one is not None), now)


def switch(state: TurnState, rules: Rules, *, now: int, seed: int) -> Outcome:
    """Go on by other rules; whose turn it is keeps it, and everyone keeps their seat."""
    if rules.mode == state.rules.mode:
        return _told(rules, started(replace(state, rules=rules), now=now))
    first = state.position.queue if state.rules.in_turn and rules.in_turn else ()
    fresh = replace(state, rules=rules, seed=seed, closed=False, position=Position())
    # Who has the turn keeps it; a shuffled order is shuffled all the same.
    state = queue.opened(fresh, first[:1] if rules.mode == "random" else first)
    return _told(rules, started(state, now=now))


def rewound(state: TurnState, position: Position | None, *, now: int) -> Outcome:
    """Follow the head to another place in the story: the turn is again whose it was there.

    None is a place at which these rules were not in force yet: there the turn stays as it is.
    """
    if position is None or state.rules.mode == "free" or state.rules.gathers:
        return state, ()
    before = state.holder
    state = queue.restored(state, position)
    return started(state, now=now) if state.holder != before else (state, ())


def started(state: TurnState, *, now: int) -> Outcome:
    """Start the clock of a turn or a round; where nobody is waited for, none runs."""
    due = now + state.rules.length
    fresh = replace(state, since=now, due=due, nudged=False)
    if state.rules.gathers and state.seats and not state.closed:
        return fresh, (RoundOpened(due),)
    if (holder := state.holder) is None:
        return replace(fresh, due=None), ()
    # Where several may write, it is nobody's turn in particular.
    return fresh, (NextUp(holder, due),) if state.rules.in_turn else ()


def resumed(state: TurnState, *, now: int) -> Outcome:
    """Give whoever is waited for some time again, after one in which nobody could act."""
    if state.due is None:
        return state, ()
    return replace(state, due=max(state.due, now + max(state.rules.after_nudge, MINUTE))), ()


def stopped(state: TurnState) -> Outcome:
    """Stop the clock, as while a story rests."""
    return replace(state, due=None), ()


def ticked(state: TurnState, *, now: int) -> Outcome:
    """Do what is due, or start the clock where it was stopped."""
    return started(state, now=now) if state.due is None else expire(state, now=now)


def order(state: TurnState) -> tuple[Seat, ...]:
    """Return who comes, in order: first those who may write now, and in a round only who has not handed in."""
    seats = [state.sure(one) for one in state.position.queue]
    return tuple(sorted(seats, key=lambda one: state.others_before(one.id)))


def _told(rules: Rules, outcome: Outcome) -> Outcome:
    state, effects = outcome
    return state, (Switched(rules.mode), *effects)


def _vacated(state: TurnState, seat: Seat, now: int) -> Outcome:
    before = state.holder
    seats = tuple(one for one in state.seats if one != seat)
    state = queue.without(replace(state, seats=seats), seat.id)
    if not seats:
        return replace(state, due=None), (Emptied(),)
    if state.rules.gathers:
        return _complete(state)
    return started(state, now=now) if before == seat else (state, ())


def _ran_out(state: TurnState, silent: tuple[Seat, ...], now: int) -> Outcome:
    """End a turn or a round in which these brought nothing."""
    effects: list[Effect] = []
    for seat in silent:
        state = _silence(state, seat.id, seat.silent + 1)
        effects.append(Skipped(seat, silent=True))
        if seat.silent + 1 >= state.rules.patience:
            seats = tuple(one for one in state.seats if one.id != seat.id)
            state = queue.without(replace(state, seats=seats), seat.id)
            effects.append(Freed(seat))
        elif not state.rules.gathers:
            state = queue.advanced(state, seat.id)
    if state.rules.gathers and state.handed_in:
        state, more = _close(state)
        return state, (*effects, *more)
    if state.rules.then == "narrator":
        effects.append(Narrate())
    if not state.seats:
        return replace(state, due=None), (*effects, Emptied())
    state, more = started(queue.opened(state) if state.rules.gathers else state, now=now)
    return state, (*effects, *more)


def _complete(state: TurnState) -> Outcome:
    """Close a round once nobody is missing."""
    if state.position.queue or state.closed or not state.seats:
        return state, ()
    return _close(state)


def _close(state: TurnState) -> Outcome:
    return replace(state, closed=True, due=None), (Gathered(),)


def _silence(state: TurnState, person_id: int, silent: int) -> TurnState:
    seats = tuple(replace(one, silent=silent) if one.id == person_id else one for one in state.seats)
    return replace(state, seats=seats)
