"""What goes wrong around a story's tree has a kind answer: old buttons, double clicks, lost messages, long passages."""

import asyncio

from bot.story.people import Person as Actor
from storage import branches, passages, stories
from storage.passages import NewPassage
from tests.person import Person
from tests.person_forms import Payload
from tests.stage import Stage, answered, buttons, eventually, refused, saying, with_button

HERE = "fireside"
BELL = "A bell rang far below the water, twice, and then the tide forgot it."
DOOR = "The door at the top of the stairs stood open, and the wind went in first."
TOO_MANY_OLD_EDITS = 30046


async def grow(stage: Stage, person: Person, count: int) -> None:
    """Let a story have many passages without showing them, as one whose messages nobody remembers."""
    place = stage.place(HERE)
    async with stage.database.transaction() as tx:
        story = await stories.running_in(tx, place.channel_id)
        assert story is not None
        head = (await branches.get(tx, story.branch_id)).head
        for number in range(count):
            new = NewPassage(
                story_id=story.id,
                parent=head,
                kind="person",
                text=f"Grown {number}.",
                author_id=int(person.user["id"]),
                author_name="Mara",
                created=number,
            )
            head = (await passages.add(tx, new)).id
        assert head is not None
        await branches.advance(tx, story.branch_id, head)


async def test_a_passage_too_long_for_the_window_goes_by_file(stage: Stage) -> None:
    """It is handed over as a file with the way to send it back, which replaces it."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    long = "The tide came in, and nobody counted the waves. " * 100
    await mara.command("write", channel=HERE, files={"file": ("long.txt", long.encode())})
    shown = await mara.wait_for_message(saying("The tide came in"))
    await stage.write(mara, "Two.")
    told = await answered(await mara.use_on("Edit passage", shown))
    assert "/write replace:1 file:" in told["content"]
    (file,) = told["attachments"]
    assert (await mara.download(file["url"])).decode() == long.strip()
    answer = await mara.command(
        "write", channel=HERE, options={"replace": "1"}, files={"file": ("passage-1.txt", b"Short now.")}
    )
    assert "Passage 1 reads differently now" in (await answered(answer))["content"]
    assert await stage.told() == ["Short now.", "Two."]
    await mara.wait_for_message(lambda m: m["id"] == shown["id"] and "Short now." in m["content"])
    modal = (await mara.command("write", channel=HERE, options={"replace": "2"})).modal
    assert modal is not None
    assert modal["components"][0]["component"]["value"] == "Two."


async def test_words_of_an_edit_come_back_where_the_narrator_writes(stage: Stage) -> None:
    """Nothing changes under its hands, and nobody types twice."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    one = await stage.write(mara, "One.")
    modal = (await mara.use_on("Edit passage", one)).modal
    assert modal is not None
    stage.script.says(BELL)
    stage.script.hold()
    await mara.command("continue", channel=HERE)
    await mara.wait_for_message(lambda m: "Stop" in buttons(m))
    told = await refused(await mara.submit_modal(modal, {"The passage": "Better."}), "writing for Mara")
    assert (await mara.download(told["attachments"][0]["url"])).decode() == "Better."
    await refused(await mara.use_on("Take back", one), "writing for Mara")
    await refused(await mara.command("branch", channel=HERE, options={"name": "storm"}), "writing for Mara")
    stage.script.go_on()
    await mara.wait_for_message(saying(BELL, button="Retry"))
    assert await stage.told() == ["One.", BELL]


async def test_menus_on_what_is_no_passage_say_so(stage: Stage) -> None:
    """Talk, cards, and the passages of a story that has ended are not changed."""
    mara = await stage.seat("Mara")
    said = await mara.say(HERE, "Just talk.")
    await stage.begin(mara)
    for name in ("Edit passage", "Retake", "Branch from here", "Take back"):
        await refused(await mara.use_on(name, said), "shows no passage")
    shown = await stage.narrate(mara, BELL)
    await mara.command("story end", channel=HERE)
    await mara.wait_for_message(lambda m: bool(m["embeds"]) and "The end" in m["embeds"][0]["title"])
    for name in ("Edit passage", "Retake", "Take back"):
        await refused(await mara.use_on(name, shown), "has ended")


