"""Read from Discord's objects who acts and where, and whether the bot may speak there."""

from collections.abc import Callable

import discord

from bot.errors import Refused
from bot.locales import _
from bot.story.people import Person, Place


def place_of(interaction: discord.Interaction) -> Place:
    """Return where a command was used."""
    if interaction.channel_id is None:
        raise Refused(_("I cannot tell which channel this is. Please use the command in a text channel."))
    return Place(interaction.guild_id or 0, interaction.channel_id, _parent(interaction.channel))


def place_in(message: discord.Message) -> Place:
    """Return where a message was typed."""
    return Place(message.guild.id if message.guild else 0, message.channel.id, _parent(message.channel))


def _parent(channel: object) -> int | None:
    """Return the channel that a thread belongs to."""
    return channel.parent_id if isinstance(channel, discord.Thread) else None


def person_of(interaction: discord.Interaction) -> Person:
    """Return who used a command; in direct messages everyone moderates their own story."""
    moderator = interaction.guild_id is None or interaction.permissions.manage_messages
    return Person(interaction.user.id, interaction.user.display_name, moderator, interaction.locale.value)


def writer_of(message: discord.Message) -> Person:
    """Return who typed a message."""
    return Person(message.author.id, message.author.display_name)


def sight_of(interaction: discord.Interaction) -> Callable[[int], bool]:
    """Return which channels the one who asks may see, so that a list tells nothing of the others."""

    def may_see(channel_id: int) -> bool:
        guild, member = interaction.guild, interaction.user
        if channel_id == interaction.channel_id or guild is None or not isinstance(member, discord.Member):
            return channel_id == interaction.channel_id
        channel = guild.get_channel_or_thread(channel_id)
        if channel is None:
            return False
        rights = channel.permissions_for(member)
        # Discord does not tell a bot who sits in a private thread.
        closed = isinstance(channel, discord.Thread) and channel.is_private()
        return rights.view_channel and (not closed or rights.manage_threads)

    return may_see


def require_voice(interaction: discord.Interaction) -> None:
    """Refuse a command in a channel in which the bot may not write."""
    rights = interaction.app_permissions
    in_thread = isinstance(interaction.channel, discord.Thread)
    may_send = rights.send_messages_in_threads if in_thread else rights.send_messages
    if interaction.guild_id is not None and not (may_send and rights.view_channel):
        raise Refused(
            _(
                "I may not write in this channel. Ask a moderator to allow me View Channel and Send Messages here,"
                " or use another channel."
            )
        )


def require_age(interaction: discord.Interaction, rating: str | None) -> None:
    """Refuse a mature story where Discord has not been told that everyone is an adult."""
    channel = interaction.channel
    restricted = (
        isinstance(channel, discord.TextChannel | discord.Thread | discord.VoiceChannel) and channel.is_nsfw()
    )
    if rating == "mature" and interaction.guild_id is not None and not restricted:
        raise Refused(
            _(
                "A mature story needs an age-restricted channel. Choose another rating, or ask a moderator to mark one."
            )
        )
