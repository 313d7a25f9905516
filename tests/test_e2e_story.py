"""Play stories with the real bot: discord.py, sockets, SQLite; only the narrator's words come from a script."""

import asyncio
from functools import partial
from typing import Any

from bot.reply.tree_lines import taken_back
from bot.story.people import Person as Actor
from tests.person import Person
from tests.person_forms import Payload
from tests.stage import EPHEMERAL, Stage, answered, buttons, controls, refused, saying, with_button

HERE = "fireside"
BELL = "A bell rang far below the water, twice, and then the tide forgot it."
DOOR = "The door at the top of the stairs stood open, and the wind went in first."
SHIP = "Somebody had painted a new name over the old one on the hull of the ship."


async def open_direct(stage: Stage, person: Person) -> dict[str, Any]:
    """Let a person open direct messages with the bot."""
    channel: dict[str, Any] = await person.api("POST", "/users/@me/channels", {"recipient_id": stage.user_id})
    return channel


def kept_by_discord(stage: Stage, message: Payload) -> Payload:
    """Return a message as the server has it now."""
    histories = stage.playground.world.histories.values()
    return next(kept for history in histories for kept in history.all() if kept["id"] == message["id"])


async def test_a_story_is_started_written_and_continued(stage: Stage) -> None:
    """Two people and the narrator take turns, and everyone sees the same passages."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara, premise="A keeper finds a lamp.")
    card = await jun.wait_for_message(lambda m: m["embeds"] and m["embeds"][0]["title"] == "The Lamp")
    assert "A keeper finds a lamp." in card["embeds"][0]["description"]
    await stage.write(mara, "Tom climbed the stairs.")
    await jun.wait_for_message(saying("Tom climbed the stairs.", "Mara", button="Continue"))
    stage.script.says(DOOR)
    await jun.command("continue", channel=HERE, options={"direction": "a door opens"})
    await mara.wait_for_message(saying(DOOR, button="Retry"))
    assert await stage.told() == ["Tom climbed the stairs.", DOOR]
    assert "a door opens" in stage.backend.requests[-1].messages[-1].content


async def test_only_the_newest_passage_has_buttons(stage: Stage) -> None:
    """Each new passage takes the buttons from the one before it."""
    mara = await stage.seat("Mara")
    opening = await stage.begin(mara)
    first = await stage.write(mara, "One.")
    second = await stage.narrate(mara, BELL)
    await mara.wait_for_message(lambda m: m["id"] == first["id"] and not buttons(m))
    assert opening["id"] not in [m["id"] for m in mara.messages(HERE)]
    assert [m["id"] for m in mara.messages(HERE) if controls(m)] == [second["id"]]
    assert buttons(second) == ["Write", "Continue", "Retry", "Undo", "Twist"]


async def test_a_retry_makes_a_take_and_arrows_turn_between_takes(stage: Stage) -> None:
    """No take is lost; the same message shows the chosen one, and that one is the story."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    shown = await stage.narrate(mara, BELL)
    stage.script.says(DOOR)
    await mara.click(shown, "Retry")
    second = await mara.wait_for_message(saying(DOOR, button="2/2"))
    assert second["id"] == shown["id"]
    await mara.click(second, "◀")
    first = await mara.wait_for_message(saying(BELL, button="1/2"))
    assert first["id"] == shown["id"]
    assert await stage.told() == [BELL]
    await mara.click(first, "◀")
    await mara.wait_for_message(saying(DOOR, button="2/2"))
    assert await stage.told() == [DOOR]


