"""Stop the bot in the middle, kindly and by SIGKILL, and find everything again when it is back."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot import client
from tests.stage import Stage, answered, buttons, controls, eventually, saying, with_button

HERE = "fireside"
REPOSITORY = Path(__file__).parents[1]
BELL = "A bell rang far below the water, twice, and then the tide forgot it."
DOOR = "The door at the top of the stairs stood open, and the wind went in first."


@asynccontextmanager
async def child(stage: Stage) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the bot in another process, ready when the block begins; it is killed at the end at the latest."""
    discord = stage.config.discord
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.acting_bot",
        str(discord.api_base),
        discord.token.get_secret_value(),
        str(stage.config.storage.path),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 30) == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_narration_is_taken_up_after_a_kind_stop(stage: Stage) -> None:
    """It goes on in the same message, the asker is told, and what came meanwhile stands behind it."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    await stage.write(mara, "One.")
    stage.script.hold(after=20)
    asked = await mara.command("continue", channel=HERE, options={"direction": "a storm"})
    writing = await mara.wait_for_message(saying("harbour", button="Stop"))
    await jun.command("write", channel=HERE, options={"text": "Jun waited."})
    await jun.wait_for_message(saying("Jun waited.", "joins the story"))
    await stage.leave()
    told = await answered(asked)
    assert "goes on with this as soon as it is back" in told["content"]
    assert mara.current(writing)["content"]
    stage.script.says(BELL)
    await stage.restart()
    await mara.wait_for_message(saying("Jun waited.", button="Continue"))
    narrated = await mara.wait_for_message(lambda m: m["id"] == writing["id"] and not buttons(m))
    passages = await stage.told()
    assert (passages[0], passages[-1]) == ("One.", "Jun waited.")
    assert passages[1] in narrated["content"]
    assert "a storm" in stage.backend.requests[-1].messages[-1].content
    assert len(passages) == 3


async def test_a_retry_is_taken_up_after_a_kind_stop(stage: Stage) -> None:
    """The take before it is still there, and both show in one message."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    shown = await stage.narrate(mara, BELL)
    stage.script.says(DOOR)
    stage.script.hold(after=10)
    await mara.click(shown, "Retry")
    await mara.wait_for_message(saying("The door", button="Stop"))
    await stage.restart()
    taken_up = await mara.wait_for_message(with_button("2/2"))
    assert taken_up["id"] == shown["id"]
    await mara.click(taken_up, "◀")
    await mara.wait_for_message(saying(BELL, button="1/2"))


async def test_a_narration_is_taken_up_after_a_kill(tmp_path: Path) -> None:
    """SIGKILL in mid-sentence loses no word of a person and locks nothing."""
    async with Stage.open(tmp_path, playing=False) as stage:
        mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
        async with child(stage) as process:
            await stage.begin(mara, free_typing=True)
            await stage.write(mara, "One.")
            await mara.command("continue", channel=HERE)
            writing = await mara.wait_for_message(saying("Rain", button="Stop"))
            await jun.command("write", channel=HERE, options={"text": "Jun waited."})
            await jun.wait_for_message(saying("Jun waited.", "joins the story"))
            said = await mara.say(HERE, "Mara typed.")
            await mara.wait_for("MESSAGE_REACTION_ADD", lambda data: data["message_id"] == said["id"])
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        await stage.enter()
        await mara.wait_for_message(saying("Mara's words are in the story.", button="Continue"))
        narrated = await mara.wait_for_message(lambda m: m["id"] == writing["id"] and not buttons(m))
        one, two, three, four = await stage.told()
        assert (one, three, four) == ("One.", "Jun waited.", "Mara typed.")
        assert two in narrated["content"]
        await mara.command("undo", channel=HERE)
        await mara.wait_for_message(saying("Jun waited.", button="Undo"))
        await stage.narrate(mara, DOOR)


