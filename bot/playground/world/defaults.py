"""Furnish a fresh world: one guild, its roles and its channels."""

from bot.playground.world import permissions, shapes
from bot.playground.world.state import Guild
from bot.playground.world.world import World

GUILD_NAME = "Storyloom"
OPEN_CHANNELS = ("fireside", "harbour", "炉边")
_TOPICS = {"fireside": "A story for everybody", "harbour": "Another story", "炉边": "用中文一起写故事"}


def furnish(world: World) -> Guild:
    """Add the guild that every seat and every bot joins, and return it."""
    # No seat or bot can take so long a name, so nobody becomes the owner.
    keeper = world.create_user("The playground, which owns this server", bot=True)
    guild = world.create_guild(GUILD_NAME, int(keeper["id"]))
    moderator = world.create_role(guild.id, "moderator", permissions.MODERATOR)
    world.create_role(guild.id, "admin", permissions.ADMINISTRATOR)
    read_only = [
        shapes.overwrite(guild.id, is_role=True, deny=permissions.SEND_MESSAGES),
        shapes.overwrite(int(moderator["id"]), is_role=True, allow=permissions.SEND_MESSAGES),
    ]
    welcome = world.create_channel(guild.id, "welcome", permission_overwrites=read_only)
    guild.data["system_channel_id"] = welcome["id"]
    for name in OPEN_CHANNELS:
        world.create_channel(guild.id, name, topic=_TOPICS[name])
    return guild
