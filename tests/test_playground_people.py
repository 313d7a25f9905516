"""Prove how people and bots come into the playground, and what its page may know."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.playground.http import password
from bot.playground.server import Playground
from tests.guest import bot_token
from tests.person import Person


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground."""
    async with Playground.open(page=False) as opened:
        yield opened


async def post(playground: Playground, path: str, body: Any) -> tuple[int, Any]:
    """Post to the playground's own routes."""
    async with aiohttp.ClientSession() as http, http.post(playground.url + path, json=body) as response:
        text = await response.text()
        return response.status, json.loads(text) if text else None


async def test_a_name_is_a_seat(playground: Playground) -> None:
    """The same name, trimmed, is the same seat; its locale and roles follow the newest wish."""
    _, first = await post(playground, "/playground/seats", {"name": "Mara", "roles": ["moderator"]})
    _, again = await post(playground, "/playground/seats", {"name": " Mara ", "locale": "zh-CN"})
    assert again == first
    user_id = int(first["user"]["id"])
    assert playground.world.locales[user_id] == "zh-CN"
    (guild,) = playground.world.guilds.values()
    moderator = next(str(n) for n, role in guild.roles.items() if role["name"] == "moderator")
    assert guild.members[user_id]["roles"] == [moderator]
    await post(playground, "/playground/seats", {"name": "Mara", "roles": ["member"]})
    assert guild.members[user_id]["roles"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "m" * 33},
        {"name": 5},
        {"name": "a\x00b"},
        {"name": "Mara", "locale": "xx"},
        {"name": "Mara", "roles": ["owner"]},
        {"name": "Mara", "roles": "admin"},
        {"name": "Mara", "roles": [{}]},
    ],
)
async def test_a_seat_needs_a_proper_form(playground: Playground, body: Any) -> None:
    """What is wrong is named, and nobody is made."""
    before = len(playground.world.users)
    status, answer = await post(playground, "/playground/seats", body)
    assert (status, answer["code"]) == (400, 50035)
    assert len(playground.world.users) == before


async def test_a_bots_token_begins_with_its_application(playground: Playground) -> None:
    """Libraries read the application's id out of the token; the same name is the same bot."""
    _, bot = await post(playground, "/playground/bots", {"name": "Loom"})
    head = bot["token"].split(".")[0]
    assert base64.b64decode(head + "=" * (-len(head) % 4)).decode() == bot["application_id"]
    assert bot["user"]["bot"] is True
    assert (await post(playground, "/playground/bots", {"name": "Loom"}))[1] == bot


async def test_the_state_tells_everything_but_tokens(playground: Playground) -> None:
    """Guilds, channels, commands, seats and bots are listed, and who is there now."""
    token = await bot_token(playground)
    async with (
        Person.open(playground, name="Mara", roles=["admin"]),
        aiohttp.ClientSession() as http,
        http.get(f"{playground.url}/playground/state") as response,
    ):
        text = await response.text()
    state = json.loads(text)
    assert {"guilds", "channels", "commands", "seats", "bots"} <= state.keys()
    (seat,) = state["seats"]
    assert (seat["user"]["username"], seat["roles"], seat["online"]) == ("Mara", ["admin"], True)
    assert token not in text
    assert not any(known in text for known in playground.world.tokens)


async def test_a_password_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a password, the playground's own routes open only to a browser that gave it."""
    monkeypatch.setattr(password, "GUESS_SECONDS", 0.0)
    async with Playground.open(page=False, password="open sesame") as playground:
        url = playground.url
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as http:
            assert await _status(http.get(f"{url}/playground/state")) == 401
            assert await _status(http.post(f"{url}/playground/seats", json={"name": "Mara"})) == 401
            assert await _status(http.post(f"{url}/playground/password", json={"password": "no"})) == 403
            async with http.post(f"{url}/playground/password", json={"password": "open sesame"}) as response:
                assert response.status == 204
                cookie = response.headers["Set-Cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Strict" in cookie
            assert "sesame" not in cookie
            assert await _status(http.get(f"{url}/playground/state")) == 200


async def _status(request: Any) -> int:
    async with request as response:
        status: int = response.status
        return status


async def test_a_presence_is_told_to_the_others(playground: Playground) -> None:
    """Who shows themselves as away is seen as away."""
    async with Person.open(playground, name="Mara") as mara, Person.open(playground, name="Bo") as bo:
        await bo.show_as("idle")
        heard = await mara.wait_for("PRESENCE_UPDATE", lambda d: d["user"]["id"] == bo.user["id"])
        assert heard["status"] == "idle"
