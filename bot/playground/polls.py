"""Count votes on polls, and close polls when their time is over."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot.playground import snowflakes
from bot.playground.errors import Code, invalid_field, known
from bot.playground.state import Payload

if TYPE_CHECKING:
    from bot.playground.world import World

RESULT = 46
_HOUR = 3600.0


def create(asked: Mapping[str, Any], *, now: float) -> Payload:
    """Return the poll of a message as it is stored; `asked` is the body's `poll`."""
    hours = float(asked.get("duration") or 24)
    answers = [
        {"answer_id": number, "poll_media": dict(answer["poll_media"])}
        for number, answer in enumerate(asked["answers"], start=1)
    ]
    return {
        "question": dict(asked["question"]),
        "answers": answers,
        "expiry": snowflakes.iso(now + hours * _HOUR),
        "allow_multiselect": bool(asked.get("allow_multiselect", False)),
        "layout_type": 1,
    }


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


def vote(world: "World", channel_id: int, message: Payload, user_id: int, answer_ids: list[int]) -> None:
    """Make these the user's answers: votes for others are taken back. Raises 520001, 50035."""
    poll = _open_poll(world, message)
    known_ids = {a["answer_id"] for a in poll["answers"]}
    if not set(answer_ids) <= known_ids or (len(answer_ids) > 1 and not poll["allow_multiselect"]):
        raise invalid_field("answer_ids", "POLL_INVALID_ANSWER", "Invalid poll answer")
    votes = world.votes.setdefault(int(message["id"]), {})
    for answer_id in sorted(known_ids):
        users = votes.setdefault(answer_id, [])
        if answer_id in answer_ids and user_id not in users:
            users.append(user_id)
            _tell(world, channel_id, message, user_id, answer_id, "MESSAGE_POLL_VOTE_ADD")
        elif answer_id not in answer_ids and user_id in users:
            users.remove(user_id)
            _tell(world, channel_id, message, user_id, answer_id, "MESSAGE_POLL_VOTE_REMOVE")


def expire(world: "World", channel_id: int, message: Payload) -> None:
    """Close a poll now, and write the message that tells its result."""
    _open_poll(world, message)["expiry"] = snowflakes.iso(world.clock())
    from bot.playground import messages

    messages.tell_update(world, channel_id, message)
    _announce(world, channel_id, message)


def _open_poll(world: "World", message: Payload) -> Payload:
    poll: Payload | None = message.get("poll")
    if poll is None:
        raise known(Code.NOT_A_POLL)
    if over(poll, world.clock()):
        raise known(Code.POLL_EXPIRED)
    return poll


def _tell(world: "World", channel_id: int, message: Payload, user_id: int, answer_id: int, name: str) -> None:
    world.changed_messages[int(message["id"])] = channel_id
    data = {
        "user_id": str(user_id),
        "channel_id": str(channel_id),
        "message_id": message["id"],
        "answer_id": answer_id,
    }
    world.emit_in(channel_id, name, data)


def _announce(world: "World", channel_id: int, message: Payload) -> None:
    """Write Discord's own message of type 46, whose embed carries the result."""
    votes = world.votes.get(int(message["id"]), {})
    total = sum(len(users) for users in votes.values())
    best = max(message["poll"]["answers"], key=lambda a: len(votes.get(a["answer_id"], ())))
    won = len(votes.get(best["answer_id"], ()))
    fields = {
        "poll_question_text": message["poll"]["question"].get("text", ""),
        "victor_answer_votes": str(won),
        "total_votes": str(total),
    }
    if won:
        fields |= {
            "victor_answer_id": str(best["answer_id"]),
            "victor_answer_text": best["poll_media"].get("text", ""),
        }
    listed = [{"name": key, "value": value, "inline": False} for key, value in fields.items()]
    extra = {
        "type": RESULT,
        "embeds": [{"type": "poll_result", "fields": listed}],
        "message_reference": {"type": 0, "message_id": message["id"], "channel_id": str(channel_id)},
    }
    world.create_message(channel_id, int(message["author"]["id"]), {}, interaction=extra)
