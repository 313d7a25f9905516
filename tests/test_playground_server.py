"""Prove what stands around the playground's routes: guards, limits, faults, the record, files, snapshots."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from aiohttp import ClientSession

from bot.errors import StartError
from bot.playground import server
from bot.playground.channels import threads, voting
from bot.playground.http import password
from bot.playground.http.ratelimit import MAJOR, rule
from bot.playground.http.security import host_allowed, is_loopback, origin_allowed
from bot.playground.server import Playground
from bot.playground.world.defaults import furnish
from bot.playground.world.events import Event
from bot.playground.world.world import World
from tests.guest import pointed_at
from tests.playground_client import Client


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground."""
    async with Playground.open() as opened:
        yield opened


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    """Open a client that keeps cookies of addresses, as a browser does."""
    async with ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


# Guards


@pytest.mark.parametrize(
    ("header", "bound", "allowed"),
    [
        ("127.0.0.1:8300", "127.0.0.1", True),
        ("localhost:8300", "127.0.0.1", True),
        ("LOCALHOST", "127.0.0.1", True),
        ("[::1]:8300", "127.0.0.1", True),
        ("evil.example:8300", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("192.168.0.5", "127.0.0.1", False),
        ("192.168.0.5", "0.0.0.0", True),
        ("evil.example", "0.0.0.0", False),
        ("story.lan:8300", "story.lan", True),
        ("user@127.0.0.1:8300", "127.0.0.1", False),
        ("x;script-src *@127.0.0.1", "127.0.0.1", False),
        ("127.0.0.1:80;script-src *", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("[", "127.0.0.1", False),
    ],
)
def test_only_the_servers_own_names_are_answered(header: str, bound: str, allowed: bool) -> None:
    """A rebound DNS name is not one of them."""
    assert host_allowed(header, bound) is allowed


def test_only_the_servers_own_page_may_ask() -> None:
    """Another site's, another port's and a hidden origin are refused; no origin is no page."""
    assert origin_allowed(None, "127.0.0.1:8300")
    assert origin_allowed("http://127.0.0.1:8300", "127.0.0.1:8300")
    for origin in ("http://evil.example", "http://127.0.0.1:8301", "null", "https://127.0.0.1:8300"):
        assert not origin_allowed(origin, "127.0.0.1:8300")
    assert is_loopback("127.8.8.8")
    assert not is_loopback("0.0.0.0")


async def test_foreign_hosts_and_origins_are_turned_away(playground: Playground, http: ClientSession) -> None:
    """Over a socket too, on every path and on the gateway."""
    for path in ("/", "/playground/state", "/api/v10/gateway", "/gateway"):
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            async with http.get(playground.url + path, headers=headers) as response:
                assert response.status == 403


async def test_the_page_has_a_strict_policy(playground: Playground, http: ClientSession) -> None:
    """The page loads nothing from elsewhere and cannot be framed; other files are out of reach."""
    async with http.get(playground.url) as response:
        policy = response.headers["Content-Security-Policy"]
        assert response.status == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    for path in ("/page/..%2fserver.py", "/page/%2e%2e/server.py", "/page/none.js", "/page//etc/passwd"):
        async with http.get(yarl.URL(playground.url + path, encoded=True)) as response:
            assert response.status == 404


async def test_the_page_stands_at_one_address(playground: Playground, http: ClientSession) -> None:
    """Whoever asks for localhost is sent to the address that links to files name."""
    url = playground.url.replace("127.0.0.1", "localhost")
    async with http.get(url, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, playground.url + "/")


async def test_an_open_address_needs_a_password(http: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one it does not start; with one, /playground wants it once and then a cookie."""
    monkeypatch.setattr(password, "GUESS_SECONDS", 0.0)
    with pytest.raises(StartError):
        async with Playground.open(host="0.0.0.0"):
            pass
    async with Playground.open(host="0.0.0.0", password="sesame") as playground:
        seats = playground.url + "/playground/seats"
        async with http.post(seats, json={"name": "Ann"}) as response:
            assert response.status == 401
        async with http.post(playground.url + "/playground/password", json={"password": "x"}) as response:
            assert response.status == 403
        async with http.post(
            playground.url + "/playground/password", json={"password": "sesame"}
        ) as response:
            assert response.status == 204
            cookie = response.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
        async with http.post(seats, json={"name": "Ann"}) as response:
            assert response.status == 200


async def test_guesses_wait_for_each_other(http: ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """The right word is not found sooner by guessing many at once."""
    monkeypatch.setattr(password, "GUESS_SECONDS", 0.02)
    answered: list[int] = []

    async def guess(url: str, word: str) -> None:
        async with http.post(url, json={"password": word}) as response:
            answered.append(response.status)

    async with Playground.open(page=False, password="sesame") as playground:
        url = playground.url + "/playground/password"
        wrong = [asyncio.create_task(guess(url, "x")) for _ in range(3)]
        await asyncio.sleep(0.01)
        await asyncio.gather(*wrong, guess(url, "sesame"))
    assert answered == [403, 403, 403, 204]


async def test_a_taken_port_is_told_in_a_sentence(playground: Playground) -> None:
    """The second playground at an address does not start."""
    port = int(playground.url.rsplit(":", 1)[-1])
    with pytest.raises(StartError, match=str(port)):
        async with Playground.open(port=port):
            pass


# Rate limits and faults


async def test_a_bucket_is_counted_in_headers_and_refuses(playground: Playground) -> None:
    """The sixth message within five seconds gets a 429 as discord.py expects it; other channels do not."""
    async with Client.open(playground, "Loom", bot=True) as bot, ClientSession() as http:
        url = f"{playground.api_base}/channels/{{}}/messages"
        headers = {"Authorization": bot._auth}
        left = []
        for _ in range(5):
            async with http.post(
                url.format(bot.channel("fireside")), json={"content": "x"}, headers=headers
            ) as r:
                left.append(r.headers["X-RateLimit-Remaining"])
        assert left == ["4", "3", "2", "1", "0"]
        async with http.post(
            url.format(bot.channel("fireside")), json={"content": "x"}, headers=headers
        ) as r:
            body = await r.json()
            assert (r.status, body["global"]) == (429, False)
            assert 0 < body["retry_after"] <= 5
            assert "Via" in r.headers
        async with http.post(url.format(bot.channel("harbour")), json={"content": "x"}, headers=headers) as r:
            assert r.status == 200


async def test_old_messages_are_edited_seldom(playground: Playground) -> None:
    """Of edits to messages older than an hour, a channel takes three in twenty seconds; newer ones pass."""
    async with Client.open(playground, "Loom", bot=True) as bot:
        path = f"/channels/{bot.channel('fireside')}/messages"
        codes = [await bot.code("PATCH", f"{path}/175928847299117063", {"content": "x"}) for _ in range(4)]
        assert codes == [(404, 10008)] * 3 + [(429, 30046)]
        new = await bot.say("fireside", "new")
        assert (await bot.ask("PATCH", f"{path}/{new['id']}", {"content": "newer"}))[0] == 200


async def test_a_bot_asks_at_most_fifty_times_a_second(playground: Playground) -> None:
    """The fifty-first request is refused for every route."""
    async with Client.open(playground, "Loom", bot=True) as bot:
        paths = ["/users/@me", "/gateway/bot", "/applications/@me"]
        answers = await asyncio.gather(*[bot.ask("GET", paths[n % 3]) for n in range(54)])
        refused = [body for status, body in answers if status == 429]
        assert refused
        assert all(body["global"] for body in refused)


def test_answers_to_interactions_have_room() -> None:
    """Edits through a webhook are counted more kindly than those of any message."""
    assert rule("PATCH", "/webhooks/{application_id}/{token}/messages/{message_id}") == (5, 5.0)
    assert rule("GET", "/users/@me") == (20, 1.0)


async def test_every_webhook_and_interaction_has_buckets_of_its_own(playground: Playground) -> None:
    """What tells webhooks, interactions and channels apart in a path tells their buckets apart."""
    paths = [r.resource.canonical for r in playground._app.router.routes() if r.resource is not None]
    named = {name for path in paths if "/webhooks/" in path for name in re.findall(r"{(\w+)}", path)}
    assert named - set(MAJOR) == {"message_id"}


async def test_injected_faults_strike_and_pass(playground: Playground) -> None:
    """A fault hits as many requests as it was told to, and what follows is served."""
    async with Client.open(playground, "Loom", bot=True) as bot:
        playground.faults.fail("GET", "^/users/@me$", status=503, times=2)
        playground.faults.rate_limit("GET", "gateway", is_global=True, retry_after=0.5)
        assert [(await bot.ask("GET", "/users/@me"))[0] for _ in range(3)] == [503, 503, 200]
        status, body = await bot.ask("GET", "/gateway/bot")
        assert (status, body["retry_after"], body["global"]) == (429, 0.5, True)
        playground.faults.delay("*", "users", seconds=0.05)
        before = asyncio.get_running_loop().time()
        assert (await bot.ask("GET", "/users/@me"))[0] == 200
        assert asyncio.get_running_loop().time() - before >= 0.05


async def test_discord_py_gets_through_rate_limits_and_failures(playground: Playground) -> None:
    """The real client waits out 429s with and without `global`, and tries again after a 500."""
    async with Client.open(playground, "Loom", bot=True) as bot:
        with pointed_at(playground):
            client = discord.Client(intents=discord.Intents.none())
            async with client:
                await client.login(bot._auth.removeprefix("Bot "))
                playground.faults.fail("POST", "messages", status=500)
                playground.faults.rate_limit("POST", "messages", retry_after=0.05)
                playground.faults.rate_limit("POST", "messages", retry_after=0.05, is_global=True)
                channel = client.get_partial_messageable(int(bot.channel("fireside")))
                message = await channel.send("through")
        assert message.content == "through"
        posted = [r.status for r in playground.requests if r.method == "POST"]
        assert posted == [500, 429, 429, 200]


async def test_what_bots_ask_is_recorded_with_its_body(playground: Playground) -> None:
    """The record holds bots' requests alone, refused ones too, with their bodies and statuses."""
    async with Client.open(playground, "Loom", bot=True) as bot, Client.open(playground, "Ann") as ann:
        await ann.say("fireside", "not me")
        await bot.say("fireside", "me")
        await bot.code("POST", f"/channels/{bot.channel('fireside')}/messages?x=1", {"content": ""})
    assert [(r.method, r.body, r.status) for r in playground.requests] == [
        ("POST", {"content": "me"}, 200),
        ("POST", {"content": ""}, 400),
    ]
    assert playground.requests[1].path.endswith("/messages?x=1")


async def test_a_broken_route_is_a_500_and_is_logged(
    playground: Playground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unexpected error is told as Discord does, and does not stop the server."""
    async with Client.open(playground, "Ann") as ann:

        def fall(_user_id: int) -> Any:
            raise RuntimeError("the floor gave way")

        monkeypatch.setattr(playground.world, "directs_of", fall)
        assert (await ann.ask("GET", "/users/@me/channels"))[0] == 500
        assert (await ann.ask("GET", "/users/@me"))[0] == 200
        monkeypatch.setattr(playground.world, "webhooks", None)
        assert (await ann.ask("GET", "/webhooks/1/SECRET"))[0] == 500
    logged = capsys.readouterr().out
    assert "the floor gave way" in logged
    assert "/webhooks/{webhook_id}" in logged
    assert "SECRET" not in logged


# Files


async def test_files_are_served_harmlessly(playground: Playground, http: ClientSession) -> None:
    """A file keeps its bytes, is no page whatever it says, and needs the signature of its link."""
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 8 + (3).to_bytes(4) + (2).to_bytes(4)
    files = [("../../Ä ß.html", b"<script>alert(1)</script>"), ("a.png", png)]
    async with Client.open(playground, "Loom", bot=True) as bot:
        body = {
            "embeds": [{"image": {"url": "attachment://a.png"}}],
            "attachments": [{"id": 1, "description": "dot"}],
        }
        path = f"/channels/{bot.channel('fireside')}/messages"
        _status, sent = await bot.ask("POST", path, body, files=files)
    page, picture = sent["attachments"]
    assert (picture["width"], picture["height"], picture["description"]) == (3, 2, "dot")
    assert sent["embeds"][0]["image"]["url"] == picture["url"]
    async with http.get(page["url"]) as response:
        assert await response.read() == files[0][1]
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"].startswith("sandbox")
        assert response.headers["Content-Disposition"].startswith("attachment")
    async with http.get(picture["url"]) as response:
        assert response.headers["Content-Type"] == "image/png"
    async with http.get(picture["url"].split("?")[0]) as response:
        assert response.status == 404


async def test_too_large_a_file_is_refused(playground: Playground) -> None:
    """One byte over 10 MiB is 40005."""
    async with Client.open(playground, "Ann") as ann:
        path = f"/channels/{ann.channel('fireside')}/messages"
        status, body = await ann.ask("POST", path, {}, files=[("a", b"x" * ((10 << 20) + 1))])
        assert (status, body["code"]) == (413, 40005)
        assert (await ann.ask("POST", path, {}, files=[("a", b"x" * (10 << 20))]))[0] == 200


async def test_everybody_has_a_face(playground: Playground, http: ClientSession) -> None:
    """A picture is drawn of the first letter, escaped."""
    async with (
        Client.open(playground, "<Ann") as ann,
        http.get(f"{playground.url}/avatars/{ann.id}.svg") as response,
    ):
        assert response.headers["Content-Type"].startswith("image/svg+xml")
        assert "&lt;" in await response.text()


# The world


def test_the_world_tells_who_may_hear() -> None:
    """An ephemeral message goes to its reader alone and into no history."""
    heard: list[Event] = []
    world = World(heard.append)
    ann = int(world.create_user("Ann")["id"])
    guild = world.create_guild("G", ann)
    world.add_member(guild.id, ann)
    channel = int(world.create_channel(guild.id, "c")["id"])
    _application, token = world.create_application("Loom", guild.id)
    bot = world.user_of(token)
    assert bot is not None
    whisper = world.create_message(channel, bot, {"content": "psst"}, ephemeral_for=ann)
    assert whisper["flags"] == 64
    assert heard[-1].only == frozenset({ann})
    assert len(world.histories[channel]) == 0
    assert world.find_message(channel, int(whisper["id"])) is not None


def test_ids_only_grow_when_the_clock_steps_back() -> None:
    """Later ids are greater, whatever the time."""
    times = iter([2e9, 1.9e9, 1.9e9, 2.1e9])
    world = World(clock=lambda: next(times))
    ids = [world.snowflakes.next() for _ in range(4)]
    assert ids == sorted(set(ids))


async def test_polls_and_threads_end_by_the_clock() -> None:
    """A poll whose time is over is closed with a message, an idle thread is archived, others are not."""
    now = 1_800_000_000.0
    heard: list[Event] = []
    world = World(heard.append, clock=lambda: now)
    furnish(world)
    channel = next(c for c in world.channels.values() if c["name"] == "fireside")
    _application, token = world.create_application("Loom", next(iter(world.guilds)))
    bot = world.user_of(token)
    assert bot is not None
    poll = {"question": {"text": "q"}, "answers": [{"poll_media": {"text": "a"}}], "duration": 1}
    world.create_message(int(channel["id"]), bot, {"poll": poll})
    thread = threads.create(world, channel, "Fog", owner_id=bot, kind=11, archive=60)
    now += 3599
    voting.close_due(world)
    threads.archive_idle(world)
    assert len(world.open_polls) == 1
    assert not thread["thread_metadata"]["archived"]
    now += 2
    heard.clear()
    voting.close_due(world)
    threads.archive_idle(world)
    assert [e.name for e in heard] == ["MESSAGE_UPDATE", "MESSAGE_CREATE", "THREAD_UPDATE"]
    assert heard[0].data["poll"]["results"]["is_finalized"]
    assert heard[1].data["type"] == 46
    assert not world.open_polls


async def test_a_webhooks_poll_ends_too(playground: Playground) -> None:
    """The result of a poll whose author is no user is told in that author's name."""
    world = playground.world
    hook: dict[str, Any]
    async with Client.open(playground, "Ada", roles=["admin"]) as ada:
        channel = int(ada.channel("fireside"))
        _status, hook = await ada.ask("POST", f"/channels/{channel}/webhooks", {"name": "Herald"})
        poll = {"question": {"text": "q"}, "answers": [{"poll_media": {"text": "a"}}]}
        await ada.ask("POST", f"/webhooks/{hook['id']}/{hook['token']}", {"poll": poll})
    world.clock = lambda: time.time() + 86_400
    voting.close_due(world)
    result = world.histories[channel].newest(1)[0]
    assert (result["type"], result["author"]["username"]) == (46, "Herald")


async def test_the_clock_goes_on_after_a_failure(
    playground: Playground, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One poll that cannot be closed does not keep all others open for ever."""
    beats: asyncio.Queue[int] = asyncio.Queue()

    def fall(_world: World) -> None:
        beats.put_nowait(1)
        raise RuntimeError("the spring broke")

    monkeypatch.setattr(server, "TICK_SECONDS", 0.001)
    monkeypatch.setattr(voting, "close_due", fall)
    task = asyncio.create_task(playground._keep_time())
    for _ in range(2):
        await asyncio.wait_for(beats.get(), 5)
    task.cancel()
    assert "the spring broke" in capsys.readouterr().out


async def test_a_nonce_is_forgotten_after_minutes(playground: Playground) -> None:
    """Discord compares nonces of the past few minutes only: later, the same message is written again."""
    async with Client.open(playground, "Loom", bot=True) as bot:
        body = {"nonce": "5", "enforce_nonce": True}
        first = await bot.say("fireside", "once", **body)
        playground.world.clock = lambda: time.time() + 301
        assert (await bot.say("fireside", "once", **body))["id"] != first["id"]


async def test_a_lost_answer_is_no_lost_message(playground: Playground) -> None:
    """With `enforce_nonce`, as discord.py sends, trying again after a lost answer writes nothing twice."""
    async with Client.open(playground, "Loom", bot=True) as bot:
        path = f"/channels/{bot.channel('fireside')}/messages"
        body = {"content": "once", "nonce": "5", "enforce_nonce": True}
        playground.faults.lose("POST", "messages")
        assert (await bot.ask("POST", path, body))[0] == 502
        _status, sent = await bot.ask("POST", path, body)
        assert (sent["content"], sent["nonce"]) == ("once", "5")
        assert [m["id"] for m in (await bot.ask("GET", path))[1]] == [sent["id"]]


def test_a_timeout_ends_by_itself() -> None:
    """A member in a timeout sees and reads, and writes again when it is over."""
    now = 1_800_000_000.0
    world = World(clock=lambda: now)
    guild = furnish(world)
    ann = int(world.create_user("Ann")["id"])
    world.add_member(guild.id, ann)
    channel = next(int(c["id"]) for c in world.channels.values() if c["name"] == "fireside")
    full = world.permissions(ann, channel)
    world.update_member(guild.id, ann, communication_disabled_until="2027-01-15T08:00:30+00:00")
    assert world.permissions(ann, channel) == 1 << 10 | 1 << 16
    now += 31
    assert world.permissions(ann, channel) == full
