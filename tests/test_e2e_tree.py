"""Play with a story's tree: edits, takes and take backs in the middle, branches, rolling back and forward."""

import asyncio
from functools import partial

from tests.person import Person
from tests.person_forms import Payload
from tests.stage import Stage, answered, buttons, eventually, refused, saying

HERE = "fireside"
BELL = "A bell rang far below the water, twice, and then the tide forgot it."
DOOR = "The door at the top of the stairs stood open, and the wind went in first."
SHIP = "Somebody had painted a new name over the old one on the hull of the ship."


def shows(message_id: str, words: str, message: Payload) -> bool:
    """Match a message by its id, when it has these words in it."""
    return message["id"] == message_id and words in message["content"]


async def edit(person: Person, message: Payload, text: str) -> Payload:
    """Put other words in the place of the passage that a message shows; give the private answer, if one stays."""
    answer = await person.use_on("Edit passage", message)
    assert answer.modal is not None
    return answer.modal | {"answer": await person.submit_modal(answer.modal, {"The passage": text})}


async def test_a_passage_in_the_middle_is_edited_and_what_follows_stays(stage: Stage) -> None:
    """The message shows the new words, the story has them; undo and redo turn them over, restart in between."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    one = await stage.write(mara, "One.")
    await stage.write(mara, "Two.")
    modal = (await mara.use_on("Edit passage", one)).modal
    assert modal is not None
    assert modal["components"][0]["component"]["value"] == "One."
    await stage.restart()
    answer = await mara.submit_modal(modal, {"The passage": "One, but better."})
    await mara.wait_for_message(
        lambda m: m["id"] == one["id"] and saying("One, but better.", "Mara · edited")(m)
    )
    told = await answered(answer)
    assert "Passage 1 reads differently now: take 2 of 2" in told["content"]
    assert await stage.told() == ["One, but better.", "Two."]
    await mara.click(told, "◀")
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and m["content"].startswith("One.\n"))
    assert await stage.told() == ["One.", "Two."]
    await mara.command("undo", channel=HERE)
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and "better" in m["content"])
    await mara.command("undo", channel=HERE)
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and m["content"].startswith("One.\n"))
    await stage.restart()
    done = await answered(await mara.command("redo", channel=HERE))
    assert f"/{one['id']}" in done["content"]
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and "better" in m["content"])
    assert await stage.told() == ["One, but better.", "Two."]


async def test_an_edit_of_the_newest_is_a_take_that_arrows_turn_and_undo_takes_back(stage: Stage) -> None:
    """The arrows stand under it, and undo takes back the edit, not the passage."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    shown = await stage.narrate(mara, BELL)
    await edit(mara, shown, DOOR)
    edited = await mara.wait_for_message(saying(DOOR, "The narrator · edited by Mara", button="2/2"))
    assert edited["id"] == shown["id"]
    await mara.click(edited, "◀")
    first = await mara.wait_for_message(saying(BELL, button="1/2"))
    await mara.click(first, "▶")
    again = await mara.wait_for_message(saying(DOOR, button="2/2"))
    await mara.click(again, "Undo")
    await mara.wait_for_message(saying(BELL, button="1/2"))
    assert await stage.told() == [BELL]
    await mara.command("redo", channel=HERE)
    await mara.wait_for_message(saying(DOOR, button="2/2"))
    assert await stage.told() == [DOOR]


