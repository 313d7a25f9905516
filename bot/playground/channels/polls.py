"""Build polls, and show them with their counts."""

from collections.abc import Mapping
from typing import Any

from bot.playground.channels.reactions import is_emoji
from bot.playground.world import snowflakes
from bot.playground.world.state import Payload

_HOUR = 3600.0


def create(asked: Mapping[str, Any], *, now: float) -> Payload:
    """Return the poll of a message as it is stored; `asked` is the body's `poll`."""
    hours = float(asked.get("duration") or 24)
    answers = [
        {"answer_id": number, "poll_media": _media(answer["poll_media"])}
        for number, answer in enumerate(asked["answers"], start=1)
    ]
    return {
        "question": {"text": asked["question"]["text"]},
        "answers": answers,
        "expiry": snowflakes.iso(now + hours * _HOUR),
        "allow_multiselect": bool(asked.get("allow_multiselect", False)),
        "layout_type": 1,
    }


def _media(asked: Mapping[str, Any]) -> Payload:
    name = (asked.get("emoji") or {}).get("name")
    emoji = {"emoji": {"id": None, "name": name}} if is_emoji(name) else {}
    return {"text": asked["text"], **emoji}


def show(poll: Payload, votes: Mapping[int, list[int]], *, viewer_id: int, now: float) -> Payload:
    """Return a poll with its counts as one user sees them."""
    counts = [
        {"id": answer_id, "count": len(users), "me_voted": viewer_id in users}
        for answer_id, users in votes.items()
        if users
    ]
    return {**poll, "results": {"is_finalized": over(poll, now), "answer_counts": counts}}


def over(poll: Payload, now: float) -> bool:
    """Tell whether a poll takes no more votes."""
    return snowflakes.moment(poll["expiry"]) <= now
