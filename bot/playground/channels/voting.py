"""Count votes on polls, and close polls when their time is over."""

from bot.playground.channels import messages, polls
from bot.playground.errors import Code, invalid_field, known
from bot.playground.world import snowflakes
from bot.playground.world.state import Payload
from bot.playground.world.world import World

RESULT = 46


def vote(world: World, channel_id: int, message: Payload, user_id: int, answer_ids: list[int]) -> None:
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


def expire(world: World, channel_id: int, message: Payload) -> None:
    """Close a poll before its time, and tell its result. Raises 520001, 520003."""
    _open_poll(world, message)["expiry"] = snowflakes.iso(world.clock())
    close_due(world)


def close_due(world: World) -> None:
    """Close every poll whose time is over, and write the messages that tell the results."""
    for message_id, channel_id in list(world.open_polls.items()):
        history = world.histories.get(channel_id)
        message = history.get(message_id) if history else None
        if message is None:
            del world.open_polls[message_id]
        elif polls.over(message["poll"], world.clock()):
            del world.open_polls[message_id]
            _announce(world, channel_id, message)


def _open_poll(world: World, message: Payload) -> Payload:
    poll: Payload | None = message.get("poll")
    if poll is None:
        raise known(Code.NOT_A_POLL)
    if polls.over(poll, world.clock()):
        raise known(Code.POLL_EXPIRED)
    return poll


def _tell(world: World, channel_id: int, message: Payload, user_id: int, answer_id: int, name: str) -> None:
    world.changed_messages[int(message["id"])] = channel_id
    data = {
        "user_id": str(user_id),
        "channel_id": str(channel_id),
        "message_id": message["id"],
        "answer_id": answer_id,
    }
    world.emit_in(channel_id, name, data)


def _announce(world: World, channel_id: int, message: Payload) -> None:
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
        # A webhook's poll has an author who is no user.
        "author": message["author"],
    }
    messages.tell_update(world, channel_id, message)
    world.create_message(channel_id, int(message["author"]["id"]), {}, interaction=extra)