async def test_a_passage_is_taken_back_from_the_middle_and_brought_back(stage: Stage) -> None:
    """It folds into one line, the story closes the gap, the export leaves it out, and redo opens it again."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    one = await stage.write(mara, "One.")
    two = await stage.write(jun, "Two.")
    await stage.write(mara, "Three.")
    await refused(await mara.use_on("Take back", two), "Only Jun or a moderator")
    await jun.use_on("Take back", two)
    folded = await mara.wait_for_message(
        lambda m: m["id"] == two["id"] and "took this passage back" in m["content"]
    )
    assert folded["content"].count("\n") == 0
    assert await stage.told() == ["One.", "Three."]
    handed = await answered(await mara.command("story export", channel=HERE))
    text = (await mara.download(handed["attachments"][0]["url"])).decode()
    assert "Two." not in text
    assert "Jun" not in text
    await refused(await jun.use_on("Take back", two), "taken back already")
    await stage.narrate(mara, BELL)
    assert all("Two." not in m.content for m in stage.backend.requests[-1].messages)
    await stage.restart()
    await jun.command("redo", channel=HERE)
    await mara.wait_for_message(lambda m: m["id"] == two["id"] and "Two." in m["content"])
    assert await stage.told() == ["One.", "Two.", "Three.", BELL]
    await mara.use_on("Take back", one)
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and "took this passage back" in m["content"])
    assert await stage.told() == ["Two.", "Three.", BELL]


async def test_a_take_in_the_middle_is_written_from_what_stood_before_it(stage: Stage) -> None:
    """The narrator sees nothing that came later, the message shows the new take, and later passages stay."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    await stage.write(mara, "One.")
    shown = await stage.narrate(mara, BELL)
    three = await stage.write(jun, "Three.")
    await refused(await mara.use_on("Retake", three), "Jun")
    stage.script.says(DOOR)
    answer = await jun.use_on("Retake", shown)
    await mara.wait_for_message(lambda m: m["id"] == shown["id"] and DOOR in m["content"] and not buttons(m))
    assert await stage.told() == ["One.", DOOR, "Three."]
    read = " ".join(message.content for message in stage.backend.requests[-1].messages)
    assert "One." in read
    assert "Three." not in read
    told = await answered(answer)
    assert "take 2 of 2" in told["content"]
    assert [m["id"] for m in mara.messages(HERE) if "Continue" in buttons(m)] == [three["id"]]
    await stage.restart()
    done = await answered(await jun.click(mara.current(three), "Undo"))
    assert f"/{shown['id']}" in done["content"]
    await mara.wait_for_message(lambda m: m["id"] == shown["id"] and BELL in m["content"])
    assert await stage.told() == ["One.", BELL, "Three."]
    await jun.command("redo", channel=HERE)
    await mara.wait_for_message(lambda m: m["id"] == shown["id"] and DOOR in m["content"])


async def test_a_restart_in_the_middle_of_a_retake_goes_on_in_its_message(stage: Stage) -> None:
    """The job knows which passage it replaces."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    shown = await stage.narrate(mara, BELL)
    await stage.write(mara, "Two.")
    stage.script.says(DOOR)
    stage.script.hold(after=4)
    retaking = asyncio.create_task(mara.use_on("Retake", shown))
    await mara.wait_for_message(lambda m: m["id"] == shown["id"] and "Stop" in buttons(m))
    await retaking
    await stage.restart()
    await mara.wait_for_message(
        lambda m: m["id"] == shown["id"] and "hour 1" in m["content"] and not buttons(m)
    )
    told = await stage.told()
    assert "hour 1 of the watch" in told[0]
    assert told[1:] == ["Two."]


async def test_a_fix_rewrites_the_narrators_newest_passage(stage: Stage) -> None:
    """The narrator is shown the old words and the instruction; the new ones are a take of the same passage.

    Who gives the old words again is asked once more.
    """
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await refused(
        await mara.command("fix", channel=HERE, options={"instruction": "x"}), "has written nothing"
    )
    shown = await stage.narrate(mara, BELL)
    stage.script.says(BELL, BELL.replace("twice", "seven times"))
    await mara.command("fix", channel=HERE, options={"instruction": "let the bell ring seven times"})
    fixed = await mara.wait_for_message(saying("seven times", button="2/2"))
    assert fixed["id"] == shown["id"]
    asked = stage.backend.requests[-1].messages[-1].content
    assert "let the bell ring seven times" in asked
    assert BELL in asked
    await stage.write(mara, "Two.")
    stage.script.says(SHIP)
    await mara.command("fix", channel=HERE, options={"instruction": "make it a ship"})
    await mara.wait_for_message(lambda m: m["id"] == shown["id"] and SHIP in m["content"])
    assert await stage.told() == [SHIP, "Two."]


async def test_a_branch_is_opened_told_and_left(stage: Stage) -> None:
    """What stands on the other branch folds; switching back unfolds it, restart in between."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    await stage.write(mara, "One.")
    await mara.command("branch", channel=HERE, options={"name": "storm"})
    await jun.wait_for_message(saying("Mara opened the branch “storm”"))
    two = await stage.write(jun, "Two in the storm.")
    await jun.command("branch", channel=HERE, options={"name": "MAIN"})
    line = await mara.wait_for_message(saying("Jun switched to the branch “main”"))
    assert f"https://discord.com/channels/{stage.place(HERE).guild_id}/" in line["content"]
    await mara.wait_for_message(
        lambda m: m["id"] == two["id"] and "on the branch “storm”" in m["content"] and not buttons(m)
    )
    assert await stage.told() == ["One."]
    await stage.restart()
    names = await mara.complete("branch", channel=HERE, option="name", text="s")
    assert [choice["value"] for choice in names] == ["storm"]
    await refused(await mara.command("branch", channel=HERE, options={"name": "main"}), "already")
    await mara.command("branch", channel=HERE, options={"name": "storm"})
    await mara.wait_for_message(lambda m: m["id"] == two["id"] and saying("Two in", button="Continue")(m))
    assert await stage.told() == ["One.", "Two in the storm."]


