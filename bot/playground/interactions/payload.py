"""Shape INTERACTION_CREATE as Discord sends it to an application."""

from typing import Any

from bot.playground.interactions.book import Interaction
from bot.playground.world.state import DIRECT, Payload
from bot.playground.world.world import World

ATTACHMENT_SIZE_LIMIT = 10 * 1024 * 1024


def interaction_payload(world: World, interaction: Interaction, message: Payload | None) -> dict[str, Any]:
    """Give the whole payload; `message` is the one whose component was used."""
    guild_id = world.guild_of(interaction.channel_id)
    bot_bits = world.permissions(interaction.application_id, interaction.channel_id)
    payload: dict[str, Any] = {
        "id": str(interaction.id),
        "application_id": str(interaction.application_id),
        "type": interaction.kind,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(interaction.channel_id),
        "channel": _channel(world, interaction),
        "locale": world.locales[interaction.user_id],
        "app_permissions": str(bot_bits),
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": {"0": "0" if guild_id is None else str(guild_id)},
        "context": 1 if guild_id is None else 0,
        "attachment_size_limit": ATTACHMENT_SIZE_LIMIT,
    }
    if message is not None:
        payload["message"] = message
    return payload | _asker(world, interaction, guild_id)


def _asker(world: World, interaction: Interaction, guild_id: int | None) -> dict[str, Any]:
    if guild_id is None:
        return {"user": world.users[interaction.user_id]}
    guild = world.guilds[guild_id].data
    bits = world.permissions(interaction.user_id, interaction.channel_id)
    locale = guild["preferred_locale"]
    return {
        "guild_id": str(guild_id),
        "guild": {"id": str(guild_id), "locale": locale, "features": guild["features"]},
        "guild_locale": locale,
        "member": world.member_payload(guild_id, interaction.user_id) | {"permissions": str(bits)},
    }


def _channel(world: World, interaction: Interaction) -> Payload:
    channel = world.channel_payload(interaction.channel_id, interaction.application_id)
    if channel["type"] == DIRECT:
        return channel
    bits = world.permissions(interaction.user_id, interaction.channel_id)
    return channel | {"permissions": str(bits)}
