"""Prove that what is odd but can be sent is refused in Discord's way, and breaks nothing for others."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.playground.gateway.hub import KEPT_SESSIONS
from bot.playground.interactions.commands import may_use
from bot.playground.rest.requests import parse_json
from bot.playground.server import Playground
from bot.playground.world.snowflakes import moment
from tests.playground_client import Client, overhear
from tests.sockets import identify, socket

LONG = "9" * 5000
COMMAND = {"name": "read", "description": "Reads"}


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground."""
    async with Playground.open(rate_limits=False) as opened:
        yield opened


def option(kind: int, **more: Any) -> dict[str, Any]:
    """Make a command with one option of a type."""
    return COMMAND | {"options": [{"type": kind, "name": "o", "description": "d"} | more]}


@pytest.mark.parametrize(
    "command",
    [
        option(7, channel_types=5),
        option(7, channel_types=["text"]),
        option(4, min_value="one"),
        option(10, max_value=[]),
        option(3, choices=[{"name": "a", "value": "a", "name_localizations": "b"}]),
        {"name": "Read", "type": 3, "name_localizations": [5]},
        COMMAND | {"nsfw": "very"},
    ],
)
async def test_a_command_that_libraries_would_stumble_over_is_refused(bot: Client, command: Any) -> None:
    """What people's clients or the command check would read later is checked when it comes."""
    assert await bot.code("PUT", f"/applications/{bot.id}/commands", [command]) == (400, 50035)


async def test_what_stands_at_the_wrong_place_of_a_command_is_left_out(bot: Client) -> None:
    """A plain option's options and a subcommand's choices mean nothing on Discord."""
    bodies = [COMMAND | {"choices": 5} | option(3, options=5), option(1, choices=5) | {"name": "tell"}]
    status, made = await bot.ask("PUT", f"/applications/{bot.id}/commands", bodies)

    assert status == 200
    assert "options" not in made[0]["options"][0]
    assert "choices" not in made[1]["options"][0]


@pytest.mark.parametrize("path", ["/guilds/{}/application-command-index", "/applications/{}/commands"])
async def test_an_endless_id_is_an_unknown_one(bot: Client, path: str) -> None:
    """An id of thousands of digits names nothing."""
    status, _code = await bot.code("GET", path.format(LONG))

    assert status == 404


async def test_components_keep_what_their_type_has(bot: Client) -> None:
    """A button with a gallery's or a row's fields is a button."""
    button = {"type": 2, "style": 1, "label": "a", "custom_id": "b"}
    rows = [{"type": 1, "components": [button | {"components": 5, "media": 5, "items": 5, "accessory": "x"}]}]
    sent = await bot.say("fireside", "press", components=rows)

    assert "accessory" not in sent["components"][0]["components"][0]


async def test_embeds_are_rich_and_may_leave_their_fields_empty(bot: Client) -> None:
    """Discord makes every bot's embed a rich one; null stands for no fields."""
    sent = await bot.say("fireside", "", embeds=[{"title": "a", "type": "poll_result", "fields": None}])

    assert (sent["embeds"][0]["type"], sent["embeds"][0]["fields"]) == ("rich", [])


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/channels/{text}/polls/{message}/answers/@me", {"answer_ids": [LONG]}),
        ("PATCH", "/channels/{text}", {"nsfw": [1]}),
        ("PATCH", "/channels/{forum}", {"available_tags": ["x"]}),
        ("PATCH", "/channels/{thread}", {"flags": {}}),
        ("PATCH", "/channels/{thread}", {"archived": "never"}),
        ("POST", "/guilds/{guild}/scheduled-events", {"status": "soon"}),
        ("PUT", "/channels/{thread}/permissions/1", {"type": 0}),
    ],
)
async def test_odd_fields_are_refused(
    playground: Playground, admin: Client, method: str, path: str, body: Any
) -> None:
    """Nothing of another type than Discord's is stored."""
    guild = next(iter(playground.world.guilds))
    message = await admin.say("fireside", "x")
    _status, thread = await admin.ask(
        "POST", f"/channels/{admin.channel('fireside')}/threads", {"name": "t", "type": 11}
    )
    names = {
        "guild": guild,
        "text": admin.channel("fireside"),
        "forum": playground.world.create_channel(guild, "posts", 15)["id"],
        "thread": thread["id"],
        "message": message["id"],
    }
    status, code = await admin.code(method, path.format(**names), body)

    assert (status, code) in ((400, 50035), (400, 50024))


async def test_no_tags_can_be_said_with_null(playground: Playground, admin: Client) -> None:
    """A forum whose tags are null has none."""
    forum = playground.world.create_channel(next(iter(playground.world.guilds)), "posts", 15)
    status, changed = await admin.ask("PATCH", f"/channels/{forum['id']}", {"available_tags": None})

    assert (status, changed["available_tags"]) == (200, [])


def test_whole_numbers_may_be_written_with_a_point() -> None:
    """2.0 is 2, as for Discord; what JSON cannot say again is refused."""
    assert parse_json(b'{"duration": 2.0}') == {"duration": 2}
    assert isinstance(parse_json(b"2.0"), int)
    assert parse_json(b"2.5") == 2.5
    for broken in (b"1e400", b"NaN", b"-Infinity"):
        with pytest.raises(Exception, match="invalid JSON"):
            parse_json(broken)


