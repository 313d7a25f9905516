"""Prove how the playground's gateway treats clients that are wrong, slow or gone, on a bare websocket."""

import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.playground.gateway import connection, sessions
from bot.playground.server import Playground
from bot.playground.world.events import Event
from tests.guest import bot_token
from tests.person import Person
from tests.sockets import identify, socket


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground."""
    async with Playground.open(page=False) as opened:
        yield opened


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        pytest.param([{"op": 99}], 4001, id="an unknown opcode"),
        pytest.param([{"op": "2"}], 4001, id="an opcode that is no number"),
        pytest.param(["nonsense"], 4002, id="no JSON"),
        pytest.param([[1, 2]], 4002, id="no object"),
        pytest.param([{"op": 2, "d": 5}], 4002, id="an identify that is no object"),
        pytest.param([{"op": 1, "d": "x" * 5000}], 4002, id="too large a frame"),
        pytest.param([{"op": 3, "d": {}}], 4003, id="a presence before identifying"),
        pytest.param([{"op": 2, "d": identify("none")}], 4004, id="a token of nobody"),
        pytest.param([{"op": 2, "d": identify("$")}] * 2, 4005, id="identifying twice"),
        pytest.param([{"op": 1}] * 121, 4008, id="more than 120 frames a minute"),
        pytest.param([{"op": 2, "d": identify("$", shard=[2, 2])}], 4010, id="a shard beyond the last"),
        pytest.param([{"op": 2, "d": identify("$", shard=["0"])}], 4010, id="a shard that is none"),
        pytest.param([{"op": 2, "d": identify("$", intents=1 << 40)}], 4013, id="an unknown intent"),
    ],
)
async def test_nonsense_closes_the_socket(playground: Playground, frames: list[Any], code: int) -> None:
    """Each breach of the protocol has its close code."""
    token = await bot_token(playground)
    async with socket(playground) as opened:
        for frame in frames:
            text = frame if isinstance(frame, str) else json.dumps(frame)
            await opened.ws.send_str(text.replace("$", token))
        assert await opened.closed_with() == code


async def test_an_unknown_version_is_refused(playground: Playground) -> None:
    """Only version 10 in JSON is spoken."""
    for query in ("v=6&encoding=json", "v=10&encoding=etf"):
        async with socket(playground, query) as opened:
            assert await opened.closed_with() == 4012


async def test_an_unknown_compression_is_refused_before_the_handshake(playground: Playground) -> None:
    """A compression that cannot be done is refused with words, not with garbage."""
    url = f"{playground.url}/gateway?v=10&compress=brotli"
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        assert response.status == 400
        assert "zlib-stream" in (await response.json())["message"]


async def test_heartbeats_are_acknowledged_and_subscriptions_ignored(playground: Playground) -> None:
    """Op 1 brings op 11 at any time; op 14 of user clients does no harm."""
    async with socket(playground) as opened:
        await opened.send(1)
        await opened.receive(op=11)
        await opened.send(2, identify("Bot " + await bot_token(playground)))
        await opened.receive(name="READY")
        await opened.send(14, {"guild_id": "1"})
        await opened.send(1, 1)
        await opened.receive(op=11)


async def test_a_session_that_is_gone_cannot_be_resumed(playground: Playground) -> None:
    """Op 9 says so for an unknown session and for another's; identifying then works on the same socket."""
    token, other = await bot_token(playground), await bot_token(playground, "Other")
    async with socket(playground) as first:
        await first.send(2, identify(token))
        session_id = (await first.receive(name="READY"))["d"]["session_id"]
        for who, name in ((token, "unknown"), (other, session_id)):
            async with socket(playground) as opened:
                await opened.send(6, {"token": who, "session_id": name, "seq": 1})
                assert (await opened.receive(op=9))["d"] is False
                await opened.send(2, identify(who))
                await opened.receive(name="READY")


