"""Prove the playground's gateway with the real discord.py client over real sockets."""

import asyncio
import functools
import importlib.util
import sys
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest

from bot.playground.server import Playground
from tests.guest import Guest, bot_token, pointed_at, running
from tests.person import Person


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground and point discord.py at it."""
    async with Playground.open(page=False) as opened:
        with pointed_at(opened):
            yield opened


@pytest.fixture(params=["none", "zlib-stream", "zstd-stream"])
def compression(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make discord.py ask for one of the gateway's compressions."""
    name: str = request.param
    if name == "none":
        asks = functools.partial(discord.gateway.DiscordWebSocket.from_client, compress=False)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "from_client", asks)
    elif name == "zlib-stream":
        monkeypatch.setattr(discord.utils, "_ActiveDecompressionContext", _zlib_context(monkeypatch))
    else:
        pytest.importorskip("zstandard")
        assert discord.utils._ActiveDecompressionContext.COMPRESSION_TYPE == "zstd-stream"
    return name


def _zlib_context(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give discord.py's own zlib reader, which it defines only where no zstd is installed."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    origin = discord.utils.__file__
    spec = importlib.util.spec_from_file_location("discord.utils_without_zstd", origin)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module._ActiveDecompressionContext


async def test_the_bot_works_with_every_compression(playground: Playground, compression: str) -> None:
    """With and without compression, a command goes out and its answer comes back, whole."""
    client = Guest()
    async with running(client, await bot_token(playground)), Person.open(playground, name="Mara") as mara:
        answer = await mara.command("hello", channel="fireside", options={"who": "炉火🔥" * 500})
        assert answer.message["content"].startswith("hello 炉火🔥")
        heard = await _heard(client, "hello")
        assert heard.content == answer.message["content"]
        assert compression


async def _heard(client: Guest, start: str) -> discord.Message:
    for message in client.heard:
        if message.content.startswith(start):
            return message
    found: discord.Message = await client.wait_for(
        "message", check=lambda m: m.content.startswith(start), timeout=5
    )
    return found


@pytest.mark.parametrize("fault", ["drop", "close 4000", "close 1000", "reconnect", "invalidate"])
async def test_a_session_is_resumed_with_nothing_missed(playground: Playground, fault: str) -> None:
    """After a broken socket, op 7 or a resumable op 9, the bot hears what was said in between."""
    client = Guest()
    async with running(client, await bot_token(playground)), Person.open(playground, name="Mara") as mara:
        assert client.user is not None
        me = client.user.id
        turns = {
            "drop": lambda: playground.hub.drop(me),
            "close 4000": lambda: playground.hub.close(me, 4000),
            "close 1000": lambda: playground.hub.close(me, 1000),
            "reconnect": lambda: playground.hub.reconnect(me),
            "invalidate": lambda: playground.hub.invalidate(me, True),
        }
        turns[fault]()
        await mara.say("fireside", "said meanwhile")
        async with asyncio.timeout(10):
            await client.resumed.wait()
        assert client.connects == 1
        await mara.say("fireside", "said after")
        await _heard_count(client, 2)


async def _heard_count(client: Guest, count: int) -> None:
    async with asyncio.timeout(5):
        while len(client.heard) < count:
            await client.wait_for("message")
    assert len({message.id for message in client.heard}) == count


async def test_an_invalid_session_starts_anew(playground: Playground) -> None:
    """After op 9 without the right to resume, the bot identifies again and goes on working."""
    client = Guest()
    async with running(client, await bot_token(playground)), Person.open(playground, name="Mara") as mara:
        assert client.user is not None
        playground.hub.invalidate(client.user.id, False)
        await client.wait_for("ready", timeout=15)
        assert client.connects == 2
        answer = await mara.command("hello", channel="fireside", options={"who": "again"})
        assert answer.message["content"] == "hello again in en-US"


async def test_two_shards_share_the_guilds(playground: Playground) -> None:
    """Each guild belongs to one shard, direct messages to shard 0; commands work through either."""

    class ShardedGuest(Guest, discord.AutoShardedClient):
        """Run the same bot on two shards."""

    client = ShardedGuest(shard_count=2)
    async with running(client, await bot_token(playground)), Person.open(playground, name="Mara") as mara:
        (guild,) = client.guilds
        assert guild.shard_id == (guild.id >> 22) % 2
        assert set(client.shards) == {0, 1}
        await mara.command("hello", channel="fireside", options={"who": "shards"})
        assert client.user is not None
        direct = await mara.api("POST", "/users/@me/channels", {"recipient_id": str(client.user.id)})
        await mara.say(direct, "just us")
        assert (await _heard(client, "just")).guild is None
        assert len(client.heard) == 2


@pytest.mark.parametrize("is_global", [False, True])
async def test_a_rate_limited_answer_arrives_later(playground: Playground, is_global: bool) -> None:
    """discord.py waits out a 429, of one route or of all, and then gets through."""
    async with (
        running(Guest(), await bot_token(playground)) as client,
        Person.open(playground, name="Mara") as mara,
    ):
        playground.faults.rate_limit("POST", "/messages", times=2, retry_after=0.05, is_global=is_global)
        channel = client.get_channel(int(mara.channel("fireside")["id"]))
        assert isinstance(channel, discord.TextChannel)
        await channel.send("at last")
        assert await mara.wait_for_message(lambda m: m["content"] == "at last")


async def test_a_failed_request_is_tried_again(playground: Playground) -> None:
    """discord.py repeats what met a 500."""
    async with (
        running(Guest(), await bot_token(playground)) as client,
        Person.open(playground, name="Mara") as mara,
    ):
        playground.faults.fail("POST", "/messages", status=500)
        channel = client.get_channel(int(mara.channel("fireside")["id"]))
        assert isinstance(channel, discord.TextChannel)
        await channel.send("at last")
        assert await mara.wait_for_message(lambda m: m["content"] == "at last")


async def test_privileged_intents_must_be_granted(playground: Playground) -> None:
    """An application without them is closed with 4014, which discord.py explains."""
    token = await bot_token(playground)
    (application,) = playground.world.applications.values()
    application.privileged_intents = False
    intents = discord.Intents.default()
    intents.message_content = True
    client = Guest(intents=intents)
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(client, token):
            pass


@pytest.mark.parametrize("granted", [False, True])
async def test_typed_messages_are_blank_without_the_content_intent(
    playground: Playground, granted: bool
) -> None:
    """Without the intent only mentions, direct messages and its own words reach the bot as text."""
    intents = discord.Intents.default()
    intents.message_content = granted
    client = Guest(intents=intents)
    async with running(client, await bot_token(playground)), Person.open(playground, name="Mara") as mara:
        assert client.user is not None
        direct = await mara.api("POST", "/users/@me/channels", {"recipient_id": str(client.user.id)})
        await mara.say("fireside", "a passage", page=("page.txt", b"ink"))
        await mara.say("fireside", f"<@{client.user.id}> hello")
        await mara.say(direct, "in private")
        await _heard_count(client, 3)
        passage, mention, private = client.heard
        assert passage.content == ("a passage" if granted else "")
        assert len(passage.attachments) == int(granted)
        assert mention.content.endswith("hello")
        assert private.content == "in private"


async def test_members_are_sent_when_asked_for(playground: Playground) -> None:
    """With the members intent, discord.py's request for all members or by name is answered."""
    intents = discord.Intents.default()
    intents.members = True
    client = Guest(intents=intents, chunk_guilds_at_startup=True)
    token = await bot_token(playground)
    async with Person.open(playground, name="Mara"), running(client, token):
        (guild,) = client.guilds
        assert guild.chunked
        assert {member.name for member in guild.members} == {"Mara", "Guest"}
        (found,) = await guild.query_members("mar")
        assert found.name == "Mara"
        assert [m.name for m in await guild.query_members(user_ids=[found.id, 1])] == ["Mara"]


async def test_a_wrong_token_cannot_log_in(playground: Playground) -> None:
    """discord.py is told that its token is no good."""
    with pytest.raises(discord.LoginFailure):
        async with running(Guest(), "MTIz.nothing.known"):
            pass
