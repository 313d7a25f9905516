"""Prove the rules of answering: what fits when, once only, in time, and what a token is good for."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bot.playground.server import Playground
from tests.guest import bot_token
from tests.person import Answer, NotAnswered, Person
from tests.sockets import Socket, identify, socket

ROW = [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}]
OPTION = {"type": 3, "name": "word", "description": "A word", "autocomplete": True}
COMMANDS: list[dict[str, Any]] = [
    {"name": "ask", "description": "Ask", "name_localizations": {"zh-CN": "问"}, "options": [OPTION]},
    {"name": "Mark", "type": 3},
]
MODAL = {
    "custom_id": "form",
    "title": "Form",
    "components": [
        {"type": 18, "label": "Words", "component": {"type": 4, "custom_id": "words", "style": 1}}
    ],
}


class Bot:
    """An application that speaks REST and the gateway by hand."""

    def __init__(
        self, http: aiohttp.ClientSession, playground: Playground, token: str, gateway: Socket
    ) -> None:
        self._http = http
        self._playground = playground
        self._headers = {"Authorization": f"Bot {token}"}
        self._gateway = gateway
        self.id = next(iter(playground.world.applications))

    async def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request and give its status and JSON."""
        url = self._playground.api_base + path
        async with self._http.request(method, url, json=body, headers=self._headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None

    async def interaction(self) -> Any:
        """Give the next interaction."""
        return (await self._gateway.receive(name="INTERACTION_CREATE"))["d"]

    async def answer(self, interaction: Any, kind: int, data: Any = None, query: str = "") -> tuple[int, Any]:
        """Answer an interaction."""
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback{query}"
        return await self.api("POST", path, {"type": kind} | ({} if data is None else {"data": data}))

    async def hook(self, interaction: Any, method: str, rest: str = "", body: Any = None) -> tuple[int, Any]:
        """Use an interaction's webhook."""
        return await self.api(method, f"/webhooks/{self.id}/{interaction['token']}{rest}", body)


class Stage:
    """A bot and a person face to face."""

    def __init__(self, playground: Playground, bot: Bot, mara: Person) -> None:
        self.playground = playground
        self.bot = bot
        self.mara = mara

    async def asked(self) -> Any:
        """Let Mara ask, without waiting for an answer; gives the interaction as the bot received it."""
        await self._send(2, {"options": []})
        return await self.bot.interaction()

    async def _send(self, kind: int, data: dict[str, Any]) -> None:
        known = self.playground.world.applications[self.bot.id].commands.values()
        (command,) = [command for command in known if command["name"] == "ask"]
        where = self.mara.channel("fireside")
        body = {"type": kind, "application_id": str(self.bot.id), "channel_id": where["id"], "nonce": "n"}
        body |= {
            "guild_id": where["guild_id"],
            "data": {"id": command["id"], "type": 1, "name": "ask", **data},
        }
        await self.mara.api("POST", "/interactions", body)

    async def completing(self) -> Any:
        """Let Mara ask for autocompletion."""
        option = {"type": 3, "name": "word", "value": "f", "focused": True}
        await self._send(4, {"options": [option]})
        return await self.bot.interaction()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Set a bot with commands and a person on stage."""
    async with Playground.open(page=False) as playground, aiohttp.ClientSession() as http:
        token = await bot_token(playground)
        async with _hearing(playground, token) as gateway, Person.open(playground, name="Mara") as mara:
            bot = Bot(http, playground, token, gateway)
            status, _ = await bot.api("PUT", f"/applications/{bot.id}/commands", COMMANDS)
            assert status == 200
            yield Stage(playground, bot, mara)


@asynccontextmanager
async def _hearing(playground: Playground, token: str) -> AsyncIterator[Socket]:
    async with socket(playground) as gateway:
        await gateway.send(2, identify(token))
        await gateway.receive(name="GUILD_CREATE")
        yield gateway


async def test_an_interaction_has_discords_whole_shape(stage: Stage) -> None:
    """The bot learns who, where, with what rights and in which languages."""
    asked = await stage.asked()
    assert {"locale", "guild_locale", "app_permissions", "entitlements", "version"} <= asked.keys()
    assert asked["context"] == 0
    assert asked["authorizing_integration_owners"] == {"0": asked["guild_id"]}
    assert asked["attachment_size_limit"] > 0
    assert asked["member"]["user"]["username"] == "Mara"
    assert int(asked["member"]["permissions"]) & 1 << 11
    assert asked["channel"]["name"] == "fireside"
    assert asked["data"] == {"id": asked["data"]["id"], "name": "ask", "type": 1}


async def test_an_answer_is_described_only_when_asked_for(stage: Stage) -> None:
    """Without with_response there is no body; with it, the interaction and the message are described."""
    assert await stage.bot.answer(await stage.asked(), 4, {"content": "a"}) == (204, None)
    asked = await stage.asked()
    status, body = await stage.bot.answer(asked, 4, {"content": "b", "flags": 64}, "?with_response=1")
    assert status == 200
    assert body["interaction"]["id"] == asked["id"]
    assert body["interaction"]["response_message_ephemeral"] is True
    assert body["interaction"]["response_message_loading"] is False
    assert body["resource"]["message"]["content"] == "b"
    assert body["interaction"]["response_message_id"] == body["resource"]["message"]["id"]


async def test_a_refused_answer_names_the_place_and_may_be_mended(stage: Stage) -> None:
    """What is wrong is told beneath `data`, and the interaction is still open."""
    asked = await stage.asked()
    status, body = await stage.bot.answer(asked, 4, {"content": "x" * 2001})
    assert (status, body["code"]) == (400, 50035)
    assert body["errors"]["data"]["content"]["_errors"]
    assert (await stage.bot.answer(asked, 4, {"content": ""}))[1]["code"] == 50006
    assert (await stage.bot.answer(asked, 4, {"content": "mended"}))[0] == 204


async def test_an_update_may_take_away_everything_but_the_text(stage: Stage) -> None:
    """An update is an edit: what it does not name stays."""
    await stage.bot.answer(await stage.asked(), 4, {"content": "row", "components": ROW})
    row = await stage.mara.wait_for_message(lambda m: m["content"] == "row")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stage.mara.click(row, "Go"))
        clicked = await stage.bot.interaction()
        status, _ = await stage.bot.answer(clicked, 7, {"components": []})
    assert status == 204
    changed = stage.mara.current(row)
    assert (changed["content"], changed["components"]) == ("row", [])


async def test_only_one_answer_is_taken(stage: Stage) -> None:
    """A second callback is told that the interaction has been acknowledged."""
    asked = await stage.asked()
    await stage.bot.answer(asked, 5)
    status, body = await stage.bot.answer(asked, 4, {"content": "again"})
    assert (status, body["code"]) == (400, 40060)


async def test_a_late_answer_is_to_an_unknown_interaction(stage: Stage) -> None:
    """After three seconds nobody waits any more, and the person was told of the failure."""
    stage.playground.book.answer_seconds = 0.01
    asked = await stage.asked()
    await _told(stage.mara, "INTERACTION_FAILURE")
    status, body = await stage.bot.answer(asked, 4, {"content": "late"})
    assert (status, body["code"]) == (404, 10062)


async def _told(person: Person, name: str) -> Any:
    for heard, data in person.events:
        if heard == name:
            return data
    return await person.wait_for(name, timeout=5)


async def test_a_stranger_cannot_answer(stage: Stage) -> None:
    """Neither another token nor another id will do."""
    asked = await stage.asked()
    for wrong in ({**asked, "token": asked["token"] + "x"}, {**asked, "id": "1"}):
        assert (await stage.bot.answer(wrong, 4, {"content": "x"}))[0] == 404
    status, body = await stage.bot.hook({"token": asked["token"] + "x"}, "GET", "/messages/@original")
    assert (status, body["code"]) == (401, 50027)


@pytest.mark.parametrize("kind", [1, 6, 7, 8, 10, 12, 99, "4", None])
async def test_answers_that_do_not_fit_a_command_are_refused(stage: Stage, kind: Any) -> None:
    """A command cannot be answered with an update, with choices or with what does not exist."""
    asked = await stage.asked()
    status, body = await stage.bot.answer(asked, kind, {"content": "x"})
    assert (status, body["code"]) == (400, 50035)
    assert (await stage.bot.answer(asked, 4, {"content": "still open"}))[0] == 204


async def test_choices_fit_autocompletion_alone(stage: Stage) -> None:
    """Autocompletion takes up to 25 choices and nothing else."""
    asked = await stage.completing()
    many = [{"name": str(n), "value": str(n)} for n in range(26)]
    for kind, data in ((4, {"content": "x"}), (8, {"choices": many}), (8, {"choices": [{"name": ""}]})):
        assert (await stage.bot.answer(asked, kind, data))[0] == 400
    assert (await stage.bot.answer(asked, 8, {"choices": many[:25]}))[0] == 204
    heard = await _told(stage.mara, "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE")
    assert heard["choices"] == many[:25]


async def test_the_first_follow_up_fills_a_deferred_answer(stage: Stage) -> None:
    """As on Discord, it does not become a message of its own, and keeps the deferral's privacy."""
    asked = await stage.asked()
    await stage.bot.answer(asked, 5, {"flags": 64})
    _, original = await stage.bot.hook(asked, "GET", "/messages/@original")
    assert original["flags"] & 192 == 192
    _, filled = await stage.bot.hook(asked, "POST", "", {"content": "filled"})
    assert filled["id"] == original["id"]
    assert filled["flags"] & 192 == 64
    _, second = await stage.bot.hook(asked, "POST", "", {"content": "second"})
    assert second["id"] != original["id"]
    assert second["message_reference"]["message_id"] == original["id"]


async def test_every_message_of_an_interaction_can_be_changed_by_its_token(stage: Stage) -> None:
    """Follow-ups and the original can be read, edited and deleted, ephemeral ones too."""
    asked = await stage.asked()
    await stage.bot.answer(asked, 4, {"content": "original"})
    _, follow = await stage.bot.hook(asked, "POST", "", {"content": "follow", "flags": 64})
    for rest in ("/messages/@original", f"/messages/{follow['id']}"):
        _, edited = await stage.bot.hook(asked, "PATCH", rest, {"content": "edited"})
        assert edited["content"] == "edited"
        assert (await stage.bot.hook(asked, "DELETE", rest))[0] == 204
        status, body = await stage.bot.hook(asked, "GET", rest)
        assert (status, body["code"]) == (404, 10008)
    await stage.mara.say("fireside", "so that everything before was heard")
    assert [m["content"] for m in stage.mara.messages("fireside")] == ["so that everything before was heard"]


async def test_a_token_lasts_fifteen_minutes(stage: Stage) -> None:
    """After that it is an invalid webhook token."""
    asked = await stage.asked()
    await stage.bot.answer(asked, 4, {"content": "original"})
    now = stage.playground.world.clock()
    stage.playground.world.clock = lambda: now + 14 * 60
    assert (await stage.bot.hook(asked, "GET", "/messages/@original"))[0] == 200
    stage.playground.world.clock = lambda: now + 15 * 60 + 5
    status, body = await stage.bot.hook(asked, "GET", "/messages/@original")
    assert (status, body["code"]) == (401, 50027)


async def test_there_is_no_original_before_the_first_answer(stage: Stage) -> None:
    """Follow-ups come after the answer."""
    status, body = await stage.bot.hook(await stage.asked(), "POST", "", {"content": "too early"})
    assert (status, body["code"]) == (404, 10015)


async def test_a_modal_from_a_button_may_update_the_buttons_message(stage: Stage) -> None:
    """What a modal grew out of is told in the new message's metadata, and can be updated."""
    asked = await stage.asked()
    await stage.bot.answer(asked, 4, {"content": "row", "components": ROW})
    (row,) = stage.mara.messages("fireside") or [await stage.mara.wait_for_message(lambda m: True)]
    submitted, answer = await _through_modal(stage, row)
    assert submitted["message"]["id"] == row["id"]
    assert submitted["data"]["components"][0]["component"]["value"] == "three"
    metadata = answer.message["interaction_metadata"]
    assert metadata["triggering_interaction_metadata"]["interacted_message_id"] == row["id"]
    edited = await stage.bot.hook(submitted, "PATCH", "/messages/@original", {"content": "done"})
    assert edited[1]["content"] == "done"


async def _through_modal(stage: Stage, row: Any) -> tuple[Any, Answer]:
    async with asyncio.TaskGroup() as tasks:
        clicking = tasks.create_task(stage.mara.click(row, "Go"))
        await stage.bot.answer(await stage.bot.interaction(), 9, MODAL)
    modal = clicking.result().modal
    assert modal is not None
    async with asyncio.TaskGroup() as tasks:
        submitting = tasks.create_task(stage.mara.submit_modal(modal, {"Words": "three"}))
        submitted = await stage.bot.interaction()
        await stage.bot.answer(submitted, 4, {"content": "thanks"})
    return submitted, submitting.result()


async def test_a_localised_name_is_a_name(stage: Stage) -> None:
    """People call a command as their language names it; an unanswered one raises."""
    stage.playground.book.answer_seconds = 0.01
    with pytest.raises(NotAnswered):
        await stage.mara.command("问", channel="fireside")