async def test_branch_from_here_tells_on_from_any_passage(stage: Stage) -> None:
    """Also from one in the middle and from one that was taken back; what follows stays on the old branch."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    one = await stage.write(mara, "One.")
    two = await stage.write(mara, "Two.")
    await stage.write(mara, "Three.")
    modal = (await mara.use_on("Branch from here", one)).modal
    assert modal is not None
    await stage.restart()
    await mara.submit_modal(modal, {"The new branch's name": "what if"})
    await mara.wait_for_message(saying("opened the branch “what if”"))
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and "Continue" in buttons(m))
    await mara.wait_for_message(lambda m: m["id"] == two["id"] and "on the branch “main”" in m["content"])
    assert await stage.told() == ["One."]
    await refused(await mara.submit_modal(modal, {"The new branch's name": "What if"}), "already")
    modal = (await mara.use_on("Branch from here", two)).modal
    assert modal is not None
    await mara.submit_modal(modal, {"The new branch's name": "two after all"})
    await mara.wait_for_message(lambda m: m["id"] == two["id"] and saying("Two.", button="Continue")(m))
    assert await stage.told() == ["One.", "Two."]
    await mara.command("branch", channel=HERE, options={"name": "main"})
    await mara.wait_for_message(saying("Three.", button="Continue"))
    assert await stage.told() == ["One.", "Two.", "Three."]


async def test_a_moderator_rolls_back_and_forward(stage: Stage) -> None:
    """Everyone reads how far; others may not; what folded unfolds, whatever the way there was."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    ada = await stage.seat("Ada", roles=["moderator"])
    await stage.begin(mara)
    shown = [await stage.write(jun, f"This is passage {number}.") for number in range(1, 7)]
    await refused(await jun.command("undo", channel=HERE, options={"to": "2"}), "Only Mara")
    link = (
        f"https://discord.com/channels/{stage.place(HERE).guild_id}/{shown[1]['channel_id']}/{shown[1]['id']}"
    )
    await ada.command("undo", channel=HERE, options={"to": link})
    await mara.wait_for_message(saying("Ada rolled the story back by 4 passages", shown[1]["id"]))
    for message in shown[2:]:
        await mara.wait_for_message(partial(shows, message["id"], "took this passage back"))
    assert len(await stage.told()) == 2
    await refused(await ada.command("undo", channel=HERE, options={"to": "2"}), "ends there already")
    await refused(await ada.command("undo", channel=HERE, options={"to": "9"}), "1 to 2")
    await refused(await ada.command("undo", channel=HERE, options={"to": "the bell"}), "by its number")
    await refused(await jun.command("redo", channel=HERE), "Only Mara")
    await stage.restart()
    await mara.command("redo", channel=HERE, options={"to": "4"})
    await jun.wait_for_message(saying("Mara brought 2 passages back", shown[3]["id"]))
    assert len(await stage.told()) == 4
    await mara.wait_for_message(lambda m: m["id"] == shown[3]["id"] and "Continue" in buttons(m))
    await ada.command("redo", channel=HERE, options={"all": True})
    await mara.wait_for_message(lambda m: m["id"] == shown[5]["id"] and "Continue" in buttons(m))
    for number, message in enumerate(shown, start=1):
        await mara.wait_for_message(partial(shows, message["id"], f"This is passage {number}."))
    assert len(await stage.told()) == 6
    await ada.command("undo", channel=HERE, options={"to": "0"})
    await mara.wait_for_message(
        lambda m: m["id"] == shown[5]["id"] and "took this passage back" in m["content"]
    )
    await ada.command("redo", channel=HERE)
    await mara.wait_for_message(lambda m: m["id"] == shown[5]["id"] and "Continue" in buttons(m))
    assert len(await stage.told()) == 6


