"""Prove the playground's interactions with the real discord.py and scripted people."""

from collections.abc import AsyncIterator

import pytest

from bot.playground.server import Playground
from tests.guest import Guest, bot_token, pointed_at, running
from tests.person import NotAnswered, Person, Refused


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground with a guest bot in it."""
    async with Playground.open(page=False) as opened:
        with pointed_at(opened):
            async with running(Guest(), await bot_token(opened)):
                yield opened


@pytest.fixture
async def mara(playground: Playground) -> AsyncIterator[Person]:
    """Seat a person."""
    async with Person.open(playground, name="Mara", locale="zh-CN") as person:
        yield person


async def test_a_command_is_answered_where_it_was_given(mara: Person) -> None:
    """A slash command reaches the bot with its options and the person's locale, and its answer says so."""
    answer = await mara.command("hello", channel="fireside", options={"who": "炉火"})
    assert answer.message["content"] == "hello 炉火 in zh-CN"
    assert answer.message["type"] == 20
    assert answer.message["interaction_metadata"]["user"]["id"] == mara.user["id"]
    assert answer.message["interaction"]["name"] == "hello"


async def test_a_deferred_answer_loads_then_fills_then_is_followed(mara: Person) -> None:
    """A deferred answer is empty and loading until its first edit, which is not marked as one."""
    answer = await mara.command("slow", channel="fireside")
    followed = await mara.wait_for_message(lambda m: m["content"] == "third")
    created = next(d for n, d in mara.events if n == "MESSAGE_CREATE")
    assert created["flags"] & 128
    assert created["content"] == ""
    first, second = mara.edits
    assert (first["content"], first["edited_timestamp"], first["flags"] & 128) == ("first", None, 0)
    assert second["edited_timestamp"] is not None
    assert answer.message["content"] == "second"
    assert followed["attachments"][0]["filename"] == "page.txt"
    assert followed["message_reference"]["message_id"] == answer.message["id"]


async def test_an_ephemeral_answer_reaches_its_addressee_alone(playground: Playground, mara: Person) -> None:
    """Nobody else hears of an ephemeral message, no history has it, and its buttons work."""
    async with Person.open(playground, name="Bo") as bo:
        answer = await mara.command("secret", channel="fireside")
        await mara.click(answer.message, "More")
        assert answer.message["content"] == "hush more"
        assert answer.message["flags"] & 64
        await bo.say("fireside", "anybody here?")
        assert [m["content"] for m in bo.messages("fireside")] == ["anybody here?"]
        path = f"/channels/{mara.channel('fireside')['id']}/messages"
        assert [m["content"] for m in await mara.api("GET", path)] == ["anybody here?"]
        with pytest.raises(Refused) as refused:
            await bo.click(answer.message, "More")
        assert refused.value.code == 10008


async def test_a_button_changes_its_message_and_a_menu_takes_offered_values(mara: Person) -> None:
    """Buttons and menus reach the bot; what is not offered, is disabled or is not there is refused."""
    message = (await mara.command("row", channel="fireside")).message
    await mara.click(message, "More")
    assert mara.current(message)["content"] == "row more"
    await mara.select(message, "Which?", ["red", "blue"])
    await mara.wait_for_message(lambda m: m["content"] == "red and blue")
    chosen = await mara.select(message, "who", [mara.user["id"]])
    assert chosen.message["content"] == "chosen: Mara"
    assert chosen.message["message_reference"]["message_id"] == message["id"]
    for values in (["red", "green", "blue"], [], ["pink"], ["red", "red"]):
        with pytest.raises(Refused):
            await mara.select(message, "menu", values)
    with pytest.raises(Refused):
        await mara.click(message, "Off")


async def test_a_button_beside_a_text_works(mara: Person) -> None:
    """Components of the second version have no content; their buttons are found at any depth."""
    message = (await mara.command("layout", channel="fireside")).message
    assert message["content"] == ""
    assert message["flags"] & 1 << 15
    assert message["components"][0]["components"][0]["components"][0]["content"] == "# A page"
    await mara.click(message, "Turn")
    assert [part["content"] for part in mara.current(message)["components"]] == ["The end"]


async def test_commands_work_in_a_thread(mara: Person) -> None:
    """A thread is a channel like any other, for commands and for buttons."""
    channel_id = mara.channel("fireside")["id"]
    thread = await mara.api("POST", f"/channels/{channel_id}/threads", {"name": "Apart", "type": 11})
    message = (await mara.command("row", channel=thread)).message
    assert message["channel_id"] == thread["id"]
    await mara.click(message, "More")
    assert mara.current(message)["content"] == "row more"


