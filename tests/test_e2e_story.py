"""Play stories with the real bot: discord.py, sockets, SQLite; only the narrator's words come from a script."""

import asyncio

from tests.stage import EPHEMERAL, Stage, answered, buttons, eventually, refused, saying, with_button

HERE = "fireside"


async def test_a_story_is_started_written_and_continued(stage: Stage) -> None:
    """Two people and the narrator take turns, and everyone sees the same passages."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await mara.command("story start", channel=HERE, options={"title": "The Lamp", "premise": "A keeper."})
    card = await jun.wait_for_message(lambda m: m["embeds"] and m["embeds"][0]["title"] == "The Lamp")
    assert "A keeper." in card["embeds"][0]["description"]
    await jun.wait_for_message(with_button("Continue"))
    await mara.command("write", channel=HERE, options={"text": "Tom climbed the stairs."})
    await jun.wait_for_message(saying("Tom climbed the stairs.", "Mara", button="Continue"))
    stage.script.says("The door at the top was open.")
    await jun.command("continue", channel=HERE, options={"direction": "a door"})
    await mara.wait_for_message(saying("The door at the top was open.", button="Retry"))
    assert await stage.told() == ["Tom climbed the stairs.", "The door at the top was open."]
    assert "a door" in stage.backend.requests[-1].messages[-1].content
