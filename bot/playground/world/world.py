"""Hold everything that the playground is: users, guilds, channels, messages, and who may see what."""

import base64
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bot.playground.channels import messages
from bot.playground.errors import Code, known
from bot.playground.world import permissions, shapes
from bot.playground.world.events import Event
from bot.playground.world.files import FileStore
from bot.playground.world.history import History
from bot.playground.world.rights import Rights
from bot.playground.world.snowflakes import Snowflakes, iso_time
from bot.playground.world.state import (
    DIRECT,
    THREADS,
    Application,
    Guild,
    Payload,
    Reaction,
    Upload,
    Whisper,
    archived,
)

Publish = Callable[[Event], None]


def _nobody(_event: Event) -> None:
    """Hear nothing."""


class World:
    """Hold the state, by integer ids; whatever changes is told to `publish`, then marked for the snapshot."""

    def __init__(self, publish: Publish = _nobody, *, clock: Callable[[], float] = time.time) -> None:
        self.publish = publish
        self.clock = clock
        self.snowflakes = Snowflakes(clock)
        self.shards = 1
        """How many shards /gateway/bot recommends."""
        self.users: dict[int, Payload] = {}
        self.locales: dict[int, str] = {}
        self.tokens: dict[str, int] = {}
        self.applications: dict[int, Application] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Payload] = {}
        """Guild channels, threads and direct messages alike."""
        self.recipients: dict[int, tuple[int, ...]] = {}
        """Direct message channel id → its two users."""
        self.thread_members: dict[int, dict[int, Payload]] = {}
        self.histories: dict[int, History] = {}
        self.whispers: dict[int, Whisper] = {}
        self.reactions: dict[int, dict[str, Reaction]] = {}
        self.votes: dict[int, dict[int, list[int]]] = {}
        """Message id → poll answer id → voters."""
        self.webhooks: dict[int, Payload] = {}
        self.nonces: dict[tuple[int, str], int] = {}
        """(Author, nonce) → id of the message that was sent with it."""
        self.open_polls: dict[int, int] = {}
        """Message id → channel id, of polls that still take votes."""
        self.files = FileStore()
        self.base_url = ""
        """The server's own address, for attachment links."""
        self.changed = False
        """Something other than messages changed since the last snapshot."""
        self.changed_messages: dict[int, int] = {}
        """Message id → channel id, of messages that changed since then."""
        self._rights = Rights(self)

    def create_user(self, name: str, bot: bool = False, locale: str = "en-US") -> Payload:
        """Add a user, in no guild yet and with no token, and return it in Discord's shape."""
        user_id = self.snowflakes.next()
        user = self.users[user_id] = shapes.user(user_id, name, bot=bot)
        self.locales[user_id] = locale
        self.changed = True
        return user

    def create_application(self, name: str, guild_id: int) -> tuple[Application, str]:
        """Add an application whose bot joins a guild with a managed role; return it and the bot's token."""
        user_id = int(self.create_user(name, bot=True)["id"])
        application = self.applications[user_id] = Application(user_id, name)
        role = self.create_role(guild_id, name, permissions.BOT, tags={"bot_id": str(user_id)})
        self.add_member(guild_id, user_id, [int(role["id"])])
        return application, self.issue_token(user_id)

    def issue_token(self, user_id: int) -> str:
        """Give a user a new token; a bot's begins with its application id in base64, as libraries expect."""
        head = base64.b64encode(str(user_id).encode()).decode().rstrip("=")
        token = f"{head}.{secrets.token_urlsafe(6)}.{secrets.token_urlsafe(24)}"
        self.tokens[token] = user_id
        self.changed = True
        return token

    def user_of(self, token: str) -> int | None:
        """Return the user id that a raw token belongs to."""
        return self.tokens.get(token)

    def is_bot(self, user_id: int) -> bool:
        """Tell whether a user is an application's bot."""
        return user_id in self.applications

    def create_guild(self, name: str, owner_id: int) -> Guild:
        """Add a guild with its role @everyone; the owner is not made a member."""
        guild_id = self.snowflakes.next()
        guild = self.guilds[guild_id] = Guild(shapes.guild(guild_id, name, owner_id))
        guild.roles[guild_id] = shapes.role(guild_id, "@everyone", permissions.EVERYONE, position=0)
        self.changed = True
        return guild

    def create_role(self, guild_id: int, name: str, bits: int, *, tags: Payload | None = None) -> Payload:
        """Add a role above the others of its guild."""
        guild = self.guilds[guild_id]
        role_id = self.snowflakes.next()
        role = guild.roles[role_id] = shapes.role(role_id, name, bits, position=len(guild.roles), tags=tags)
        self.emit("GUILD_ROLE_CREATE", {"guild_id": str(guild_id), "role": role}, guild_id=guild_id)
        self.rights_changed()
        return role

    def add_member(self, guild_id: int, user_id: int, role_ids: Iterable[int] = ()) -> Payload:
        """Let a user join a guild, which hears GUILD_MEMBER_ADD; they themselves hear GUILD_CREATE."""
        guild = self.guilds[guild_id]
        guild.members[user_id] = shapes.member(list(role_ids), iso_time(self.snowflakes.next()))
        self.rights_changed()
        payload = self.member_payload(guild_id, user_id)
        self.emit("GUILD_MEMBER_ADD", {**payload, "guild_id": str(guild_id)}, guild_id=guild_id)
        self.emit("GUILD_CREATE", self.guild_payload(guild_id, user_id), guild_id=guild_id, to={user_id})
        return payload

    def update_member(self, guild_id: int, user_id: int, **changes: Any) -> Payload:
        """Change a member's fields (`roles` as a list of strings, `nick`, …)."""
        self.guilds[guild_id].members[user_id].update(changes)
        self.rights_changed()
        payload = self.member_payload(guild_id, user_id)
        self.emit("GUILD_MEMBER_UPDATE", {**payload, "guild_id": str(guild_id)}, guild_id=guild_id)
        return payload

    def member_payload(self, guild_id: int, user_id: int) -> Payload:
        """Return a guild member with its user. Raises 10007 where they are none."""
        member = self.guilds[guild_id].members.get(user_id)
        if member is None:
            raise known(Code.UNKNOWN_MEMBER)
        return {"user": self.users[user_id], **member}

    def guild_payload(self, guild_id: int, user_id: int) -> Payload:
        """Return a guild as GUILD_CREATE gives it to a user: with all that they may see."""
        guild = self.guilds[guild_id]
        seen = [c for c in self.channels_of(guild_id) if self.may_view(user_id, int(c["id"]))]
        return {
            **guild.data,
            "roles": list(guild.roles.values()),
            "channels": [c for c in seen if c["type"] not in THREADS],
            "threads": [
                self.thread_payload(c, user_id) for c in seen if c["type"] in THREADS and not archived(c)
            ],
            "members": [self.member_payload(guild_id, m) for m in guild.members],
            "member_count": len(guild.members),
            "joined_at": guild.members[user_id]["joined_at"],
            "guild_scheduled_events": list(guild.scheduled.values()),
            **shapes.NOT_KEPT,
        }

    def guilds_of(self, user_id: int) -> list[Guild]:
        """Return the guilds that a user is in."""
        return [g for g in self.guilds.values() if user_id in g.members]

    def create_channel(self, guild_id: int, name: str, kind: int = 0, **fields: Any) -> Payload:
        """Add a guild channel that is no thread; `fields` are further fields of Discord's channel object."""
        channel_id = self.snowflakes.next()
        position = sum(1 for c in self.channels_of(guild_id) if c["type"] not in THREADS)
        channel = shapes.channel(channel_id, guild_id, name, kind, position=position) | fields
        self.channels[channel_id] = channel
        self.histories[channel_id] = History()
        self.rights_changed()
        self.emit("CHANNEL_CREATE", channel, guild_id=guild_id, channel_id=channel_id)
        return channel

    def open_direct(self, user_id: int, other_id: int) -> Payload:
        """Return the direct message channel of two users, opening it when there is none."""
        pair = tuple(sorted((user_id, other_id)))
        for channel_id, people in self.recipients.items():
            if people == pair:
                return self.channels[channel_id]
        channel_id = self.snowflakes.next()
        self.recipients[channel_id] = pair
        self.channels[channel_id] = shapes.direct(channel_id)
        self.histories[channel_id] = History()
        self.rights_changed()
        for reader in pair:
            self.emit("CHANNEL_CREATE", self.channel_payload(channel_id, reader), to={reader})
        return self.channels[channel_id]

    def channels_of(self, guild_id: int) -> list[Payload]:
        """Return a guild's channels and threads."""
        wanted = str(guild_id)
        return [c for c in self.channels.values() if c.get("guild_id") == wanted]

    def directs_of(self, user_id: int) -> list[Payload]:
        """Return a user's direct message channels, as READY's `private_channels` gives them."""
        return [
            self.channel_payload(c, user_id) for c, people in self.recipients.items() if user_id in people
        ]

    def channel_payload(self, channel_id: int, user_id: int) -> Payload:
        """Return a channel as a user sees it."""
        channel = self.channels[channel_id]
        if channel["type"] == DIRECT:
            others = [self.users[u] for u in self.recipients[channel_id] if u != user_id]
            return {**channel, "recipients": others}
        return self.thread_payload(channel, user_id) if channel["type"] in THREADS else channel

    def thread_payload(self, thread: Payload, user_id: int) -> Payload:
        """Return a thread, with the user's own membership where they have joined."""
        member = self.thread_members[int(thread["id"])].get(user_id)
        return thread if member is None else {**thread, "member": member}

    def guild_of(self, channel_id: int) -> int | None:
        """Return the guild that a channel is in; None for a direct message."""
        guild_id = self.channels[channel_id].get("guild_id")
        return None if guild_id is None else int(guild_id)

    def may_view(self, user_id: int, channel_id: int) -> bool:
        """Tell whether a user may see a channel."""
        return bool(self.permissions(user_id, channel_id) & permissions.VIEW_CHANNEL)

    def permissions(self, user_id: int, channel_id: int) -> int:
        """Return a user's permission bits in a channel; 0 where there is no such channel for them."""
        return self._rights.in_channel(user_id, channel_id)

    def guild_permissions(self, user_id: int, guild_id: int) -> int:
        """Return a member's permission bits in the whole guild; 0 for who is not in it."""
        return self._rights.in_guild(user_id, guild_id)

    def rights_changed(self) -> None:
        """Count every permission anew from now on: roles, members or channels changed."""
        self._rights.forget()
        self.changed = True

    def create_message(
        self,
        channel_id: int,
        author_id: int,
        payload: Payload,
        *,
        files: Sequence[Upload] = (),
        interaction: Payload | None = None,
        ephemeral_for: int | None = None,
    ) -> Payload:
        """Write a message that `limits.check_message` has passed, tell who may see it, and return it.

        `interaction` holds the fields that an answer adds (`type`, `application_id`, `webhook_id`,
        `interaction_metadata`, …); with `ephemeral_for` that user alone ever sees the message.
        """
        return messages.create(
            self,
            channel_id,
            author_id,
            payload,
            files=files,
            extra=interaction or {},
            ephemeral_for=ephemeral_for,
        )

    def find_message(self, channel_id: int, message_id: int) -> Payload | None:
        """Return a message of a channel, an ephemeral one too, in its stored form."""
        whisper = self.whispers.get(message_id)
        if whisper is not None and whisper.message["channel_id"] == str(channel_id):
            return whisper.message
        history = self.histories.get(channel_id)
        return None if history is None else history.get(message_id)

    def emit(
        self,
        name: str,
        data: Payload,
        *,
        guild_id: int | None = None,
        channel_id: int | None = None,
        to: Iterable[int] | None = None,
    ) -> None:
        """Publish an event to a guild, to who may view a channel, or to these users alone."""
        self.changed = True
        self.publish(Event(name, data, guild_id, channel_id, None if to is None else frozenset(to)))

    def emit_in(self, channel_id: int, name: str, data: Payload, to: int | None = None) -> None:
        """Publish an event about something in a channel, or about a message that one user sees."""
        guild_id = self.guild_of(channel_id)
        if guild_id is not None:
            data = {**data, "guild_id": str(guild_id)}
        only = None if to is None else frozenset((to,))
        self.publish(Event(name, data, guild_id, channel_id, only))