async def test_a_retry_follows_its_note(stage: Stage) -> None:
    """What should be different reaches the model, and an own passage is not retried."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, "One.")
    await refused(await mara.command("retry", channel=HERE), "Retry writes the narrator's newest passage")
    await stage.narrate(mara, BELL)
    stage.script.says(SHIP)
    await mara.command("retry", channel=HERE, options={"note": "less bell, more ship"})
    await mara.wait_for_message(saying(SHIP, button="2/2"))
    assert "less bell, more ship" in stage.backend.requests[-1].messages[-1].content


async def test_undo_folds_a_passage_and_redo_unfolds_it(stage: Stage) -> None:
    """What was taken back can be brought back, also the narrator's, also twice."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    one = await stage.write(mara, "One.")
    two = await stage.narrate(mara, BELL)
    await mara.click(two, "Undo")
    await mara.wait_for_message(lambda m: m["id"] == two["id"] and "took this passage back" in m["content"])
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and "Undo" in buttons(m))
    await mara.command("undo", channel=HERE)
    await mara.wait_for_message(saying("The page is empty.", button="Continue"))
    assert await stage.told() == []
    await refused(await mara.command("undo", channel=HERE), "nothing to take back")
    await mara.command("redo", channel=HERE)
    await mara.wait_for_message(lambda m: m["id"] == one["id"] and "One." in m["content"])
    await mara.command("redo", channel=HERE)
    await mara.wait_for_message(lambda m: m["id"] == two["id"] and BELL in m["content"])
    assert await stage.told() == ["One.", BELL]
    await refused(await mara.command("redo", channel=HERE), "nothing to bring back")


async def test_undo_and_redo_at_the_same_moment_show_what_is_told(stage: Stage) -> None:
    """Whichever of the two comes to the channel last, the passage stands there if it is in the story."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    one = await stage.write(mara, "One.")
    services, place, person = stage.bot.services, stage.place(HERE), Actor(int(mara.user["id"]), "Mara")
    undone = await services.storyteller.undo(place, person)
    redone = await services.storyteller.redo(place, person)
    await services.performance.show_move(redone, taken_back(person))
    await services.performance.show_move(undone, taken_back(person))
    assert "One." in kept_by_discord(stage, one)["content"]
    await services.storyteller.undo(place, person)
    await services.performance.show_move(undone, taken_back(person))
    await services.performance.show_move(redone, taken_back(person))
    assert "took this passage back" in kept_by_discord(stage, one)["content"]


async def test_buttons_stand_nowhere_when_they_have_no_use(stage: Stage) -> None:
    """Placed late, after typing, they come neither while the narrator writes nor under a story that has ended."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    board, story = (
        stage.bot.services.performance.board,
        await stage.bot.services.shelf.find(stage.place(HERE)),
    )
    assert story is not None
    stage.script.hold()
    await mara.command("continue", channel=HERE)
    await mara.wait_for_message(with_button("Stop"))
    await board.place_buttons(story)
    assert [controls(m) for m in mara.messages(HERE) if controls(m)] == [["Stop"]]
    stage.script.go_on()
    await mara.wait_for_message(with_button("Retry"))
    await mara.command("story end", channel=HERE)
    await mara.wait_for_message(lambda m: bool(m["embeds"]) and "The end" in m["embeds"][0]["title"])
    await board.place_buttons(story)
    assert [m for m in mara.messages(HERE) if controls(m)] == []


async def test_only_the_author_or_a_moderator_takes_back_a_passage(stage: Stage) -> None:
    """Others are told so privately; a moderator may."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    ada = await stage.seat("Ada", roles=["moderator"])
    await stage.begin(mara)
    shown = await stage.write(mara, "One.")
    for answer in (await jun.command("undo", channel=HERE), await jun.click(shown, "Undo")):
        await refused(answer, "Only Mara or a moderator")
    assert await stage.told() == ["One."]
    await ada.command("undo", channel=HERE)
    await mara.wait_for_message(saying("Ada took this passage back"))
    assert await stage.told() == []


async def test_the_window_takes_a_passage(stage: Stage) -> None:
    """/write without text and the Write button open a window whose words are a passage."""
    mara = await stage.seat("Mara")
    shown = await stage.begin(mara)
    for answer in (await mara.command("write", channel=HERE), await mara.click(shown, "Write")):
        assert answer.modal is not None
        assert answer.modal["title"] == "Write a passage"
    assert answer.modal is not None
    await mara.submit_modal(answer.modal, {"Your passage": "From the window.\n\nTwo paragraphs."})
    await mara.wait_for_message(saying("From the window.\n\nTwo paragraphs.", button="Continue"))
    assert await stage.told() == ["From the window.\n\nTwo paragraphs."]


async def test_a_text_file_is_a_passage(stage: Stage) -> None:
    """A file comes behind the text that was typed with it; a picture is refused."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await mara.command(
        "write", channel=HERE, options={"text": "Before."}, files={"file": ("two.txt", "后来。".encode())}
    )
    await mara.wait_for_message(saying("Before.", "后来。", button="Continue"))
    assert await stage.told() == ["Before.\n\n后来。"]
    for name, content in (("cat.png", b"\x89PNG"), ("latin.txt", b"caf\xe9")):
        answer = await mara.command("write", channel=HERE, files={"file": (name, content)})
        await refused(answer, "again")
    assert await stage.told() == ["Before.\n\n后来。"]


