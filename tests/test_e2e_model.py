"""Tell a story with the embedded language model, as a player without any setting has it."""

from pathlib import Path

import pytest

from bot.story.narration.flaws import flaw_of
from tests.person_forms import Payload
from tests.stage import Stage, buttons, saying, with_button

HERE = "fireside"
OPENING = "Old Tom climbed the stairs of the lighthouse with the lamp in his hand. The storm was close."


@pytest.mark.model
async def test_two_people_and_the_embedded_model_tell_a_story(tmp_path: Path) -> None:
    """It goes on with the plot, writes another take, and is stopped and restarted in the middle."""
    settings = {"model": {"threads": 1}}
    async with Stage.open(tmp_path, settings=settings, model=True) as stage:
        mara, jun = await stage.seat("Mara"), await stage.seat("Jun", locale="zh-CN")
        await stage.begin(mara, premise="A lighthouse keeper finds a lamp that shows the past.")
        await mara.command("story settings", channel=HERE, options={"words": 60})
        await stage.write(mara, OPENING)
        await jun.command("continue", channel=HERE, options={"direction": "a stranger knocks at the door"})
        streamed = await jun.wait_for_message(with_button("Stop"))
        told = await jun.wait_for_message(with_button("Retry"), timeout=60)
        assert told["id"] == streamed["id"]
        first = (await stage.told())[1]
        assert flaw_of(first, recent=[OPENING]) is None
        await jun.click(told, "Retry")
        await jun.wait_for_message(with_button("2/2"), timeout=60)
        second = (await stage.told())[1]
        assert second != first
        await mara.command("continue", channel=HERE)

        def begun(message: Payload) -> bool:
            return "Stop" in buttons(message) and message["content"].count("\n") > 0

        writing = await mara.wait_for_message(begun, timeout=60)
        await stage.restart()
        done = await mara.wait_for_message(
            lambda m: m["id"] == writing["id"] and "Retry" in buttons(m), timeout=60
        )
        third = (await stage.told())[2]
        assert third[:40] in done["content"]
        # A story in a language that the model does not write is begun with a word about that, once.
        await jun.command("story start", channel="harbour", options={"title": "灯"})
        await jun.wait_for_message(saying('model = "owner/repository:file.gguf"'))
