"""Write blindly, and with a narrator who writes by itself or never, with the real bot."""

from tests.stage import Stage, answered, buttons, refused, saying, with_button
from tests.turn_play import BELL, HERE, called, shown, sit, write


async def test_the_narrator_fills_in(stage: Stage) -> None:
    """At the end of a silent turn the narrator writes, once, and then the next one is called."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await sit(stage, mara, jun, mode="robin", length="10m", then="narrator", nudge=0)
    stage.script.says(BELL)
    stage.clock.move(minutes=11)
    await mara.wait_for_message(saying(BELL, button="Continue"))
    await called(jun, "Next up")
    await write(jun, "One.")
    assert await stage.told() == [BELL, "One."]


async def test_a_blind_story_shows_only_how_it_ends(stage: Stage) -> None:
    """The channel sees sizes, the next writer the last line, and everyone the whole when it is revealed."""
    mara, jun, ola = await stage.seat("Mara"), await stage.seat("Jun"), await stage.seat("Ola")
    await sit(stage, mara, jun, mode="blind", length="1h")
    await mara.command("write", channel=HERE, options={"text": "A king lived here.\nHe lost his hat."})
    shown = await ola.wait_for_message(saying("secret until the end", "8 words", button="Write"))
    await called(jun, "how the last passage ends")
    await refused(await ola.click(shown, "Write"), "/turn join")
    window = (await jun.click(shown, "Write")).modal
    assert window is not None
    assert "He lost his hat." in str(window["components"])
    assert "A king" not in str(window["components"])
    await refused(await jun.command("story export", channel=HERE), "secret until the end")
    await jun.submit_modal(window, {"Your passage": "It flew away."})
    await ola.wait_for_message(saying("secret until the end", "3 words", button="Write"))
    assert not [m for m in ola.messages(HERE) if "hat" in m["content"] or "flew" in m["content"]]
    await refused(await jun.command("turn reveal", channel=HERE), "host of this story")
    await mara.command("turn reveal", channel=HERE)
    await ola.wait_for_message(saying("A king lived here.", "He lost his hat."))
    await ola.wait_for_message(saying("It flew away.", button="Write"))
    await ola.wait_for_message(saying("Nothing is secret any more"))


async def test_the_narrator_writes_secretly_in_a_blind_story(stage: Stage) -> None:
    """Its words are in no message, neither while it writes nor after, until the story ends."""
    mara, ola = await stage.seat("Mara"), await stage.seat("Ola")
    await sit(stage, mara, mode="blind")
    stage.script.says(BELL)
    await mara.command("continue", channel=HERE)
    await ola.wait_for_message(saying("The narrator", "secret until the end", button="Write"))
    assert not [data for _, data in ola.events if "bell rang" in str(data)]
    await mara.command("story end", channel=HERE)
    await ola.wait_for_message(saying(BELL))


async def test_no_twist_tells_of_what_is_secret(stage: Stage) -> None:
    """Its people would stand in the channel for all to read: it is refused without asking the model."""
    mara = await stage.seat("Mara")
    await sit(stage, mara, mode="blind")
    await mara.command("write", channel=HERE, options={"text": "Old Bertram hid the crown."})
    await mara.wait_for_message(saying("secret until the end", button="Twist"))
    asked = len(stage.backend.requests)
    await refused(await mara.command("twist", channel=HERE), "secret until the end")
    assert len(stage.backend.requests) == asked
    await mara.command("turn reveal", channel=HERE)
    await mara.wait_for_message(saying("Nothing is secret any more"))
    stage.script.says("Bertram loses the crown.")
    await answered(await mara.command("twist", channel=HERE))
    assert len(stage.backend.requests) > asked


async def test_the_narrator_writes_after_so_many_passages(stage: Stage) -> None:
    """By itself, once for every two passages of people, also in turn."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    stage.calls = True
    await stage.begin(mara, narrator="2")
    stage.script.says(BELL)
    await write(mara, "One.")
    await write(jun, "Two.")
    await mara.wait_for_message(saying(BELL, button="Continue"))
    assert await stage.told() == ["One.", "Two.", BELL]


async def test_a_story_without_a_narrator(stage: Stage) -> None:
    """It has no buttons for one, and says kindly that it is told by people alone."""
    mara = await stage.seat("Mara")
    await mara.command("story start", channel=HERE, options={"title": "The Lamp", "narrator": "-1"})
    strip = await mara.wait_for_message(with_button("Write"))
    assert buttons(strip) == ["Write"]
    await refused(await mara.command("continue", channel=HERE), "told by people alone")
    assert buttons(await shown(mara, "One.")) == ["Write", "Undo"]


async def test_the_next_writer_sees_the_ending_alone(stage: Stage) -> None:
    """Also by `/turn next`; whoever else asks learns whose turn it is."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await sit(stage, mara, jun, mode="blind")
    await mara.command("write", channel=HERE, options={"text": "A king lived here.\nHe lost his hat."})
    await called(jun, "how the last passage ends")
    told = (await answered(await jun.command("turn next", channel=HERE)))["content"]
    assert "He lost his hat." in told
    assert "A king" not in told
    told = (await answered(await mara.command("turn next", channel=HERE)))["content"]
    assert "It is Jun's turn" in told
    assert "hat" not in told


async def test_every_mode_is_told_in_chinese(stage: Stage) -> None:
    """What the channel hears of each, and how it refuses, in the story's and the reader's language."""
    mei, jun = await stage.seat("美玲", locale="zh-CN"), await stage.seat("阿俊", locale="zh-CN")
    await sit(stage, mei, jun, mode="robin", length="半小时", nudge=0, then="narrator")
    await mei.wait_for_message(saying("从现在起：轮流", "每个回合 30 分钟", "旁白代写"))
    for mode, said in (("random", "随机"), ("between", "间隔"), ("blind", "盲写"), ("free", "自由")):
        await answered(await mei.command("turn mode", channel=HERE, options={"mode": mode}))
        await mei.wait_for_message(saying(f"从现在起：{said}"))
        if mode == "blind":
            await mei.command("write", channel=HERE, options={"text": "老灯塔里住着一个人。\n他丢了帽子。"})
            shown = await jun.wait_for_message(saying("保密", "14 字"))
            window = (await jun.click(shown, "写一段")).modal
            assert window is not None
            assert "他丢了帽子。" in str(window["components"])
            assert "老灯塔" not in str(window["components"])
    await jun.wait_for_message(saying("老灯塔里住着一个人。", "他丢了帽子。"))
    await jun.wait_for_message(saying("不再有秘密"))
    await refused(await jun.command("turn skip", channel=HERE), "没有回合可传")
    await refused(await jun.command("turn mode", channel=HERE, options={"mode": "robin"}), "主持人美玲")
