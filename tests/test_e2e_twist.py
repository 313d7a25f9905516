"""Play twists with the real bot: what is offered, and how the one that wins directs the narrator."""

from pathlib import Path

import pytest

from bot.story.votes.devices import DEVICES
from bot.story.votes.material import Material
from bot.story.votes.twist_flaws import TwistFlaw, flaw_of_twist
from storage import directions, stories, votes
from tests.stage import Stage, answered, buttons, eventually, refused, saying, with_button
from tests.vote_play import (
    HERE,
    MAJOR,
    MINOR,
    OPENING,
    THREE,
    card_saying,
    chosen_while_busy,
    described,
    is_now,
    offered,
    press,
    told,
    voting,
)


async def test_three_twists_are_voted_on_and_the_winner_directs_the_narrator_once(stage: Stage) -> None:
    """Each is of its size and device; the winner reaches the model for one passage and no further."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    card = await offered(stage, mara)
    assert buttons(card) == ["A", "B", "C", "Propose", "Count now"]
    for size, text in zip(("Minor", "Major", "Curveball"), THREE, strict=True):
        assert size in described(card)
        assert text in described(card)
    assert "vote is for B" in await press(mara, card, "B")
    assert "vote is for C" in await press(jun, card, "C")
    await jun.wait_for_message(card_saying("2 people have voted"))
    assert "vote is for B" in await press(jun, card, "B")
    stage.script.says("The boat went under without a sound.")
    await mara.click(card, "Count now")
    await mara.wait_for_message(card_saying("Chosen: **B**", "2 votes"))
    await mara.wait_for_message(saying("The boat went under", button="Retry"))
    assert MAJOR in stage.backend.requests[-1].messages[-1].content
    closed = mara.current(card)
    await mara.wait_for_message(lambda m: m["id"] == closed["id"] and not buttons(m))
    stage.script.says("The planks closed over the boat.")
    await mara.command("retry", channel=HERE, options={"note": "quieter"})
    await mara.wait_for_message(saying("The planks closed", button="2/2"))
    again = stage.backend.requests[-1].messages[-1].content
    assert MAJOR in again
    assert "quieter" in again
    await stage.narrate(mara, "Morning came over the pier.")
    assert MAJOR not in stage.backend.requests[-1].messages[-1].content


async def test_without_a_good_twist_people_are_asked_kindly_for_their_own(stage: Stage) -> None:
    """Nonsense is filtered and tried again; when nothing good comes the card stands there for proposals."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, OPENING)
    stage.script.says(*["As an AI I write stories."] * 15)
    answer = await mara.command("twist", channel=HERE)
    assert "No good twist came" in await told(answer)
    card = await mara.wait_for_message(voting)
    assert buttons(card) == ["Propose", "Count now"]
    assert "Nothing is proposed yet" in described(card)
    await mara.click(card, "Count now")
    await mara.wait_for_message(card_saying("nothing was chosen"))
    assert await directions.waiting(stage.database, 1) == []


async def test_twists_differ_from_each_other_and_from_earlier_ones(stage: Stage) -> None:
    """What was offered is not offered again, also in other words."""
    mara = await stage.seat("Mara")
    card = await offered(stage, mara)
    await mara.click(card, "Count now")
    await mara.wait_for_message(card_saying("nothing was chosen"))
    other = (
        "A letter tells that Tom was never the keeper of the lighthouse.",
        "Mara must choose between the ships and the bell below the cliff.",
        "Only minutes are left until the tide takes the stairs under Tom.",
    )
    stage.script.says(
        MINOR, "It comes out that Mara secretly buried the spare lamp beneath the pier.", *other
    )
    await mara.command("twist", channel=HERE)
    second = await mara.wait_for_message(lambda m: voting(m) and m["id"] != card["id"])
    assert all(text in described(second) for text in other)
    assert "buried" not in described(second)


async def test_the_button_under_the_newest_passage_asks_for_twists_too(stage: Stage) -> None:
    """Twist stands beside Continue; its card is in the story's language, its answers in the reader's."""
    lin = await stage.seat("Lin", locale="zh-CN")
    await lin.command("story start", channel=HERE, options={"title": "灯"})
    await lin.wait_for_message(with_button("转折"))
    text = "玛拉数着船。汤姆提着灯，玛拉问汤姆是谁点的灯。玛拉看着汤姆。"
    await lin.command("write", channel=HERE, options={"text": text})
    shown = await lin.wait_for_message(saying("玛拉数着船", button="转折"))
    stage.script.says(
        "原来玛拉一直瞒着大家，把备用的灯埋在码头下面。",
        "天亮之前，汤姆必须划船回来救人。",
        "门口站着一个玛拉早已哭过的溺水水手。",
    )
    await lin.click(shown, "转折")
    card = await lin.wait_for_message(lambda m: "马上计票" in buttons(m) and "⏳" not in described(m))
    assert "转折" in described(card)
    assert "小意外" in described(card)
    assert "你投给了 A" in await press(lin, card, "A")
    stage.script.says("灯还亮着，沙子是热的。")
    await lin.click(card, "马上计票")
    await lin.wait_for_message(saying("沙子是热的", button="重写"))


