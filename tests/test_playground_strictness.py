"""Prove that the playground forgives a bot no more than Discord does, where it would be easy to."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.playground.rest import channels
from bot.playground.server import Playground
from tests.playground_client import Client, overhear


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground."""
    async with Playground.open(page=False, rate_limits=False) as opened:
        yield opened


async def test_nobody_replies_to_discords_own_messages(admin: Client, bot: Client) -> None:
    """The notice of a pin is no message that can be answered; the pinned one is."""
    sent = await admin.say("fireside", "pin me")
    path = f"/channels/{sent['channel_id']}/messages"
    await admin.ask("PUT", f"{path}/pins/{sent['id']}")
    notice = (await bot.ask("GET", path))[1][0]
    status, refused = await bot.ask(
        "POST", path, {"content": "so", "message_reference": {"message_id": notice["id"]}}
    )

    assert (status, refused["errors"]["message_reference"]["_errors"][0]["code"]) == (
        400,
        "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE",
    )
    assert (await bot.say("fireside", "so", message_reference={"message_id": sent["id"]}))["type"] == 19


async def test_a_webhooks_message_is_edited_through_the_webhook_alone(admin: Client, bot: Client) -> None:
    """Its maker may not edit it as if it were their own."""
    where = admin.channel("fireside")
    _status, hook = await admin.ask("POST", f"/channels/{where}/webhooks", {"name": "Herald"})
    path = f"/webhooks/{hook['id']}/{hook['token']}"
    _status, sent = await admin.ask("POST", path + "?wait=true", {"content": "hear"})

    assert await admin.code("PATCH", f"/channels/{where}/messages/{sent['id']}", {"content": "x"}) == (
        403,
        50005,
    )
    assert (await admin.ask("PATCH", f"{path}/messages/{sent['id']}", {"content": "x"}))[0] == 200


async def test_a_follow_up_is_never_loading(playground: Playground, admin: Client, bot: Client) -> None:
    """Only a deferral makes a message that is still to come; flag 128 elsewhere means nothing."""
    command = {"name": "read", "description": "Reads"}
    _status, made = await bot.ask("POST", f"/applications/{bot.id}/commands", command)
    heard = overhear(playground)
    body = {"type": 2, "application_id": bot.id, "channel_id": admin.channel("fireside")}
    await admin.ask("POST", "/interactions", body | {"data": {"id": made["id"]}})
    asked: dict[str, Any] = next(e.data for e in heard if "token" in e.data)
    callback = f"/interactions/{asked['id']}/{asked['token']}/callback?with_response=true"
    _status, first = await bot.ask("POST", callback, {"type": 4, "data": {"content": "a", "flags": 128}})
    _status, second = await bot.ask(
        "POST", f"/webhooks/{bot.id}/{asked['token']}", {"content": "b", "flags": 128}
    )

    assert (first["resource"]["message"]["flags"], second["flags"]) == (0, 0)


async def test_many_messages_deleted_at_once_are_a_channels_own(
    playground: Playground, admin: Client, ann: Client, bot: Client
) -> None:
    """What one person alone sees is neither deleted nor named by a bulk deletion."""
    channel = int(ann.channel("fireside"))
    whisper = playground.world.create_message(
        channel, int(bot.id), {"content": "psst"}, ephemeral_for=int(ann.id)
    )
    sent = [(await ann.say("fireside", word))["id"] for word in ("one", "two")]
    heard = overhear(playground)
    await admin.ask("POST", f"/channels/{channel}/messages/bulk-delete", {"messages": [*sent, whisper["id"]]})

    assert [event.data["ids"] for event in heard] == [sent]
    assert playground.world.find_message(channel, int(whisper["id"])) is not None


async def test_a_post_in_a_forum_is_a_message_like_any_other(
    playground: Playground, admin: Client, ann: Client
) -> None:
    """A person's post carries no embeds, and AutoMod reads it too."""
    guild = next(iter(playground.world.guilds))
    forum = playground.world.create_channel(guild, "posts", 15)
    rule = {"name": "r", "event_type": 1, "trigger_type": 1, "enabled": True, "actions": [{"type": 1}]}
    rule["trigger_metadata"] = {"keyword_filter": ["fie"]}
    await admin.ask("POST", f"/guilds/{guild}/auto-moderation/rules", rule)
    path = f"/channels/{forum['id']}/threads"

    def post(content: str) -> dict[str, Any]:
        return {"name": "p", "message": {"content": content, "embeds": [{"title": "t"}]}}

    assert (await ann.ask("POST", path, post("fine")))[1]["message"]["embeds"] == []
    assert await ann.code("POST", path, post("fie")) == (400, 200000)


async def test_a_guild_has_room_for_so_many_channels(
    playground: Playground, ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many is 30013."""
    guild = next(iter(playground.world.guilds))
    monkeypatch.setattr(channels, "MAX_CHANNELS", len(playground.world.channels) + 1)
    assert (await ann.ask("POST", f"/guilds/{guild}/channels", {"name": "last"}))[0] == 201

    assert await ann.code("POST", f"/guilds/{guild}/channels", {"name": "more"}) == (400, 30013)