async def test_two_who_write_at_once_both_keep_their_words(stage: Stage) -> None:
    """Both passages are in the story, and the buttons stand under the one that came last."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    await asyncio.gather(
        mara.command("write", channel=HERE, options={"text": "Mara's words."}),
        jun.command("write", channel=HERE, options={"text": "Jun's words."}),
    )
    first = await mara.wait_for_message(saying("Mara's words."))
    second = await mara.wait_for_message(saying("Jun's words."))
    told = await stage.told()
    assert sorted(told) == ["Jun's words.", "Mara's words."]
    newest = first if told[-1] in first["content"] else second
    await mara.wait_for_message(lambda m: m["id"] == newest["id"] and "Continue" in buttons(m))
    other = second if newest is first else first
    await mara.wait_for_message(lambda m: m["id"] == other["id"] and not buttons(m))


async def test_words_written_while_the_narrator_writes_join_behind(stage: Stage) -> None:
    """They are shown at once as waiting, and stand in the story behind the narrator's, in their order."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    stage.script.says(BELL)
    stage.script.hold()
    await mara.command("continue", channel=HERE)
    await jun.wait_for_message(saying("Mara", button="Stop"))
    await jun.command("write", channel=HERE, options={"text": "Jun came first."})
    await mara.wait_for_message(saying("Jun came first.", "joins the story when the narrator is done"))
    await mara.command("write", channel=HERE, options={"text": "Mara came second."})
    await mara.wait_for_message(saying("Mara came second.", "joins the story when the narrator is done"))
    stage.script.go_on()
    await mara.wait_for_message(saying("Mara came second.", button="Continue"))
    assert await stage.told() == [BELL, "Jun came first.", "Mara came second."]
    await mara.wait_for_message(lambda m: "Jun came first." in m["content"] and "joins" not in m["content"])
    narrated = await mara.wait_for_message(saying(BELL))
    assert "Stop" not in buttons(narrated)


async def test_what_would_disturb_the_narrator_is_refused(stage: Stage) -> None:
    """While it writes, nobody moves the story or asks again; the answer names who asked."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    await stage.write(mara, "One.")
    stage.script.hold()
    await mara.command("continue", channel=HERE)
    await jun.wait_for_message(with_button("Stop"))
    for name in ("continue", "retry", "undo", "redo", "story end"):
        person = mara if name == "story end" else jun
        await refused(await person.command(name, channel=HERE), "The narrator is writing for Mara")
    stage.script.go_on()
    await jun.wait_for_message(with_button("Retry"))


async def test_a_stopped_passage_is_kept_if_the_asker_says_so(stage: Stage) -> None:
    """Only the asker may stop and keep; until kept, the story does not have it."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    stage.script.says(f"{BELL} {DOOR} {SHIP}")
    stage.script.hold(after=40)
    await mara.command("continue", channel=HERE)
    writing = await mara.wait_for_message(saying(BELL, button="Stop"))
    await refused(await jun.click(writing, "Stop"), "Only the one who asked")
    await mara.click(writing, "Stop")
    stopped = await mara.wait_for_message(saying(BELL, button="Keep it"))
    assert await stage.told() == []
    await refused(await jun.click(stopped, "Keep it"), "Only the one who asked")
    await mara.click(stopped, "Keep it")
    kept = await mara.wait_for_message(saying(BELL, button="Continue"))
    assert kept["id"] == writing["id"]
    assert [BELL in text for text in await stage.told()] == [True]


