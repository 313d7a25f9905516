"""Build the JSON objects that Discord's clients expect, with every key that they read."""

from typing import Any

from bot.playground.world import permissions, snowflakes
from bot.playground.world.state import Payload

# Privileged intents for bots in fewer than a hundred guilds: presences, members, message content.
_APPLICATION_FLAGS = 1 << 13 | 1 << 15 | 1 << 19
# What GUILD_CREATE tells too, and no playground has.
NOT_KEPT = {
    "large": False,
    "unavailable": False,
    "presences": [],
    "voice_states": [],
    "stage_instances": [],
    "soundboard_sounds": [],
}
FEATURES = ["COMMUNITY", "AUTO_MODERATION", "NEWS"]


def user(user_id: int, name: str, *, bot: bool) -> Payload:
    """Return a user as others see it."""
    return {
        "id": str(user_id),
        "username": name,
        "discriminator": "0",
        "global_name": None if bot else name,
        "avatar": None,
        "bot": bot,
        "system": False,
        "banner": None,
        "accent_color": None,
        "public_flags": 0,
        "flags": 0,
        "avatar_decoration_data": None,
        "collectibles": None,
        "display_name_styles": None,
        "clan": None,
        "primary_guild": None,
    }


def role(role_id: int, name: str, bits: int, *, position: int, tags: Payload | None = None) -> Payload:
    """Return a role; `tags` names the bot that a managed role belongs to."""
    shape: Payload = {
        "id": str(role_id),
        "name": name,
        "description": None,
        "permissions": str(bits),
        "position": position,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": tags is not None,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if tags is not None:
        shape["tags"] = tags
    return shape


def member(role_ids: list[int], joined_at: str) -> Payload:
    """Return a guild member, without its user."""
    return {
        "roles": [str(r) for r in role_ids],
        "nick": None,
        "avatar": None,
        "banner": None,
        "joined_at": joined_at,
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }


def guild(guild_id: int, name: str, owner_id: int) -> Payload:
    """Return a guild's own fields, without what it contains."""
    return {
        "id": str(guild_id),
        "name": name,
        "owner_id": str(owner_id),
        "icon": None,
        "icon_hash": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "application_id": None,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw": False,
        "nsfw_level": 0,
        "preferred_locale": "en-US",
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "vanity_url_code": None,
        "home_header": None,
        "region": "deprecated",
        "widget_enabled": False,
        "widget_channel_id": None,
        "max_stage_video_channel_users": 50,
        "incidents_data": None,
        "max_presences": None,
        "max_members": 500_000,
        "max_video_channel_users": 25,
        "features": list(FEATURES),
        "emojis": [],
        "stickers": [],
    }


def channel(channel_id: int, guild_id: int, name: str, kind: int, *, position: int) -> Payload:
    """Return a guild channel that is no thread."""
    shape: Payload = {
        "id": str(channel_id),
        "guild_id": str(guild_id),
        "type": kind,
        "name": name,
        "topic": None,
        "position": position,
        "parent_id": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "last_message_id": None,
        "last_pin_timestamp": None,
        "default_auto_archive_duration": 1440,
        "permission_overwrites": [],
        "flags": 0,
    }
    if kind == 15:
        shape |= {
            "available_tags": [],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
            "default_thread_rate_limit_per_user": 0,
        }
    return shape


def direct(channel_id: int) -> Payload:
    """Return a direct message channel, without its recipients."""
    return {
        "id": str(channel_id),
        "type": 1,
        "last_message_id": None,
        "last_pin_timestamp": None,
        "flags": 0,
    }


def thread(thread_id: int, parent: Payload, name: str, kind: int, *, owner_id: int, archive: int) -> Payload:
    """Return a thread under its parent; `archive` is the idle time before it is archived, in minutes."""
    now = snowflakes.iso_time(thread_id)
    return {
        "id": str(thread_id),
        "guild_id": parent["guild_id"],
        "parent_id": parent["id"],
        "owner_id": str(owner_id),
        "name": name,
        "type": kind,
        "last_message_id": None,
        "last_pin_timestamp": None,
        "rate_limit_per_user": parent.get("default_thread_rate_limit_per_user", 0),
        "message_count": 0,
        "total_message_sent": 0,
        "member_count": 0,
        "flags": 0,
        "applied_tags": [],
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": archive,
            "archive_timestamp": now,
            "locked": False,
            "create_timestamp": now,
            "invitable": True,
        },
    }


def overwrite(target: int, *, is_role: bool, allow: int = 0, deny: int = 0) -> Payload:
    """Return one permission overwrite of a channel."""
    return {"id": str(target), "type": 0 if is_role else 1, "allow": str(allow), "deny": str(deny)}


def application(application_id: int, name: str, *, owner: Payload, bot: Payload) -> dict[str, Any]:
    """Return an application as its bot reads it at /applications/@me."""
    return {
        "id": str(application_id),
        "name": name,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "bot": bot,
        "bot_public": True,
        "bot_require_code_grant": False,
        "owner": owner,
        "team": None,
        "verify_key": "0" * 64,
        "flags": _APPLICATION_FLAGS,
        "flags_new": str(_APPLICATION_FLAGS),
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": ["bot", "applications.commands"],
        "hook": True,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "tags": [],
        "install_params": {"scopes": ["bot", "applications.commands"], "permissions": str(permissions.BOT)},
        "integration_types_config": {"0": {}, "1": {}},
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
    }
