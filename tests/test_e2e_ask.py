"""Several people ask about a story, in private, at once, after a restart: each gets an answer, and nothing moves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.clock import now
from bot.story.wording import version
from storage import abilities, recaps, stories, trail
from storage.recaps import NewRecap
from tests.person import Answer, Person
from tests.person_forms import Payload
from tests.stage import Stage, answered, buttons, eventually, refused, saying, with_button

BELL = "Mara carried the bronze bell down the cliff and hid it in the salt cellar."
CHARTS = "Captain Varn paid forty silver coins for the charts that Ilse sold him."
CELLAR = "She hid it in the salt cellar [1]."


async def opened(folder: Path) -> AsyncIterator[Stage]:
    """Open a stage without embeddings, whose model reads well."""
    async with Stage.open(folder, settings={"memory": {"embeddings": False}}) as stage:
        await able(stage)
        yield stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Give such a stage."""
    async for stage in opened(tmp_path):
        yield stage


async def able(stage: Stage, *, reads: bool = True) -> None:
    """Note that the scripted model passed its trial, or did not."""
    async with stage.database.transaction() as tx:
        for language in ("en", "zh"):
            await abilities.note(tx, model="scripted", skill=skill(language), able=reads, created=now())


def skill(language: str) -> str:
    """Name the skill as it is kept: a model is tried anew when the prompts of its trial change."""
    return f"reads {language} {version('trial', language)}.{version('ask', language)}"


async def told(stage: Stage, *, free_typing: bool = False) -> tuple[Person, Payload]:
    """Let Mara start a story and write two passages; give her and the message that shows the first."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=free_typing)
    shown = await stage.write(mara, BELL)
    await stage.write(mara, CHARTS)
    return mara, shown


async def test_an_answer_is_private_and_links_to_what_it_relies_on(stage: Stage) -> None:
    """The plot does not move, and the link leads to the message that shows the passage."""
    mara, shown = await told(stage)
    stage.script.says(CELLAR)
    message = await asking(mara, "Where is the bell?")

    assert "Where is the bell?" in message["content"]
    assert "She hid it in the salt cellar." in message["content"]
    assert f"/{shown['channel_id']}/{shown['id']})" in message["content"]
    assert "[passage 1]" in message["content"]
    assert await stage.told() == [BELL, CHARTS]


async def test_passages_are_numbered_as_readers_count_them(stage: Stage) -> None:
    """One that was taken back from the middle has no number any more."""
    mara, shown = await told(stage)
    await mara.use_on("Take back", shown)
    await eventually(lambda: gone(stage))
    stage.script.says("He paid forty silver coins [1].")
    message = await asking(mara, "How many silver coins did Captain Varn pay?")

    assert "[passage 1]" in message["content"]


async def gone(stage: Stage) -> bool:
    """Tell whether the first of two passages was taken back."""
    return await stage.told() == [CHARTS]


async def test_a_word_that_grows_into_another_is_not_over_a_line(stage: Stage) -> None:
    """While an answer comes, its last word may not be whole yet."""
    mara, _ = await told(stage)
    ivo = await stage.seat("Ivo", roles=("moderator",))
    await answered(await ivo.command("boundaries", channel="fireside", options={"line": "cella"}))
    stage.script.says(CELLAR)
    message = await asking(mara, "Where is the bell?")

    assert "She hid it in the salt cellar." in message["content"]


async def test_what_the_story_does_not_carry_is_not_said(stage: Stage) -> None:
    """A made-up answer is not shown; the passages that come nearest are."""
    mara, _ = await told(stage)
    stage.script.says("The bell was melted in Vienna by Emperor Franz.", "It is a golden dragon.")
    nearest = await asking(mara, "Who melted the bronze bell?")
    silent = await asking(mara, "Which dragon guards Vienna?")

    assert "Vienna by" not in nearest["content"]
    assert "This comes nearest" in nearest["content"]
    assert BELL in nearest["content"]
    assert "The story does not say" in silent["content"]
    assert "golden" not in silent["content"]


async def test_a_model_that_cannot_read_is_tried_once_and_not_believed(tmp_path: Path) -> None:
    """The embedded one's kind: nobody waits for its trial, and what comes nearest is shown instead of its ramblings."""
    async with Stage.open(tmp_path, settings={"memory": {"embeddings": False}}) as stage:
        mara, _ = await told(stage)
        assert BELL in (await asking(mara, "Where is the bell?"))["content"]
        for text in ("Rain fell.", "Snow fell."):
            await stage.write(mara, text)
        await eventually(lambda: tried(stage))
        await stage.restart()
        assert BELL in (await asking(mara, "Where is the bell?"))["content"]

        assert stage.backend.requests == []


async def tried(stage: Stage) -> bool:
    """Tell whether it is known that the model cannot read."""
    return await abilities.get(stage.database, model="scripted", skill=skill("en")) is False


