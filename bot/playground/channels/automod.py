"""Hold messages back by a guild's AutoMod rules of the keyword kind."""

import re
from typing import TYPE_CHECKING

from bot.playground.errors import Code, known
from bot.playground.world import permissions, snowflakes
from bot.playground.world.state import Guild, Payload

if TYPE_CHECKING:
    from bot.playground.world.world import World

KEYWORD = 1
BLOCK, TIMEOUT = 1, 3


def check(world: "World", channel_id: int, user_id: int, content: str) -> None:
    """Apply the rules to what a person writes. Raises 200000 where one of them blocks it."""
    guild_id = world.guild_of(channel_id)
    if guild_id is None or not world.guilds[guild_id].rules or world.is_bot(user_id):
        return
    guild = world.guilds[guild_id]
    if world.guild_permissions(user_id, guild_id) & permissions.MANAGE_GUILD:
        return
    hits = [_execute(world, guild, rule, channel_id, user_id, content) for rule in list(guild.rules.values())]
    if any(hits):
        raise known(Code.AUTOMOD_BLOCKED)


def matched(rule: Payload, content: str) -> str | None:
    """Return the keyword of a rule that a text contains; `*` at either end matches within words."""
    metadata = rule["trigger_metadata"]
    if any(word.casefold().strip("*") in content.casefold() for word in metadata.get("allow_list") or []):
        return None
    for keyword in metadata.get("keyword_filter") or []:
        start = "" if keyword.startswith("*") else r"(?<!\w)"
        end = "" if keyword.endswith("*") else r"(?!\w)"
        if re.search(start + re.escape(keyword.strip("*")) + end, content, re.IGNORECASE):
            return str(keyword)
    return None


def _execute(
    world: "World", guild: Guild, rule: Payload, channel_id: int, user_id: int, content: str
) -> bool:
    """Carry a rule's actions out where it matches, and tell whether the message is blocked."""
    if not rule["enabled"] or rule["trigger_type"] != KEYWORD or _exempt(guild, rule, channel_id, user_id):
        return False
    keyword = matched(rule, content)
    if keyword is None:
        return False
    for action in rule["actions"]:
        _tell(world, guild, rule, action, channel_id, user_id, content, keyword)
        if action["type"] == TIMEOUT:
            until = snowflakes.iso(world.clock() + action["metadata"]["duration_seconds"])
            world.update_member(guild.id, user_id, communication_disabled_until=until)
    return any(action["type"] == BLOCK for action in rule["actions"])


def _exempt(guild: Guild, rule: Payload, channel_id: int, user_id: int) -> bool:
    if str(channel_id) in rule["exempt_channels"]:
        return True
    return bool(set(guild.members[user_id]["roles"]) & set(rule["exempt_roles"]))


def _tell(
    world: "World",
    guild: Guild,
    rule: Payload,
    action: Payload,
    channel_id: int,
    user_id: int,
    content: str,
    keyword: str,
) -> None:
    data = {
        "guild_id": str(guild.id),
        "action": action,
        "rule_id": rule["id"],
        "rule_trigger_type": rule["trigger_type"],
        "user_id": str(user_id),
        "channel_id": str(channel_id),
        "content": content,
        "matched_keyword": keyword,
        "matched_content": keyword.strip("*"),
    }
    world.emit("AUTO_MODERATION_ACTION_EXECUTION", data, guild_id=guild.id)
