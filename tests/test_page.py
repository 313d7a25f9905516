"""Look at the playground's page: its sources, its words, and how it behaves in a browser."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.playground.server import Playground
from tests.browser import PHONE, Visit, visiting
from tests.guest import Guest, bot_token, pointed_at, running

PAGE = Path(__file__).parent.parent / "bot" / "playground" / "page"
SCRIPTS = sorted(PAGE.glob("js/*.js"))

browser = pytest.mark.browser


def words(language: str) -> dict[str, str]:
    """Return a catalog of the page's own words."""
    source = (PAGE / "js" / f"words_{language}.js").read_text(encoding="utf-8")
    return dict(re.findall(r'^  (\w+):\s+"(.*)",$', source, re.MULTILINE))


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground with its page and a bot that has commands of every shape."""
    async with Playground.open(rate_limits=False) as opened:
        with pointed_at(opened):
            async with running(Guest(), await bot_token(opened)):
                yield opened


@pytest.fixture
async def visit(playground: Playground) -> AsyncIterator[Visit]:
    """Open a browser on the playground."""
    async with visiting(playground.url) as visit:
        yield visit


# Sources


def test_both_languages_have_the_same_words() -> None:
    """Each of the page's texts is there in English and in Chinese, with the same placeholders."""
    english, chinese = words("en"), words("zh")
    assert len(english) > 100
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert sorted(re.findall(r"{\w+}", text)) == sorted(re.findall(r"{\w+}", chinese[key])), key


def test_no_word_is_missing_and_none_is_left_over() -> None:
    """Every text that the page asks for by its key exists, and every text is asked for."""
    scripts = [path.read_text(encoding="utf-8") for path in SCRIPTS if not path.name.startswith("words_")]
    asked = {key for source in scripts for key in re.findall(r'\bt\("(\w+)"', source)}
    quoted = {key for source in scripts for key in re.findall(r'"(\w+)"', source)}
    made = {f"{role}Hint" for role in ("member", "moderator", "admin")}
    assert asked - words("en").keys() == set()
    assert words("en").keys() - quoted - made == set()


def test_no_text_can_become_markup() -> None:
    """No script writes HTML from text or runs text as code."""
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|javascript:|"
        r"createContextualFragment|DOMParser|setAttribute\(\"(?:on|style)"
    )
    found = {path.name: forbidden.findall(path.read_text(encoding="utf-8")) for path in SCRIPTS}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_nothing_comes_from_elsewhere() -> None:
    """No source names another site, and index.html holds no script, style or handler of its own."""
    for path in [*PAGE.rglob("*.js"), *PAGE.rglob("*.css"), *PAGE.rglob("*.html")]:
        addresses = re.findall(r"(?:https?|wss?):\\?/\\?/[a-z][\w.]*", path.read_text(encoding="utf-8"))
        assert set(addresses) <= {"http://www.w3.org"}, path.name
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<style|\son\w+=|\sstyle=|<script(?![^>]*\ssrc=)", index) == []


# In a browser


@browser
async def test_markdown_is_shown_as_discord_shows_it(visit: Visit) -> None:
    """Each kind of Markdown becomes its own element, with mentions by name."""
    ana = await visit("Ana")
    source = (
        "# Title\n-# small\n**bold** *lean* __under__ ~~gone~~ `code` </hello:1> <t:0:R>\n"
        "> quoted\n- one\n  - two\n```\nlet *x*\n```\n\n>>> all\nthe rest"
    )
    message = await ana.say(source)
    shown = {
        "h3": "Title",
        ".subtext": "small",
        "strong": "bold",
        "em": "lean",
        "u": "under",
        "s": "gone",
        "p code": "code",
        "button.mention": "/hello",
        "blockquote >> nth=0": "quoted",
        "ul ul li": "two",
        "pre": "let *x*",
        "blockquote >> nth=1": "all\nthe rest",
    }
    for selector, text in shown.items():
        await expect(message.locator(f".prose {selector}")).to_have_text(text)
    await expect(message.locator(".prose time")).to_contain_text("years ago")


@browser
async def test_a_spoiler_opens_by_keyboard_and_stays_open(visit: Visit) -> None:
    """Hidden text is shown when it is asked for, and cannot be reached before."""
    ana = await visit("Ana")
    message = await ana.say("the keeper is ||the lamp||")
    spoiler = message.locator(".spoiler")
    await expect(spoiler.locator(".spoiler-content")).to_have_css("opacity", "0")
    await spoiler.press("Enter")
    await expect(spoiler.locator(".spoiler-content")).to_have_css("opacity", "1")


ATTACKS = (
    "<script>document.title='taken'</script>",
    "<img src=x onerror=\"document.title='taken'\">",
    "[click](javascript:document.title='taken')",
    '[a](https://x.example/"onmouseover="document.title=1)',
    "```html\n<svg onload=document.title='taken'>\n```",
    "**<b onclick=alert(1)>bold</b>**",
)


