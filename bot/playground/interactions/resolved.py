"""Gather the users, roles, channels, messages and files that an interaction points at."""

from collections.abc import Mapping
from typing import Any

from bot.playground.channels import messages
from bot.playground.world.snowflakes import parse
from bot.playground.world.world import World

# Discord shows a channel in `resolved` in part only.
_CHANNEL_FIELDS = (
    *("id", "type", "name", "guild_id", "parent_id", "position", "topic", "nsfw", "flags", "owner_id"),
    *("last_message_id", "rate_limit_per_user", "thread_metadata"),
)


class Resolver:
    """Look ids up on behalf of one person in one channel, and keep Discord's `resolved` of what was found."""

    def __init__(
        self, world: World, *, user_id: int, channel_id: int, attachments: Mapping[str, dict[str, Any]]
    ) -> None:
        self._world = world
        self._user_id = user_id
        self._channel_id = channel_id
        self._guild_id = world.guild_of(channel_id)
        self._attachments = attachments
        self.resolved: dict[str, dict[str, dict[str, Any]]] = {}

    def resolve(self, value: object, *kinds: str) -> str | None:
        """Find an id among user, role, channel and attachment, and give it as the bot will know it.

        None when it is none of the kinds. A file is named by its number among the files that came along.
        """
        number = parse(value)
        if number is None:
            return None
        finders = {
            "user": self._user,
            "role": self._role,
            "channel": self._channel,
            "attachment": self._attachment,
        }
        return next((found for kind in kinds if (found := finders[kind](number)) is not None), None)

    def message(self, message_id: int) -> bool:
        """Find a message of this channel, for a context menu."""
        message = self._world.find_message(self._channel_id, message_id)
        if message is None:
            return False
        self._keep("messages", message_id, messages.show(self._world, message, self._user_id))
        return True

    def _keep(self, family: str, number: object, payload: dict[str, Any]) -> str:
        self.resolved.setdefault(family, {})[str(number)] = payload
        return str(number)

    def _user(self, number: int) -> str | None:
        user = self._world.users.get(number)
        if user is None:
            return None
        if self._guild_id is not None and number in self._world.guilds[self._guild_id].members:
            member = self._world.guilds[self._guild_id].members[number]
            bits = self._world.permissions(number, self._channel_id)
            self._keep("members", number, member | {"permissions": str(bits)})
        return self._keep("users", number, user)

    def _role(self, number: int) -> str | None:
        roles = {} if self._guild_id is None else self._world.guilds[self._guild_id].roles
        return self._keep("roles", number, roles[number]) if number in roles else None

    def _channel(self, number: int) -> str | None:
        if not self._world.may_view(self._user_id, number) or self._world.guild_of(number) != self._guild_id:
            return None
        channel = self._world.channels[number]
        partial = {key: value for key, value in channel.items() if key in _CHANNEL_FIELDS}
        bits = self._world.permissions(self._user_id, number)
        return self._keep("channels", number, partial | {"permissions": str(bits)})

    def _attachment(self, number: int) -> str | None:
        attachment = self._attachments.get(str(number))
        return None if attachment is None else self._keep("attachments", attachment["id"], attachment)
