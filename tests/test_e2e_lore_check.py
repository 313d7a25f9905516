"""Words against the lore: people are asked, the narrator tries again, typed ones wear a flag; nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.errors import Refused
from bot.story.lore.lore_check import DAYS, WAITING
from bot.story.people import Person as Writer
from storage import held
from tests.person import Answer, Person
from tests.person_forms import Payload
from tests.stage import Stage, answered, buttons, eventually, saying

LORE = {"title": "Varn", "text": "Varn has one eye. Varn cannot swim.", "keys": "captain"}
AGAINST = "Varn narrowed his two eyes and looked out at the reef."
FINE = "Varn narrowed his only eye and looked out at the reef."


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Open a stage without embeddings."""
    async with Stage.open(tmp_path, settings={"memory": {"embeddings": False}}) as stage:
        yield stage


async def begun(stage: Stage, *, free_typing: bool = False) -> Person:
    """Let Mara start a story with lore about Varn."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=free_typing)
    await answered(await mara.command("lore add", channel="fireside", options=LORE))
    return mara


async def asked(answer: Answer) -> Payload:
    """Wait for the question about words that go against the lore."""
    message = await answered(answer)
    assert buttons(message) == ["Change my words", "Save anyway", "Throw away"], message["content"]
    return message


async def write(person: Person, text: str) -> Answer:
    """Let somebody write."""
    return await person.command("write", channel="fireside", options={"text": text})


async def until(person: Person, message: Payload, words: str) -> Payload:
    """Wait until a message says something."""
    return await person.wait_for_message(lambda m: m["id"] == message["id"] and words in m["content"])


async def test_a_writer_is_asked_before_words_against_the_lore_are_saved(stage: Stage) -> None:
    """Privately, with what the lore says; the story stands where it stood."""
    mara = await begun(stage)
    message = await asked(await write(mara, AGAINST))

    assert "two eyes" in message["content"]
    assert "Varn has one eye." in message["content"]
    assert await stage.told() == []


async def test_words_that_fit_the_lore_pass_unasked(stage: Stage) -> None:
    """And so do those that speak of something else."""
    mara = await begun(stage)
    await stage.write(mara, FINE)
    await stage.write(mara, "Ilse opened both eyes.")

    assert await stage.told() == [FINE, "Ilse opened both eyes."]


async def test_words_can_be_saved_all_the_same_and_wear_a_flag(stage: Stage) -> None:
    """After a restart too, and once, however often the button is pressed."""
    mara = await begun(stage)
    message = await asked(await write(mara, AGAINST))
    await stage.restart()
    await asyncio.gather(mara.click(message, "Save anyway"), mara.click(message, "Save anyway"))
    shown = await mara.wait_for_message(saying(AGAINST, "goes against the lore: Varn", button="Continue"))

    assert "⚠️" in shown["content"]
    assert await stage.told() == [AGAINST]


async def test_words_can_be_changed_in_a_window(stage: Stage) -> None:
    """It holds what was written; still against the lore, the question comes again; then they are in the story."""
    mara = await begun(stage)
    message = await asked(await write(mara, AGAINST))
    window = (await mara.click(message, "Change my words")).modal
    assert window is not None
    await stage.restart()
    await mara.submit_modal(window, {"Your passage": "Varn swam to the reef."})
    again = await until(mara, message, "cannot swim")
    window = (await mara.click(again, "Change my words")).modal
    assert window is not None
    await mara.submit_modal(window, {"Your passage": FINE})
    await mara.wait_for_message(saying(FINE, button="Continue"))

    await until(mara, message, "in the story")
    assert await stage.told() == [FINE]


async def test_words_that_change_while_older_ones_are_saved_are_not_lost(stage: Stage) -> None:
    """Whoever saves has seen what is saved; what came in between waits on."""
    mara = await begun(stage)
    await asked(await write(mara, AGAINST))
    row = await stage.database.fetch_one("SELECT id FROM held")
    assert row is not None
    kept = await held.get(stage.database, row["id"])
    assert kept is not None
    async with stage.database.transaction() as tx:
        await held.change(tx, kept.id, FINE)
        assert not await held.remove(tx, kept.id, kept.text)

    assert (await held.get(stage.database, kept.id)) is not None


async def test_words_can_be_thrown_away(stage: Stage) -> None:
    """Then nothing of them is left, and only their writer can do so."""
    mara = await begun(stage)
    message = await asked(await write(mara, AGAINST))
    with pytest.raises(Refused, match="not yours"):
        await stage.bot.services.check.drop(Writer(5, "Tobin"), 1)
    await mara.click(message, "Throw away")
    await until(mara, message, "Thrown away")
    person = Writer(int(mara.user["id"]), "Mara")
    with pytest.raises(Refused, match="given back already"):
        await stage.bot.services.check.save(stage.place("fireside"), person, 1)

    assert await stage.told() == []


async def test_words_of_a_window_and_of_a_modal_are_asked_about_too(stage: Stage) -> None:
    """However a passage is written."""
    mara = await begun(stage)
    window = (await mara.command("write", channel="fireside")).modal
    assert window is not None

    await asked(await mara.submit_modal(window, {"Your passage": AGAINST}))


async def test_a_story_can_do_without(stage: Stage) -> None:
    """By a setting, that `/story show` shows."""
    mara = await begun(stage)
    shown = await answered(
        await mara.command("story settings", channel="fireside", options={"lore_check": False})
    )
    assert "Lore check" in str(shown["embeds"])
    await stage.write(mara, AGAINST)

    assert await stage.told() == [AGAINST]


async def test_typed_words_are_never_held_but_flagged(stage: Stage) -> None:
    """The reply names the lore; the passage is in the story."""
    mara = await begun(stage, free_typing=True)
    tobin = await stage.seat("Tobin")
    await mara.say("fireside", AGAINST)
    note = await tobin.wait_for_message(saying("seems to go against the lore", "Varn has one eye."))

    assert note["message_reference"]
    assert await stage.told() == [AGAINST]


async def test_the_narrator_is_reminded_and_tries_again(stage: Stage) -> None:
    """The reader sees only what fits; the second prompt has the fact."""
    mara = await begun(stage)
    stage.script.says(AGAINST)
    stage.script.says(FINE)
    await mara.command("continue", channel="fireside")
    await mara.wait_for_message(saying(FINE, button="Retry"))

    assert await stage.told() == [FINE]
    assert "Varn has one eye." in stage.backend.requests[-1].messages[-1].content


async def test_a_narrator_who_insists_wears_a_flag(stage: Stage) -> None:
    """Everybody sees it under the passage; once the lore is changed, it goes with the next showing."""
    mara = await begun(stage)
    for _ in range(6):
        stage.script.says(AGAINST)
    await mara.command("continue", channel="fireside")
    shown = await mara.wait_for_message(saying(AGAINST, "goes against the lore: Varn", button="Retry"))
    change = {"entry": "Varn", "text": "Varn has two eyes."}
    await answered(await mara.command("lore edit", channel="fireside", options=change))
    await stage.write(mara, "Ilse sighed.")
    await mara.command("undo", channel="fireside")
    clear = await mara.wait_for_message(
        lambda m: m["id"] == shown["id"] and "Retry" in buttons(m) and "⚠️" not in m["content"]
    )

    assert AGAINST in clear["content"]


async def test_the_question_comes_in_chinese_for_chinese(stage: Stage) -> None:
    """And finds what Chinese words say against Chinese lore."""
    qing = await stage.seat("阿青", locale="zh-CN")
    await qing.command("story start", channel="fireside", options={"title": "雾", "language": "zh"})
    await qing.wait_for_message(lambda m: "继续" in buttons(m))
    lore = {"title": "老周", "text": "老周已经去世三年了。"}
    await answered(await qing.command("lore add", channel="fireside", options=lore))
    message = await answered(await write(qing, "老周笑着推开门。"))

    assert "老周已经去世三年了。" in message["content"]
    assert buttons(message) == ["改我的话", "仍然保存", "扔掉"]
    await qing.click(message, "仍然保存")
    await qing.wait_for_message(saying("老周笑着推开门。", "与设定不符：老周"))
    await eventually(lambda: is_told(stage))


async def is_told(stage: Stage) -> bool:
    """Tell whether the passage is in the story."""
    return await stage.told() == ["老周笑着推开门。"]


async def test_words_typed_while_the_narrator_writes_are_told_of_too(stage: Stage) -> None:
    """They wait for the narrator, and are no passage yet."""
    mara = await begun(stage, free_typing=True)
    stage.script.says("Rain fell on the roofs all night long.")
    stage.script.hold(after=2)
    await mara.command("continue", channel="fireside")
    await eventually(lambda: at_work(stage))
    await mara.say("fireside", AGAINST)
    await mara.wait_for_message(saying("seems to go against the lore"))
    stage.script.go_on()
    await eventually(lambda: both_told(stage))


async def at_work(stage: Stage) -> bool:
    """Tell whether the model is at work."""
    return stage.backend.streams > 0


async def both_told(stage: Stage) -> bool:
    """Tell whether the narrator's words and the typed ones are in the story, in this order."""
    return await stage.told() == ["Rain fell on the roofs all night long.", AGAINST]