async def test_double_clicks_and_old_arrows_change_nothing_twice(stage: Stage) -> None:
    """Of two take backs one is refused; arrows of a take that is not read any more say so."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    one = await stage.write(mara, "One.")
    two = await stage.write(mara, "Two.")
    modal = (await mara.use_on("Edit passage", one)).modal
    assert modal is not None
    arrows = await answered(await mara.submit_modal(modal, {"The passage": "Uno."}))
    await mara.click(arrows, "◀")
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and "One." in m["content"])
    await refused(await mara.click(arrows, "◀"), "")
    await stage.write(mara, "Three.")
    first, second = await asyncio.gather(mara.use_on("Take back", two), mara.use_on("Take back", two))

    async def one_is_refused() -> bool:
        told = [m["content"] for m in mara.messages(HERE) if "taken back already" in m["content"]]
        return len(told) == 1

    await eventually(one_is_refused)
    assert first.id != second.id
    assert await stage.told() == ["One.", "Three."]
    await mara.command("redo", channel=HERE)
    await mara.wait_for_message(lambda m: m["id"] == two["id"] and "Two." in m["content"])
    await refused(await mara.command("redo", channel=HERE), "nothing to bring back")


async def test_an_old_message_that_cannot_be_folded_wears_a_sign(stage: Stage) -> None:
    """Discord limits edits of what is older than an hour; the story changes all the same, and comes back."""
    stage.allow(status=400)
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    one = await stage.write(mara, "One.")
    await stage.write(mara, "Two.")
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and not buttons(m))
    stage.playground.faults.fail(
        "PATCH", rf"/channels/\d+/messages/{one['id']}$", status=400, code=TOO_MANY_OLD_EDITS
    )
    await mara.use_on("Take back", one)
    await mara.wait_for("MESSAGE_REACTION_ADD", lambda data: data["message_id"] == one["id"])
    assert await stage.told() == ["Two."]
    await mara.command("redo", channel=HERE)
    await mara.wait_for("MESSAGE_REACTION_REMOVE", lambda data: data["message_id"] == one["id"])
    assert await stage.told() == ["One.", "Two."]
    assert len([m for m in mara.messages(HERE) if "One." in m["content"]]) == 1


async def test_an_old_message_that_cannot_be_edited_is_followed_by_the_new_words(stage: Stage) -> None:
    """They stand below with a line that says whose place they take; the old message wears a sign."""
    stage.allow(status=400)
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    one = await stage.write(mara, "One.")
    await stage.write(mara, "Two.")
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and not buttons(m))
    stage.playground.faults.fail(
        "PATCH", rf"/channels/\d+/messages/{one['id']}$", status=400, code=TOO_MANY_OLD_EDITS
    )
    await mara.command("write", channel=HERE, options={"text": "Uno.", "replace": "1"})
    await mara.wait_for("MESSAGE_REACTION_ADD", lambda data: data["message_id"] == one["id"])
    await mara.wait_for_message(saying("Uno.", "Mara · edited"))
    await mara.wait_for_message(saying("takes the place of", f"/{one['id']}"))
    assert await stage.told() == ["Uno.", "Two."]


async def test_a_take_of_an_old_message_stands_below(stage: Stage) -> None:
    """With a line that says whose place it takes."""
    stage.allow(status=400)
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    one = await stage.narrate(mara, BELL)
    await stage.write(mara, "Two.")
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and not buttons(m))
    stage.playground.faults.fail(
        "PATCH", rf"/channels/\d+/messages/{one['id']}$", status=400, code=TOO_MANY_OLD_EDITS
    )
    stage.script.says(DOOR)
    await mara.use_on("Retake", one)
    await mara.wait_for_message(saying("takes the place of", f"/{one['id']}"))
    await mara.wait_for_message(lambda m: DOOR in m["content"] and not buttons(m))
    assert await stage.told() == [DOOR, "Two."]


async def test_a_passage_that_grows_shorter_and_longer_keeps_its_messages(stage: Stage) -> None:
    """In the middle of a story no message goes, so the long text comes back to where it stood."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    long = "The tide came in, and nobody counted the waves. " * 100
    await mara.command("write", channel=HERE, files={"file": ("long.txt", long.encode())})
    await mara.wait_for_message(saying("The tide came in", button="Continue"))
    await stage.write(mara, "Two.")
    before = [m["id"] for m in mara.messages(HERE) if "The tide" in m["content"]]
    assert len(before) == 3
    await mara.command("write", channel=HERE, options={"text": "Short.", "replace": "1"})
    await mara.wait_for_message(lambda m: m["id"] == before[2] and m["content"] == "-# …")
    assert "Short." in mara.current({"id": before[0]})["content"]
    await mara.command("undo", channel=HERE)
    await mara.wait_for_message(lambda m: m["id"] == before[2] and "The tide" in m["content"])
    assert [m["id"] for m in mara.messages(HERE) if "The tide" in m["content"]] == before


