"""Link to messages."""


def message_link(guild_id: int, channel_id: int, message_id: int) -> str:
    """Return the address of a message; `guild_id` is 0 in direct messages."""
    return f"https://discord.com/channels/{guild_id or '@me'}/{channel_id}/{message_id}"
