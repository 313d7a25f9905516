"""Tell what each user may do where, and remember it until roles, members or channels change."""

from typing import TYPE_CHECKING

from bot.playground.world import permissions
from bot.playground.world.snowflakes import moment
from bot.playground.world.state import DIRECT, PRIVATE_THREAD, THREADS, Guild, Payload

if TYPE_CHECKING:
    from bot.playground.world.world import World

# A timeout is judged anew this often, since it ends by itself.
_FRESH_SECONDS = 1.0


class Rights:
    """Count permission bits in a world; events ask for them far more often than they change."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._bits: dict[tuple[int, int], int] = {}
        self._counted = 0.0

    def forget(self) -> None:
        """Count everything anew from now on."""
        self._bits.clear()

    def in_channel(self, user_id: int, channel_id: int) -> int:
        """Return a user's bits in a channel; 0 where there is no such channel for them."""
        now = self._world.clock()
        if not self._counted <= now < self._counted + _FRESH_SECONDS:
            self._bits.clear()
            self._counted = now
        key = (user_id, channel_id)
        bits = self._bits.get(key)
        if bits is None:
            bits = self._bits[key] = self._count(user_id, channel_id)
        return bits

    def in_guild(self, user_id: int, guild_id: int) -> int:
        """Return a member's bits in the whole guild; 0 for who is not in it."""
        guild = self._world.guilds[guild_id]
        if user_id not in guild.members:
            return 0
        if guild.data["owner_id"] == str(user_id):
            return permissions.ALL
        return permissions.in_guild(guild.roles, _held(guild, user_id))

    def _count(self, user_id: int, channel_id: int) -> int:
        channel = self._world.channels.get(channel_id)
        if channel is None:
            return 0
        if channel["type"] == DIRECT:
            return permissions.DIRECT if user_id in self._world.recipients[channel_id] else 0
        if channel["type"] in THREADS:
            return self._in_thread(user_id, channel)
        guild = self._world.guilds[int(channel["guild_id"])]
        bits = self.in_guild(user_id, guild.id)
        if not bits:
            return 0
        bits = permissions.in_channel(
            bits,
            channel["permission_overwrites"],
            everyone=guild.id,
            held=_held(guild, user_id),
            user_id=user_id,
        )
        return bits & permissions.TIMED_OUT_MAY if self._timed_out(guild, user_id, bits) else bits

    def _in_thread(self, user_id: int, thread: Payload) -> int:
        bits = self.in_channel(user_id, int(thread["parent_id"]))
        if thread["type"] == PRIVATE_THREAD and not bits & permissions.MANAGE_THREADS:
            return bits if user_id in self._world.thread_members[int(thread["id"])] else 0
        return bits

    def _timed_out(self, guild: Guild, user_id: int, bits: int) -> bool:
        """Tell whether a member is in a timeout now; administrators never are."""
        until = guild.members[user_id]["communication_disabled_until"]
        if until is None or bits & permissions.ADMINISTRATOR:
            return False
        return moment(until) > self._world.clock()


def _held(guild: Guild, user_id: int) -> list[int]:
    return [guild.id, *(int(r) for r in guild.members[user_id]["roles"])]
