"""The narrator is told what the characters in the scene do not know, and an undo takes that back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.person import Person
from tests.stage import Stage, answered, eventually, saying

UNKNOWN = "Tobin was not there when this came up and does not know of it: The bell."


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Open a stage without embeddings."""
    async with Stage.open(tmp_path, settings={"memory": {"embeddings": False}}) as stage:
        yield stage


async def begun(stage: Stage) -> Person:
    """Let Mara start a story with two characters and a pinned fact."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    for name in ("Mara", "Tobin"):
        character = {"name": name, "description": f"{name} lives on the island."}
        await answered(await mara.command("character add", channel="fireside", options=character))
    bell = {"title": "The bell", "text": "The bell hangs in the cellar.", "keys": "bell", "pinned": True}
    await answered(await mara.command("lore add", channel="fireside", options=bell))
    return mara


async def asked(stage: Stage, person: Person, text: str) -> str:
    """Let the narrator write, and return what it was asked last."""
    stage.script.says(text)
    await person.command("continue", channel="fireside")
    await person.wait_for_message(saying(text, button="Retry"))
    return next(r for r in reversed(stage.backend.requests) if not r.background).messages[-1].content


async def test_the_narrator_knows_who_was_not_there(stage: Stage) -> None:
    """What came up without Tobin he does not know; once he is told, he does; an undo takes that back."""
    mara = await begun(stage)
    for text in ("Mara hid the bell.", "Rain fell.", "Snow fell.", "Tobin mended his nets."):
        await stage.write(mara, text)

    assert UNKNOWN in await asked(stage, mara, "Wind came up, and the boats pulled at their ropes.")

    await stage.write(mara, "“The bell is gone,” said Mara to Tobin.")
    assert "was not there" not in await asked(
        stage, mara, "He said nothing for a long time, and then he laughed."
    )
    for _ in range(2):
        await mara.command("undo", channel="fireside")
    await eventually(lambda: is_told(stage, 5))
    await stage.restart()
    await stage.write(mara, "Tobin sang.")

    assert UNKNOWN in await asked(stage, mara, "The dog sang with him until the lamp went out.")


async def is_told(stage: Stage, passages: int) -> bool:
    """Tell whether the story has so many passages."""
    return len(await stage.told()) == passages
