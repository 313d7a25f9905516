"""Refuse kindly what the turns of a story do not allow; nothing that somebody wrote is lost by it."""

from bot.errors import Refused
from bot.locales import Text, _, _n
from bot.story.people import Person
from bot.story.text import inline_name
from bot.story.turns import keeping, moves
from bot.story.turns.keeping import Kept
from bot.story.turns.state import SEATS, TurnState
from storage import turns
from storage.database import Reader
from storage.stories import Story


async def require_turn(
    reader: Reader, story: Story, person: Person, *, now: int, typed: bool = False, words: str | None = None
) -> None:
    """Refuse a passage of someone who may not write now, or who types openly what is to be secret."""
    kept = await keeping.read(reader, story.id)
    if (typed and kept.secret) or (kept.state.rules.gathers and words is not None):
        raise Refused(
            _(
                "In this game nobody sees yet what you write: hand it in with `/write` or the Write button,"
                " and delete this message if you like. (Parentheses) and // are table talk."
            ),
            words=words,
        )
    state = await keeping.foreseen(reader, story, now=now)
    if (reason := _against(state, person)) is not None:
        raise Refused(reason, words=words)


async def require_narrator(reader: Reader, story: Story, person: Person, *, now: int) -> None:
    """Refuse to let the narrator write where there is none, or where it is another person's turn."""
    if not story.narrates:
        raise Refused(
            _(
                "This story is told by people alone. Write on with `/write`; its host can let the narrator in with"
                " `/story settings narrator`."
            )
        )
    state = (await keeping.current(reader, story, now=now)).state
    holder = state.holder if state.rules.in_turn else None
    if holder is None or person.moderator or person.id in (holder.id, story.hosted_by):
        return
    raise Refused(
        _(
            "It is {name}'s turn: only {name}, the host or a moderator can ask the narrator now."
            " `/turn order` shows when it is yours.",
            name=inline_name(holder.name),
        )
    )


async def require_unsealed(reader: Reader, story: Story) -> None:
    """Refuse to hand out a story whose passages are still secret."""
    kept = await keeping.read(reader, story.id)
    if story.state != "ended" and await is_sealed(reader, kept):
        raise Refused(
            _(
                "The passages of this game are secret until the end. `/turn reveal` shows them,"
                " for the host and moderators; so does `/story end`."
            )
        )


async def is_sealed(reader: Reader, kept: Kept) -> bool:
    """Tell whether a story has passages that are not to be shown yet."""
    return kept.secret and await turns.newest_passage(reader, kept.story_id) > (kept.sealed_after or 0)


def _against(state: TurnState, person: Person) -> Text | None:
    holder = state.holder
    name, until = (inline_name(holder.name), f"<t:{(state.due or 0) // 1000}:R>") if holder else ("", "")
    match moves.may_write(state, person.id):
        case "not your turn":
            return _n(
                "It is {name}'s turn (it ends {until}). Yours comes after {n} other; keep your words until then.",
                "It is {name}'s turn (it ends {until}). Yours comes after {n} others; keep your words until then.",
                _before(state, person),
                name=name,
                until=until,
            )
        case "no seat":
            return _(
                "In this story people write in turn, and it is {name}'s. `/turn join` gives you a seat;"
                " keep your words until it is your turn.",
                name=name,
            )
        case "others first":
            return _n(
                "You wrote a moment ago, and here {n} other writes before you do again. Keep your words until then.",
                "You wrote a moment ago, and here {n} others write before you do again. Keep your words until then.",
                state.others_before(person.id),
            )
        case "closed":
            return _(
                "This round is closed, and its passage is being made. Hand in again when the next opens."
            )
        case "full":
            return full()
    return None


def full() -> Text:
    """Return what is said to someone for whom no seat is left."""
    return _("All {n} seats are taken. One is free when somebody leaves.", n=SEATS)


def _before(state: TurnState, person: Person) -> int:
    ids = [seat.id for seat in moves.order(state)]
    return ids.index(person.id) if person.id in ids else len(ids)
