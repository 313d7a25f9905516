"""Find whom a message mentions, as far as its author and `allowed_mentions` let it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.playground.world import permissions

if TYPE_CHECKING:
    from bot.playground.world.world import World

_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")


@dataclass(frozen=True, slots=True)
class Mentions:
    """Hold the ids that a message pings."""

    users: tuple[int, ...] = ()
    roles: tuple[int, ...] = ()
    everyone: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """Hold `allowed_mentions` in a form that can be asked; None allows every id."""

    users: frozenset[int] | None = None
    roles: frozenset[int] | None = None
    everyone: bool = True
    replied_user: bool = True


def allowed(body: Mapping[str, Any] | None) -> Allowed:
    """Read `allowed_mentions`; without it everything is allowed, with it only what it names."""
    if body is None:
        return Allowed()
    parse = body.get("parse") or []
    return Allowed(
        users=None if "users" in parse else _ids(body.get("users")),
        roles=None if "roles" in parse else _ids(body.get("roles")),
        everyone="everyone" in parse,
        replied_user=bool(body.get("replied_user", False)),
    )


def find(
    world: "World",
    channel_id: int,
    author_id: int,
    text: str,
    allow: Allowed,
    *,
    replied_to: int | None = None,
) -> Mentions:
    """Return whom a text pings; `replied_to` is the author of the message it answers."""
    replied = (replied_to,) if replied_to is not None and allow.replied_user else ()
    if "@" not in text:
        return Mentions(users=replied)
    loud = bool(world.permissions(author_id, channel_id) & permissions.MENTION_EVERYONE)
    users = [u for u in map(int, _USER.findall(text)) if u in world.users and _in(u, allow.users)]
    return Mentions(
        users=tuple(dict.fromkeys((*users, *replied))),
        roles=_roles(world, channel_id, text, allow, loud=loud),
        everyone=loud and allow.everyone and bool(_EVERYONE.search(text)),
    )


def _roles(world: "World", channel_id: int, text: str, allow: Allowed, *, loud: bool) -> tuple[int, ...]:
    guild_id = world.guild_of(channel_id)
    if guild_id is None:
        return ()
    roles = world.guilds[guild_id].roles
    named = dict.fromkeys(map(int, _ROLE.findall(text)))
    return tuple(r for r in named if r in roles and _in(r, allow.roles) and (loud or roles[r]["mentionable"]))


def _ids(values: Any) -> frozenset[int]:
    return frozenset(int(v) for v in values or ())


def _in(number: int, ids: frozenset[int] | None) -> bool:
    return ids is None or number in ids
