"""Say in a sentence what happens to turns, in the story's language."""

from collections.abc import Sequence

from bot.locales import Text, _, _n
from bot.story.text import inline_name
from bot.story.turns.state import (
    DAY,
    HOUR,
    MINUTE,
    Arranged,
    Effect,
    Emptied,
    Freed,
    Hosted,
    Joined,
    Left,
    Mode,
    NextUp,
    Nudge,
    RoundOpened,
    Rules,
    Seat,
    Skipped,
    Switched,
    TurnState,
)

MESSAGE = 1900  # characters; Discord takes 2,000
NAMED = 20  # people, in one sentence

MODES: dict[Mode, Text] = {
    "free": _("free — everyone writes when they like"),
    "robin": _("in turn — one after the other, in the order of the seats"),
    "random": _("random order — everyone once, then shuffled anew"),
    "between": _("others between — after you, others write first"),
    "blind": _("blind — in turn, and each sees only how the last passage ends"),
    "round": _("round — everyone hands in secretly, and the narrator weaves one passage"),
    "vote": _("vote — everyone proposes, and the group votes on what comes next"),
}


def mention_in(effects: list[Effect]) -> int | None:
    """Return the id of the one person who may be called by these: whose turn it is, or who is reminded of it."""
    match effects[-1:]:
        case [NextUp(seat)] | [Nudge((seat,))]:
            return seat.id
    return None


def together(lines: Sequence[str]) -> str:
    """Return lines as one message: the last is always in it, of the others as many as fit, beginning with the first."""
    *others, last = lines
    room = MESSAGE - len(last)
    kept: list[str] = []
    for one in others:
        room -= len(one) + 1
        if room < 0:
            kept.append("…")
            break
        kept.append(one)
    return "\n".join([*kept, last])


def told(effects: Sequence[Effect], state: TurnState) -> list[Text]:
    """Return the sentences for some effects; of many who were silent, one names all."""
    silent = [one for one in effects if isinstance(one, Skipped) and one.silent]
    freed = [one for one in effects if isinstance(one, Freed)]
    lines = []
    for effect in effects:
        if effect in silent and len(silent) > 1:
            said = _passed_by(silent) if effect is silent[0] else None
        elif effect in freed and len(freed) > 1:
            said = _free_again(freed) if effect is freed[0] else None
        else:
            said = line(effect, state)
        lines += [said] if said else []
    return lines


def line(effect: Effect, state: TurnState) -> Text | None:
    """Return the sentence for one effect; None where the channel need not hear of it."""
    match effect:
        case NextUp(seat):
            return _next_up(seat, state)
        case Nudge():
            return _nudge(effect)
        case RoundOpened():
            return _round_opened(state)
        case Switched():
            return _switched(state.rules)
        case Hosted() | Arranged() | Emptied():
            return _about_table(effect)
        case Joined() | Left() | Skipped() | Freed():
            return _about_seat(effect)
    return None


def how(rules: Rules) -> Text:
    """Return how long a turn is, and what happens at its end; where everyone is free there are none."""
    if rules.gathers:
        return _("A round lasts {length}; then it goes on with what came.", length=duration(rules.length))
    then = _("the narrator fills in") if rules.then == "narrator" else _("the next one is up")
    return _("A turn lasts {length}; then {then}.", length=duration(rules.length), then=then)


def duration(milliseconds: int) -> Text:
    """Return a length of time in the largest unit that measures it."""
    if milliseconds % DAY == 0:
        return _n("{n} day", "{n} days", milliseconds // DAY)
    if milliseconds % HOUR == 0:
        return _n("{n} hour", "{n} hours", milliseconds // HOUR)
    return _n("{n} minute", "{n} minutes", max(1, milliseconds // MINUTE))


def _switched(rules: Rules) -> Text:
    mode = MODES[rules.mode]
    if rules.mode == "free":
        return _("From now on: {mode}.", mode=mode)
    return _("From now on: {mode}. {how}", mode=mode, how=how(rules))


def _round_opened(state: TurnState) -> Text:
    if state.rules.mode == "vote":
        return _(
            "The group decides what comes next; the votes are counted {time}. Propose with `/write`,"
            " and vote on the card below.",
            time=_time(state.due),
        )
    return _("A new round is open and ends {time}. Hand in your part with `/write`.", time=_time(state.due))


def _next_up(seat: Seat, state: TurnState) -> Text:
    if state.rules.mode == "blind":
        return _(
            "Next up: {mention} (ends {time}). The Write button shows you, and only you, how the last passage ends.",
            mention=f"<@{seat.id}>",
            time=_time(state.due),
        )
    return _("Next up: {mention} (ends {time}).", mention=f"<@{seat.id}>", time=_time(state.due))


def _nudge(nudge: Nudge) -> Text:
    if len(nudge.seats) == 1:
        return _(
            "{mention}, the story is waiting for you: your turn ends {time}.",
            mention=f"<@{nudge.seats[0].id}>",
            time=_time(nudge.due),
        )
    names = _names(nudge.seats)
    return _("The round ends {time}; still missing: {names}.", time=_time(nudge.due), names=names)


def _passed_by(silent: Sequence[Skipped]) -> Text:
    names = _names([one.seat for one in silent])
    return _("Time has passed without a word from {names}.", names=names)


def _free_again(freed: Sequence[Freed]) -> Text:
    names = _names([one.seat for one in freed])
    return _("These seats are free again, and `/turn join` takes one: {names}.", names=names)


def _names(seats: Sequence[Seat]) -> tuple[str, ...]:
    """Return the names of some people, each once, as many as fit in a sentence."""
    names = list({seat.id: inline_name(seat.name) for seat in seats}.values())
    return (*names[:NAMED], *(["…"] if len(names) > NAMED else []))


def _about_table(effect: Hosted | Arranged | Emptied) -> Text:
    match effect:
        case Hosted(name):
            return _("{name} is the host from now on.", name=inline_name(name))
        case Arranged(seats):
            return _("The order of turns from now on: {names}.", names=_names(seats))
    return _("All seats are free: whoever writes next takes one.")


def _about_seat(effect: Joined | Left | Skipped | Freed) -> Text:
    name = inline_name(effect.seat.name)
    match effect:
        case Joined():
            return _("{name} has taken a seat.", name=name)
        case Left():
            return _("{name} has given up their seat.", name=name)
        case Skipped(silent=True):
            return _("{name}'s turn has passed without a word.", name=name)
        case Skipped():
            return _("{name}'s turn was skipped.", name=name)
    return _("{name}'s seat is free again: `/turn join` takes it.", name=name)


def _time(due: int | None) -> str:
    return f"<t:{(due or 0) // 1000}:R>"