@browser
async def test_what_people_type_stays_text(visit: Visit) -> None:
    """Markup in a message or a name is shown as it was typed, and runs nothing."""
    ana = await visit("<i>Ana</i>")
    for text in ATTACKS:
        await ana.say(text)
    prose = ana.messages.locator(".prose")
    await expect(prose).to_have_count(len(ATTACKS))
    await expect(prose.locator("script, img, svg, b, [onmouseover], [onclick]")).to_have_count(0)
    await expect(ana.page.locator(".author").first).to_have_text("<i>Ana</i>")
    links = [await link.get_attribute("href") for link in await prose.locator("a").all()]
    assert all(str(link).startswith("https://x.example/") for link in links)
    assert "taken" not in await ana.page.title()


@browser
async def test_a_command_is_given_by_keyboard_alone(visit: Visit) -> None:
    """Slash, a few letters, Enter; a missing option is named in place; suggestions are taken with Enter."""
    ana = await visit("Ana")
    keys = ana.page.keyboard
    await ana.input.focus()
    await keys.type("/pal")
    await expect(ana.page.locator(".picker .option")).to_have_text(["/palette pickPick a colourGuest"])
    await keys.press("Enter")
    form = ana.page.get_by_role("form", name="/palette pick")
    await expect(form.get_by_role("combobox", name="colour")).to_be_focused()
    await keys.press("Enter")
    await expect(form.locator(".option-field .problem").first).to_have_text("colour is needed.")
    await keys.type("in")
    await expect(form.locator(".option")).to_have_text(["Indigo"])
    await keys.press("Enter")
    await keys.press("Tab")
    await keys.type("nine")
    await keys.press("Enter")
    await expect(form.locator(".option-field .problem").last).to_have_text("Please write a number.")
    await keys.press("Control+a")
    await keys.type("2")
    await keys.press("Enter")
    await expect(ana.message("indigo indigo")).to_be_visible()
    await expect(ana.input).to_be_focused()


@browser
async def test_a_form_keeps_the_focus_until_it_is_sent(visit: Visit) -> None:
    """A bot's form says what is missing, offers its choices by keyboard, and reaches the bot filled in."""
    ana = await visit("Ana")
    await ana.command("form")
    form = ana.page.get_by_role("dialog", name="A form")
    await expect(form.get_by_label("Words")).to_be_focused()
    await form.get_by_role("button", name="Submit").click()
    await expect(form.locator(".field .problem").first).to_have_text("This is needed.")
    await form.get_by_label("Words").fill("a lamp")
    await form.get_by_label("Colour").press("Enter")
    await ana.page.keyboard.press("ArrowDown")
    await ana.page.keyboard.press("Enter")
    file = {"name": "page.txt", "mimeType": "text/plain", "buffer": b"ink"}
    await form.get_by_label("Page").set_input_files(file)  # type: ignore[arg-type]  # a plain dict is a FilePayload
    await form.get_by_role("button", name="Submit").click()
    await expect(form).to_have_count(0)
    await expect(ana.message("a lamp green ['page.txt']")).to_be_visible()


@browser
async def test_buttons_answer_and_whispers_can_be_dismissed(visit: Visit) -> None:
    """A button changes its message for everyone; a private answer is seen by who pressed, until dismissed."""
    ana, ben = await visit("Ana"), await visit("Ben")
    await ana.command("row")
    row = ben.message("row")
    await row.get_by_role("button", name="More", exact=True).click()
    await expect(ana.message("row more")).to_be_visible()
    await expect(row.get_by_role("button", name="Off")).to_be_disabled()
    await row.get_by_role("button", name="Whisper").click()
    whisper = ben.message("only you")
    await expect(whisper).to_contain_text("Only you can see this")
    await expect(ana.message("only you")).to_have_count(0)
    await whisper.get_by_role("button", name="Dismiss").click()
    await expect(whisper).to_have_count(0)


@browser
async def test_message_commands_are_in_the_menu(visit: Visit) -> None:
    """The menu of a message opens with the keyboard and holds the bots' commands for messages."""
    ana = await visit("Ana")
    message = await ana.say("three short words")
    await message.focus()
    await message.press("Enter")
    await ana.page.get_by_role("menuitem", name="Count words").press("Enter")
    await expect(ana.message("3 words")).to_be_visible()


@browser
@pytest.mark.parametrize("language", ["English", "中文"])
async def test_a_phone_needs_no_sideways_scrolling(visit: Visit, language: str) -> None:
    """At 390 pixels everything fits, from the first screen to forms, and the drawers hold the rest."""
    lin = await visit(viewport=PHONE, has_touch=True, color_scheme="dark")
    assert await lin.overflow() == 0
    await lin.sit("林墨", language=language, role="admin")
    await lin.say("word " * 60 + "x" * 300)
    await lin.say("```\n" + "y" * 300 + "\n```")
    assert await lin.overflow() == 0
    await lin.page.locator(".room-head .drawer-only").click()
    await lin.go("harbour")
    await lin.command("row")
    await expect(lin.message("row")).to_be_visible()
    assert await lin.overflow() == 0
    await lin.command("form")
    await lin.page.locator("dialog").wait_for()
    assert await lin.overflow() == 0