async def test_a_passage_whose_message_was_deleted_is_changed_by_its_number(stage: Stage) -> None:
    """It stands below then; undo and redo need no message either."""
    stage.allow(status=404)
    mara, ada = await stage.seat("Mara"), await stage.seat("Ada", roles=["moderator"])
    await stage.begin(mara)
    one = await stage.write(mara, "One.")
    await stage.write(mara, "Two.")
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and not buttons(m))
    await ada.api("DELETE", f"/channels/{one['channel_id']}/messages/{one['id']}")
    await mara.command("write", channel=HERE, options={"text": "Uno.", "replace": "1"})
    await mara.wait_for_message(saying("Uno.", "Mara · edited"))
    assert await stage.told() == ["Uno.", "Two."]
    await mara.command("undo", channel=HERE)

    async def undone() -> bool:
        return await stage.told() == ["One.", "Two."]

    await eventually(undone)


async def test_a_long_roll_back_asks_little_of_discord(stage: Stage) -> None:
    """Whatever its length, about a dozen messages fold; and the way forward is as short."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, "One.")
    await grow(stage, mara, 400)
    await stage.write(mara, "Last.")
    before = len(stage.playground.requests)
    await mara.command("undo", channel=HERE, options={"to": "1"})
    await mara.wait_for_message(saying("rolled the story back by 401 passages"))
    assert await stage.told() == ["One."]
    await mara.command("redo", channel=HERE)
    await mara.wait_for_message(saying("Last.", button="Continue"))
    assert len(await stage.told()) == 402
    assert len(stage.playground.requests) - before < 40


async def test_what_a_crash_left_folded_unfolds_with_the_next_start(stage: Stage) -> None:
    """The story was brought back, and the power went before the channel showed it."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    one = await stage.write(mara, "One.")
    await stage.write(mara, "Two.")
    await mara.use_on("Take back", one)
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and "took this passage back" in m["content"])
    actor = Actor(int(mara.user["id"]), "Mara")
    await stage.bot.services.storyteller.redo(stage.place(HERE), actor)
    await stage.restart()
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and "One." in m["content"])
    assert await stage.told() == ["One.", "Two."]


async def test_a_channel_that_is_deleted_under_a_retake_locks_nothing(stage: Stage) -> None:
    """The narrator ends, its job goes, and stories elsewhere go on."""
    stage.allow(status=404)
    stage.allow("chore failed|listener failed|unexpected error")
    ada = await stage.seat("Ada", roles=["admin"])
    await stage.begin(ada)
    shown = await stage.narrate(ada, BELL)
    await stage.write(ada, "Two.")
    stage.script.says(DOOR)
    stage.script.hold(after=4)
    await ada.use_on("Retake", shown)
    await ada.wait_for_message(lambda m: m["id"] == shown["id"] and "Stop" in buttons(m))
    await ada.api("DELETE", f"/channels/{shown['channel_id']}")
    stage.script.go_on()

    async def at_rest() -> bool:
        return not await stage.database.fetch_all("SELECT id FROM narrations")

    await eventually(at_rest)
    await stage.begin(ada, "harbour")
    await stage.narrate(ada, BELL, "harbour")
    assert await stage.told("harbour") == [BELL]


async def test_menus_and_answers_are_chinese_for_who_reads_chinese(stage: Stage) -> None:
    """Names of the menus, windows, answers and the lines in a Chinese story."""
    lin = await stage.seat("林", locale="zh-CN")
    await lin.command("story start", channel=HERE, options={"title": "灯"})
    await lin.wait_for_message(with_button("继续"))
    one = await chinese(stage, lin, "灯灭了。")
    await chinese(stage, lin, "风停了。")
    modal = (await lin.use_on("修改这一段", one)).modal
    assert modal is not None
    assert modal["title"] == "修改这一段"
    told = await answered(await lin.submit_modal(modal, {"段落": "灯又亮了。"}))
    assert "第 1 段已经改了" in told["content"]
    await lin.wait_for_message(lambda m: m["id"] == one["id"] and "林 · 已修改" in m["content"])
    await lin.use_on("收回这一段", one)
    await lin.wait_for_message(lambda m: m["id"] == one["id"] and "林收回了这一段" in m["content"])
    await lin.command("branch", channel=HERE, options={"name": "风暴"})
    await lin.wait_for_message(saying("林开了分支“风暴”"))
    await lin.command("undo", channel=HERE, options={"to": "0"})
    await lin.wait_for_message(saying("林把故事退回了 1 段"))


async def chinese(stage: Stage, person: Person, text: str) -> Payload:
    """Let a person write in a Chinese story."""
    await person.command("write", channel=HERE, options={"text": text})
    return await person.wait_for_message(saying(text, button="继续"))
