"""Type plain messages into a story: what is a passage, what is not, and what happens under it."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.person import Person
from tests.person_forms import Payload
from tests.stage import EPHEMERAL, Stage, controls, refused, saying, with_button

HERE = "fireside"
BELL = "A bell rang far below the water, twice, and then the tide forgot it."


@pytest.fixture
def short_lull(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the buttons come after half a second without typing; who plays has three."""
    # Loading an extension makes a new module, which the name in the package does not follow.
    monkeypatch.setattr(sys.modules["cogs.typing"], "LULL", 0.5)


async def take(person: Person, text: str) -> Payload:
    """Let a person type, and wait until the bot has taken it."""
    said = await person.say(HERE, text)
    await reaction(person, said)
    return said


async def reaction(person: Person, message: Payload) -> str:
    """Wait for the bot's reaction on a message."""
    heard = await person._heard(("MESSAGE_REACTION_ADD",), lambda data: data["message_id"] == message["id"])
    emoji: str = heard["data"]["emoji"]["name"]
    return emoji


@pytest.mark.usefixtures("short_lull")
async def test_a_typed_message_is_a_passage(stage: Stage) -> None:
    """The bot signs it, and after a lull the buttons stand below; typing on takes them away."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    opening = await stage.begin(mara, free_typing=True)
    said = await mara.say(HERE, "The harbour was silent.")
    assert await reaction(jun, said) == "✒️"
    strip = await mara.wait_for_message(saying("Mara's words are in the story.", button="Continue"))
    assert strip["id"] != opening["id"]
    assert int(strip["id"]) > int(said["id"])
    await take(jun, "Then a dog barked.")
    await mara.wait_for_message(saying("Jun's words are in the story.", button="Undo"))
    assert [m for m in mara.messages(HERE) if m["id"] in (opening["id"], strip["id"])] == []
    assert await stage.told() == ["The harbour was silent.", "Then a dog barked."]


async def test_table_talk_is_no_passage(stage: Stage) -> None:
    """Words in parentheses or behind // stay talk, in both languages' signs; a picture alone too."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    for talk in ("(brb)", "（我先走了）", "// who is next?", "／／下一个谁？"):
        await mara.say(HERE, talk)
    await mara.say(HERE, "", picture=("cat.png", b"\x89PNG"))
    await take(mara, "(She smiled.) Then she left.")
    assert await stage.told() == ["(She smiled.) Then she left."]


async def test_a_dropped_text_file_is_a_passage(stage: Stage) -> None:
    """It comes behind the words typed with it."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    said = await mara.say(HERE, "Chapter one.", file=("one.txt", "\ufeffIt rained.\r\nAll day.".encode()))
    await reaction(mara, said)
    assert await stage.told() == ["Chapter one.\n\nIt rained.\nAll day."]


async def test_a_refused_message_is_left_alone(stage: Stage) -> None:
    """A hint that pings nobody says why; what was typed stays where it is."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    said = await mara.say(HERE, "", file=("long.txt", b"word " * 2000))
    hint = await mara.wait_for_message(saying("characters, and 8,000 fit in one"))
    assert hint["message_reference"]["message_id"] == said["id"]
    assert hint["mentions"] == []
    assert mara.current(said)["id"] == said["id"]
    assert await stage.told() == []


async def test_typing_while_the_narrator_writes_joins_behind(stage: Stage) -> None:
    """Typed words wait for the narrator without losing their order or their author."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara, free_typing=True)
    stage.script.says(BELL)
    stage.script.hold()
    await mara.command("continue", channel=HERE)
    await jun.wait_for_message(with_button("Stop"))
    await take(jun, "First.")
    await take(mara, "Second.")
    stage.script.go_on()
    await mara.wait_for_message(saying("Mara's words are in the story.", button="Continue"))
    assert await stage.told() == [BELL, "First.", "Second."]


async def test_a_typed_passage_is_taken_back_and_brought_back(stage: Stage) -> None:
    """The bot cannot fold a person's own message, so it wears a sign as long as it is out."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    said = await take(mara, "The harbour was silent.")
    await mara.command("undo", channel=HERE)
    await mara.wait_for("MESSAGE_REACTION_ADD", lambda data: data["emoji"]["name"] == "↩️")
    assert {r["emoji"]["name"] for r in await reactions(mara, said)} == {"✒️", "↩️"}
    await mara.command("redo", channel=HERE)
    await mara.wait_for("MESSAGE_REACTION_REMOVE", lambda data: data["emoji"]["name"] == "↩️")
    assert {r["emoji"]["name"] for r in await reactions(mara, said)} == {"✒️"}
    assert await stage.told() == ["The harbour was silent."]


