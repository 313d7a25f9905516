"""Turn a world into plain JSON and back."""

import dataclasses
from typing import Any

from bot.playground.channels import polls
from bot.playground.world.history import History
from bot.playground.world.snowflakes import Snowflakes
from bot.playground.world.state import Application, Guild, Payload, Reaction
from bot.playground.world.world import World

_GUILD_PARTS = ("roles", "members", "bans", "rules", "scheduled", "interested")
_FLAT = ("users", "locales", "channels", "recipients", "webhooks")


def pack(world: World) -> Payload:
    """Return everything but the messages."""
    return {
        **{name: getattr(world, name) for name in _FLAT},
        "tokens": world.tokens,
        "applications": [dataclasses.asdict(a) for a in world.applications.values()],
        "guilds": [
            {"data": g.data} | {p: getattr(g, p) for p in _GUILD_PARTS} for g in world.guilds.values()
        ],
        "thread_members": world.thread_members,
        "pins": {c: h.pins for c, h in world.histories.items() if h.pins},
        "secret": world.files.secret,
        "base_url": world.base_url,
    }


def unpack(world: World, packed: Payload) -> None:
    """Fill an empty world with what `pack` returned; JSON made strings of its integer keys."""
    for name in _FLAT:
        getattr(world, name).update(_by_id(packed[name]))
    world.recipients = {c: tuple(people) for c, people in world.recipients.items()}
    world.tokens.update(packed["tokens"])
    for fields in packed["applications"]:
        world.applications[fields["id"]] = Application(**fields | {"commands": _by_id(fields["commands"])})
    for fields in packed["guilds"]:
        guild = Guild(fields["data"], **{part: _by_id(fields[part]) for part in _GUILD_PARTS})
        world.guilds[guild.id] = guild
    world.thread_members.update({int(c): _by_id(m) for c, m in packed["thread_members"].items()})
    for channel_id in world.channels:
        world.histories[channel_id] = History()
    for channel_id, pins in packed["pins"].items():
        world.histories[int(channel_id)].pins.update(_by_id(pins))
    world.files.secret = packed["secret"]
    _skip_used(world.snowflakes, world)


def line(world: World, channel_id: int, message_id: int) -> Payload:
    """Return a message's line of the journal; its `message` is None where it is gone."""
    history = world.histories.get(channel_id)
    message = history.get(message_id) if history else None
    if message is None:
        return {"id": message_id, "channel_id": channel_id, "message": None}
    known = message["author"] is world.users.get(int(message["author"]["id"]))
    return {
        "id": message_id,
        "channel_id": channel_id,
        "message": {**message, "author": {"id": message["author"]["id"]}} if known else message,
        "reactions": [dataclasses.asdict(r) for r in world.reactions.get(message_id, {}).values()],
        "votes": world.votes.get(message_id, {}),
    }


def place(world: World, fields: Payload) -> None:
    """Put a message of the journal back where it was."""
    message, message_id = fields["message"], int(fields["id"])
    message["author"] = world.users.get(int(message["author"]["id"]), message["author"])
    world.histories[int(fields["channel_id"])].put(message)
    if fields["reactions"]:
        held = [Reaction(**r) for r in fields["reactions"]]
        world.reactions[message_id] = {emoji_key(r.emoji): r for r in held}
    if fields["votes"]:
        world.votes[message_id] = _by_id(fields["votes"])
    if "poll" in message and not polls.over(message["poll"], world.clock()):
        world.open_polls[message_id] = int(fields["channel_id"])
    world.snowflakes.skip_past(message_id)


def emoji_key(emoji: Payload) -> str:
    """Return what tells emoji apart: a custom one's id, else the character."""
    return str(emoji["id"] or emoji["name"])


def _by_id(mapping: dict[str, Any]) -> dict[int, Any]:
    return {int(key): value for key, value in mapping.items()}


def _skip_used(snowflakes: Snowflakes, world: World) -> None:
    for guild in world.guilds.values():
        for ids in (guild.roles, guild.rules, guild.scheduled):
            snowflakes.skip_past(max(ids, default=0))
    for application in world.applications.values():
        snowflakes.skip_past(max(application.commands, default=0))
    for used in (world.users, world.channels, world.webhooks):
        snowflakes.skip_past(max(used, default=0))