async def test_polls_may_last_hours_with_a_point(bot: Client, playground: Playground) -> None:
    """discord.py writes a poll's duration as 2.0."""
    poll = {"question": {"text": "q"}, "answers": [{"poll_media": {"text": "a"}}], "duration": 2.0}
    playground.world.update_member(next(iter(playground.world.guilds)), int(bot.id))

    assert (await bot.say("fireside", "", poll=poll))["poll"]["question"]["text"] == "q"


def test_a_timestamp_without_a_zone_is_utc() -> None:
    """As on Discord, whatever this machine's own zone is; the first year is one too."""
    assert moment("2030-01-01T00:00:00") == moment("2030-01-01T00:00:00Z")
    assert moment("0001-01-01") < 0


@pytest.mark.parametrize("name", ["%00", "x" * 300, "..%2F__init__.py", "%2e%2e/server.py", "/etc/passwd"])
async def test_the_page_serves_its_own_files_alone(playground: Playground, admin: Client, name: str) -> None:
    """No name leads out of the page's folder, or breaks the server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(playground.url.rsplit(":", 1)[1]))
    writer.write(
        f"GET /page/{name} HTTP/1.1\r\nHost: {playground.url[7:]}\r\nConnection: close\r\n\r\n".encode()
    )
    answer = await reader.read()
    writer.close()

    assert answer.split(b" ")[1] == b"404"


# Interactions


async def asked(playground: Playground, admin: Client, bot: Client) -> dict[str, Any]:
    """Let a person use a command by the fireside, and return what the bot hears of it."""
    _status, command = await bot.ask("POST", f"/applications/{bot.id}/commands", COMMAND)
    where = admin.channel("fireside")
    assert may_use(playground.world, command, user_id=int(admin.id), channel_id=int(where))
    heard = overhear(playground)
    body = {"type": 2, "application_id": bot.id, "channel_id": where, "data": {"id": command["id"]}}
    assert await admin.ask("POST", "/interactions", body) == (204, None)
    return next(e.data for e in heard if e.name == "INTERACTION_CREATE" and "token" in e.data)


async def test_a_deferral_says_its_flags_in_numbers(
    playground: Playground, admin: Client, bot: Client
) -> None:
    """Odd flags of a deferred answer are refused like those of a message."""
    interaction = await asked(playground, admin, bot)
    callback = f"/interactions/{interaction['id']}/{interaction['token']}/callback"

    assert await bot.code("POST", callback, {"type": 5, "data": {"flags": "64"}}) == (400, 50035)
    assert await bot.code("POST", callback[:-20] + "%C3%A9/callback", {"type": 5}) == (404, 10062)


@pytest.mark.parametrize(
    ("notes", "count"),
    [([{"id": 0, "description": []}], 1), ([{"id": 1}], 1), ([], 11), ("a", 1), ([5], 1)],
)
async def test_files_of_a_command_are_held_to_the_limits_of_messages(
    playground: Playground, admin: Client, bot: Client, notes: Any, count: int
) -> None:
    """What a person says of files is checked, and nothing that is refused is kept."""
    body = {"type": 2, "application_id": bot.id, "channel_id": admin.channel("fireside")}
    files = [(f"{number}.txt", b"ink") for number in range(count)]
    status, answer = await admin.ask(
        "POST", "/interactions", body | {"data": {"attachments": notes}}, files=files
    )

    assert (status, answer["code"]) == (400, 50035)
    assert not playground.world.files._waiting


async def test_an_answer_finds_its_channel_gone(playground: Playground, admin: Client, bot: Client) -> None:
    """Who answers after the channel was deleted is told so, and not to try again."""
    interaction = await asked(playground, admin, bot)
    callback = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
    assert (await bot.ask("POST", callback, {"type": 5}))[0] == 204
    await admin.ask("DELETE", f"/channels/{admin.channel('fireside')}")
    hook = f"/webhooks/{bot.id}/{interaction['token']}"

    assert await bot.code("POST", hook, {"content": "late"}) == (404, 10003)
    assert await bot.code("PATCH", f"{hook}/messages/@original", {"content": "late"}) == (404, 10003)


# Sockets


async def test_a_client_that_never_comes_back_costs_little(playground: Playground, bot: Client) -> None:
    """Of one user's abandoned sessions, the newest alone are kept for a resume."""
    opened = []
    for _ in range(2 * KEPT_SESSIONS):
        opened.append(playground.hub.open_session(int(bot.id), bot=True))
        opened[-1].detached_at = time.monotonic()

    assert playground.hub.session(opened[0].id) is None
    assert playground.hub.session(opened[-1].id) is opened[-1]
    assert playground.hub.session(opened[-KEPT_SESSIONS].id) is not None


@pytest.mark.parametrize(
    "frame",
    [
        '{"op": 6, "d": {"token": "TOKEN", "session_id": "x", "seq": 1e400}}',
        '{"op": 3, "d": {"status": "online", "activities": [5]}}',
        '{"op": 3, "d": {"status": "online", "activities": [{"name": "a", "type": 0, "x": 1e400}]}}',
    ],
)
async def test_a_frame_that_others_could_not_read_ends_its_own_socket(
    playground: Playground, bot: Client, frame: str
) -> None:
    """Infinite numbers and odd activities are decoding errors, and go to nobody else."""
    token = playground.world.issue_token(int(bot.id))
    heard = overhear(playground)
    async with socket(playground) as opened:
        if json.loads(frame)["op"] == 3:
            await opened.send(2, identify(token))
            await opened.receive(name="READY")
        await opened.ws.send_str(frame.replace("TOKEN", token))

        assert await opened.closed_with() == 4002
    assert not [event for event in heard if event.name == "PRESENCE_UPDATE"]
