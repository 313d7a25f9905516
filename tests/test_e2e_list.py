"""Prove that the list of stories tells nobody of channels that they may not see."""

from collections.abc import Callable

from bot.playground.world.permissions import VIEW_CHANNEL
from tests.person_forms import Payload
from tests.stage import Stage, answered


def titled(title: str) -> Callable[[Payload], bool]:
    """Match messages with a card of that title."""
    return lambda message: any(embed.get("title") == title for embed in message["embeds"])


async def test_stories_of_hidden_channels_are_not_listed(stage: Stage) -> None:
    """A moderators' story stands in their list and not in a member's."""
    ada = await stage.seat("Ada", roles=["moderator", "admin"])
    mara = await stage.seat("Mara")
    guild = ada.guilds[0]
    roles = {role["name"]: role["id"] for role in guild["roles"]}
    overwrites = [
        {"id": guild["id"], "type": 0, "deny": str(VIEW_CHANNEL)},
        *({"id": roles[name], "type": 0, "allow": str(VIEW_CHANNEL)} for name in ("moderator", "Storyloom")),
    ]
    body = {"name": "backroom", "permission_overwrites": overwrites}
    await ada.api("POST", f"/guilds/{guild['id']}/channels", body)
    await ada.wait_for("CHANNEL_CREATE")
    await stage.begin(ada, channel="backroom", title="A secret")
    await stage.begin(mara, title="For everybody")

    listed = await answered(await mara.command("story list", channel="fireside"))
    everything = await answered(await ada.command("story list", channel="fireside"))

    assert "For everybody" in listed["embeds"][0]["description"]
    assert "A secret" not in listed["embeds"][0]["description"]
    assert "A secret" in everything["embeds"][0]["description"]


async def test_stories_of_private_threads_are_not_listed(stage: Stage) -> None:
    """Who may see the channel may not see what is told in a private thread of it; a moderator may."""
    ada = await stage.seat("Ada", roles=["moderator", "admin"])
    mara = await stage.seat("Mara")
    form = {"name": "A closed circle", "type": 12}
    thread = await ada.api("POST", f"/channels/{ada.channel('fireside')['id']}/threads", form)
    await ada.api("PUT", f"/channels/{thread['id']}/thread-members/{stage.user_id}")
    await stage.begin(ada, channel=thread, title="A secret")

    listed = await answered(await mara.command("story list", channel="fireside"))
    everything = await answered(await ada.command("story list", channel="fireside"))

    assert "A secret" not in listed["embeds"][0]["description"]
    assert "A secret" in everything["embeds"][0]["description"]


async def test_list_turns_pages(stage: Stage) -> None:
    """Eleven stories make two pages; a page beyond the last says that there is nothing."""
    mara = await stage.seat("Mara")
    for number in range(11):
        await stage.begin(mara, title=f"Tale {number:02}")
        await mara.command("story end", channel="fireside")
        await mara.wait_for_message(titled(f"The end: Tale {number:02}"))

    first = await answered(await mara.command("story list", channel="fireside"))
    second = await answered(await mara.command("story list", channel="fireside", options={"page": 2}))
    third = await answered(await mara.command("story list", channel="fireside", options={"page": 3}))

    assert first["embeds"][0]["description"].count("Tale") == 10
    assert "page:2" in first["embeds"][0]["description"]
    assert second["embeds"][0]["description"].count("Tale") == 1
    assert "page:" not in second["embeds"][0]["description"]
    assert "no stories" in third["embeds"][0]["description"]
