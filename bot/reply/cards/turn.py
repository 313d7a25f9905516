"""Show the order of a story's turns as a card, for the one who asks."""

import discord

from bot.locales import Text, _, _n, nearest
from bot.reply.cards.story import COLOUR
from bot.reply.turn_line import MODES, how
from bot.story.text import inline_name
from bot.story.turns import moves
from bot.story.turns.state import Seat, TurnState
from bot.story.turns.table import View

SHOWN = 25  # seats


def order_card(view: View, reader: int, locale: str) -> discord.Embed:
    """Return the card of the order, the mode and the host, in the reader's language."""
    state = view.state
    embed = discord.Embed(
        title=_("Turns: {title}", title=view.story.title).render(locale)[:256], colour=COLOUR
    )
    embed.description = "\n".join(_lines(state, reader, locale))
    embed.add_field(name=_("Mode").render(locale), value=MODES[state.rules.mode].render(locale), inline=False)
    if state.rules.mode != "free":
        embed.add_field(name=_("Turn").render(locale), value=_terms(state, locale), inline=False)
    host = inline_name(view.story.host_name or view.story.starter_name or "—")
    embed.add_field(name=_("Host").render(locale), value=host)
    return embed


def turn_text(view: View, person_id: int) -> Text:
    """Return whose turn it is, in one sentence."""
    state, holder = view.state, view.state.holder
    if state.rules.mode == "free":
        return _("Everyone may write now: `/write`.")
    if not state.seats:
        return _("Nobody has a seat yet: whoever writes takes the first, and `/turn join` gives you one.")
    if state.rules.gathers:
        return _round_text(state)
    if view.ending:
        words = f"\n>>> {view.ending}"
        return _(
            "It is your turn; it ends {time}. The last passage ends like this: {words}",
            time=_time(state),
            words=words,
        )
    if moves.may_write(state, person_id) == "yes":
        return _("You may write now: `/write`. The turn ends {time}.", time=_time(state))
    if holder is None or not state.rules.in_turn:
        return _("Others write first; then it is open to you again.")
    ids = [seat.id for seat in moves.order(state)]
    name = inline_name(holder.name)
    if person_id not in ids:
        return _("It is {name}'s turn; it ends {time}.", name=name, time=_time(state))
    return _n(
        "It is {name}'s turn; it ends {time}. {n} person comes before you.",
        "It is {name}'s turn; it ends {time}. {n} people come before you.",
        ids.index(person_id),
        name=name,
        time=_time(state),
    )


def _round_text(state: TurnState) -> Text:
    if state.closed:
        return _("This round is closed, and its passage is being made.")
    return _("Everyone may hand in; the round ends {time}.", time=_time(state))


def _lines(state: TurnState, reader: int, locale: str) -> list[str]:
    seats = moves.order(state) if state.rules.mode != "free" else state.seats
    if not state.seats:
        return [_("Nobody has a seat yet. `/turn join` gives you one.").render(locale)]
    lines = [_line(number, seat, state, reader) for number, seat in enumerate(seats[:SHOWN], start=1)]
    resting = [seat for seat in state.seats if seat not in seats]
    if resting:
        names = tuple(inline_name(seat.name) for seat in resting[:SHOWN])
        done = (
            _("Handed in: {names}", names=names) if state.rules.gathers else _("Later: {names}", names=names)
        )
        lines.append(done.render(locale))
    return lines


def _line(number: int, seat: Seat, state: TurnState, reader: int) -> str:
    name = inline_name(seat.name)
    waits = state.others_before(seat.id)
    sign = "▶️ " if state.rules.in_turn and seat == state.holder else "⏸️ " if waits else ""
    until = f" · {_time(state)}" if state.rules.in_turn and seat == state.holder and state.due else ""
    return f"{number}. {sign}{f'**{name}**' if seat.id == reader else name}{until}"


def _terms(state: TurnState, locale: str) -> str:
    rules = state.rules
    sentences = [how(rules)]
    if rules.nudge:
        sentences.append(_("One reminder after {percent} % of it.", percent=rules.nudge))
    sentences.append(
        _n(
            "A seat is free again after {n} silent turn.",
            "A seat is free again after {n} silent turns.",
            rules.patience,
        )
    )
    if rules.mode == "between":
        sentences.append(
            _n(
                "{n} other writes before the same person does again.",
                "{n} others write before the same person does again.",
                rules.others,
            )
        )
    # Chinese sentences follow each other without a space.
    between = "" if nearest(locale) == "zh-CN" else " "
    return between.join(sentence.render(locale) for sentence in sentences)


def _time(state: TurnState) -> str:
    return f"<t:{(state.due or 0) // 1000}:R>"