async def test_a_stopped_retry_leaves_the_take_before_it(stage: Stage) -> None:
    """The passage that was to be replaced is back in its message."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.narrate(mara, BELL)
    stage.script.says(f"{DOOR} {SHIP}")
    stage.script.hold(after=25)
    await mara.command("retry", channel=HERE)
    writing = await mara.wait_for_message(saying(DOOR, button="Stop"))
    await mara.click(writing, "Stop")
    await mara.wait_for_message(lambda m: m["id"] == writing["id"] and saying(BELL, button="Retry")(m))
    assert await stage.told() == [BELL]


async def test_streaming_edits_are_few_and_each_is_new(stage: Stage) -> None:
    """Hundreds of tokens are a handful of edits: about one a second, none like the one before, none too long."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await mara.command("story settings", channel=HERE, options={"words": 400})
    # Real time passes between the tokens, as with a model; 700 of them take about three seconds.
    stage.backend.delay = partial(asyncio.sleep, 0.003)
    tale = " ".join(f"Wave {n} told the pier {n * n} things about lamp {n + 7}." for n in range(65))
    stage.script.says(tale)
    await mara.command("continue", channel=HERE)
    await mara.wait_for_message(
        lambda m: "about lamp 71." in m["content"] and "Retry" in buttons(m), timeout=30
    )
    assert await stage.told() == [tale]
    shown: dict[str, tuple[object, ...]] = {}
    edits = 0
    for name, message in mara.events:
        if name in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and not message.get("flags", 0) & EPHEMERAL:
            state = (message["content"], str(message["components"]), str(message["embeds"]))
            assert shown.get(message["id"]) != state, "an edit that changes nothing"
            assert len(message["content"]) <= 2000
            shown[message["id"]] = state
            edits += name == "MESSAGE_UPDATE"
    tokens = len(tale) // 4
    assert 3 <= edits < tokens / 20


async def test_a_passage_whose_message_was_deleted_is_sent_anew(stage: Stage) -> None:
    """A moderator who tidies up under the narrator's hands does not lose the passage."""
    stage.allow(status=404)
    ada = await stage.seat("Ada", roles=["moderator"])
    await stage.begin(ada)
    stage.script.says(BELL)
    stage.script.hold(after=0)
    await ada.command("continue", channel=HERE)
    writing = await ada.wait_for_message(with_button("Stop"))
    await ada.api("DELETE", f"/channels/{writing['channel_id']}/messages/{writing['id']}")
    stage.script.go_on()
    shown = await ada.wait_for_message(saying(BELL, button="Retry"))
    await ada.api("DELETE", f"/channels/{shown['channel_id']}/messages/{shown['id']}")
    stage.script.says(DOOR)
    await ada.command("retry", channel=HERE)
    await ada.wait_for_message(saying(DOOR, button="2/2"))
    assert await stage.told() == [DOOR]


async def test_a_flawed_draft_is_written_again(stage: Stage) -> None:
    """Talk about the task never becomes a passage if another draft has none of it."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    stage.script.says("As an AI, I cannot continue this.", BELL)
    await mara.command("continue", channel=HERE)
    await mara.wait_for_message(saying(BELL, button="Retry"))
    assert await stage.told() == [BELL]


async def test_a_failed_narration_leaves_the_story_as_it_was(stage: Stage) -> None:
    """The asker is told, the buttons are back, and the next try works."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, "One.")
    stage.backend.fail_at = 0
    await refused(await mara.command("continue", channel=HERE), "The narrator broke off")
    await mara.wait_for_message(saying("One.", button="Continue"))
    assert not any("narrator" in m["content"] for m in mara.messages(HERE) if not m.get("flags"))
    stage.backend.fail_at = None
    await stage.narrate(mara, BELL)
    assert await stage.told() == ["One.", BELL]


