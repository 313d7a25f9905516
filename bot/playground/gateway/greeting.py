"""Tell a gateway session what it starts with: READY, its guilds, and members when it asks for them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.playground.gateway import intents
from bot.playground.gateway.hub import dumps
from bot.playground.gateway.sessions import Session
from bot.playground.world.world import World

MEMBERS_PER_CHUNK: Final = 1000


def greet(world: World, session: Session, *, resume_url: str) -> None:
    """Push READY, which names a bot's guilds before GUILD_CREATE brings each, and holds a person's whole."""
    guilds = [guild.id for guild in world.guilds_of(session.user_id) if session.covers(guild.id)]
    ready: dict[str, Any] = {
        "v": 10,
        "user": world.users[session.user_id] | {"verified": True, "mfa_enabled": False, "email": None},
        "session_id": session.id,
        "session_type": "normal",
        "resume_gateway_url": resume_url,
        "private_channels": [],
        "relationships": [],
        "presences": [],
        "_trace": [],
    }
    if not session.bot:
        ready["guilds"] = [world.guild_payload(guild, session.user_id) for guild in guilds]
        ready["private_channels"] = world.directs_of(session.user_id)
        ready["user"]["locale"] = world.locales[session.user_id]
        session.push("READY", dumps(ready))
        return
    ready["guilds"] = [{"id": str(guild), "unavailable": True} for guild in guilds]
    ready["shard"] = [session.shard, session.shards]
    ready["application"] = {"id": str(session.user_id), "flags": 0}
    session.push("READY", dumps(ready))
    if session.intents & intents.GUILDS:
        for guild in guilds:
            session.push("GUILD_CREATE", dumps(world.guild_payload(guild, session.user_id)))


def member_chunks(world: World, session: Session, asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the GUILD_MEMBERS_CHUNK payloads that answer op 8, at most 1,000 members in each.

    Without GUILD_MEMBERS a bot that asks for everybody is told of itself alone.
    """
    guild_id = int(asked["guild_id"])
    guild = world.guilds.get(guild_id)
    if guild is None or session.user_id not in guild.members:
        return
    found, missing = _asked_members(world, session, asked, list(guild.members))
    chunks = [found[at : at + MEMBERS_PER_CHUNK] for at in range(0, len(found), MEMBERS_PER_CHUNK)] or [[]]
    for index, chunk in enumerate(chunks):
        data: dict[str, Any] = {
            "guild_id": str(guild_id),
            "members": [world.member_payload(guild_id, member) for member in chunk],
            "chunk_index": index,
            "chunk_count": len(chunks),
            "not_found": missing,
        }
        if asked.get("presences"):
            data["presences"] = []
        if asked.get("nonce"):
            data["nonce"] = asked["nonce"]
        yield data


def _asked_members(
    world: World, session: Session, asked: Mapping[str, Any], members: list[int]
) -> tuple[list[int], list[str]]:
    if "user_ids" in asked:
        ids = asked["user_ids"] if isinstance(asked["user_ids"], list) else [asked["user_ids"]]
        wanted = [int(user_id) for user_id in ids]
        return [u for u in wanted if u in members], [str(u) for u in wanted if u not in members]
    query, limit = str(asked["query"]).casefold(), int(asked["limit"])
    if not query and session.bot and not session.intents & intents.GUILD_MEMBERS:
        return [session.user_id], []
    found = [u for u in members if world.users[u]["username"].casefold().startswith(query)]
    return (found[:limit] if limit else found), []
