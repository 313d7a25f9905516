"""Decide what a member may do in a channel, by Discord's order: owner, roles, overwrites, timeout."""

from collections.abc import Iterable, Mapping
from typing import Any

KICK_MEMBERS = 1 << 1
BAN_MEMBERS = 1 << 2
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
EXTERNAL_EMOJIS = 1 << 18
CHANGE_NICKNAME = 1 << 26
MANAGE_NICKNAMES = 1 << 27
MANAGE_ROLES = 1 << 28
MANAGE_WEBHOOKS = 1 << 29
USE_COMMANDS = 1 << 31
MANAGE_EVENTS = 1 << 33
MANAGE_THREADS = 1 << 34
CREATE_PUBLIC_THREADS = 1 << 35
CREATE_PRIVATE_THREADS = 1 << 36
SEND_IN_THREADS = 1 << 38
MODERATE_MEMBERS = 1 << 40
CREATE_EVENTS = 1 << 44
SEND_POLLS = 1 << 49
PIN_MESSAGES = 1 << 51
BYPASS_SLOWMODE = 1 << 52

ALL = (1 << 53) - 1
TEXT_NEEDS_SENDING = MENTION_EVERYONE | EMBED_LINKS | ATTACH_FILES
TIMED_OUT_MAY = VIEW_CHANNEL | READ_HISTORY

# What a bot is invited with: the rights that README's invite link asks for, no more, so that a missing one shows.
BOT = (
    VIEW_CHANNEL | SEND_MESSAGES | SEND_IN_THREADS | EMBED_LINKS | ATTACH_FILES | READ_HISTORY | ADD_REACTIONS
)
# As on a new server of Discord, all may ping @everyone: a bot that forgets `allowed_mentions` is found out.
EVERYONE = (
    BOT
    | CREATE_PUBLIC_THREADS
    | EXTERNAL_EMOJIS
    | USE_COMMANDS
    | CHANGE_NICKNAME
    | SEND_POLLS
    | MENTION_EVERYONE
)
MODERATOR = MANAGE_MESSAGES | MANAGE_THREADS | MODERATE_MEMBERS
DIRECT = (EVERYONE | PIN_MESSAGES) & ~MENTION_EVERYONE & ~CHANGE_NICKNAME


def in_guild(roles: Mapping[int, Mapping[str, Any]], held: Iterable[int]) -> int:
    """Return the bits that the roles held give together; an administrator has them all."""
    bits = 0
    for role_id in held:
        if role := roles.get(role_id):
            bits |= int(role["permissions"])
    return ALL if bits & ADMINISTRATOR else bits


def in_channel(
    bits: int, overwrites: Iterable[Mapping[str, Any]], *, everyone: int, held: Iterable[int], user_id: int
) -> int:
    """Apply a channel's overwrites to a member's guild-wide bits: @everyone, then roles, then the member."""
    if bits & ADMINISTRATOR:
        return ALL
    by_id = {int(o["id"]): (int(o["allow"]), int(o["deny"])) for o in overwrites}
    allow, deny = by_id.get(everyone, (0, 0))
    bits = (bits & ~deny) | allow
    role_pairs = [by_id[r] for r in held if r in by_id and r != everyone]
    for _allow, deny in role_pairs:
        bits &= ~deny
    for allow, _deny in role_pairs:
        bits |= allow
    allow, deny = by_id.get(user_id, (0, 0))
    return implied((bits & ~deny) | allow)


def implied(bits: int) -> int:
    """Take away what cannot be used without seeing the channel or writing in it."""
    if not bits & VIEW_CHANNEL:
        return 0
    if not bits & SEND_MESSAGES:
        bits &= ~TEXT_NEEDS_SENDING
    return bits
