"""Take turns with the real bot: several people, a clock that can be moved, restarts in between."""

from typing import Any

from tests.person import Person
from tests.stage import Stage, answered, refused, saying

HERE = "fireside"


async def sit(stage: Stage, *people: Person, **rules: Any) -> None:
    """Let people sit down at a story that the first of them starts, and turns go by these rules."""
    stage.calls = True
    first, *others = people
    await stage.begin(first)
    await answered(await first.command("turn mode", channel=HERE, options=rules))
    for person in others:
        await answered(await person.command("turn join", channel=HERE))


async def write(person: Person, text: str) -> None:
    """Let a person write a passage, and wait until it is shown."""
    await person.command("write", channel=HERE, options={"text": text})
    await person.wait_for_message(saying(text, button="Undo"))


async def called(person: Person, *words: str) -> Any:
    """Wait until a person is called, with these words."""
    me = person.user["id"]
    return await person.wait_for_message(
        lambda m: [u["id"] for u in m["mentions"]] == [me] and all(w in m["content"] for w in words)
    )


async def test_three_people_write_in_turn(stage: Stage) -> None:
    """Each is called when it is their turn; who is not gets their words back."""
    mara, jun, ola = await stage.seat("Mara"), await stage.seat("Jun"), await stage.seat("Ola")
    await sit(stage, mara, jun, ola, mode="robin", length="1h")
    await called(mara, "Next up")
    message = await refused(await jun.command("write", channel=HERE, options={"text": "Too early."}), "Mara's turn")
    assert message["attachments"][0]["filename"] == "your-words.txt"
    await write(mara, "One.")
    await called(jun, "Next up")
    await write(jun, "Two.")
    await called(ola, "Next up")
    await write(ola, "Three.")
    await called(mara, "Next up")
    assert await stage.told() == ["One.", "Two.", "Three."]
    newest = [m for m in mara.messages(HERE) if m["content"].startswith("Next up")]
    assert len(newest) == 1