async def test_words_stay_safe_when_they_cannot_be_saved_now(stage: Stage) -> None:
    """The story has ended meanwhile: the writer has them back as a file, and the question stays."""
    mara = await begun(stage)
    message = await asked(await write(mara, AGAINST))
    await mara.command("story end", channel="fireside")
    await mara.wait_for_message(lambda m: "The end" in str(m["embeds"]))
    again = await mara.click(message, "Save anyway")
    refusal = await answered(again)

    assert refusal["attachments"]
    assert buttons(mara.current(message)) == ["Change my words", "Save anyway", "Throw away"]
    assert await stage.told() == []


async def test_the_oldest_of_too_many_words_that_wait_come_back(stage: Stage) -> None:
    """Privately, as a file; the newest wait on, and a writer who has few is given nothing back."""
    mara = await begun(stage)
    for number in range(WAITING):
        await asked(await write(mara, f"{AGAINST} {number}"))
    await asked(await write(mara, f"{AGAINST} {WAITING}"))
    back = await mara.wait_for_message(saying("These are your oldest"))

    assert await words_in(mara, back) == f"{AGAINST} 0"
    await eventually(lambda: waiting(stage, WAITING))
    assert sum("These are your oldest" in message["content"] for message in mara.all_messages()) == 1


async def test_words_that_waited_too_long_come_back_or_are_forgotten(stage: Stage) -> None:
    """Their writer has them back at the next question; those of others, who cannot be reached, are gone."""
    mara = await begun(stage)
    tobin = await stage.seat("Tobin")
    await asked(await write(mara, f"{AGAINST} It rained."))
    await asked(await write(tobin, AGAINST))
    async with stage.database.transaction() as tx:
        await tx.execute("UPDATE held SET created = created - ?", ((DAYS + 1) * 24 * 60 * 60 * 1000,))
    await asked(await write(mara, AGAINST))
    back = await mara.wait_for_message(saying("These are your oldest"))

    assert await words_in(mara, back) == f"{AGAINST} It rained."
    await eventually(lambda: waiting(stage, 1))


async def words_in(person: Person, message: Payload) -> str:
    """Return what a message's file says."""
    return (await person.download(message["attachments"][0]["url"])).decode()


async def waiting(stage: Stage, number: int) -> bool:
    """Tell whether so many words wait."""
    return len(await stage.database.fetch_all("SELECT id FROM held")) == number
