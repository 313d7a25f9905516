"""Prove in a channel that the tree, the credits and the figures are shown: to one, to all, in both languages."""

import struct
from collections.abc import Callable

from tests.person import Person
from tests.person_forms import Payload
from tests.stage import Stage, answered, refused, saying

LAMP = "The lamp went out."


def size_of(png: bytes) -> tuple[int, int]:
    """Return the width and height that stand in a PNG's header."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def titled(title: str) -> Callable[[Payload], bool]:
    """Match messages with a card of that title."""
    return lambda message: any(embed.get("title") == title for embed in message["embeds"])


async def picture_of(person: Person, message: Payload) -> tuple[int, int, str]:
    """Return the size of the picture that a message carries, and the words for those who cannot see it."""
    (file,) = message["attachments"]
    assert file["content_type"] == "image/png"
    width, height = size_of(await person.download(file["url"]))
    return width, height, file["description"]


async def test_tree_is_drawn_for_the_one_who_asks(stage: Stage) -> None:
    """A picture with words for those who cannot see it, and lines that tell how to go to another branch."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, LAMP)
    await mara.command("branch", channel="fireside", options={"name": "the *drowned* bell"})
    await mara.wait_for_message(saying("drowned", "bell"))
    await stage.narrate(mara, "A bell rang under the water.")

    shown = await answered(await mara.command("tree", channel="fireside"))
    width, height, told = await picture_of(mara, shown)

    assert r"**the \*drowned\* bell**" in shown["content"]
    assert "Other branches: **main**" in shown["content"]
    assert "`/branch`" in shown["content"]
    assert width >= 800
    assert 300 < height < 1000
    assert "Mara (1)" in told
    assert "The narrator (1)" in told
    assert "main (1)" in told


async def test_tree_is_shown_to_everyone_on_request(stage: Stage) -> None:
    """In the story's language, whoever asked; it calls nobody, whatever a story is called."""
    mara = await stage.seat("Mara", locale="zh-CN")
    tom = await stage.seat("Tom")
    await stage.begin(mara, title="@everyone", language="en")
    await stage.write(mara, LAMP)
    await mara.command("tree", channel="fireside", options={"everyone": True})
    shown = await tom.wait_for_message(lambda m: bool(m["attachments"]))

    assert "has one branch, **main**" in shown["content"]
    assert (await picture_of(tom, shown))[0] >= 800


async def test_tree_speaks_chinese(stage: Stage) -> None:
    """To a Chinese reader, of a Chinese story."""
    mara = await stage.seat("阿岚", locale="zh-CN")
    await mara.command("story start", channel="fireside", options={"title": "沉码头的灯"})
    await mara.wait_for_message(lambda m: any(e.get("title") == "沉码头的灯" for e in m["embeds"]))
    await mara.command("write", channel="fireside", options={"text": "灯灭了。"})
    await mara.wait_for_message(saying("灯灭了。"))
    shown = await answered(await mara.command("tree", channel="fireside"))

    assert "沉码头的灯" in shown["content"]
    assert "`/branch`" in shown["content"]
    assert "阿岚 (1)" in (await picture_of(mara, shown))[2]


async def test_credits_tell_who_wrote_how_much(stage: Stage) -> None:
    """In words; what is taken back counts no more, and does again when it is back."""
    mara, tom = await stage.seat("Mara"), await stage.seat("To_m_")
    await stage.begin(mara)
    await stage.write(mara, "one two three")
    await stage.write(tom, "four")

    async def listed() -> str:
        shown = await answered(await mara.command("credits", channel="fireside"))
        return str(shown["embeds"][0]["description"])

    first = await listed()
    assert "**Mara** · 75% · 3 words · 1 passage" in first
    assert r"**To\_m\_** · 25% · 1 word · 1 passage" in first
    assert "People 100%, the narrator 0%" in first
    await tom.command("undo", channel="fireside")
    await mara.wait_for_message(saying("took this passage back"))
    assert "**Mara** · 100%" in await listed()


