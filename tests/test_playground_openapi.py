"""Prove that what discord.py sends to the playground is what Discord describes, and that the check can fail."""

import discord
import pytest

from bot.playground.server import Playground
from tests.guest import Guest, bot_token, pointed_at, running
from tests.openapi import violations, violations_of
from tests.person import Person


async def test_a_bots_requests_follow_discords_description() -> None:
    """A round of commands, answers, files, buttons, modals and channel messages breaks no rule."""
    async with Playground.open(page=False) as playground, Person.open(playground, name="Mara") as mara:
        with pointed_at(playground):
            async with running(Guest(), await bot_token(playground)) as client:
                await mara.command("slow", channel="fireside")
                await mara.wait_for_message(lambda m: m["content"] == "third")
                row = (await mara.command("row", channel="fireside")).message
                await mara.click(row, "More")
                await mara.click(row, "Whisper")
                await mara.select(row, "menu", ["red"])
                form = await mara.command("form", channel="fireside")
                assert form.modal is not None
                await mara.submit_modal(form.modal, {"Words": "three", "Colour": ["red"]})
                await mara.complete("palette pick", channel="fireside", option="colour", text="")
                channel = client.get_channel(int(mara.channel("fireside")["id"]))
                assert isinstance(channel, discord.TextChannel)
                sent = await channel.send("plain", embed=discord.Embed(title="t"))
                await sent.edit(content="edited")
                await sent.reply("reply")
        assert len(playground.requests) > 12
        assert violations_of(playground.requests) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/channels/1/messages", {"content": 5}),
        ("POST", "/channels/1/messages", {"embeds": [{"title": "x" * 257}]}),
        ("POST", "/interactions/1/t/callback?with_response=1", {"type": 99}),
        ("POST", "/webhooks/1/t", {"content": "x" * 2001}),
        ("PUT", "/applications/1/commands", [{"name": "x" * 33, "description": "d"}]),
        ("POST", "/no/such/thing", {}),
        ("GET", "/users/@me", {"a": 1}),
    ],
)
def test_what_discord_does_not_describe_is_found(method: str, path: str, body: object) -> None:
    """Wrong types, lengths, values and paths are violations."""
    assert violations(method, path, body)


def test_ids_may_be_numbers_and_bodies_absent() -> None:
    """What libraries do and Discord takes is no violation."""
    assert violations("POST", "/users/@me/channels", {"recipient_id": 123}) == []
    assert violations("DELETE", "/channels/1/messages/2", None) == []
