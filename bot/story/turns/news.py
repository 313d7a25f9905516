"""Read back what is to be said about turns, and keep of it what is still true."""

from collections.abc import Sequence
from typing import Any

from bot.story.turns.state import (
    Arranged,
    Effect,
    Emptied,
    Freed,
    Hosted,
    Joined,
    Left,
    NextUp,
    Nudge,
    RoundOpened,
    Seat,
    Skipped,
    Switched,
    TurnState,
)

_KINDS = {
    kind.__name__: kind
    for kind in (
        NextUp,
        Joined,
        Left,
        Switched,
        Hosted,
        Arranged,
        RoundOpened,
        Nudge,
        Skipped,
        Freed,
        Emptied,
    )
}


def decoded(kept: dict[str, Any]) -> Effect:
    """Return an effect that `keeping.encoded` wrote."""
    values = {name: value for name, value in kept.items() if name != "effect"}
    if "seat" in values:
        values["seat"] = Seat(**values["seat"])
    if "seats" in values:
        values["seats"] = tuple(Seat(**seat) for seat in values["seats"])
    effect: Effect = _KINDS[kept["effect"]](**values)
    return effect


def still_true(effects: Sequence[Effect], state: TurnState) -> list[Effect]:
    """Return what is worth saying now: whose turn it is once and at the end, and no nudge for what is over."""
    said: list[Effect] = [
        effect for effect in effects if not isinstance(effect, NextUp | RoundOpened | Nudge)
    ]
    if nudge := _newest(effects, Nudge):
        waited = {state.holder.id} if state.holder else {seat.id for seat in state.missing}
        if waited & {seat.id for seat in nudge.seats} and state.nudged:
            return [*said, nudge]
    if opened := _newest(effects, RoundOpened):
        return [*said, opened] if state.due is not None else said
    next_up = _newest(effects, NextUp)
    holds = next_up is not None and state.holder is not None and state.holder.id == next_up.seat.id
    return [*said, next_up] if next_up and holds else said


def _newest(effects: Sequence[Effect], kind: type[Any]) -> Any:
    found = [effect for effect in effects if isinstance(effect, kind)]
    return found[-1] if found else None