async def test_what_was_taken_back_is_no_answer(stage: Stage) -> None:
    """And what was brought back is one again."""
    mara, _ = await told(stage)
    await mara.command("undo", channel="fireside")
    gone = await asking(mara, "Who bought the charts?")
    await mara.command("redo", channel="fireside")
    stage.script.says("Captain Varn paid for the charts.")
    back = await asking(mara, "Who bought the charts?")

    assert "Varn" not in gone["content"]
    assert "Captain Varn paid for the charts." in back["content"]


async def test_several_people_get_their_own_answers_at_once(stage: Stage) -> None:
    """Each request is its own; none sees another's."""
    mara, _ = await told(stage)
    people = [mara, *[await stage.seat(name) for name in ("Tobin", "Ilse", "阿青")]]
    questions = ["bell cellar?", "charts coins?", "bell cliff?", "silver coins?"]

    def reply(asked: str) -> str:
        return f"Mara hid the bell. {BELL}" if "bell" in asked else CHARTS

    stage.script.reply = lambda request: reply(request.messages[-1].content.splitlines()[-1])  # type: ignore[method-assign]  # answers by the question
    stage.backend._reply = stage.script.reply
    answers = await asyncio.gather(
        *(
            person.command("ask", channel="fireside", options={"question": question})
            for person, question in zip(people, questions, strict=True)
        )
    )
    messages = [await whole(answer) for answer in answers]

    for question, message in zip(questions, messages, strict=True):
        assert question in message["content"]
        assert reply(question) in message["content"]
    assert {request.user_id for request in stage.backend.requests} == {int(p.user["id"]) for p in people}


async def test_whoever_waits_sees_their_place(stage: Stage) -> None:
    """And then the answer as it grows."""
    stage.backend.parallel = 1
    mara, _ = await told(stage)
    tobin = await stage.seat("Tobin")
    stage.script.says("A long tale that is being told.", CELLAR)
    stage.script.hold(after=3)
    await mara.command("continue", channel="fireside")
    await eventually(lambda: told_of(stage))
    asked = await tobin.command("ask", channel="fireside", options={"question": "Where is the bell?"})
    waiting = await tobin.wait_for_message(saying("number 1 in the queue"))
    stage.script.go_on()
    done = await answered_with(asked.person, "She hid it in the salt cellar.")

    assert waiting["id"] == done["id"]


ENDS = ("It stands here", "This comes nearest", "The story does not say", "依据")


async def asking(person: Person, question: str) -> Payload:
    """Let somebody ask, and give the private message when it has the whole answer."""
    return await whole(await person.command("ask", channel="fireside", options={"question": question}))


async def whole(answer: Answer) -> Payload:
    """Wait until an answer is there, and is private."""
    first = await answered(answer)
    return await answer.person.wait_for_message(
        lambda m: m["id"] == first["id"] and any(end in m["content"] for end in ENDS)
    )


async def told_of(stage: Stage) -> bool:
    """Tell whether the model is at work."""
    return stage.backend.streams > 0


async def answered_with(person: Person, words: str) -> Payload:
    """Wait for a message with these words."""
    return await person.wait_for_message(saying(words))


async def test_an_answer_can_be_shown_to_everyone_once(stage: Stage) -> None:
    """By its button, also after a restart; pressed twice, it comes once, with the name of who asked."""
    mara, _ = await told(stage)
    tobin = await stage.seat("Tobin")
    stage.script.says(CELLAR)
    message = await asking(mara, "Where is the bell?")
    await stage.restart()
    await asyncio.gather(mara.click(message, "Show everyone"), mara.click(message, "Show everyone"))
    shown = await tobin.wait_for_message(saying("Mara asked about the story", "salt cellar"))
    seen = [m for m in tobin.messages("fireside") if "Mara asked" in m["content"]]

    assert [m["id"] for m in seen] == [shown["id"]]
    assert buttons(mara.current(message)) == []


async def test_a_public_answer_is_there_for_all(stage: Stage) -> None:
    """Whoever wants that says so with the question; in free typing it is no passage."""
    mara, _ = await told(stage, free_typing=True)
    tobin = await stage.seat("Tobin")
    stage.script.says(CELLAR)
    await mara.command("ask", channel="fireside", options={"question": "Where is the bell?", "public": True})
    shown = await tobin.wait_for_message(saying("She hid it in the salt cellar."))

    assert not shown.get("flags", 0) & 64
    assert buttons(shown) == []
    assert await stage.told() == [BELL, CHARTS]


async def test_lore_answers_too(stage: Stage) -> None:
    """And is named as what it is."""
    mara, _ = await told(stage)
    lore = {"title": "Biscuit", "text": "Biscuit is the one-eyed dog of Tobin."}
    await answered(await mara.command("lore add", channel="fireside", options=lore))
    stage.script.says("Biscuit is the one-eyed dog of Tobin [1].")
    message = await asking(mara, "Who is Biscuit?")

    assert "lore “Biscuit”" in message["content"]


