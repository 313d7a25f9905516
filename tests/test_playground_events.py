"""Prove that the real discord.py can read every event of the playground: what it cannot read kills a bot."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest

from bot.playground.server import Playground
from tests.guest import Guest, bot_token, pointed_at, running
from tests.person import Person, Refused


class Listener(Guest):
    """Count every event that the gateway brings."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents.all(), chunk_guilds_at_startup=True)
        self.names: Counter[str] = Counter()

    async def on_socket_event_type(self, name: str) -> None:
        """Count one event."""
        self.names[name] += 1


async def test_discord_py_reads_every_event() -> None:
    """An administrator does all there is to do, and the bot lives to hear the last of it."""
    async with Playground.open(page=False, rate_limits=False) as playground:
        with pointed_at(playground):
            client = Listener()
            async with (
                running(client, await bot_token(playground)),
                Person.open(playground, name="Ada", roles=["admin"]) as ada,
                Person.open(playground, name="Bo") as bo,
            ):
                await _messages(ada, bo)
                await _threads(ada, bo)
                await _channels(ada)
                await _members(ada, bo)
                await _plans(ada, bo)
                await ada.say("fireside", "the last word")
                while not any(m.content == "the last word" for m in client.heard):
                    await client.wait_for("message", timeout=5)
                missing = EVENTS - client.names.keys()
                assert missing == set()


EVENTS = set(
    [
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_DELETE",
        "MESSAGE_DELETE_BULK",
        "TYPING_START",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_REACTION_REMOVE_ALL",
        "MESSAGE_REACTION_REMOVE_EMOJI",
        "CHANNEL_PINS_UPDATE",
        "MESSAGE_POLL_VOTE_ADD",
        "MESSAGE_POLL_VOTE_REMOVE",
        "THREAD_CREATE",
        "THREAD_UPDATE",
        "THREAD_DELETE",
        "THREAD_MEMBERS_UPDATE",
        "CHANNEL_CREATE",
        "CHANNEL_UPDATE",
        "CHANNEL_DELETE",
        "WEBHOOKS_UPDATE",
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_UPDATE",
        "GUILD_MEMBER_REMOVE",
        "GUILD_BAN_ADD",
        "GUILD_BAN_REMOVE",
        "PRESENCE_UPDATE",
        "GUILD_SCHEDULED_EVENT_CREATE",
        "GUILD_SCHEDULED_EVENT_UPDATE",
        "GUILD_SCHEDULED_EVENT_DELETE",
        "GUILD_SCHEDULED_EVENT_USER_ADD",
        "GUILD_SCHEDULED_EVENT_USER_REMOVE",
        "AUTO_MODERATION_RULE_CREATE",
        "AUTO_MODERATION_RULE_UPDATE",
        "AUTO_MODERATION_RULE_DELETE",
        "AUTO_MODERATION_ACTION_EXECUTION",
    ]
)


async def _messages(ada: Person, bo: Person) -> None:
    first = await ada.say("fireside", "a passage", page=("page.txt", b"ink"))
    path = f"/channels/{first['channel_id']}"
    await ada.api("PATCH", f"{path}/messages/{first['id']}", {"content": "a better passage"})
    await ada.api("POST", f"{path}/typing")
    for mark in ("🔥", "🌊"):
        await bo.api("PUT", f"{path}/messages/{first['id']}/reactions/{mark}/@me")
    await bo.api("DELETE", f"{path}/messages/{first['id']}/reactions/🔥/@me")
    await ada.api("DELETE", f"{path}/messages/{first['id']}/reactions/🌊")
    await bo.api("PUT", f"{path}/messages/{first['id']}/reactions/🔥/@me")
    await ada.api("DELETE", f"{path}/messages/{first['id']}/reactions")
    await ada.api("PUT", f"{path}/messages/pins/{first['id']}")
    await bo.say("fireside", "an answer", reply_to=first)
    await _poll(ada, bo, path)
    gone = [await ada.say("fireside", f"goes {number}") for number in range(3)]
    await ada.api("DELETE", f"{path}/messages/{gone[0]['id']}")
    await ada.api("POST", f"{path}/messages/bulk-delete", {"messages": [m["id"] for m in gone[1:]]})