async def test_a_modal_travels_there_and_back(mara: Person) -> None:
    """A modal's text, choice and file reach the bot, and each is checked against what the bot asked for."""
    form = await mara.command("form", channel="fireside")
    assert form.modal is not None
    for wrong in ({"Words": "no"}, {"Words": "w" * 21}, {"Words": ""}, {"Colour": ["pink"]}):
        with pytest.raises(Refused) as refused:
            await mara.submit_modal(form.modal, {"Words": "three", "Colour": ["red"]} | wrong)
        assert refused.value.code == 50035
    filled = {"Words": "three", "Colour": ["red"], "page": [("page.txt", b"ink")]}
    sent = await mara.submit_modal(form.modal, filled)
    assert sent.message["content"] == "three red ['page.txt']"


async def test_an_old_modal_and_an_optional_text_work(mara: Person) -> None:
    """A text input in an action row still works, and may stay empty when it is not required."""
    form = await mara.command("form", channel="fireside", options={"old": True})
    assert form.modal is not None
    assert (await mara.submit_modal(form.modal, {})).message["content"] == "old: ''"


async def test_autocomplete_offers_choices(mara: Person) -> None:
    """What a person has typed so far brings the bot's choices; a subcommand is named after a space."""
    choices = await mara.complete("palette pick", channel="fireside", option="colour", text="in")
    assert choices == [{"name": "Indigo", "value": "indigo"}]
    options = {"colour": "red", "times": 2}
    answer = await mara.command("palette pick", channel="fireside", options=options)
    assert answer.message["content"] == "red red"
    assert answer.message["interaction"]["name"] == "palette pick"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="a required option is missing"),
        pytest.param({"colour": "x" * 6001}, id="a text is over 6,000 characters"),
        pytest.param({"colour": 5}, id="a number is no text"),
        pytest.param({"colour": "red", "times": 6}, id="a number is too large"),
        pytest.param({"colour": "red", "times": True}, id="a truth value is no number"),
    ],
)
async def test_bad_options_never_reach_the_bot(mara: Person, options: dict[str, object]) -> None:
    """Discord itself refuses options that break the command's definition."""
    with pytest.raises(Refused) as refused:
        await mara.command("palette pick", channel="fireside", options=options)
    assert refused.value.code == 50035


async def test_users_channels_and_files_are_resolved(mara: Person) -> None:
    """The bot receives the things themselves that options point at."""
    options = {"user": mara.user["id"], "channel": mara.channel("harbour")["id"]}
    answer = await mara.command(
        "look", channel="fireside", options=options, files={"file": ("a.txt", b"ink")}
    )
    assert answer.message["content"] == "Mara harbour a.txt ink"
    with pytest.raises(Refused):
        await mara.command("look", channel="fireside", options=options | {"user": "1", "file": "0"})


async def test_message_and_user_commands_receive_their_target(mara: Person) -> None:
    """A context menu on a message brings its text even without the message content intent."""
    message = await mara.say("fireside", "four words stand here")
    assert (await mara.use_on("Count words", message)).message["content"] == "4 words"
    waved = await mara.use_on("Wave at", mara.user, channel="fireside")
    assert waved.message["content"] == "waves at Mara"
    assert waved.message["type"] == 23


async def test_commands_work_in_a_direct_message(playground: Playground, mara: Person) -> None:
    """In a direct message with the bot its commands work, but for those that are for guilds only."""
    bot_id = next(iter(playground.world.applications))
    channel = await mara.api("POST", "/users/@me/channels", {"recipient_id": str(bot_id)})
    answer = await mara.command("hello", channel=channel, options={"who": "you"})
    assert answer.message["content"] == "hello you in zh-CN"
    with pytest.raises(LookupError):
        await mara.command("guarded", channel=channel)


async def test_default_member_permissions_are_enforced(playground: Playground, mara: Person) -> None:
    """A command for moderators is neither offered to others nor taken from them."""
    with pytest.raises(LookupError):
        await mara.command("guarded", channel="fireside")
    async with Person.open(playground, name="Mo", roles=["moderator"]) as mo:
        assert (await mo.command("guarded", channel="fireside")).message["content"] == "hello, moderator"


async def test_silence_is_a_failure_that_the_person_sees(playground: Playground, mara: Person) -> None:
    """A bot that lets Discord's time pass has not responded."""
    playground.book.answer_seconds = 0.05
    with pytest.raises(NotAnswered):
        await mara.command("silent", channel="fireside")