async def test_a_choice_waits_while_the_narrator_cannot_write(stage: Stage) -> None:
    """It is kept through a restart, and a button lets the narrator write it later."""
    mara = await stage.seat("Mara")
    card = await offered(stage, mara)
    await press(mara, card, "A")
    waiting = await chosen_while_busy(stage, mara, card)
    await stage.restart()
    assert await directions.waiting(stage.database, 1) == [MINOR]
    stage.script.says("Under the pier the sand was warm.")
    await mara.click(waiting, "Let the narrator write it")
    await mara.wait_for_message(saying("sand was warm", button="Retry"))
    assert MINOR in stage.backend.requests[-1].messages[-1].content
    await mara.wait_for_message(lambda m: m["id"] == card["id"] and not buttons(m))
    await eventually(lambda: _none_waits(stage))


async def test_what_waits_for_one_story_moves_no_other_in_its_channel(stage: Stage) -> None:
    """The button of a card whose story rests says so, and the story that is told there now stays as it is."""
    mara = await stage.seat("Mara")
    card = await offered(stage, mara)
    await press(mara, card, "A")
    waiting = await chosen_while_busy(stage, mara, card)
    await mara.command("story pause", channel=HERE)
    await eventually(lambda: is_now(stage, "paused"))
    await mara.command("story start", channel=HERE, options={"title": "The Ship"})
    await eventually(lambda: _two_stories(stage))
    asked = len(stage.backend.requests)
    await refused(await mara.click(waiting, "Let the narrator write it"), "not being told just now")
    assert len(stage.backend.requests) == asked


async def _two_stories(stage: Stage) -> bool:
    newest = await stories.newest_in(stage.database, stage.place(HERE).channel_id)
    return newest is not None and newest.id == 2


async def _none_waits(stage: Stage) -> bool:
    return await directions.waiting(stage.database, 1) == []


async def test_alone_with_the_narrator_one_press_decides(stage: Stage) -> None:
    """In direct messages there is nobody to wait for."""
    mara = await stage.seat("Mara")
    here = await mara.api("POST", "/users/@me/channels", {"recipient_id": stage.user_id})
    await stage.begin(mara, here)
    await stage.write(mara, OPENING, here)
    stage.script.says(*THREE, "The spare lamp was there.")
    await mara.command("twist", channel=here)
    card = await mara.wait_for_message(voting)
    await press(mara, card, "A")
    await mara.wait_for_message(card_saying("Chosen: **A**"))
    await mara.wait_for_message(saying("The spare lamp was there.", button="Retry"))


@pytest.mark.model
async def test_the_embedded_model_offers_twists_that_are_sound(tmp_path: Path) -> None:
    """What the smallest model offers is one sentence about the story's own people, by a device that it names."""
    async with Stage.open(tmp_path, settings={"model": {"threads": 1}}, model=True) as stage:
        mara = await stage.seat("Mara")
        await stage.begin(mara, premise="A lighthouse keeper finds a lamp that shows the past.")
        await stage.write(mara, OPENING)
        await mara.command("twist", channel=HERE)
        card = await mara.wait_for_message(voting, timeout=60)
        options = await votes.options(stage.database, 1)
        assert options
        for option in options:
            assert option.text in described(card)
            assert option.device in DEVICES
            material = Material((OPENING,), ("Mara", "Tom"))
            weighed = flaw_of_twist(option.text, opening="", language="en", material=material, before=())
            # With the words that it was given it may be longer than what the model added.
            assert weighed in (None, TwistFlaw.SHAPE)


async def test_what_was_chosen_happens_though_its_card_cannot_be_changed(stage: Stage) -> None:
    """Discord refuses one edit; the narrator writes what won all the same."""
    mara = await stage.seat("Mara")
    card = await offered(stage, mara)
    await press(mara, card, "A")
    await mara.wait_for_message(lambda m: m["id"] == card["id"] and "1" in described(m))
    stage.allow(status=403)
    stage.playground.faults.fail("PATCH", rf"/channels/\d+/messages/{card['id']}$", status=403)
    stage.script.says("Under the pier the sand was warm.")
    await mara.click(card, "Count now")
    await mara.wait_for_message(saying("sand was warm", button="Retry"))


async def test_who_asks_for_twists_hears_why_there_are_none(stage: Stage) -> None:
    """A model that breaks off is no bad idea; the card is there for what people propose."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, OPENING)
    stage.backend.fail_at = 0
    said = await told(await mara.command("twist", channel=HERE))
    assert said.startswith("The narrator could not think of twists: ")
    assert said.endswith("Everyone can propose one with the button Propose.")
    await mara.wait_for_message(lambda m: voting(m) and "Propose" in buttons(m))


async def test_an_ai_free_story_has_twists_of_people_alone(stage: Stage) -> None:
    """No model is asked; what wins is its author's passage, word for word."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, OPENING)
    await answered(await mara.command("story settings", channel=HERE, options={"narrator": "-1"}))
    said = await told(await mara.command("twist", channel=HERE))
    assert "told without the narrator" in said
    assert "`/story settings narrator`" in said
    card = await mara.wait_for_message(voting)
    window = (await mara.click(card, "Propose")).modal
    assert window is not None
    await mara.submit_modal(window, {"Your proposal": "The lamp spoke."})
    more = await mara.wait_for_message(card_saying("Mara, word for word"))
    await press(mara, more, "A")
    await mara.click(more, "Count now")
    await mara.wait_for_message(saying("The lamp spoke.", "Mara"))
    assert await stage.told() == [OPENING, "The lamp spoke."]
    assert all(request.background for request in stage.backend.requests)
