"""Styles, the dial, and what the narrator is held against, played with the real bot in both languages."""

import pytest

from tests.person import Refused
from tests.stage import Stage, answered, saying, with_button

HERE = "fireside"
BELL = "A bell rang far below the water, twice, and then the tide forgot it."
DOOR = "The door at the top of the stairs stood open, and the wind went in first."
SHIP = "Somebody had painted a new name over the old one on the hull of the ship."
RAIN = "灯灭了以后，客栈里没有一个人说话，只听见檐下的雨。"
PAST = "She was late, and the lamp had gone out. She sat down on the stairs and listened. He had not come."


async def test_a_style_and_the_dial_are_chosen_shown_and_kept(stage: Stage) -> None:
    """Start with one, change it, see it on the card, restart: the model is told and picks accordingly."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, style="noir", creativity=5)
    await stage.narrate(mara, BELL)
    first = stage.backend.requests[-1]
    assert "Style: noir" in first.messages[0].content
    await mara.command("story settings", channel=HERE, options={"style": "fairy_tale", "creativity": 1})
    await stage.restart()
    card = await answered(await mara.command("story show", channel=HERE))
    shown = {field["name"]: field["value"] for field in card["embeds"][0]["fields"]}
    assert (shown["Style"], shown["Creativity"]) == ("fairy tale", "1 of 5")
    await stage.narrate(mara, DOOR)
    second = stage.backend.requests[-1]
    assert "a fairy tale" in second.messages[0].content
    assert second.sampling.temperature < first.sampling.temperature
    await mara.command("story settings", channel=HERE, options={"style": "none"})
    await stage.narrate(mara, SHIP)
    assert "Style" not in stage.backend.requests[-1].messages[0].content


async def test_a_chinese_story_has_chinese_words_for_its_style(stage: Stage) -> None:
    """The card and the prompt follow the languages of the reader and of the story."""
    lin = await stage.seat("林", locale="zh-CN")
    options = {"title": "灯", "language": "zh", "style": "wuxia"}
    await lin.command("story start", channel=HERE, options=options)
    await lin.wait_for_message(with_button("继续"))
    card = await answered(await lin.command("story show", channel=HERE))
    shown = {field["name"]: field["value"] for field in card["embeds"][0]["fields"]}
    assert (shown["文风"], shown["创造力"]) == ("武侠", "3（共 5 档）")
    stage.script.says(RAIN)
    await lin.command("continue", channel=HERE)
    await lin.wait_for_message(saying(RAIN, button="继续"))
    assert "文风：武侠" in stage.backend.requests[-1].messages[0].content


async def test_the_writers_own_style_is_measured(stage: Stage) -> None:
    """What they write tells the narrator how: length of sentences, person and tense."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara, style="writers")
    for person in (mara, jun):
        await stage.write(
            person, f"{PAST} It was {person.user['username']} who had the key, and they knew it."
        )
    await stage.narrate(mara, BELL)
    rules = stage.backend.requests[-1].messages[0].content
    assert "Write as the others here do: sentences of about" in rules
    assert "the third person and the past tense" in rules


async def test_a_draft_in_the_wrong_tense_is_tried_again_more_coolly(stage: Stage) -> None:
    """Two writers tell of the past; a draft of the present never becomes a passage."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    for person in (mara, jun):
        await stage.write(
            person, PAST if person is mara else f"“Wait,” he said. {PAST.replace('lamp', 'moon')}"
        )
    wrong = "She opens the door and looks in. There is a boat, and it is empty. She takes the rope and waits."
    stage.script.says(wrong, BELL)
    await mara.command("continue", channel=HERE)
    await mara.wait_for_message(saying(BELL, button="Retry"))
    before, after = stage.backend.requests[-2:]
    assert after.sampling.temperature < before.sampling.temperature
    assert wrong not in await stage.told()


async def test_a_writers_character_keeps_its_own_voice(stage: Stage) -> None:
    """The narrator stops where the character would speak; its writer alone may let it speak."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    await answered(
        await mara.command(
            "character add",
            channel=HERE,
            options={"name": "Ilse", "description": "A diver.", "player": mara.user["id"]},
        )
    )
    begins = "The harbour master closed his book, took off his cap and looked at the boat for a long while."
    stage.script.says(f"{begins} Ilse shrugged. “I will take it.”")
    await jun.command("continue", channel=HERE)
    await jun.wait_for_message(saying(begins, button="Retry"))
    assert await stage.told() == [begins]
    assert "Ilse" in stage.backend.requests[-1].messages[0].content
    spoken = "Ilse laughed and said, “Then it is mine.” The gulls went up from the roof of the fish hall."
    stage.script.says(spoken)
    await mara.command("continue", channel=HERE, options={"direction": "Ilse takes the boat"})
    await mara.wait_for_message(saying("Then it is mine", button="Retry"))
    assert await stage.told() == [begins, spoken]


async def test_a_draft_in_which_another_writers_character_speaks_is_tried_again_without(stage: Stage) -> None:
    """The second draft is asked for with a word about who says nothing; who was not let speak is not named."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    for name in ("Ilse", "Varn"):
        options = {"name": name, "description": "A diver.", "player": mara.user["id"]}
        await answered(await mara.command("character add", channel=HERE, options=options))
    stage.script.says("“Then it is mine,” said Ilse. “Give me the oars.” The gulls went up.", BELL)
    await jun.command("continue", channel=HERE, options={"direction": "a storm comes"})
    await jun.wait_for_message(saying(BELL, button="Retry"))
    before, after = (request.messages[-1].content for request in stage.backend.requests[-2:])
    assert before.endswith("a storm comes")
    assert after.endswith("a storm comes\nThe others go on, without a word from Ilse.")


async def test_a_moral_is_taken_off_unless_an_end_is_asked_for(stage: Stage) -> None:
    """A story goes on where it stopped telling; who wants an ending gets one."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    moral = "In the end, they all went home and were friends for ever."
    stage.script.says(f"{BELL} {moral}")
    await mara.command("continue", channel=HERE)
    await mara.wait_for_message(saying(BELL, button="Retry"))
    assert await stage.told() == [BELL]
    stage.script.says(f"{DOOR} {moral}")
    await mara.command("continue", channel=HERE, options={"direction": "bring the story to its ending"})
    shown = await mara.wait_for_message(saying(moral, button="Retry"))
    stage.script.says(f"{SHIP} {moral}")
    await mara.click(shown, "Retry")
    await mara.wait_for_message(saying(SHIP, moral, button="2/2"))


async def test_a_style_nobody_offers_is_refused(stage: Stage) -> None:
    """A choice that Discord does not know is no choice; a dial has five steps."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    for options in ({"style": "purple"}, {"creativity": 6}, {"creativity": 0}):
        with pytest.raises(Refused):
            await mara.command("story settings", channel=HERE, options=options)
    card = await answered(await mara.command("story show", channel=HERE))
    shown = {field["name"]: field["value"] for field in card["embeds"][0]["fields"]}
    assert (shown["Style"], shown["Creativity"]) == ("none", "3 of 5")