async def test_a_sequence_from_the_future_is_refused(playground: Playground) -> None:
    """Resuming after more than was ever sent closes with 4007."""
    token = await bot_token(playground)
    async with socket(playground) as first, socket(playground) as second:
        await first.send(2, identify(token))
        session_id = (await first.receive(name="READY"))["d"]["session_id"]
        await second.send(6, {"token": token, "session_id": session_id, "seq": 999})
        assert await second.closed_with() == 4007


async def test_resuming_replays_in_order_and_then_says_so(playground: Playground) -> None:
    """What was missed comes again under its own numbers, then RESUMED; the older socket is closed."""
    token = await bot_token(playground)
    async with socket(playground) as first, socket(playground) as second:
        await first.send(2, identify(token))
        ready = await first.receive(name="READY")
        await second.send(6, {"token": token, "session_id": ready["d"]["session_id"], "seq": ready["s"]})
        assert (await second.receive())["t"] == "GUILD_CREATE"
        resumed = await second.receive()
        assert (resumed["t"], resumed["s"]) == ("RESUMED", 3)
        assert await first.closed_with() == 4000


async def test_what_is_too_old_to_replay_ends_the_session(
    playground: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the replay buffer there is no resuming: op 9."""
    token = await bot_token(playground)
    bot_id = next(iter(playground.world.applications))
    async with socket(playground) as first:
        await first.send(2, identify(token))
        session_id = (await first.receive(name="READY"))["d"]["session_id"]
        playground.hub.drop(bot_id)
        await first.closed_with()
        for number in range(sessions.REPLAY_LIMIT):
            playground.hub.publish(Event("USER_UPDATE", {"n": number}))
        async with socket(playground) as second:
            await second.send(6, {"token": token, "session_id": session_id, "seq": 1})
            assert (await second.receive(op=9))["d"] is False


async def test_a_client_that_does_not_read_is_cut_off_and_can_come_back(playground: Playground) -> None:
    """A session may lag only so far; resumed, it receives everything it had missed."""
    token = await bot_token(playground)
    async with socket(playground) as slow, socket(playground) as again:
        await slow.send(2, identify(token))
        ready = await slow.receive(name="READY")
        for number in range(connection.LAG_LIMIT + 10):
            playground.hub.publish(Event("USER_UPDATE", {"n": number}))
        await slow.closed_with()
        data = {"token": token, "session_id": ready["d"]["session_id"], "seq": ready["s"]}
        await again.send(6, data)
        numbers = [
            (await again.receive(name="USER_UPDATE"))["d"]["n"] for _ in range(connection.LAG_LIMIT + 10)
        ]
        assert numbers == list(range(connection.LAG_LIMIT + 10))
        await again.receive(name="RESUMED")


async def test_each_zlib_message_ends_with_a_sync_flush(playground: Playground) -> None:
    """One context serves the whole connection, and every message can be read when it arrives."""
    url = playground.url.replace("http", "ws", 1) + "/gateway?v=10&encoding=json&compress=zlib-stream"
    async with aiohttp.ClientSession() as http, http.ws_connect(url) as ws:
        context = zlib.decompressobj()
        first = await ws.receive_bytes(timeout=5)
        assert first.endswith(b"\x00\x00\xff\xff")
        assert json.loads(context.decompress(first))["op"] == 10
        await ws.send_json({"op": 1, "d": None})
        assert json.loads(context.decompress(await ws.receive_bytes(timeout=5)))["op"] == 11


async def test_a_person_is_greeted_with_everything_they_see(playground: Playground) -> None:
    """READY of a person holds whole guilds and direct messages; the same name is the same person."""
    async with Person.open(playground, name="Mara") as mara, Person.open(playground, name="Bo") as bo:
        await mara.api("POST", "/users/@me/channels", {"recipient_id": bo.user["id"]})
        async with Person.open(playground, name="Mara") as again:
            assert again.user["id"] == mara.user["id"]
            (guild,) = again.guilds
            assert {"fireside", "harbour", "炉边"} <= {channel["name"] for channel in guild["channels"]}
            assert {"Mara", "Bo"} == {member["user"]["username"] for member in guild["members"]}
            assert [c["recipients"][0]["id"] for c in again.channels.values() if c["type"] == 1] == [
                bo.user["id"]
            ]