async def test_credits_are_shown_to_everyone_on_request(stage: Stage) -> None:
    """As a message of the channel."""
    mara, tom = await stage.seat("Mara"), await stage.seat("Tom")
    await stage.begin(mara)
    await stage.narrate(mara, LAMP)
    await mara.command("credits", channel="fireside", options={"everyone": True})
    shown = await tom.wait_for_message(
        lambda m: any("Credits" in (e.get("title") or "") for e in m["embeds"])
    )

    assert "**The narrator** · 100%" in shown["embeds"][0]["description"]


async def test_quality_is_told_in_figures_and_drawn_when_there_is_a_trend(stage: Stage) -> None:
    """A short story has figures alone; a longer one a picture in the card."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, LAMP)
    short = await answered(await mara.command("story quality", channel="fireside"))
    assert short["attachments"] == []
    assert "picture" in short["embeds"][0]["footer"]["text"]

    for number in range(7):
        await stage.write(mara, f"{LAMP} Again, the {number}. time.")
    long = await answered(await mara.command("story quality", channel="fireside"))
    fields = {field["name"]: field["value"] for field in long["embeds"][0]["fields"]}

    assert fields["Length"] == "8 passages, 60 words"
    assert "the narrator 0%" in fields["Who writes"]
    assert fields["Pace"] == "8 passages so far, all on one day"
    assert long["embeds"][0]["image"]["url"].split("?")[0].endswith("trend.png")


async def test_nothing_to_show_is_said_kindly(stage: Stage) -> None:
    """Before a story, and before its first passage; privately even where everyone was to see it."""
    mara = await stage.seat("Mara")
    await refused(await mara.command("tree", channel="fireside"), "No story has been told here yet")
    await stage.begin(mara)
    for name in ("tree", "credits"):
        answer = await mara.command(name, channel="fireside", options={"everyone": True})
        await refused(answer, "The page is still empty")
    await refused(await mara.command("story quality", channel="fireside"), "The page is still empty")


async def test_secret_story_is_not_shown_before_its_end(stage: Stage) -> None:
    """In a blind game neither the tree nor the figures give anything away; when it ends they show it all."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    stage.calls = True
    await answered(await mara.command("turn mode", channel="fireside", options={"mode": "blind"}))
    await mara.command("write", channel="fireside", options={"text": LAMP})
    await mara.wait_for_message(saying("secret until the end"))
    for name in ("tree", "credits", "story quality"):
        await refused(await mara.command(name, channel="fireside"), "secret until the end")
    await mara.command("story pause", channel="fireside")
    paused = await mara.wait_for_message(titled("Paused: The Lamp"))
    await refused(await mara.command("tree", channel="fireside"), "secret until the end")
    await mara.command("story resume", channel="fireside")
    await mara.wait_for_message(
        lambda m: any("goes on with this story" in (e.get("description") or "") for e in m["embeds"])
    )
    await mara.wait_for_message(lambda m: int(m["id"]) > int(paused["id"]) and saying("secret until")(m))
    await mara.command("story end", channel="fireside")
    await mara.wait_for_message(titled("The end: The Lamp"))

    shown = await answered(await mara.command("tree", channel="fireside"))
    assert (await picture_of(mara, shown))[0] >= 800


async def test_tree_follows_edits_and_what_was_taken_back(stage: Stage) -> None:
    """What the words beside the picture count is what is read."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    first = await stage.write(mara, LAMP)
    await stage.write(mara, "A bell rang.")
    await mara.use_on("Take back", first)
    await mara.wait_for_message(saying("took", "back"))
    shown = await answered(await mara.command("tree", channel="fireside"))

    assert "1 passage is read, written by Mara (1)" in (await picture_of(mara, shown))[2]
    credits = await answered(await mara.command("credits", channel="fireside"))
    assert "3 words" in credits["embeds"][0]["description"]
