"""Add and take away reactions, and tell who may see the message."""

import unicodedata
from typing import TYPE_CHECKING

from bot.playground.errors import Code, known
from bot.playground.world.state import Payload, Reaction

if TYPE_CHECKING:
    from bot.playground.world.world import World

MAX_EMOJI = 20
_PARTS = frozenset({"So", "Sk", "Sm", "Mn", "Me", "Cf", "Po", "Nd"})
_HEADS = frozenset({"So", "Sk", "Me"})


def parse_emoji(text: str) -> Payload:
    """Return the emoji that a path names. Raises 10014: the playground has no custom ones."""
    if not is_emoji(text):
        raise known(Code.UNKNOWN_EMOJI)
    return {"id": None, "name": text}


def is_emoji(text: object) -> bool:
    """Tell whether something is one emoji of Unicode's."""
    if not isinstance(text, str) or not 1 <= len(text) <= 32:
        return False
    kinds = {unicodedata.category(c) for c in text}
    return kinds <= _PARTS and bool(kinds & _HEADS or "\ufe0f" in text)


def add(world: "World", channel_id: int, message: Payload, user_id: int, emoji: Payload) -> None:
    """Let a user react; reacting twice changes nothing. Raises 30010 for one emoji too many."""
    held = world.reactions.setdefault(int(message["id"]), {})
    reaction = held.get(emoji["name"])
    if reaction is None:
        if len(held) >= MAX_EMOJI:
            raise known(Code.MAXIMUM_REACTIONS)
        reaction = held[emoji["name"]] = Reaction(emoji)
    if user_id in reaction.users:
        return
    reaction.users.append(user_id)
    data = _data(channel_id, message, emoji) | {"user_id": str(user_id), "burst": False, "type": 0}
    data["message_author_id"] = message["author"]["id"]
    guild_id = world.guild_of(channel_id)
    if guild_id is not None:
        data["member"] = world.member_payload(guild_id, user_id)
    _tell(world, channel_id, message, "MESSAGE_REACTION_ADD", data)


def remove(world: "World", channel_id: int, message: Payload, user_id: int, emoji: Payload) -> None:
    """Take a user's reaction back. Raises 10014 where nobody reacted so."""
    held = world.reactions.get(int(message["id"]), {})
    reaction = held.get(emoji["name"])
    if reaction is None:
        raise known(Code.UNKNOWN_EMOJI)
    if user_id not in reaction.users:
        return
    reaction.users.remove(user_id)
    if not reaction.users:
        del held[emoji["name"]]
    data = _data(channel_id, message, emoji) | {"user_id": str(user_id), "burst": False, "type": 0}
    _tell(world, channel_id, message, "MESSAGE_REACTION_REMOVE", data)


def clear(world: "World", channel_id: int, message: Payload, emoji: Payload | None = None) -> None:
    """Take away every reaction, or all with one emoji."""
    held = world.reactions.get(int(message["id"]), {})
    if emoji is None:
        held.clear()
        data = {"channel_id": str(channel_id), "message_id": message["id"]}
        _tell(world, channel_id, message, "MESSAGE_REACTION_REMOVE_ALL", data)
    elif held.pop(emoji["name"], None) is not None:
        data = _data(channel_id, message, emoji)
        _tell(world, channel_id, message, "MESSAGE_REACTION_REMOVE_EMOJI", data)


def _data(channel_id: int, message: Payload, emoji: Payload) -> Payload:
    return {"channel_id": str(channel_id), "message_id": message["id"], "emoji": emoji}


def _tell(world: "World", channel_id: int, message: Payload, name: str, data: Payload) -> None:
    world.changed_messages[int(message["id"])] = channel_id
    world.emit_in(channel_id, name, data)
