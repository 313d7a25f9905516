"""Prove in a channel that stories take turns: buttons, lists, refusals, and a restart in between."""

from tests.person import Person
from tests.stage import Stage, answered, buttons, refused, saying, with_button


async def pause(person: Person, title: str) -> None:
    """Let a person pause the story of that title, and wait until it rests."""
    await person.command("story pause", channel="fireside")
    await person.wait_for_message(lambda m: any(e.get("title") == title for e in m["embeds"]))


async def test_two_stories_take_turns_in_a_channel(stage: Stage) -> None:
    """Pause, start another, switch back: the newest passage is shown anew with the buttons, the other has none."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, title="The Lamp")
    lamp = await stage.write(mara, "The lamp went out.")
    await pause(mara, "Paused: The Lamp")
    assert buttons(mara.current(lamp)) == []

    await refused(await mara.command("write", channel="fireside", options={"text": "More."}), "is paused")
    await stage.begin(mara, title="The Fog")
    fog = await stage.write(mara, "Fog rolled in.")
    await mara.command("story switch", channel="fireside", options={"story": "the lamp"})
    again = await mara.wait_for_message(
        lambda m: int(m["id"]) > int(fog["id"]) and saying("The lamp went out.", button="Undo")(m)
    )

    assert buttons(mara.current(fog)) == []
    assert await stage.told() == ["The lamp went out."]
    await mara.click(again, "Undo")
    await mara.wait_for_message(saying("took this passage back"))


async def test_paused_story_outlives_a_restart(stage: Stage) -> None:
    """The next run leaves it paused, without buttons, and it goes on when asked."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, "The lamp went out.")
    await pause(mara, "Paused: The Lamp")
    await stage.restart()

    assert not any(with_button("Continue")(message) for message in mara.messages("fireside"))
    await mara.command("story resume", channel="fireside")
    await mara.wait_for_message(saying("The lamp went out.", button="Continue"))


async def test_an_ended_story_is_taken_up_again(stage: Stage) -> None:
    """Its end says how; it is offered while typing, and goes on where it stopped."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, title="The Lamp")
    await stage.write(mara, "The lamp went out.")
    await mara.command("story end", channel="fireside")
    await mara.wait_for_message(
        lambda m: any(
            "`/story resume` takes it up again" in (e.get("description") or "") for e in m["embeds"]
        )
    )
    offered = await mara.complete("story resume", channel="fireside", option="story", text="")
    assert [choice["name"] for choice in offered] == ["The Lamp"]
    await mara.command("story resume", channel="fireside")
    await mara.wait_for_message(saying("The lamp went out.", button="Continue"))
    await stage.write(mara, "Somebody lit it again.")

    assert await stage.told() == ["The lamp went out.", "Somebody lit it again."]


async def test_resumed_story_without_a_word_shows_its_empty_page(stage: Stage) -> None:
    """There is nothing to show anew, but the buttons to begin with."""
    mara = await stage.seat("Mara", locale="zh-CN")
    await mara.command("story start", channel="fireside", options={"title": "灯塔"})
    await mara.wait_for_message(with_button("继续"))
    await pause(mara, "已暂停：灯塔")
    await mara.command("story resume", channel="fireside", options={"story": "灯"})

    await mara.wait_for_message(
        lambda m: any("一个字都没有" in (e.get("description") or "") for e in m["embeds"])
    )
    await mara.wait_for_message(with_button("继续"))


async def test_paused_stories_are_offered_while_typing(stage: Stage) -> None:
    """By title; the one that is being told and those of other channels are not among them."""
    mara = await stage.seat("Mara")
    for title in ("The Lamp", "The Fog"):
        await stage.begin(mara, title=title)
        await pause(mara, f"Paused: {title}")
    await stage.begin(mara, title="The Tide")

    offered = await mara.complete("story switch", channel="fireside", option="story", text="the ")

    assert [choice["name"] for choice in offered] == ["The Fog", "The Lamp"]


async def test_only_its_starter_or_a_moderator_pauses_a_story(stage: Stage) -> None:
    """Others are told whom to ask."""
    mara, tom = await stage.seat("Mara"), await stage.seat("Tom")
    await stage.begin(mara)

    await refused(await tom.command("story pause", channel="fireside"), "Only Mara")


async def test_list_shows_what_was_chosen(stage: Stage) -> None:
    """Paused, being told, mine; where there is none of the kind, how to see all."""
    mara, tom = await stage.seat("Mara"), await stage.seat("Tom")
    await stage.begin(mara, title="The Lamp")
    await pause(mara, "Paused: The Lamp")
    await stage.begin(tom, title="The Fog")

    async def listed(which: str) -> str:
        answer = await mara.command("story list", channel="fireside", options={"which": which})
        return str((await answered(answer))["embeds"][0]["description"])

    assert "The Lamp" in await listed("paused")
    assert "The Fog" not in await listed("paused")
    assert "The Fog" in await listed("running")
    assert "The Lamp" in await listed("mine")
    assert "The Fog" not in await listed("mine")
    assert "no such stories" in await listed("ended")
