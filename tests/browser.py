"""Drive the playground's page with Chromium, as people would.

async with visiting(playground.url) as visit:
    ana = await visit("Ana")
    await ana.say("Once upon a time")
"""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import pytest
from playwright.async_api import Browser, Locator, Page, async_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
PATIENCE = 10_000.0  # milliseconds

Visit = Callable[..., Awaitable["Visitor"]]


def find_chromium() -> str | None:
    """Return the path of a Chromium: the one that CHROMIUM names, else one of the system's."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


class Visitor:
    """Be one person at one tab of the page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.troubles: list[str] = []
        """What the page complained of: uncaught errors, and what its policy refused."""
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda line: self._listen(line.type, line.text))

    def _listen(self, kind: str, text: str) -> None:
        if kind == "error" and "Content Security Policy" in text:
            self.troubles.append(text)

    @property
    def input(self) -> Locator:
        """Return the field in which messages are written."""
        return self.page.locator(".composer-input")

    @property
    def messages(self) -> Locator:
        """Return all messages of the channel that is open."""
        return self.page.locator(".message")

    def message(self, text: str) -> Locator:
        """Return the message that holds a text."""
        return self.messages.filter(has_text=text)

    async def sit(self, name: str, *, language: str, role: str) -> Self:
        """Take a new seat on the first screen."""
        await self.page.get_by_role("button", name=language, exact=True).click()
        await self.page.locator(f"input[type=radio][value={role}]").check()
        name_field = self.page.locator("form input[type=text]")
        await name_field.fill(name)
        await name_field.press("Enter")
        await self.input.wait_for()
        return self

    async def go(self, channel: str) -> None:
        """Open a channel by the name that the list shows."""
        await self.page.locator(".place", has_text=channel).click()
        await self.page.locator(".room-head h1", has_text=channel).wait_for()

    async def say(self, text: str) -> Locator:
        """Write a message with the keyboard; return the newest message once it has come back."""
        before = await self.messages.count()
        await self.input.fill(text)
        await self.input.press("Enter")
        await self.messages.nth(before).wait_for()
        return self.messages.last

    async def command(self, name: str, options: Mapping[str, str] | None = None) -> None:
        """Give a command through its form."""
        await self.input.fill(f"/{name} ")
        form = self.page.get_by_role("form", name=f"/{name}")
        await form.wait_for()
        for option, value in (options or {}).items():
            await form.locator("input, textarea").and_(form.get_by_label(option)).fill(value)
        await form.get_by_role("button").last.click()
        await form.wait_for(state="detached")

    async def overflow(self) -> float:
        """Return by how many pixels the page is wider than its window."""
        width: float = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start Chromium; the test is skipped where none is installed."""
    path = find_chromium()
    if path is None:
        pytest.skip(f"no Chromium found: set CHROMIUM, or install one of {', '.join(_NAMES)}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(url: str) -> AsyncIterator[Visit]:
    """Open a browser on a playground, and look at the end that no tab has met an error.

    `visit(name, language="English", role="member", viewport=DESKTOP, **context)` takes a seat in a new tab;
    without a name it stays on the first screen.
    """
    visitors: list[Visitor] = []
    async with chromium() as browser:

        async def visit(
            name: str | None = None,
            *,
            language: str = "English",
            role: str = "member",
            viewport: Mapping[str, int] = DESKTOP,
            **context: Any,
        ) -> Visitor:
            size = {"width": viewport["width"], "height": viewport["height"]}
            tab = await browser.new_context(viewport=size, locale="en-US", **context)  # type: ignore[arg-type]  # a plain dict is a ViewportSize
            tab.set_default_timeout(PATIENCE)
            visitor = Visitor(await tab.new_page())
            visitors.append(visitor)
            await visitor.page.goto(url)
            await visitor.page.locator(".lobby").wait_for()
            return visitor if name is None else await visitor.sit(name, language=language, role=role)

        yield visit
    assert [trouble for visitor in visitors for trouble in visitor.troubles] == []