@browser
async def test_two_tabs_are_two_people_and_a_reload_resumes(visit: Visit) -> None:
    """Each tab keeps its own seat; what the other writes is there before and after a reload."""
    ana, lin = await visit("Ana"), await visit("林墨", language="中文")
    await ana.say("Rain fell on the harbour.")
    await expect(lin.message("Rain fell on the harbour.")).to_be_visible()
    await lin.page.reload()
    await expect(lin.message("Rain fell on the harbour.")).to_be_visible()
    await expect(lin.page.locator(".person-name")).to_have_text("林墨")
    await expect(lin.page.locator(".person-role")).to_have_text("成员")
    await expect(ana.page.locator(".person-name")).to_have_text("Ana")


@browser
@pytest.mark.parametrize("resumable", [True, False])
async def test_a_lost_connection_comes_back_by_itself(
    playground: Playground, visit: Visit, resumable: bool
) -> None:
    """After the socket broke, or the session was forgotten, what was written meanwhile arrives, once."""
    ana, ben = await visit("Ana"), await visit("Ben")
    await ana.say("before")
    await expect(ben.message("before")).to_be_visible()
    ben_id = next(i for i, user in playground.world.users.items() if user["username"] == "Ben")
    if resumable:
        playground.hub.drop(ben_id)
    else:
        playground.hub.invalidate(ben_id, resumable=False)
    await ana.say("after")
    await expect(ben.message("after")).to_have_count(1)
    await expect(ben.message("before")).to_have_count(1)
    await ben.say("here again")
    await expect(ana.message("here again")).to_have_count(1)


@browser
async def test_reading_above_is_not_disturbed(visit: Visit) -> None:
    """Older pages load above and new messages arrive below without moving what is being read."""
    ana, ben = await visit("Ana"), await visit("Ben")
    channel = ana.page.url.rsplit("#", 1)[-1]
    await ana.page.evaluate(
        """async (channel) => {
             const { token } = JSON.parse(sessionStorage.getItem("storyloom.seat"));
             const headers = { Authorization: token, "Content-Type": "application/json" };
             const path = `/api/v10/channels/${channel}/messages`;
             for (let n = 0; n < 80; n += 1) {
               const body = JSON.stringify({ content: `line ${n}` });
               await fetch(path, { method: "POST", headers, body });
             }
           }""",
        channel,
    )
    await ben.page.reload()
    await expect(ben.messages).to_have_count(50)
    await expect(ben.message("line 79")).to_be_in_viewport()
    await ben.message("line 31").evaluate("(node) => node.scrollIntoView()")
    await expect(ben.messages).to_have_count(80)
    await expect(ben.message("line 31")).to_be_in_viewport()
    await ana.say("news")
    await expect(ben.page.locator(".pill")).to_have_text("1 new below")
    await expect(ben.message("line 31")).to_be_in_viewport()
    await ben.page.locator(".pill").click()
    await expect(ben.message("news")).to_be_in_viewport()


@browser
async def test_a_word_being_composed_is_not_sent(playground: Playground, visit: Visit) -> None:
    """Enter that ends an input method's composition writes the word; the next Enter sends it."""
    lin = await visit("林墨", language="中文")
    await lin.input.focus()
    session = await lin.page.context.new_cdp_session(lin.page)
    await session.send("Input.imeSetComposition", {"text": "灯", "selectionStart": 1, "selectionEnd": 1})
    await lin.input.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "keyCode": 229})
    await session.send("Input.insertText", {"text": "灯塔"})
    await expect(lin.input).to_have_value("灯塔")
    await expect(lin.messages).to_have_count(0)
    await lin.input.press("Enter")
    await expect(lin.message("灯塔")).to_be_visible()


@browser
async def test_the_password_is_asked_for_first() -> None:
    """With a password set, the first screen asks for it, refuses a wrong one, and then offers seats."""
    async with Playground.open(password="sesame") as guarded, visiting(guarded.url) as visit:
        ana = await visit()
        field = ana.page.get_by_label("Password")
        await field.fill("wrong")
        await field.press("Enter")
        await expect(ana.page.get_by_role("alert").filter(has_text="not the password")).to_be_visible()
        await field.fill("sesame")
        await field.press("Enter")
        await ana.page.get_by_label("Your name").wait_for()
        await ana.sit("Ana", language="English", role="member")
        await ana.say("inside")


@browser
async def test_a_link_to_a_message_leads_there(visit: Visit) -> None:
    """A link that Discord would open is named by its channel, and brings the message into view."""
    ana = await visit("Ana")
    await (await ana.say("The first line.")).wait_for()
    for number in range(15):
        await ana.say(f"Line {number}")
    first = ana.message("The first line.")
    channel = (await ana.page.evaluate("location.hash"))[1:]
    row = await first.get_attribute("data-id")
    await ana.say(f"It began at https://discord.com/channels/@me/{channel}/{row}")
    await expect(first).not_to_be_in_viewport()
    await ana.messages.last.get_by_role("link", name=", a message").click()
    await expect(first).to_be_focused()
    await expect(first).to_be_in_viewport()