async def test_a_typed_passage_whose_message_is_gone_can_be_taken_back(stage: Stage) -> None:
    """Deleting a message does not take its words out of the story, nor does it break undo and redo."""
    stage.allow(status=404)
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    said = await take(mara, "The harbour was silent.")
    await mara.api("DELETE", f"/channels/{said['channel_id']}/messages/{said['id']}")
    assert await stage.told() == ["The harbour was silent."]
    await mara.command("undo", channel=HERE)
    await mara.wait_for_message(saying("The page is empty."))
    assert await stage.told() == []
    await mara.command("redo", channel=HERE)
    await mara.wait_for_message(saying("Mara's words are in the story.", button="Undo"))
    assert await stage.told() == ["The harbour was silent."]
    assert not any(m["flags"] & EPHEMERAL and m["content"] for m in mara.messages(HERE))


async def reactions(person: Person, message: Payload) -> list[Payload]:
    """Read the reactions of a message."""
    messages = await person.api("GET", f"/channels/{message['channel_id']}/messages?limit=50")
    found: list[Payload] = next(m for m in messages if m["id"] == message["id"]).get("reactions", [])
    return found


async def test_many_who_type_at_once_all_keep_their_words(stage: Stage) -> None:
    """Ten messages from five people at the same moment are ten passages in the channel's order."""
    people = [await stage.seat(f"Writer {number}") for number in range(5)]
    await stage.begin(people[0], free_typing=True)
    said = await asyncio.gather(*(take(people[n % 5], f"Line {n}.") for n in range(10)))
    in_order = [m["content"] for m in sorted(said, key=lambda m: int(m["id"]))]
    assert await stage.told() == in_order


async def test_other_channels_and_bots_are_not_heard(stage: Stage) -> None:
    """Where no story listens nothing is taken; calling the bot by name outside a story is no error."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    await mara.say("harbour", "Not here.")
    await mara.say("harbour", f"<@{stage.user_id}> hello?")
    await take(mara, f"<@{stage.user_id}> said the lamp.")
    assert await stage.told() == [f"<@{stage.user_id}> said the lamp."]


async def test_without_message_content_free_typing_is_off_and_says_why(tmp_path: Path) -> None:
    """The bot runs all the same; direct messages may be typed even so."""
    async with Stage.open(tmp_path, hears_typing=False) as stage:
        mara = await stage.seat("Mara")
        options = {"title": "The Lamp", "free_typing": True}
        await refused(
            await mara.command("story start", channel=HERE, options=options), "message content intent"
        )
        await stage.begin(mara)
        answer = await mara.command("story settings", channel=HERE, options={"free_typing": True})
        await refused(answer, "message content intent")
        await stage.write(mara, "Written all the same.")
        here = await mara.api("POST", "/users/@me/channels", {"recipient_id": stage.user_id})
        await stage.begin(mara, here, free_typing=True)
        said = await mara.say(here, "Typed in private.")
        await reaction(mara, said)
        assert await stage.told(here) == ["Typed in private."]


@pytest.mark.usefixtures("short_lull")
async def test_the_buttons_do_not_wait_for_a_channel_that_stays_busy(stage: Stage) -> None:
    """Only the newest lull counts: one line of buttons stands at the end."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, free_typing=True)
    for number in range(4):
        await take(mara, f"Line {number}.")
    await mara.wait_for_message(saying("Mara's words are in the story.", button="Continue"))
    assert len([m for m in mara.messages(HERE) if controls(m)]) == 1


async def test_who_types_where_typing_is_off_is_told_once(stage: Stage) -> None:
    """The first plain message is answered with how to write; later ones, and table talk, are left in peace."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    await jun.say("fireside", "(hello all)")
    await jun.say("fireside", "The lamp went out.")
    hint = await jun.wait_for_message(saying("are not part of", "/write"))
    await mara.say("fireside", "It was dark.")
    await stage.write(mara, "It stayed dark.")

    assert [m["id"] for m in mara.messages("fireside") if "are not part of" in m["content"]] == [hint["id"]]
    assert await stage.told() == ["It stayed dark."]


async def test_turning_typing_on_is_told_to_everyone(stage: Stage) -> None:
    """A channel learns that its messages are passages, and that they are no more."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    await stage.begin(mara)
    await mara.command("story settings", channel="fireside", options={"free_typing": True})
    on = await jun.wait_for_message(saying("From now on every message"))
    await mara.command("story settings", channel="fireside", options={"free_typing": False})
    off = await jun.wait_for_message(saying("From now on plain messages are not"))

    assert not on["flags"] & 64
    assert not off["flags"] & 64
