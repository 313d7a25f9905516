"""Decide by intents which events a bot hears, and how much of a message it may read."""

from collections.abc import Mapping
from typing import Any, Final

GUILDS: Final = 1 << 0
GUILD_MEMBERS: Final = 1 << 1
GUILD_MODERATION: Final = 1 << 2
GUILD_EXPRESSIONS: Final = 1 << 3
GUILD_INTEGRATIONS: Final = 1 << 4
GUILD_WEBHOOKS: Final = 1 << 5
GUILD_INVITES: Final = 1 << 6
GUILD_VOICE_STATES: Final = 1 << 7
GUILD_PRESENCES: Final = 1 << 8
GUILD_MESSAGES: Final = 1 << 9
GUILD_MESSAGE_REACTIONS: Final = 1 << 10
GUILD_MESSAGE_TYPING: Final = 1 << 11
DIRECT_MESSAGES: Final = 1 << 12
DIRECT_MESSAGE_REACTIONS: Final = 1 << 13
DIRECT_MESSAGE_TYPING: Final = 1 << 14
MESSAGE_CONTENT: Final = 1 << 15
GUILD_SCHEDULED_EVENTS: Final = 1 << 16
AUTO_MODERATION_CONFIGURATION: Final = 1 << 20
AUTO_MODERATION_EXECUTION: Final = 1 << 21
GUILD_MESSAGE_POLLS: Final = 1 << 24
DIRECT_MESSAGE_POLLS: Final = 1 << 25

PRIVILEGED: Final = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT
KNOWN: Final = (1 << 26) - 1

# What a bot may not read of another's message without MESSAGE_CONTENT, and what stands there instead.
_BLANKS: Final[Mapping[str, Any]] = {"content": "", "embeds": [], "attachments": [], "components": []}

_Family = tuple[tuple[str, ...], int, int]

# Events, the intent that lets a bot hear them in a guild, and in a direct message (0: not heard there).
_FAMILIES: Final[tuple[_Family, ...]] = (
    (("GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE"), GUILDS, 0),
    (("GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE"), GUILDS, 0),
    (("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE"), GUILDS, DIRECT_MESSAGES),
    (("CHANNEL_PINS_UPDATE",), GUILDS, DIRECT_MESSAGES),
    (("THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE", "THREAD_LIST_SYNC"), GUILDS, 0),
    (("THREAD_MEMBER_UPDATE",), GUILDS, 0),
    (("THREAD_MEMBERS_UPDATE",), GUILDS | GUILD_MEMBERS, 0),
    (("STAGE_INSTANCE_CREATE", "STAGE_INSTANCE_UPDATE", "STAGE_INSTANCE_DELETE"), GUILDS, 0),
    (("GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE"), GUILD_MEMBERS, 0),
    (("GUILD_AUDIT_LOG_ENTRY_CREATE", "GUILD_BAN_ADD", "GUILD_BAN_REMOVE"), GUILD_MODERATION, 0),
    (("GUILD_EMOJIS_UPDATE", "GUILD_STICKERS_UPDATE"), GUILD_EXPRESSIONS, 0),
    (("INTEGRATION_CREATE", "INTEGRATION_UPDATE", "INTEGRATION_DELETE"), GUILD_INTEGRATIONS, 0),
    (("WEBHOOKS_UPDATE",), GUILD_WEBHOOKS, 0),
    (("INVITE_CREATE", "INVITE_DELETE"), GUILD_INVITES, 0),
    (("VOICE_STATE_UPDATE",), GUILD_VOICE_STATES, 0),
    (("PRESENCE_UPDATE",), GUILD_PRESENCES, 0),
    (
        ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK"),
        GUILD_MESSAGES,
        DIRECT_MESSAGES,
    ),
    (
        (
            "MESSAGE_REACTION_ADD",
            "MESSAGE_REACTION_REMOVE",
            "MESSAGE_REACTION_REMOVE_ALL",
            "MESSAGE_REACTION_REMOVE_EMOJI",
        ),
        GUILD_MESSAGE_REACTIONS,
        DIRECT_MESSAGE_REACTIONS,
    ),
    (("TYPING_START",), GUILD_MESSAGE_TYPING, DIRECT_MESSAGE_TYPING),
    (
        (
            "GUILD_SCHEDULED_EVENT_CREATE",
            "GUILD_SCHEDULED_EVENT_UPDATE",
            "GUILD_SCHEDULED_EVENT_DELETE",
            "GUILD_SCHEDULED_EVENT_USER_ADD",
            "GUILD_SCHEDULED_EVENT_USER_REMOVE",
        ),
        GUILD_SCHEDULED_EVENTS,
        0,
    ),
    (
        ("AUTO_MODERATION_RULE_CREATE", "AUTO_MODERATION_RULE_UPDATE", "AUTO_MODERATION_RULE_DELETE"),
        AUTO_MODERATION_CONFIGURATION,
        0,
    ),
    (("AUTO_MODERATION_ACTION_EXECUTION",), AUTO_MODERATION_EXECUTION, 0),
    (
        ("MESSAGE_POLL_VOTE_ADD", "MESSAGE_POLL_VOTE_REMOVE"),
        GUILD_MESSAGE_POLLS,
        DIRECT_MESSAGE_POLLS,
    ),
)
_REQUIRED: Final = {name: (guild, direct) for names, guild, direct in _FAMILIES for name in names}


def hears(intents: int, name: str, *, in_guild: bool) -> bool:
    """Tell whether a bot with these intents hears an event; events outside the table reach every bot."""
    required = _REQUIRED.get(name)
    if required is None:
        return True
    return bool(intents & required[0 if in_guild else 1])


def hides_content(intents: int, name: str, message: Mapping[str, Any], *, user_id: int) -> bool:
    """Tell whether a message event must lose its content before this bot receives it.

    A bot always reads its own messages, direct messages, and messages that mention it.
    """
    if name not in ("MESSAGE_CREATE", "MESSAGE_UPDATE") or intents & MESSAGE_CONTENT:
        return False
    if message.get("guild_id") is None or message["author"]["id"] == str(user_id):
        return False
    return all(mentioned["id"] != str(user_id) for mentioned in message["mentions"])


def without_content(message: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a message with everything blank that MESSAGE_CONTENT protects."""
    return {key: value for key, value in message.items() if key != "poll"} | dict(_BLANKS)