async def test_two_channels_never_mix(stage: Stage) -> None:
    """Stories that are told side by side know nothing of each other, nor does the model."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await asyncio.gather(stage.begin(mara, HERE), stage.begin(jun, "harbour", title="The Ship"))
    await asyncio.gather(
        stage.write(mara, "The lamp burned."), stage.write(jun, "The ship sailed.", "harbour")
    )
    stage.script.hold(after=0)
    asked = [
        asyncio.create_task(mara.command("continue", channel=HERE)),
        asyncio.create_task(jun.command("continue", channel="harbour")),
    ]
    await asyncio.gather(*asked)
    stage.script.go_on()
    for channel in (HERE, "harbour"):
        await stage._newest_in(mara, channel, with_button("Retry"))
    assert [len(await stage.told(channel)) for channel in (HERE, "harbour")] == [2, 2]
    for request in stage.backend.requests:
        read = " ".join(message.content for message in request.messages)
        assert ("lamp burned" in read) != ("ship sailed" in read)


async def test_a_story_is_told_in_direct_messages(stage: Stage) -> None:
    """Someone alone writes with the narrator; what they say there is theirs to take back."""
    mara = await stage.seat("Mara")
    here = await open_direct(stage, mara)
    await stage.begin(mara, here)
    await stage.write(mara, "Only for me.", here)
    await stage.narrate(mara, BELL, here)
    assert await stage.told(here) == ["Only for me.", BELL]
    await mara.command("undo", channel=here)
    await mara.wait_for_message(saying("took this passage back"))
    listed = await answered(await mara.command("story list", channel=here))
    assert "The Lamp" in listed["embeds"][0]["description"]


async def test_a_thread_has_a_story_of_its_own(stage: Stage) -> None:
    """Beside the channel's story another is told in a thread of that channel."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    form = {"name": "A side story", "type": 11, "auto_archive_duration": 1440}
    thread = await mara.api("POST", f"/channels/{mara.channel(HERE)['id']}/threads", form)
    await stage.begin(mara, thread, title="Aside", free_typing=True)
    await stage.write(mara, "In the thread.", thread)
    await stage.narrate(mara, BELL, thread)
    assert await stage.told(thread) == ["In the thread.", BELL]
    assert await stage.told() == []


async def test_a_story_is_shown_listed_and_exported(stage: Stage) -> None:
    """Each answer is private; the file has the story and who wrote it."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara, premise="A keeper.")
    await stage.write(mara, "One.")
    await stage.narrate(jun, BELL)
    card = await answered(await jun.command("story show", channel=HERE))
    fields = {field["name"]: field["value"] for field in card["embeds"][0]["fields"]}
    assert fields["Passages"] == "2 passages"
    assert fields["Language model"] == "Scripted (revision 1)"
    page = await answered(await jun.command("story list", channel="harbour"))
    assert "**The Lamp**" in page["embeds"][0]["description"]
    handed = await answered(await jun.command("story export", channel=HERE))
    (file,) = handed["attachments"]
    text = await jun.download(file["url"])
    assert file["filename"] == "The-Lamp.md"
    assert all(part in text.decode() for part in ("The Lamp", "A keeper.", "One.", BELL, "Mara", "scripted"))


async def test_settings_are_for_the_starter_and_moderators(stage: Stage) -> None:
    """What is changed is shown, works from then on, and a third person may not."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    options = {"title": "The Ship", "words": 30, "rating": "teen"}
    await refused(await jun.command("story settings", channel=HERE, options=options), "Only Mara")
    card = await answered(await mara.command("story settings", channel=HERE, options=options))
    assert card["embeds"][0]["title"] == "The Ship"
    assert any(field["value"] == "30 words" for field in card["embeds"][0]["fields"])
    await stage.narrate(mara, BELL)
    assert stage.backend.requests[-1].sampling.max_tokens == 60
    answer = await mara.command("story settings", channel=HERE, options={"rating": "mature"})
    await refused(answer, "age-restricted")


async def test_an_ended_story_stays_readable(stage: Stage) -> None:
    """It loses its buttons, can be exported, and makes room for the next."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    await stage.write(mara, "One.")
    await refused(await jun.command("story end", channel=HERE), "Only Mara")
    await refused(
        await jun.command("story start", channel=HERE, options={"title": "No"}), "“The Lamp” is being"
    )
    await mara.command("story end", channel=HERE)
    await jun.wait_for_message(lambda m: m["embeds"] and "The end" in m["embeds"][0]["title"])
    assert not any(controls(m) for m in mara.messages(HERE))
    await refused(await mara.command("continue", channel=HERE), "No story is being told here")
    await answered(await jun.command("story export", channel=HERE))
    await stage.begin(jun, title="Another")
    assert await stage.told() == []
