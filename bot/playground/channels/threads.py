"""Open threads, and keep who has joined them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bot.playground.channels import messages
from bot.playground.world import shapes, snowflakes
from bot.playground.world.history import History
from bot.playground.world.state import PRIVATE_THREAD, Payload

if TYPE_CHECKING:
    from bot.playground.world.world import World


def create(
    world: "World",
    parent: Payload,
    name: str,
    *,
    owner_id: int,
    kind: int,
    archive: int,
    thread_id: int | None = None,
    tags: Iterable[str] = (),
) -> Payload:
    """Open a thread that its owner has joined, and tell who may see it.

    `thread_id` is the id of the message it hangs on; `archive` is in minutes.
    """
    number = world.snowflakes.next() if thread_id is None else thread_id
    thread = shapes.thread(number, parent, name, kind, owner_id=owner_id, archive=archive)
    thread["applied_tags"] = list(tags)
    world.channels[number] = thread
    world.histories[number] = History()
    world.thread_members[number] = {}
    world.rights_changed()
    _join(world, thread, owner_id)
    world.emit_in(number, "THREAD_CREATE", {**thread, "newly_created": True})
    return thread


def hang_on(world: "World", channel_id: int, message: Payload) -> None:
    """Mark a message as one that a thread hangs on."""
    message["flags"] |= messages.HAS_THREAD
    messages.tell_update(world, channel_id, message)


def announce(world: "World", thread: Payload, channel_id: int) -> None:
    """Write Discord's own message about a thread that hangs on none."""
    reference = {"type": 0, "channel_id": thread["id"], "guild_id": thread["guild_id"]}
    extra = {"type": messages.THREAD_CREATED, "content": thread["name"], "message_reference": reference}
    world.create_message(channel_id, int(thread["owner_id"]), {}, interaction=extra)


def add_member(world: "World", thread: Payload, user_id: int) -> None:
    """Let someone into a thread, and tell."""
    thread_id = int(thread["id"])
    if user_id in world.thread_members[thread_id]:
        return
    _join(world, thread, user_id)
    world.rights_changed()
    if thread["type"] == PRIVATE_THREAD:
        world.emit(
            "THREAD_CREATE", world.thread_payload(thread, user_id), guild_id=_guild(thread), to={user_id}
        )
    member = world.thread_members[thread_id][user_id]
    full = {**member, "member": world.member_payload(_guild(thread), user_id), "presence": None}
    _tell(world, thread, added=[full], removed=[])


def remove_member(world: "World", thread: Payload, user_id: int) -> None:
    """Let someone leave a thread, and tell; they hear it too."""
    members = world.thread_members[int(thread["id"])]
    if user_id not in members:
        return
    thread["member_count"] = len(members) - 1
    _tell(world, thread, added=[], removed=[str(user_id)])
    del members[user_id]
    world.rights_changed()


def archive_idle(world: "World") -> None:
    """Archive the threads in which nothing was said for as long as they wait, and tell."""
    for thread_id in list(world.thread_members):
        thread = world.channels[thread_id]
        metadata = thread["thread_metadata"]
        waits = metadata["auto_archive_duration"] * 60
        if not metadata["archived"] and _last_sign(thread) + waits < world.clock():
            metadata |= {"archived": True, "archive_timestamp": snowflakes.iso(world.clock())}
            world.changed = True
            world.emit_in(thread_id, "THREAD_UPDATE", thread)


def _last_sign(thread: Payload) -> float:
    """Return when a thread was opened or last written in, in Unix time."""
    opened = snowflakes.moment(thread["thread_metadata"]["archive_timestamp"])
    return max(opened, snowflakes.unix_time(int(thread["last_message_id"] or thread["id"])))


def delete(world: "World", thread: Payload) -> None:
    """Take a thread away, and tell who saw it."""
    thread_id = int(thread["id"])
    keys = ("id", "guild_id", "parent_id", "type")
    world.emit_in(thread_id, "THREAD_DELETE", {key: thread[key] for key in keys})
    forget(world, thread_id)


def forget(world: "World", channel_id: int) -> None:
    """Drop a channel or thread, and everything in it."""
    for message in world.histories[channel_id].all():
        message_id = int(message["id"])
        world.reactions.pop(message_id, None)
        world.votes.pop(message_id, None)
        world.changed_messages[message_id] = channel_id
    del world.histories[channel_id]
    del world.channels[channel_id]
    world.thread_members.pop(channel_id, None)
    world.rights_changed()


def _join(world: "World", thread: Payload, user_id: int) -> None:
    now = snowflakes.iso(world.clock())
    member = {"id": thread["id"], "user_id": str(user_id), "join_timestamp": now, "flags": 0, "muted": False}
    members = world.thread_members[int(thread["id"])]
    members[user_id] = member
    thread["member_count"] = min(50, len(members))


def _tell(world: "World", thread: Payload, *, added: list[Payload], removed: list[str]) -> None:
    data = {
        "id": thread["id"],
        "guild_id": thread["guild_id"],
        "member_count": thread["member_count"],
        "added_members": added,
        "removed_member_ids": removed,
    }
    world.emit_in(int(thread["id"]), "THREAD_MEMBERS_UPDATE", data)
    world.changed = True


def _guild(thread: Payload) -> int:
    return int(thread["guild_id"])