async def test_questions_in_chinese_are_answered_in_chinese(stage: Stage) -> None:
    """From a Chinese story, with the interface in Chinese."""
    qing = await stage.seat("阿青", locale="zh-CN")
    await qing.command("story start", channel="fireside", options={"title": "雾", "language": "zh"})
    await qing.wait_for_message(with_button("继续"))
    text = "守灯人把铜钟抬下悬崖，藏进了盐窖。"
    await qing.command("write", channel="fireside", options={"text": text})
    await qing.wait_for_message(saying(text, button="继续"))
    stage.script.says("铜钟藏在盐窖里[1]。")
    message = await asking(qing, "铜钟在哪里？")

    assert "铜钟藏在盐窖里。" in message["content"]
    assert "第 1 段" in message["content"]
    assert buttons(message) == ["给大家看"]


async def test_questions_that_cannot_be_answered_are_refused_kindly(stage: Stage) -> None:
    """Without a story, and without a word."""
    mara = await stage.seat("Mara")
    ask = {"question": "Who is there?"}
    await refused(await mara.command("ask", channel="fireside", options=ask), "There is no story here")
    await stage.begin(mara)
    await refused(await mara.command("ask", channel="fireside", options={"question": "???"}), "no words")
    silent = await asking(mara, "Who is there?")

    assert "The story does not say" in silent["content"]
    assert stage.backend.requests == []


async def test_a_question_cannot_fake_a_link_or_ping(stage: Stage) -> None:
    """What is typed in it stays text."""
    mara, _ = await told(stage)
    question = "[bell](https://evil.example) @everyone bell?"
    stage.script.says(CELLAR)
    await mara.command("ask", channel="fireside", options={"question": question, "public": True})
    shown = await mara.wait_for_message(saying("salt cellar", "evil"))

    assert "](https://evil" not in shown["content"]
    assert "@everyone" not in shown["content"]


async def test_what_people_agreed_to_leave_out_is_not_asked_about_nor_answered(stage: Stage) -> None:
    """A question is held to the boundaries, and so is its answer."""
    mara = await stage.seat("Mara", roles=("admin",))
    await stage.begin(mara)
    await stage.write(mara, "A spider slept on the bronze bell.")
    await answered(await mara.command("boundaries", channel="fireside", options={"line": "spiders"}))
    about = {"question": "Where are the spiders?"}
    await refused(await mara.command("ask", channel="fireside", options=about), "agreed to leave out")
    stage.script.says("A spider slept on the bronze bell.")
    message = await asking(mara, "What slept on the bronze bell?")

    assert "It stands here" not in message["content"]


async def test_a_secret_game_answers_no_questions(stage: Stage) -> None:
    """In a blind game, what the others wrote is secret until the end."""
    stage.calls = True  # who is next is called
    mara, _ = await told(stage)
    await answered(await mara.command("turn mode", channel="fireside", options={"mode": "blind"}))
    await mara.command("write", channel="fireside", options={"text": "A secret came ashore."})
    await eventually(lambda: secret(stage))
    ask = {"question": "Who came ashore?"}

    await refused(await mara.command("ask", channel="fireside", options=ask), "secret until the end")


async def secret(stage: Stage) -> bool:
    """Tell whether the third passage is in the story."""
    return len(await stage.told()) == 3


async def test_a_question_for_all_that_happened_is_answered_from_the_recap(stage: Stage) -> None:
    """It has no words of its own to look for; the range of the recap is named."""
    mara, _ = await told(stage)
    story = await stories.newest_in(stage.database, stage.place("fireside").channel_id)
    assert story is not None
    leaves = await trail.leaves(stage.database, story.branch_id)
    recap = NewRecap(
        story_id=story.id,
        level="scene",
        first_depth=0,
        last_depth=1,
        first_slot=leaves[0].slot,
        last_slot=leaves[1].slot,
        revised=recaps.signature(leaves),
        text="Mara hid the bell, and Ilse sold the charts.",
        model=None,
        prompt=1,
        created=1,
    )
    async with stage.database.transaction() as tx:
        await recaps.add(tx, recap)
    stage.script.says("Mara hid the bell, and Ilse sold the charts [1].")
    message = await asking(mara, "What happened so far?")

    assert "recap of passages 1–2" in message["content"]
    assert "(summary of passages 1–2) Mara hid" in stage.backend.requests[-1].messages[-1].content


async def test_in_a_story_without_a_narrator_no_model_is_asked(stage: Stage) -> None:
    """People alone tell it, and its own passages are the answer."""
    mara, _ = await told(stage)
    alone = {"narrator": str(stories.NEVER)}
    await answered(await mara.command("story settings", channel="fireside", options=alone))
    message = await asking(mara, "Where is the bell?")

    assert BELL in message["content"]
    assert stage.backend.requests == []
