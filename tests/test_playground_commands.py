"""Prove how applications declare commands, and to whom they are offered."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.playground.server import Playground
from tests.guest import bot_token
from tests.person import Person


class Application:
    """An application that manages its commands over REST."""

    def __init__(self, http: aiohttp.ClientSession, playground: Playground, token: str) -> None:
        self._http = http
        self._playground = playground
        self._token = token
        self.id = playground.world.user_of(token)
        self.guild_id = next(iter(playground.world.guilds))

    async def api(self, method: str, rest: str, body: Any = None, *, guild: bool = False) -> tuple[int, Any]:
        """Send a request beneath this application's global or guild scope."""
        scope = f"/guilds/{self.guild_id}" if guild else ""
        url = f"{self._playground.api_base}/applications/{self.id}{scope}{rest}"
        headers = {"Authorization": f"Bot {self._token}"}
        async with self._http.request(method, url, json=body, headers=headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground."""
    async with Playground.open(page=False) as opened:
        yield opened


@pytest.fixture
async def application(playground: Playground) -> AsyncIterator[Application]:
    """Make an application."""
    async with aiohttp.ClientSession() as http:
        yield Application(http, playground, await bot_token(playground))


def command(name: str = "story", **more: Any) -> dict[str, Any]:
    """Make a small command."""
    return {"name": name, "description": "d", **more}


async def test_a_command_can_be_made_read_changed_and_removed(application: Application) -> None:
    """Each step answers with the whole command; a change makes a new version of the same id."""
    status, made = await application.api("POST", "/commands", command())
    assert status == 201
    assert {"id", "application_id", "version", "type", "options", "contexts"} <= made.keys()
    one = f"/commands/{made['id']}"
    assert await application.api("GET", one) == (200, made)
    _, changed = await application.api("PATCH", one, {"description": "new"})
    assert (changed["id"], changed["name"], changed["description"]) == (made["id"], "story", "new")
    assert int(changed["version"]) > int(made["version"])
    assert (await application.api("DELETE", one))[0] == 204
    status, body = await application.api("GET", one)
    assert (status, body["code"]) == (404, 10063)


async def test_making_a_command_again_replaces_it(application: Application) -> None:
    """A name is one command of its type; types do not get in each other's way."""
    _, made = await application.api("POST", "/commands", command())
    status, again = await application.api("POST", "/commands", command(description="other"))
    assert (status, again["id"]) == (200, made["id"])
    status, _ = await application.api("POST", "/commands", {"name": "story", "type": 3})
    assert status == 201
    assert len((await application.api("GET", "/commands"))[1]) == 2


async def test_overwriting_keeps_the_ids_of_what_stays(application: Application) -> None:
    """A bulk overwrite removes what it does not name, in its own scope alone."""
    _, (first, _second) = await application.api("PUT", "/commands", [command("one"), command("two")])
    await application.api("PUT", "/commands", [command("here")], guild=True)
    _, (kept, new) = await application.api("PUT", "/commands", [command("one"), command("three")])
    assert kept["id"] == first["id"]
    assert [c["name"] for c in (await application.api("GET", "/commands"))[1]] == ["one", "three"]
    _, (here,) = await application.api("GET", "/commands", guild=True)
    assert here["guild_id"] == str(application.guild_id)
    assert new["name"] == "three"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(command("Story"), id="an uppercase name"),
        pytest.param(command("a story"), id="a name with a space"),
        pytest.param(command(description=""), id="no description"),
        pytest.param(
            command(options=[{"type": 3, "name": "o", "description": "d"}] * 2), id="two options of a name"
        ),
        pytest.param([command(), command()], id="two commands of a name"),
        pytest.param([command(f"c{n}") for n in range(101)], id="101 commands"),
        pytest.param({"a": 1}, id="no list"),
    ],
)
async def test_what_discord_would_refuse_is_refused(application: Application, wrong: Any) -> None:
    """A refused overwrite leaves everything as it was."""
    await application.api("PUT", "/commands", [command("before")])
    body = wrong if isinstance(wrong, list) or "name" not in wrong else [wrong]
    status, answer = await application.api("PUT", "/commands", body)
    assert status == 400
    assert answer["code"] in (50035, 30032)
    assert [c["name"] for c in (await application.api("GET", "/commands"))[1]] == ["before"]


async def test_nobody_else_touches_an_applications_commands(
    playground: Playground, application: Application
) -> None:
    """Another application is refused, and so are people."""
    other = Application(application._http, playground, await bot_token(playground, "Other"))
    other.id = application.id
    assert (await other.api("PUT", "/commands", []))[0] == 403


async def test_the_index_offers_what_can_be_used_here(
    playground: Playground, application: Application
) -> None:
    """Contexts, guild commands and member permissions decide what a person's picker shows."""
    moderators = command("moderators", default_member_permissions=str(1 << 13))
    nobody = command("administrators", default_member_permissions="0")
    only_direct, only_guild = command("direct", contexts=[1]), command("guild", contexts=[0])
    await application.api("PUT", "/commands", [command("all"), moderators, nobody, only_direct, only_guild])
    await application.api("PUT", "/commands", [command("here")], guild=True)
    async with (
        Person.open(playground, name="Mara") as mara,
        Person.open(playground, name="Mo", roles=["moderator"]) as mo,
        Person.open(playground, name="Ada", roles=["admin"]) as ada,
    ):
        everybody = {"all", "guild", "here"}
        assert await _offered(mara, "fireside") == everybody
        assert await _offered(mo, "fireside") == everybody | {"moderators"}
        assert await _offered(ada, "fireside") == everybody | {"moderators", "administrators"}
        direct = await mara.api("POST", "/users/@me/channels", {"recipient_id": str(application.id)})
        assert await _offered(mara, direct) == {"all", "moderators", "administrators", "direct"}
        between = await mara.api("POST", "/users/@me/channels", {"recipient_id": mo.user["id"]})
        assert await _offered(mara, between) == set()


async def _offered(person: Person, channel: object) -> set[str]:
    path = f"/channels/{person.channel(channel)['id']}/application-command-index"
    index = await person.api("GET", path)
    return {offered["name"] for offered in index["application_commands"]}


async def test_the_guilds_index_names_applications(playground: Playground, application: Application) -> None:
    """The picker learns each application's name and bot, once."""
    await application.api("PUT", "/commands", [command("one"), command("two")])
    async with Person.open(playground, name="Mara") as mara:
        index = await mara.api("GET", f"/guilds/{application.guild_id}/application-command-index")
    assert [app["name"] for app in index["applications"]] == ["Guest"]
    assert index["applications"][0]["bot"]["bot"] is True
    assert {c["application_id"] for c in index["application_commands"]} == {str(application.id)}
