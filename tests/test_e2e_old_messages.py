"""Prove that a story goes on where Discord lets old messages be edited no more."""

from tests.stage import EPHEMERAL, Stage, buttons, eventually, saying

TOO_MANY_OLD_EDITS = 30046


async def test_buttons_stand_on_a_line_of_their_own_where_an_edit_is_refused(stage: Stage) -> None:
    """A take back whose passage before is too old to edit gets its buttons anew, and nobody sees an error."""
    stage.allow(status=400)
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    first = await stage.write(mara, "One.")
    await stage.write(mara, "Two.")
    await mara.wait_for_message(lambda m: m["id"] == first["id"] and not buttons(m))
    stage.playground.faults.fail(
        "PATCH", rf"/channels/\d+/messages/{first['id']}$", status=400, code=TOO_MANY_OLD_EDITS
    )
    await mara.command("undo", channel="fireside")
    again = await mara.wait_for_message(lambda m: m["id"] != first["id"] and saying("One.", button="Undo")(m))

    assert "Undo" in buttons(again)
    assert await stage.told() == ["One."]


async def test_old_buttons_that_cannot_be_taken_off_trouble_nobody(stage: Stage) -> None:
    """The words are in the story and shown, whatever becomes of the buttons above them."""
    stage.allow(status=400)
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    first = await stage.write(mara, "One.")
    stage.playground.faults.fail(
        "PATCH", rf"/channels/\d+/messages/{first['id']}$", status=400, code=TOO_MANY_OLD_EDITS
    )
    second = await stage.write(mara, "Two.")

    assert "Undo" in buttons(second)

    async def nothing_private() -> bool:
        return not [m for m in mara.messages("fireside") if m["flags"] & EPHEMERAL]

    await eventually(nothing_private)