async def test_every_button_works_after_a_restart(stage: Stage) -> None:
    """Buttons carry what they do in themselves."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    shown = await stage.narrate(mara, BELL)
    await stage.restart()
    stage.script.says(DOOR)
    await mara.click(shown, "Retry")
    shown = await mara.wait_for_message(with_button("2/2"))
    await stage.restart()
    await mara.click(shown, "◀")
    shown = await mara.wait_for_message(with_button("1/2"))
    await stage.restart()
    stage.script.says("And then the sun came up over the chapel.")
    await mara.click(shown, "Continue")
    newest = await mara.wait_for_message(saying("And then the sun", button="Undo"))
    await stage.restart()
    await mara.click(newest, "Undo")
    await mara.wait_for_message(saying("took this passage back"))
    assert await stage.told() == [BELL]
    shown = await mara.wait_for_message(saying(BELL, button="Write"))
    await stage.restart()
    assert (await mara.click(shown, "Write")).modal is not None


async def test_a_stopped_passage_is_kept_after_a_restart(stage: Stage) -> None:
    """Keep it works later too, as long as the story has not gone on."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    stage.script.says(f"{BELL} {DOOR}")
    stage.script.hold(after=20)
    await mara.command("continue", channel=HERE)
    await mara.click(await mara.wait_for_message(saying(BELL, button="Stop")), "Stop")
    stopped = await mara.wait_for_message(with_button("Keep it"))
    await stage.restart()
    await mara.click(stopped, "Keep it")
    await mara.wait_for_message(saying(BELL, button="Continue"))
    assert len(await stage.told()) == 1


async def test_a_window_that_was_open_over_a_restart_is_taken(stage: Stage) -> None:
    """What was typed into it is a passage of the story."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    modal = (await mara.command("write", channel=HERE)).modal
    assert modal is not None
    await stage.restart()
    await mara.submit_modal(modal, {"Your passage": "Written over a restart."})
    await mara.wait_for_message(saying("Written over a restart.", button="Continue"))
    assert await stage.told() == ["Written over a restart."]


async def test_a_story_is_the_same_after_a_restart(stage: Stage) -> None:
    """What was taken back can still be brought back, and typing is still heard."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    await stage.write(mara, "One.")
    await stage.write(mara, "Two.")
    await mara.command("undo", channel=HERE)
    await mara.wait_for_message(saying("took this passage back"))
    await stage.restart()
    await mara.command("redo", channel=HERE)
    await mara.wait_for_message(saying("Two.", button="Undo"))
    said = await mara.say(HERE, "Three.")
    await mara.wait_for("MESSAGE_REACTION_ADD", lambda data: data["message_id"] == said["id"])
    assert await stage.told() == ["One.", "Two.", "Three."]


async def test_the_buttons_of_a_lull_come_after_a_restart(stage: Stage) -> None:
    """A restart while people type leaves no story without its buttons."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    said = await mara.say(HERE, "One.")
    await mara.wait_for("MESSAGE_REACTION_ADD", lambda data: data["message_id"] == said["id"])
    await stage.restart()
    strip = await mara.wait_for_message(saying("Mara's words are in the story.", button="Continue"))
    assert [m["id"] for m in mara.messages(HERE) if controls(m)] == [strip["id"]]


async def test_a_passage_that_could_not_be_shown_is_shown_after_a_restart(stage: Stage) -> None:
    """Committed words appear, a person's and the narrator's, each with the buttons once."""
    stage.allow(status=403)
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    stage.playground.faults.fail("POST", r"/channels/\d+/messages$", status=403)
    await answered(await mara.command("write", channel=HERE, options={"text": "Not shown."}))
    assert not any("Not shown." in m["content"] for m in mara.messages(HERE))
    await stage.restart()
    await mara.wait_for_message(saying("Not shown.", button="Continue"))
    stage.script.says(BELL)
    stage.script.hold(after=0)
    asked = await mara.command("continue", channel=HERE)
    writing = await mara.wait_for_message(with_button("Stop"))
    stage.playground.faults.fail("PATCH", f"/messages/{writing['id']}", status=403, times=20)
    stage.script.go_on()
    await answered(asked)
    stage.playground.faults.clear()
    assert await stage.told() == ["Not shown.", BELL]
    await stage.restart()
    shown = await mara.wait_for_message(saying(BELL, button="Retry"))
    assert shown["id"] == writing["id"]
    assert [BELL in m["content"] for m in mara.messages(HERE) if controls(m)] == [True]


async def test_a_stop_does_not_wait_for_a_slow_discord(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers get a moment; what is still not said then is cut, and the words are in the story."""
    monkeypatch.setattr(client, "LAST_WORDS", 0.1)
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    stage.playground.faults.delay("POST", r"/channels/\d+/messages$", seconds=2)
    await mara.command("write", channel=HERE, options={"text": "Slowly said."})

    async def committed() -> bool:
        return await stage.told() == ["Slowly said."]

    await eventually(committed)
    await stage.restart()
    await mara.wait_for_message(saying("Slowly said.", button="Continue"))
    assert await stage.told() == ["Slowly said."]
