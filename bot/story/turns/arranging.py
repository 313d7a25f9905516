"""Read in which order people shall come, as it is written: mentions or names, with or without commas."""

import re
from collections.abc import Sequence

from bot.errors import Refused
from bot.locales import Text, _
from bot.story.text import inline_name
from bot.story.turns.state import Seat

_MENTION = re.compile(r"<@!?(\d{1,20})>")
_BETWEEN = re.compile(r"[\s,，、;；>→@]*")
_WORD = re.compile(r"[^\s,，、;；]+")


def parse(raw: str, seats: Sequence[Seat]) -> tuple[int, ...]:
    """Return the ids of those who are named, each once; Refused where one has no seat or may be two people."""
    found: list[int] = []
    while raw := _BETWEEN.sub("", raw, count=1):
        person_id, raw = _first(raw, seats)
        found.append(person_id)
    if not found:
        raise Refused(
            _("Name people in the order in which they shall write, like “Mara, Jun”, or mention them.")
        )
    return tuple(dict.fromkeys(found))


def _first(raw: str, seats: Sequence[Seat]) -> tuple[int, str]:
    """Return who is named at the beginning of a text, and the rest of it; of names that fit the longest."""
    if mention := _MENTION.match(raw):
        if not any(seat.id == int(mention[1]) for seat in seats):
            raise Refused(_no_seat(f"<@{mention[1]}>"))
        return int(mention[1]), raw[mention.end() :]
    named = [seat for seat in seats if _begins(raw, seat.name)]
    if not named:
        word = _WORD.match(raw)
        raise Refused(_no_seat(inline_name(word[0] if word else raw)))
    longest = max(len(seat.name) for seat in named)
    named = [seat for seat in named if len(seat.name) == longest]
    if len(named) > 1:
        raise Refused(
            _(
                "Several people here are called {name}: mention the one you mean.",
                name=inline_name(named[0].name),
            )
        )
    return named[0].id, raw[longest:]


def _begins(raw: str, name: str) -> bool:
    """Tell whether a text begins with a name that ends there."""
    rest = raw[len(name) :]
    return raw[: len(name)].casefold() == name.casefold() and (not rest or not _WORD.match(rest))


def _no_seat(name: str) -> Text:
    return _("{name} has no seat yet. `/turn join` is how they take one.", name=name)
