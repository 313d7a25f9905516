"""Hold everything that the bot asks of Discord to Discord's own description.

Every stage (tests/stage.py) checks the requests of its test when it closes; here one long evening is looked at,
to show that the check sees what it should.
"""

import pytest

from tests.openapi import described, violations, violations_of
from tests.stage import Stage, answered, buttons, saying, with_button

HERE = "fireside"


@pytest.fixture(autouse=True)
def description() -> None:
    """Skip, and say so, where Discord's description is not at hand."""
    if not described():
        pytest.skip("Discord's OpenAPI description is not beside the repository: requests are not validated")


async def test_an_evening_of_requests_is_as_discord_describes(stage: Stage) -> None:
    """Commands, messages, edits, reactions, files and windows: all known to Discord, none refused."""
    mara = await stage.seat("Mara", locale="zh-CN")
    await mara.command("story start", channel=HERE, options={"title": "灯", "free_typing": True})
    await mara.wait_for_message(with_button("继续"))
    modal = (await mara.command("write", channel=HERE)).modal
    assert modal is not None
    await mara.submit_modal(modal, {"text": "一盏灯。" * 900})
    await mara.wait_for_message(lambda m: "一盏灯。" in m["content"] and "继续" in buttons(m))
    said = await mara.say(HERE, "他走了。")
    await mara._heard(("MESSAGE_REACTION_ADD",), lambda data: data["message_id"] == said["id"])
    await mara.command("continue", channel=HERE)
    shown = await mara.wait_for_message(with_button("重写"))
    await mara.click(shown, "重写")
    shown = await mara.wait_for_message(with_button("2/2"))
    await mara.click(shown, "▶")
    shown = await mara.wait_for_message(with_button("1/2"))
    for name in ("story show", "story list", "story settings", "story export"):
        await answered(await mara.command(name, channel=HERE))
    await mara.command("undo", channel=HERE)
    await mara.wait_for_message(saying("/redo"))
    await mara.command("story end", channel=HERE)
    await mara.wait_for_message(lambda m: len(m["embeds"]) == 1 and "/story export" in str(m["embeds"]))
    requests = list(stage.playground.requests)
    assert violations_of(requests) == []
    assert {request.status for request in requests} <= {200, 201, 204}
    asked = {(request.method, request.path.split("/")[1]) for request in requests if request.body}
    assert {("PUT", "applications"), ("POST", "interactions"), ("POST", "channels")} <= asked
    assert {("PATCH", "channels"), ("PATCH", "webhooks")} <= asked
    assert len(requests) > 30


async def test_a_wrong_request_would_be_seen() -> None:
    """The check is not blind: what Discord does not know or allow is named."""
    assert violations("POST", "/channels/1/messages", {"content": 5})
    assert violations("POST", "/channels/1/poems", {"content": "x"})
    assert violations("POST", "/channels/1/messages", {"content": "fine"}) == []
