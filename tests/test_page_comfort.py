"""Use the page as its readers do: on a phone, by ear, in Chinese, from another machine, with files in hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from bot.playground.server import Playground
from tests.browser import DESKTOP, PHONE, Visit, Visitor, visiting
from tests.guest import Guest, bot_token, pointed_at, running

pytestmark = pytest.mark.browser

LONG = "The keeper of the light walked down to the water with a lamp in each hand and no shoes on. " * 4

# How many lines of a message's text lie beneath its menu's button.
COVERED_LINES = """(article) => {
  const button = article.querySelector(".more").getBoundingClientRect();
  const range = document.createRange();
  range.selectNodeContents(article.querySelector(".prose"));
  const below = (line) =>
    line.right > button.left && line.left < button.right && line.bottom > button.top && line.top < button.bottom;
  // A line's box is taller than its letters: what counts is its middle.
  const middle = ({ left, right, top, bottom }) =>
    ({ left, right, top: top + (bottom - top) / 4, bottom: bottom - (bottom - top) / 4 });
  return [...range.getClientRects()].map(middle).filter(below).length;
}"""


@asynccontextmanager
async def table() -> AsyncIterator[tuple[Playground, Visit]]:
    """Open a playground with a bot in it, and a browser on it."""
    async with Playground.open(rate_limits=False) as playground:
        with pointed_at(playground):
            async with running(Guest(), await bot_token(playground)), visiting(playground.url) as visit:
                yield playground, visit


async def drop_file(visitor: Visitor, name: str) -> None:
    """Drag a text file on to the page and let it go there."""
    script = "(name) => { const d = new DataTransfer(); d.items.add(new File(['ink'], name)); return d; }"
    transfer = await visitor.page.evaluate_handle(script, name)
    await visitor.page.dispatch_event("main.room", "drop", {"dataTransfer": transfer})


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_the_menu_button_covers_no_text(viewport: dict[str, int]) -> None:
    """The first line of a message stays readable, also where no name stands above it."""
    async with table() as (_, visit):
        ana = await visit("Ana", viewport=viewport, has_touch=viewport is PHONE)
        for text in (LONG, LONG, "灯" * 200):
            message: Locator = await ana.say(text)
            await message.hover()
            assert await message.evaluate(COVERED_LINES) == 0


async def test_a_paragraph_runs_in_its_own_direction() -> None:
    """Right-to-left words stand at the right and leave the name and the paragraph beside them as they were."""
    async with table() as (_, visit):
        ana = await visit("Ana (אב)")
        message = await ana.say("שלום עולם\n\nplain words")
        sides = await message.evaluate(
            """(article) => {
                 const side = (node) => {
                   const range = document.createRange();
                   range.selectNodeContents(node);
                   const text = range.getBoundingClientRect();
                   const box = node.getBoundingClientRect();
                   return text.left - box.left > box.right - text.right ? "right" : "left";
                 };
                 return [...article.querySelectorAll(".prose p")].map(side);
               }"""
        )
        assert sides == ["right", "left"]


async def test_a_message_is_read_out_once_when_it_is_told() -> None:
    """Listeners hear others' messages, a bot's in its last wording, and not their own."""
    async with table() as (_, visit):
        ana, ben = await visit("Ana"), await visit("Ben")
        heard = ben.page.locator("[role=log][aria-live=polite]")
        await ben.say("mine")
        await ana.say("good evening")
        await expect(heard).to_have_text("Ana: good evening")
        await ana.command("slow")
        await expect(heard.locator("p")).to_have_text(["Ana: good evening", "Guest: second", "Guest: third"])


async def test_refusals_are_in_the_readers_language() -> None:
    """What the server refuses in English is said in Chinese to who reads Chinese."""
    async with table() as (_, visit):
        lin = await visit(language="中文")
        await lin.page.get_by_role("button", name="中文", exact=True).click()
        name = lin.page.locator("form input[type=text]")
        await name.fill("\u200b")
        await name.press("Enter")
        await expect(lin.page.get_by_role("alert").filter(has_text="可见字符")).to_be_visible()
        await lin.sit("林墨", language="中文", role="member")
        message = await lin.say("灯")
        await message.click(button="right")
        await lin.page.get_by_role("menuitem", name="编辑").click()
        dialog = lin.page.get_by_role("dialog")
        await dialog.locator("textarea").fill("")
        await dialog.locator("button[type=submit]").click()
        await expect(dialog.get_by_role("alert")).to_have_text("没有可发送的内容，请先写点什么。")


async def test_the_focus_stays_on_the_page_after_a_deletion() -> None:
    """Who deletes a message goes on from the messages, not from the top of the page."""
    async with table() as (_, visit):
        ana = await visit("Ana")
        message = await ana.say("a slip of the pen")
        await message.click(button="right")
        await ana.page.get_by_role("menuitem", name="Delete").click()
        await ana.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(ana.messages).to_have_count(0)
        await expect(ana.page.locator(".timeline")).to_be_focused()


async def test_a_file_can_be_dropped_where_one_may_write() -> None:
    """A dropped file waits to be sent; where one may only read, it is not taken."""
    async with table() as (_, visit):
        ana = await visit("Ana")
        await drop_file(ana, "page.txt")
        await expect(ana.page.locator(".tray-file")).to_contain_text("page.txt")
        await ana.input.press("Enter")
        await expect(ana.messages.last.locator(".file-name")).to_have_text("page.txt")
        await ana.go("welcome")
        await drop_file(ana, "other.txt")
        await expect(ana.page.locator(".tray-file")).to_have_count(0)


async def test_files_are_found_from_another_machine() -> None:
    """A page that was opened by the machine's address finds the files there, not on the reader's own."""
    async with Playground.open(host="0.0.0.0", password="sesame") as playground:  # as hosts do for phones
        port = playground.url.rsplit(":", 1)[1]
        async with visiting(f"http://127.0.0.9:{port}") as visit:
            ana = await visit()
            await ana.page.get_by_label("Password").fill("sesame")
            await ana.page.keyboard.press("Enter")
            await ana.sit("Ana", language="English", role="member")
            await drop_file(ana, "page.txt")
            await ana.input.press("Enter")
            await ana.page.get_by_role("button", name="Preview").click()
            await expect(ana.page.locator(".file-preview")).to_have_text("ink")
            link: Any = await ana.page.locator(".file-name").get_attribute("href")
            assert link.startswith("/attachments/")


async def test_text_can_be_copied_from_another_machine() -> None:
    """Where the browser's clipboard is closed to the page, the old way of copying is taken."""
    async with Playground.open(host="0.0.0.0", password="sesame") as playground:
        port = playground.url.rsplit(":", 1)[1]
        async with visiting(f"http://127.0.0.9:{port}") as visit:
            ana = await visit()
            await ana.page.get_by_label("Password").fill("sesame")
            await ana.page.keyboard.press("Enter")
            await ana.sit("Ana", language="English", role="member")
            await ana.page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
            message = await ana.say("a lamp in the snow")
            await message.click(button="right")
            await ana.page.get_by_role("menuitem", name="Copy text").click()
            await expect(ana.page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
            await ana.input.focus()
            await ana.page.keyboard.press("Control+v")
            await expect(ana.input).to_have_value("a lamp in the snow")