async def _poll(ada: Person, bo: Person, path: str) -> None:
    answers = [{"poll_media": {"text": text}} for text in ("left", "right")]
    poll = {"question": {"text": "Where?"}, "answers": answers, "duration": 1}
    sent = await ada.api("POST", f"{path}/messages", {"poll": poll})
    for chosen in (["1"], []):
        await bo.api("PUT", f"{path}/polls/{sent['id']}/answers/@me", {"answer_ids": chosen})
    await ada.api("POST", f"{path}/polls/{sent['id']}/expire")


async def _threads(ada: Person, bo: Person) -> None:
    path = f"/channels/{ada.channel('fireside')['id']}"
    thread = await ada.api("POST", f"{path}/threads", {"name": "Apart", "type": 11})
    await bo.api("PUT", f"/channels/{thread['id']}/thread-members/@me")
    await bo.say(thread, "in here")
    await bo.api("DELETE", f"/channels/{thread['id']}/thread-members/@me")
    await ada.api("PATCH", f"/channels/{thread['id']}", {"archived": True})
    await ada.api("DELETE", f"/channels/{thread['id']}")
    start = await ada.say("fireside", "a thread begins")
    await ada.api("POST", f"{path}/messages/{start['id']}/threads", {"name": "From a message"})
    hidden = await ada.api("POST", f"{path}/threads", {"name": "Hidden", "type": 12})
    await ada.api("PUT", f"/channels/{hidden['id']}/thread-members/{bo.user['id']}")


async def _channels(ada: Person) -> None:
    guild = ada.guilds[0]["id"]
    for kind in (0, 4, 5, 15):
        made = await ada.api("POST", f"/guilds/{guild}/channels", {"name": "new", "type": kind})
        await ada.api("PATCH", f"/channels/{made['id']}", {"name": "renamed"})
        if kind == 15:
            post = {"name": "A post", "message": {"content": "begins"}}
            await ada.api("POST", f"/channels/{made['id']}/threads", post)
        await ada.api("DELETE", f"/channels/{made['id']}")
    harbour = f"/channels/{ada.channel('harbour')['id']}"
    hook = await ada.api("POST", f"{harbour}/webhooks", {"name": "Courier"})
    await ada.api("POST", f"/webhooks/{hook['id']}/{hook['token']}?wait=true", {"content": "by courier"})


async def _members(ada: Person, bo: Person) -> None:
    guild = ada.guilds[0]["id"]
    await bo.show_as("idle")
    await ada.wait_for("PRESENCE_UPDATE")
    await ada.api("PATCH", f"/guilds/{guild}/members/{bo.user['id']}", {"nick": "Bobo"})
    await ada.api("POST", "/users/@me/channels", {"recipient_id": bo.user["id"]})


async def _plans(ada: Person, bo: Person) -> None:
    guild = f"/guilds/{ada.guilds[0]['id']}"
    await _event(ada, bo, guild)
    rule = {"name": "Words", "event_type": 1, "trigger_type": 1, "enabled": True}
    rule |= {"trigger_metadata": {"keyword_filter": ["forbidden"]}, "actions": [{"type": 1, "metadata": {}}]}
    made = await ada.api("POST", f"{guild}/auto-moderation/rules", rule)
    one = f"{guild}/auto-moderation/rules/{made['id']}"
    await ada.api("PATCH", one, {"name": "Bad words"})
    await _blocked(bo)
    await ada.api("DELETE", one)
    ban = f"{guild}/bans/{bo.user['id']}"
    await ada.api("PUT", ban, {})
    await ada.api("DELETE", ban)


async def _event(ada: Person, bo: Person, guild: str) -> None:
    start = datetime.now(UTC) + timedelta(hours=1)
    plan: dict[str, Any] = {"name": "A contest", "privacy_level": 2, "entity_type": 3}
    plan |= {"scheduled_start_time": start.isoformat()}
    plan |= {"scheduled_end_time": (start + timedelta(hours=1)).isoformat()}
    plan |= {"entity_metadata": {"location": "fireside"}}
    event = await ada.api("POST", f"{guild}/scheduled-events", plan)
    one = f"{guild}/scheduled-events/{event['id']}"
    await bo.api("PUT", f"{one}/users/@me")
    await bo.api("DELETE", f"{one}/users/@me")
    await ada.api("PATCH", one, {"name": "A bigger contest"})
    await ada.api("DELETE", one)


async def _blocked(bo: Person) -> None:
    with pytest.raises(Refused) as refused:
        await bo.api("POST", f"/channels/{bo.channel('fireside')['id']}/messages", {"content": "forbidden"})
    assert refused.value.code == 200000
