"""Prove that the playground's answers have the shapes that Discord describes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.playground.server import Playground
from tests.openapi import violations_in_answer
from tests.playground_client import Client

ROW = {"type": 1, "components": [{"type": 2, "style": 1, "label": "a", "custom_id": "a"}]}
SELECT = {"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "b"}]}
IMAGE = {"url": "attachment://a.png"}
LAYOUT = {
    "type": 17,
    "components": [
        {"type": 10, "content": "x"},
        {"type": 14},
        {"type": 9, "components": [{"type": 10, "content": "y"}], "accessory": {"type": 11, "media": IMAGE}},
        {"type": 12, "items": [{"media": IMAGE}]},
        {"type": 13, "file": IMAGE},
    ],
}
POLL = {"question": {"text": "q"}, "answers": [{"poll_media": {"text": "a"}}] * 2, "duration": 1}
RULE = {
    "name": "n",
    "event_type": 1,
    "trigger_type": 1,
    "trigger_metadata": {"keyword_filter": ["x"]},
    "actions": [{"type": 1}],
}
EVENT = {
    "name": "n",
    "privacy_level": 2,
    "entity_type": 3,
    "scheduled_start_time": "2099-01-01T00:00:00Z",
    "scheduled_end_time": "2099-01-01T01:00:00Z",
    "entity_metadata": {"location": "x"},
}


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground."""
    async with Playground.open(page=False, rate_limits=False) as opened:
        yield opened


class Examiner:
    """Ask, and hold every answer to Discord's description."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Return the answer to a request; the test fails where its shape is wrong."""
        status, answer = await self._client.ask(method, path, body, **more)
        assert status < 300, answer
        assert violations_in_answer(method, path, status, answer) == []
        return answer


@pytest.fixture
async def ask(playground: Playground) -> AsyncIterator[Examiner]:
    """Add a bot that has the role admin."""
    async with Client.open(playground, "Loom", bot=True) as bot:
        guild = next(iter(playground.world.guilds.values()))
        admin = next(str(i) for i, r in guild.roles.items() if r["name"] == "admin")
        playground.world.update_member(guild.id, int(bot.id), roles=[admin])
        yield Examiner(bot)


@pytest.fixture
async def fireside(playground: Playground) -> str:
    """Name a channel's path."""
    channels = playground.world.channels.values()
    return f"/channels/{next(c['id'] for c in channels if c['name'] == 'fireside')}"


async def test_users_and_guilds(playground: Playground, ask: Examiner) -> None:
    """Users, applications, guilds, members, roles and channels."""
    guild = f"/guilds/{next(iter(playground.world.guilds))}"
    async with Client.open(playground, "Ann") as ann:
        for path in (
            "/users/@me",
            "/users/@me/guilds",
            f"/users/{ann.id}",
            "/applications/@me",
            "/oauth2/applications/@me",
            "/gateway/bot",
            "/gateway",
            guild,
            f"{guild}/channels",
            f"{guild}/roles",
            f"{guild}/bans",
            f"{guild}/members?limit=5",
            f"{guild}/members/{ann.id}",
            f"{guild}/members/search?query=a",
        ):
            await ask("GET", path)
        await ask("POST", "/users/@me/channels", {"recipient_id": ann.id})
        await ask("PATCH", f"{guild}/members/{ann.id}", {"nick": "Annie"})


async def test_messages(playground: Playground, ask: Examiner, fireside: str) -> None:
    """Messages of every kind, read one by one, in lists and among pins."""
    messages = f"{fireside}/messages"
    async with Client.open(playground, "Ann") as ann:
        embed = {
            "title": "t",
            "fields": [{"name": "a", "value": "b"}],
            "image": {"url": "https://a.org/a.png"},
        }
        body = {"content": f"<@{ann.id}>", "embeds": [embed], "components": [ROW]}
        first = await ask("POST", messages, body)
        layout = {"flags": 1 << 15, "components": [LAYOUT, {"type": 1, "components": [SELECT]}]}
        layout["attachments"] = [{"id": 0, "filename": "a.png"}]
        await ask("POST", messages, layout, files=[("a.png", b"x")])
        await ask("POST", messages, {"content": "re", "message_reference": {"message_id": first["id"]}})
        poll = await ask("POST", messages, {"poll": POLL})
        await ann.ask("PUT", f"{fireside}/polls/{poll['id']}/answers/@me", {"answer_ids": [1]})
        await ann.ask("PUT", f"{messages}/{first['id']}/reactions/👍/@me")
    await ask("GET", f"{fireside}/polls/{poll['id']}/answers/1")
    await ask("POST", f"{fireside}/polls/{poll['id']}/expire")
    await ask("PUT", f"{messages}/pins/{first['id']}")
    await ask("GET", f"{messages}/pins")
    await ask("GET", f"{messages}/{first['id']}/reactions/👍")
    await ask("PATCH", f"{messages}/{first['id']}", {"content": "z"})
    await ask("POST", f"{messages}/{first['id']}/threads", {"name": "t"})
    await ask("GET", f"{messages}/{first['id']}")
    await ask("GET", messages)


async def test_channels_and_threads(playground: Playground, ask: Examiner, fireside: str) -> None:
    """Channels, forums, posts, threads and their members."""
    guild = f"/guilds/{next(iter(playground.world.guilds))}"
    thread = await ask("POST", f"{fireside}/threads", {"name": "t", "type": 11})
    for path in ("", "/thread-members", "/thread-members/@me"):
        await ask("GET", f"/channels/{thread['id']}{path}")
    await ask("GET", f"{guild}/threads/active")
    await ask("PATCH", f"/channels/{thread['id']}", {"archived": True})
    await ask("GET", f"{fireside}/threads/archived/public")
    forum = await ask(
        "POST", f"{guild}/channels", {"name": "f", "type": 15, "available_tags": [{"name": "x"}]}
    )
    await ask("POST", f"/channels/{forum['id']}/threads", {"name": "p", "message": {"content": "x"}})
    await ask("PATCH", f"/channels/{forum['id']}", {"topic": "x"})
    await ask("DELETE", f"/channels/{forum['id']}")


async def test_webhooks_rules_and_events(playground: Playground, ask: Examiner, fireside: str) -> None:
    """Webhooks and what they write, AutoMod rules, scheduled events."""
    guild = f"/guilds/{next(iter(playground.world.guilds))}"
    hook = await ask("POST", f"{fireside}/webhooks", {"name": "h"})
    await ask("GET", f"{fireside}/webhooks")
    await ask("GET", f"/webhooks/{hook['id']}")
    sent = await ask("POST", f"/webhooks/{hook['id']}/{hook['token']}?wait=true", {"content": "x"})
    await ask("GET", f"/webhooks/{hook['id']}/{hook['token']}/messages/{sent['id']}")
    rule = await ask("POST", f"{guild}/auto-moderation/rules", RULE)
    await ask("GET", f"{guild}/auto-moderation/rules")
    await ask("PATCH", f"{guild}/auto-moderation/rules/{rule['id']}", {"name": "m"})
    event = await ask("POST", f"{guild}/scheduled-events", EVENT)
    await ask("GET", f"{guild}/scheduled-events")
    await ask("GET", f"{guild}/scheduled-events/{event['id']}/users")
