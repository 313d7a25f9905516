"""Lose, slow down and break the connection to Discord: stories go on, and no words are lost or doubled."""

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import aiohttp
import discord
import pytest
from discord.gateway import DiscordWebSocket

from bot import composition
from bot.client import StoryBot
from bot.config import Config
from bot.engine.engine import Engine
from bot.errors import StartError
from tests.person import Person
from tests.scripted import ScriptedBackend
from tests.stage import Stage, answered, eventually, refused, saying, with_button

HERE = "fireside"
BELL = "A bell rang far below the water, twice, and then the tide forgot it."
LONG = "灯塔的光一圈一圈扫过海面，没有人知道它在等谁。🌊" * 100


def without_zstandard(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load a second copy of discord.utils as it is on a machine without the zstandard package."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    spec = importlib.util.spec_from_file_location("discord.utils_without_zstandard", discord.utils.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("compression", ["none", "zlib-stream", "zstd-stream"])
async def test_a_story_is_told_over_every_compression(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str
) -> None:
    """Long Chinese text and emoji come through whole, both ways."""
    if compression == "none":
        monkeypatch.setitem(vars(DiscordWebSocket)["from_client"].__func__.__kwdefaults__, "compress", False)
    elif compression == "zlib-stream":
        context = without_zstandard(monkeypatch)._ActiveDecompressionContext
        monkeypatch.setattr(discord.utils, "_ActiveDecompressionContext", context)
    else:
        pytest.importorskip("zstandard")
    if compression != "none":
        chosen = discord.utils._ActiveDecompressionContext
        assert compression == chosen.COMPRESSION_TYPE
    async with Stage.open(tmp_path) as stage:
        mara = await stage.seat("Mara")
        await stage.begin(mara, free_typing=True)
        await mara.command("write", channel=HERE, options={"text": LONG})
        await mara.wait_for_message(with_button("Undo"))
        said = await mara.say(HERE, LONG[:1900])
        await taken(mara, said["id"])
        await stage.narrate(mara, BELL)
        assert await stage.told() == [LONG, LONG[:1900], BELL]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Log in without the five seconds that Discord wants between two logins."""

    async def no_pause(_bot: StoryBot, _shard: int | None, *, initial: bool = False) -> None:
        return None

    monkeypatch.setattr(StoryBot, "before_identify_hook", no_pause)


async def taken(person: Person, message_id: str) -> None:
    """Wait until the bot has signed a typed passage."""
    await person._heard(("MESSAGE_REACTION_ADD",), lambda data: data["message_id"] == message_id)


@pytest.mark.usefixtures("at_once")
async def test_two_shards_tell_two_stories(tmp_path: Path) -> None:
    """A server of each shard has its own; direct messages come to shard 0."""
    async with Stage.open(tmp_path, settings={"discord": {"shards": 2}}, playing=False) as stage:
        world = stage.playground.world
        (home,) = world.guilds
        owner = int(world.guilds[home].data["owner_id"])
        bot_id = next(iter(world.applications))
        mara = await stage.seat("Mara")
        other = world.create_guild("Elsewhere", owner)
        while (other.id >> 22) % 2 == (home >> 22) % 2:
            other = world.create_guild("Elsewhere", owner)
        channel = world.create_channel(other.id, "attic")
        for user in (bot_id, int(mara.user["id"])):
            world.add_member(other.id, user)
        await stage.enter()
        assert sorted(stage.bot.shards) == [0, 1]
        mara.channels[channel["id"]] = channel
        direct = await mara.api("POST", "/users/@me/channels", {"recipient_id": bot_id})
        for where, words in (
            (HERE, "By the fire."),
            (channel, "In the attic."),
            (direct, "Under the blanket."),
        ):
            await stage.begin(mara, where)
            await stage.write(mara, words, where)
            assert await stage.told(where) == [words]


@pytest.mark.parametrize("breach", ["drop", "reconnect", "close", "invalidate"])
async def test_a_resumed_session_loses_and_doubles_nothing(stage: Stage, breach: str) -> None:
    """Whatever ended the socket, everything typed around it is taken once, in order."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    stage.script.says(BELL)
    stage.script.hold(after=10)
    await mara.command("continue", channel=HERE)
    await mara.wait_for_message(with_button("Stop"))
    resumed = asyncio.create_task(stage.bot.wait_for("shard_resumed", timeout=10))
    before = [await mara.say(HERE, f"Before {number}.") for number in range(3)]
    hub = stage.playground.hub
    match breach:
        case "drop":
            hub.drop(stage.user_id)
        case "reconnect":
            hub.reconnect(stage.user_id)
        case "close":
            hub.close(stage.user_id, 4000)
        case "invalidate":
            hub.invalidate(stage.user_id, True)
    after = [await mara.say(HERE, f"After {number}.") for number in range(3)]
    await resumed
    for said in (*before, *after):
        await taken(mara, said["id"])
    stage.script.go_on()
    await mara.wait_for_message(saying("Mara's words are in the story.", button="Continue"))
    assert await stage.told() == [BELL, *(said["content"] for said in (*before, *after))]


@pytest.mark.usefixtures("at_once")
async def test_a_lost_session_is_begun_anew(stage: Stage) -> None:
    """Op 9 without resuming: the bot logs in again, and the narrator had never stopped."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    stage.script.says(BELL)
    stage.script.hold(after=10)
    await mara.command("continue", channel=HERE)
    await mara.wait_for_message(with_button("Stop"))
    ready = asyncio.create_task(stage.bot.wait_for("shard_ready", timeout=20))
    stage.playground.hub.invalidate(stage.user_id, False)
    stage.script.go_on()
    shown = await mara.wait_for_message(saying(BELL, button="Retry"))
    await ready
    await mara.click(shown, "Undo")
    await mara.wait_for_message(saying("took this passage back"))


@pytest.mark.parametrize("is_global", [False, True])
async def test_rate_limits_slow_the_bot_down_and_lose_nothing(stage: Stage, is_global: bool) -> None:
    """429 on messages, edits, reactions and answers to commands is waited out, unseen by people."""
    mara = await stage.seat("Mara")
    faults = stage.playground.faults
    for method, path in (
        ("POST", r"/channels/\d+/messages$"),
        ("PATCH", r"/channels/\d+/messages/\d+$"),
        ("PUT", "/reactions/"),
        ("POST", "/interactions/"),
        ("PATCH", "/webhooks/"),
    ):
        faults.rate_limit(method, path, retry_after=0.1, is_global=is_global)
    await stage.begin(mara, free_typing=True)
    await stage.write(mara, "One.")
    await stage.narrate(mara, BELL)
    said = await mara.say(HERE, "Two.")
    await taken(mara, said["id"])
    await answered(await mara.command("story show", channel=HERE))
    assert await stage.told() == ["One.", BELL, "Two."]
    assert sum(request.status == 429 for request in stage.playground.requests) == 5


async def test_the_playgrounds_own_limits_are_kept(tmp_path: Path) -> None:
    """With Discord's buckets counting, a busy channel is served without a single 429."""
    async with Stage.open(tmp_path, rate_limits=True) as stage:
        mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
        await stage.begin(mara)
        await asyncio.gather(
            *(mara.command("write", channel=HERE, options={"text": f"Mara {n}."}) for n in range(3)),
            *(jun.command("write", channel=HERE, options={"text": f"Jun {n}."}) for n in range(3)),
        )
        for words in ("Mara 0.", "Mara 1.", "Mara 2.", "Jun 0.", "Jun 1.", "Jun 2."):
            await mara.wait_for_message(saying(words), timeout=20)
        assert len(await stage.told()) == 6
        assert [r for r in stage.playground.requests if r.status == 429] == []


async def test_a_server_error_is_tried_again(stage: Stage) -> None:
    """A single 500 is not even noticed."""
    mara = await stage.seat("Mara")
    faults = stage.playground.faults
    await stage.begin(mara)
    faults.fail("POST", r"/channels/\d+/messages$", status=500)
    faults.fail("POST", "/interactions/", status=502)
    await stage.narrate(mara, BELL)
    assert await stage.told() == [BELL]


async def test_when_discord_is_down_the_words_are_safe(stage: Stage) -> None:
    """Who writes is told that the words are in the story; who asked the narrator, to try again."""
    mara = await stage.seat("Mara")
    faults = stage.playground.faults
    await stage.begin(mara, free_typing=True)
    faults.fail("POST", r"/channels/\d+/messages$", status=503)
    answer = await mara.command("write", channel=HERE, options={"text": "Kept."})
    await refused(answer, "Your passage is in the story, but Discord did not let me show it")
    faults.fail("POST", r"/channels/\d+/messages$", status=503)
    await refused(await mara.command("continue", channel=HERE), "Discord does not answer me just now.")
    faults.fail("PUT", "/reactions/", status=503)
    said = await mara.say(HERE, "Typed.")
    below = saying("Mara's words are in the story.", button="Undo")
    await mara.wait_for_message(lambda m: int(m["id"]) > int(said["id"]) and below(m))
    assert mara.current(said)["content"] == "Typed."
    assert await stage.told() == ["Kept.", "Typed."]
    stage.script.hold(after=20)
    stage.script.says(f"{BELL} It came back.")
    await mara.command("continue", channel=HERE)
    writing = await mara.wait_for_message(with_button("Stop"))
    faults.fail("PATCH", f"/messages/{writing['id']}", status=503)
    await mara.wait_for_message(saying("A bell rang", button="Stop"))
    stage.script.go_on()
    await mara.wait_for_message(saying("It came back.", button="Retry"))


async def test_a_sign_of_thinking_that_stays_is_no_failure(stage: Stage) -> None:
    """After a long wait Discord no longer knows the interaction; nobody is told to try again what is done."""
    stage.allow(status=404)
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    stage.playground.faults.fail("DELETE", "/messages/@original", status=404, code=10015)
    await stage.write(mara, "Once.")
    await stage.narrate(mara, BELL)
    assert await stage.told() == ["Once.", BELL]
    assert not [m for m in mara.messages(HERE) if "went wrong" in m["content"]]


class BreakingLine:
    """Lose the connection at the next requests of one kind."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cls: type, name: str) -> None:
        self.left = 0
        real = getattr(cls, name)

        async def attempt(*args: object, **kwargs: object) -> object:
            if self.left:
                self.left -= 1
                raise aiohttp.ServerDisconnectedError
            return await real(*args, **kwargs)

        monkeypatch.setattr(cls, name, attempt)


async def test_a_lost_connection_doubles_no_words(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wrote is told that the words are there, not to send them again."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    BreakingLine(monkeypatch, discord.PartialMessageable, "send").left = 1
    answer = await mara.command("write", channel=HERE, options={"text": "Kept."})
    await refused(answer, "Your passage is in the story")
    assert await stage.told() == ["Kept."]


async def test_a_lost_connection_does_not_break_a_narration(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit that fails is made again; the passage stays in its message."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    stage.script.hold(after=20)
    stage.script.says(f"{BELL} It came back.")
    await mara.command("continue", channel=HERE)
    writing = await mara.wait_for_message(with_button("Stop"))
    line = BreakingLine(monkeypatch, discord.PartialMessage, "edit")
    line.left = 1
    await mara.wait_for_message(saying("A bell rang", button="Stop"))
    assert line.left == 0
    stage.script.go_on()
    done = await mara.wait_for_message(saying("It came back.", button="Retry"))
    assert done["id"] == writing["id"]


@asynccontextmanager
async def scripted_engine(_config: Config) -> AsyncIterator[Engine]:
    """Open an engine without a model."""
    async with Engine.open(ScriptedBackend()) as engine:
        yield engine


async def test_the_bot_runs_without_the_message_content_intent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord refuses the intent: the bot comes back without it, and free typing says why it is off."""
    monkeypatch.setattr(composition, "open_engine", scripted_engine)
    async with Stage.open(tmp_path, playing=False) as stage:
        (application,) = stage.playground.world.applications.values()
        application.privileged_intents = False
        running = asyncio.create_task(composition.run(stage.config, reread=Config))
        mara = await stage.seat("Mara")

        async def online() -> bool:
            assert not running.done(), running.exception()
            return stage.playground.hub.online(application.id) and bool(application.commands)

        await eventually(online)
        options = {"title": "The Lamp", "free_typing": True}
        await refused(
            await mara.command("story start", channel=HERE, options=options), "message content intent"
        )
        await mara.command("story start", channel=HERE, options={"title": "The Lamp"})
        await mara.wait_for_message(with_button("Continue"))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert stage.log.says("discord does not grant the message content intent; free typing is off")


async def test_a_wrong_token_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host reads what to do, and the program ends."""
    monkeypatch.setattr(composition, "open_engine", scripted_engine)
    async with Stage.open(tmp_path, playing=False) as stage:
        stage.allow(status=401)
        stage.playground.world.tokens.clear()
        with pytest.raises(StartError, match="refuses the token"):
            await composition.run(stage.config, reread=Config)
