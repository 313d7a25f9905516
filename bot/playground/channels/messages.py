"""Write, change, take away and show messages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bot.playground.channels import attachments, media, mentions, numbering, polls
from bot.playground.errors import invalid_field
from bot.playground.world import snowflakes
from bot.playground.world.state import THREADS, Payload, Upload, Whisper

if TYPE_CHECKING:
    from bot.playground.world.world import World

REPLY, THREAD_CREATED, PINNED = 19, 18, 6
# Types of messages that people and bots wrote, replies and answers to commands among them.
WRITTEN = (0, REPLY, 20, 23)
EPHEMERAL, LOADING, HAS_THREAD, V2 = 1 << 6, 1 << 7, 1 << 5, 1 << 15
PUBLIC_FLAGS = 1 << 2 | 1 << 12 | V2
_SETTABLE = PUBLIC_FLAGS | EPHEMERAL | LOADING
_WHISPER_SECONDS = 3600
_FORWARD = 1


def create(
    world: "World",
    channel_id: int,
    author_id: int,
    payload: Payload,
    *,
    files: Sequence[Upload] = (),
    extra: Mapping[str, Any],
    ephemeral_for: int | None = None,
) -> Payload:
    """Write a message, tell who may see it, and return it as its author sees it."""
    message = _blank(world, channel_id, author_id)
    reference = _refer(world, channel_id, message, payload.get("message_reference"))
    message |= extra
    message["flags"] |= int(payload.get("flags") or 0) & _SETTABLE | (EPHEMERAL if ephemeral_for else 0)
    stored = attachments.store(world, channel_id, files, payload.get("attachments") or ())
    _fill(message, payload, stored)
    if poll := payload.get("poll"):
        message["poll"] = polls.create(poll, now=world.clock())
        world.open_polls[int(message["id"])] = channel_id
    _mention(world, message, payload, author_id, replied_to=reference)
    _keep(world, channel_id, message, ephemeral_for)
    shown = show(world, message, author_id)
    if payload.get("nonce") is not None:
        shown = {**shown, "nonce": payload["nonce"]}
    world.emit_in(channel_id, "MESSAGE_CREATE", _with_member(world, channel_id, shown), to=ephemeral_for)
    return shown


def public(payload: Payload) -> Payload:
    """Return a body without the flags that only an answer to an interaction may set."""
    return {**payload, "flags": payload["flags"] & PUBLIC_FLAGS} if payload.get("flags") else payload


def edit(
    world: "World",
    channel_id: int,
    message: Payload,
    payload: Mapping[str, Any],
    *,
    files: Sequence[Upload] = (),
) -> Payload:
    """Change a stored message by what the payload holds, tell who may see it, and return it as shown."""
    author_id = int(message["author"]["id"])
    held = attachments.kept(message["attachments"], payload.get("attachments"))
    new = attachments.store(world, channel_id, files, payload.get("attachments") or ())
    _fill(message, payload, held + new)
    if payload.get("flags") is not None:
        message["flags"] = message["flags"] & ~(1 << 2) | int(payload["flags"]) & (1 << 2 | V2)
    # A deferred answer's first edit fills it in; nobody sees "(edited)" there.
    if not message["flags"] & LOADING:
        message["edited_timestamp"] = snowflakes.iso(world.clock())
    message["flags"] &= ~LOADING
    _mention(world, message, payload, author_id, replied_to=None)
    return tell_update(world, channel_id, message)


def tell_update(world: "World", channel_id: int, message: Payload) -> Payload:
    """Tell who may see a message that it changed, and return it as its author sees it."""
    message_id = int(message["id"])
    world.changed_messages[message_id] = channel_id
    shown = show(world, message, int(message["author"]["id"]))
    whisper = world.whispers.get(message_id)
    data = _with_member(world, channel_id, shown)
    world.emit_in(channel_id, "MESSAGE_UPDATE", data, to=whisper.reader if whisper else None)
    return shown


def delete(world: "World", channel_id: int, message_id: int) -> None:
    """Take a message away, an ephemeral one too, and tell who saw it."""
    whisper = world.whispers.pop(message_id, None)
    if whisper is not None or _forget(world, channel_id, message_id):
        data = {"id": str(message_id), **_at(channel_id)}
        world.emit_in(channel_id, "MESSAGE_DELETE", data, to=whisper.reader if whisper else None)


def delete_many(world: "World", channel_id: int, message_ids: Iterable[int]) -> None:
    """Take messages of a channel away at once; what is none of its history is passed over."""
    gone = [m for m in message_ids if _forget(world, channel_id, m)]
    if gone:
        world.emit_in(channel_id, "MESSAGE_DELETE_BULK", {"ids": [str(m) for m in gone], **_at(channel_id)})


def show(world: "World", message: Payload, viewer_id: int) -> Payload:
    """Return a stored message as one user sees it: with reactions, poll results, reference and thread."""
    message_id = int(message["id"])
    more: Payload = {}
    if reactions := world.reactions.get(message_id):
        more["reactions"] = [_reaction(r.emoji, r.users, viewer_id) for r in reactions.values()]
    if poll := message.get("poll"):
        votes = world.votes.get(message_id, {})
        more["poll"] = polls.show(poll, votes, viewer_id=viewer_id, now=world.clock())
    if message["type"] == REPLY or message["type"] == 21:
        more["referenced_message"] = _referenced(world, message["message_reference"])
    if message["flags"] & HAS_THREAD and message_id in world.channels:
        more["thread"] = world.channels[message_id]
    return {**message, **more} if more else message


def numbers_of(thread: Payload, *, by: int) -> None:
    """Count a message that came to a thread (1) or was taken from it (-1)."""
    thread["message_count"] = max(0, thread["message_count"] + by)
    if by > 0:
        thread["total_message_sent"] += by


def _blank(world: "World", channel_id: int, author_id: int) -> Payload:
    number = world.snowflakes.next()
    return {
        "id": str(number),
        "channel_id": str(channel_id),
        "author": world.users.get(author_id),
        "type": 0,
        "content": "",
        "timestamp": snowflakes.iso_time(number),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "flags": 0,
    }


def _fill(message: Payload, payload: Mapping[str, Any], stored: list[Payload]) -> None:
    message["attachments"] = stored
    if "content" in payload:
        message["content"] = (payload["content"] or "").strip()
    if "embeds" in payload:
        message["embeds"] = media.complete_embeds(attachments.link(payload["embeds"] or [], stored))
    if "components" in payload:
        message["components"] = numbering.number(attachments.link(payload["components"] or [], stored))
        media.complete_components(message["components"], stored)
    if payload.get("sticker_ids"):
        message["sticker_items"] = []


def _refer(
    world: "World", channel_id: int, message: Payload, reference: Mapping[str, Any] | None
) -> int | None:
    """Point a message at the one it answers or forwards, and return the author it answers."""
    if not reference:
        return None
    source = int(reference.get("channel_id") or channel_id)
    forward = reference.get("type") == _FORWARD
    if source != channel_id and not forward:
        raise invalid_field("message_reference", "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", "Wrong channel")
    original = _original(world, int(message["author"]["id"]), source, reference)
    if original is None:
        return None
    message["message_reference"] = {
        "type": _FORWARD if forward else 0,
        "message_id": original["id"],
        "channel_id": original["channel_id"],
    }
    if (guild_id := world.guild_of(source)) is not None:
        message["message_reference"]["guild_id"] = str(guild_id)
    if forward:
        message["message_snapshots"] = [{"message": _snapshot(original)}]
        message["flags"] |= 1 << 14
        return None
    if original["type"] not in WRITTEN:
        code = "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE"
        raise invalid_field("message_reference", code, "Cannot reply to a system message")
    message["type"] = REPLY
    return int(original["author"]["id"])


def _original(world: "World", author_id: int, source: int, reference: Mapping[str, Any]) -> Payload | None:
    """Return the message that is referred to, as far as its referrer sees it; None where it may be missing."""
    seen = world.histories.get(source) if world.may_view(author_id, source) else None
    original = seen.get(int(reference["message_id"])) if seen else None
    if original is None and reference.get("fail_if_not_exists", True):
        raise invalid_field("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    return original


def _snapshot(original: Payload) -> Payload:
    keys = (
        "type content embeds attachments timestamp edited_timestamp flags mentions mention_roles components"
    )
    return {key: original[key] for key in keys.split()}


def _referenced(world: "World", reference: Mapping[str, Any]) -> Payload | None:
    history = world.histories.get(int(reference["channel_id"]))
    return history.get(int(reference["message_id"])) if history else None


def _mention(
    world: "World",
    message: Payload,
    payload: Mapping[str, Any],
    author_id: int,
    *,
    replied_to: int | None,
) -> None:
    allow = mentions.allowed(payload.get("allowed_mentions"))
    texts = [message["content"]]
    texts += [c["content"] for c in numbering.walk(message["components"]) if c["type"] == 10]
    found = mentions.find(
        world,
        int(message["channel_id"]),
        author_id,
        "\n".join(texts),
        allow,
        replied_to=replied_to,
    )
    message["mentions"] = [world.users[u] for u in found.users]
    message["mention_roles"] = [str(r) for r in found.roles]
    message["mention_everyone"] = found.everyone


def _keep(world: "World", channel_id: int, message: Payload, reader: int | None) -> None:
    message_id = int(message["id"])
    if reader is not None:
        _forget_old_whispers(world)
        world.whispers[message_id] = Whisper(message, reader)
        return
    world.histories[channel_id].put(message)
    world.changed_messages[message_id] = channel_id
    channel = world.channels[channel_id]
    channel["last_message_id"] = message["id"]
    if channel["type"] in THREADS:
        numbers_of(channel, by=1)


def _forget_old_whispers(world: "World") -> None:
    oldest = snowflakes.from_time(world.clock() - _WHISPER_SECONDS)
    while world.whispers and (first := next(iter(world.whispers))) < oldest:
        del world.whispers[first]


def _forget(world: "World", channel_id: int, message_id: int) -> bool:
    removed = world.histories[channel_id].remove(message_id)
    if removed is None:
        return False
    world.reactions.pop(message_id, None)
    world.votes.pop(message_id, None)
    world.changed_messages[message_id] = channel_id
    if world.channels[channel_id]["type"] in THREADS:
        numbers_of(world.channels[channel_id], by=-1)
    return True


def _with_member(world: "World", channel_id: int, shown: Payload) -> Payload:
    guild_id = world.guild_of(channel_id)
    if guild_id is None:
        return shown
    member = world.guilds[guild_id].members.get(int(shown["author"]["id"]))
    return shown if member is None else {**shown, "member": member}


def _reaction(emoji: Payload, users: list[int], viewer_id: int) -> Payload:
    return {
        "emoji": emoji,
        "count": len(users),
        "count_details": {"normal": len(users), "burst": 0},
        "burst_colors": [],
        "me": viewer_id in users,
        "me_burst": False,
        "burst_me": False,
    }


def _at(channel_id: int) -> Payload:
    return {"channel_id": str(channel_id)}
