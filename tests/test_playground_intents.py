"""Prove which events an intent brings, and what is hidden without the content intent."""

import pytest

from bot.playground.gateway import intents

MESSAGE = {
    "guild_id": "1",
    "author": {"id": "7"},
    "mentions": [],
    "content": "a passage",
    "embeds": [{}],
    "attachments": [{}],
    "components": [{}],
    "poll": {},
    "id": "9",
}


@pytest.mark.parametrize(
    ("name", "in_guild", "intent"),
    [
        ("MESSAGE_CREATE", True, intents.GUILD_MESSAGES),
        ("MESSAGE_CREATE", False, intents.DIRECT_MESSAGES),
        ("TYPING_START", True, intents.GUILD_MESSAGE_TYPING),
        ("TYPING_START", False, intents.DIRECT_MESSAGE_TYPING),
        ("MESSAGE_REACTION_ADD", False, intents.DIRECT_MESSAGE_REACTIONS),
        ("THREAD_CREATE", True, intents.GUILDS),
        ("GUILD_MEMBER_UPDATE", True, intents.GUILD_MEMBERS),
        ("MESSAGE_POLL_VOTE_ADD", True, intents.GUILD_MESSAGE_POLLS),
    ],
)
def test_an_event_needs_its_own_intent(name: str, in_guild: bool, intent: int) -> None:
    """The one intent suffices, and all the others together do not."""
    assert intents.hears(intent, name, in_guild=in_guild)
    assert not intents.hears(intents.KNOWN & ~intent, name, in_guild=in_guild)


def test_interactions_need_no_intent() -> None:
    """A bot without any intent is still told of what people do with its commands."""
    assert intents.hears(0, "INTERACTION_CREATE", in_guild=True)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"author": {"id": "5"}}, id="its own message"),
        pytest.param({"mentions": [{"id": "5"}]}, id="a message that mentions it"),
        pytest.param({"guild_id": None}, id="a direct message"),
    ],
)
def test_a_bot_always_reads_what_is_meant_for_it(change: dict[str, object]) -> None:
    """Three kinds of message keep their content without the intent."""
    message = MESSAGE | change
    assert not intents.hides_content(0, "MESSAGE_CREATE", message, user_id=5)


def test_everything_that_a_person_wrote_is_hidden() -> None:
    """Text, embeds, files, components and polls go; what is left still is a message."""
    assert intents.hides_content(0, "MESSAGE_UPDATE", MESSAGE, user_id=5)
    assert not intents.hides_content(intents.MESSAGE_CONTENT, "MESSAGE_UPDATE", MESSAGE, user_id=5)
    hidden = intents.without_content(MESSAGE)
    kept = {"id": "9", "guild_id": "1", "author": {"id": "7"}, "mentions": []}
    assert hidden == {"content": "", "embeds": [], "attachments": [], "components": []} | kept