async def signed(person: Person, message: Payload) -> bool:
    """Tell whether a message wears the sign of what is not read."""
    messages = await person.api("GET", f"/channels/{message['channel_id']}/messages?limit=50")
    signs = next(m for m in messages if m["id"] == message["id"])["reactions"]
    return "↩️" in {sign["emoji"]["name"] for sign in signs}


async def test_a_typed_passage_is_edited_below(stage: Stage) -> None:
    """The bot cannot edit a person's message: that one wears a sign, and the bot shows the new words."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    said = await mara.say(HERE, "Typed words.")
    await mara.wait_for("MESSAGE_REACTION_ADD", lambda data: data["message_id"] == said["id"])
    await edit(mara, said, "Other words.")
    edited = await mara.wait_for_message(saying("Other words.", "Mara · edited", button="Continue"))
    await eventually(partial(signed, mara, said))
    modal = (await mara.use_on("Edit passage", said)).modal
    assert modal is not None
    assert modal["components"][0]["component"]["value"] == "Other words."
    await mara.command("undo", channel=HERE)
    await mara.wait_for("MESSAGE_REACTION_REMOVE", lambda data: data["message_id"] == said["id"])
    assert await stage.told() == ["Typed words."]
    await stage.write(mara, "Two.")
    await edit(mara, said, "Words that came later.")
    # The bot's message of the first edit stands where it should, so it is used again.
    await mara.wait_for_message(
        lambda m: m["id"] == edited["id"] and "Words that came later." in m["content"]
    )
    await eventually(partial(signed, mara, said))
    assert await stage.told() == ["Words that came later.", "Two."]
    other = await mara.say(HERE, "Three.")
    await mara.wait_for(
        "MESSAGE_REACTION_ADD",
        lambda data: data["message_id"] == other["id"] and data["emoji"]["name"] == "✒️",
    )
    await stage.write(mara, "Four.")
    await edit(mara, other, "Drei.")
    await mara.wait_for_message(saying("takes the place of", f"/{other['id']}"))


async def retype(person: Person, message: Payload, text: str) -> None:
    """Change a message of one's own, as people do in Discord."""
    path = f"/channels/{message['channel_id']}/messages/{message['id']}"
    await person.api("PATCH", path, {"content": text})


async def test_the_story_follows_who_changes_what_they_typed(stage: Stage) -> None:
    """At its end and in its middle, undone and redone; while the narrator writes the writer is told to wait."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    one = await mara.say(HERE, "Won.")
    await mara.wait_for("MESSAGE_REACTION_ADD", lambda data: data["message_id"] == one["id"])
    await retype(mara, one, "One.")

    async def reads(*texts: str) -> bool:
        return await stage.told() == list(texts)

    await eventually(partial(reads, "One."))
    await stage.write(mara, "Two.")
    await retype(mara, one, "The one.")
    await eventually(partial(reads, "The one.", "Two."))
    assert not await signed(mara, one)
    await mara.command("undo", channel=HERE)
    await eventually(partial(signed, mara, one))
    await mara.wait_for_message(saying("takes the place of", f"/{one['id']}"))
    assert await stage.told() == ["One.", "Two."]
    await mara.command("redo", channel=HERE)
    await eventually(partial(reads, "The one.", "Two."))
    stage.script.hold()
    await mara.command("continue", channel=HERE)
    await mara.wait_for_message(lambda m: "Stop" in buttons(m))
    await retype(mara, one, "The very one.")
    await mara.wait_for_message(saying("The narrator is writing for Mara"))
    stage.script.go_on()
    await mara.wait_for_message(lambda m: "Retry" in buttons(m))
    assert (await stage.told())[:2] == ["The one.", "Two."]
