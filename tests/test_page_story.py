"""Tell one story in a browser: two people at two tabs, the real bot, its buttons, its form, a phone."""

import re

import pytest
from playwright.async_api import expect

from tests.browser import PHONE, Visit, visiting
from tests.stage import Stage

pytestmark = pytest.mark.browser

OPENING = "Mira climbed the three hundred and nine steps with a loaf under her arm."
ANSWER = (
    "At the top there was no keeper. There was only the lamp, and beside it, on a folded coat, a child asleep "
    "with both fists shut tight around nothing at all.\n\n“You took your time,” said the lamp."
)


async def begin(visit: Visit) -> None:
    """Let Mara start a story and write its first passage at a tab of her own."""
    mara = await visit("Mara")
    await mara.command("story start", {"title": "The Lamp", "premise": "A lighthouse that answers."})
    await mara.page.get_by_role("button", name="Continue").wait_for()
    await mara.command("write", {"text": OPENING})
    await mara.message(OPENING).wait_for()


async def test_two_people_and_the_narrator_write_a_story(stage: Stage) -> None:
    """Both tabs see each passage; the narrator's grows while it is told; another take is a press away."""
    async with visiting(stage.playground.url) as visit:
        await begin(visit)
        jun = await visit("Jun")
        await expect(jun.message(OPENING)).to_be_visible()
        await expect(jun.message(OPENING)).to_have_class(re.compile(r"\bpage\b"))
        stage.script.says(ANSWER)
        stage.script.hold(after=12)
        await jun.page.get_by_role("button", name="Continue").last.click()
        await expect(jun.messages.last).to_contain_text("At the top there was no keeper.")
        await expect(jun.messages.last).not_to_contain_text("said the lamp")
        await expect(jun.page.get_by_role("button", name="Stop")).to_be_visible()
        stage.script.go_on()
        await expect(jun.message("“You took your time,” said the lamp.")).to_be_visible()
        stage.script.says("The door at the top was open.")
        await jun.page.get_by_role("button", name="Retry").click()
        await expect(jun.message("The door at the top was open.")).to_be_visible()
        await expect(jun.page.get_by_role("button", name="2/2")).to_be_visible()
    assert await stage.told() == [OPENING, "The door at the top was open."]


async def test_a_long_passage_is_written_in_the_form(stage: Stage) -> None:
    """The Write button opens a form; what is written there is in the story and on the other's phone."""
    async with visiting(stage.playground.url) as visit:
        await begin(visit)
        lin = await visit("林墨", language="中文", viewport=PHONE, has_touch=True, color_scheme="dark")
        await lin.page.locator('.message [data-custom-id]:has-text("✏")').last.click()
        form = lin.page.get_by_role("dialog")
        passage = "灯没有灭。\n\n它只是在等。"
        await form.locator("textarea").fill(passage)
        await form.locator("button[type=submit]").click()
        await expect(form).to_have_count(0)
        await expect(lin.message("它只是在等。").last).to_be_visible()
        assert await lin.overflow() == 0
    assert await stage.told() == [OPENING, passage]
