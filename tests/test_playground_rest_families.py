"""Prove the routes of reactions, pins, polls, threads, members, webhooks, AutoMod and scheduled events."""

from collections.abc import AsyncIterator

import pytest

from bot.playground.server import Playground
from tests.playground_client import Client, overhear


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground."""
    async with Playground.open(page=False, rate_limits=False) as opened:
        yield opened


@pytest.fixture
def guild(playground: Playground) -> str:
    """Name the guild's path."""
    return f"/guilds/{next(iter(playground.world.guilds))}"


async def post(client: Client, content: str = "x") -> str:
    """Write a message by the fireside and return its path."""
    sent = await client.say("fireside", content)
    return f"/channels/{sent['channel_id']}/messages/{sent['id']}"


# Reactions, pins, polls


async def test_reactions_count_each_user_once(playground: Playground, ann: Client, bot: Client) -> None:
    """Reacting twice counts once; the count and `me` are per viewer; who reacted is listed."""
    path = await post(ann)
    heard = overhear(playground)
    for client in (ann, bot, bot):
        assert (await client.ask("PUT", f"{path}/reactions/👍/@me"))[0] == 204
    _status, shown = await ann.ask("GET", path)
    assert [(r["emoji"]["name"], r["count"], r["me"]) for r in shown["reactions"]] == [("👍", 2, True)]
    _status, users = await ann.ask("GET", f"{path}/reactions/👍")
    assert [u["id"] for u in users] == sorted([ann.id, bot.id])
    assert (await ann.ask("DELETE", f"{path}/reactions/👍/@me"))[0] == 204
    assert [e.name for e in heard] == [*["MESSAGE_REACTION_ADD"] * 2, "MESSAGE_REACTION_REMOVE"]


async def test_reactions_of_others_need_manage_messages(ann: Client, bot: Client, mod: Client) -> None:
    """Only moderators take others' reactions away; what is no emoji is unknown; twenty kinds fit."""
    path = await post(ann)
    await ann.ask("PUT", f"{path}/reactions/❤️/@me")
    assert await bot.code("DELETE", f"{path}/reactions/❤️/{ann.id}") == (403, 50013)
    assert (await mod.ask("DELETE", f"{path}/reactions/❤️/{ann.id}"))[0] == 204
    for word in ("x", "火", "blob:123"):
        assert await ann.code("PUT", f"{path}/reactions/{word}/@me") == (400, 10014)
    for number in range(20):
        assert (await ann.ask("PUT", f"{path}/reactions/{chr(0x1F600 + number)}/@me"))[0] == 204
    assert await ann.code("PUT", f"{path}/reactions/🐉/@me") == (400, 30010)
    assert (await mod.ask("DELETE", f"{path}/reactions"))[0] == 204
    assert "reactions" not in (await ann.ask("GET", path))[1]


async def test_pins_are_listed_newest_first(
    playground: Playground, ann: Client, mod: Client, bot: Client
) -> None:
    """Pinning needs the right, is told in the channel, and is listed by Discord's new route."""
    first, second = await post(ann, "first"), await post(ann, "second")
    channel = f"/channels/{ann.channel('fireside')}"
    heard = overhear(playground)
    for path in (first, second):
        number = path.rsplit("/", 1)[-1]
        assert await bot.code("PUT", f"{channel}/messages/pins/{number}") == (403, 50013)
        assert (await mod.ask("PUT", f"{channel}/messages/pins/{number}"))[0] == 204
    _status, pins = await ann.ask("GET", f"{channel}/messages/pins")
    assert [i["message"]["content"] for i in pins["items"]] == ["second", "first"]
    assert all(i["message"]["pinned"] for i in pins["items"])
    assert not pins["has_more"]
    assert [e.name for e in heard][:3] == ["MESSAGE_UPDATE", "CHANNEL_PINS_UPDATE", "MESSAGE_CREATE"]
    assert (await mod.ask("DELETE", f"{channel}/messages/pins/{number}"))[0] == 204
    _status, pins = await ann.ask("GET", f"{channel}/messages/pins")
    assert [i["message"]["content"] for i in pins["items"]] == ["first"]


async def test_the_two_hundred_and_fifty_first_pin_is_refused(playground: Playground, mod: Client) -> None:
    """A channel holds 250 pins."""
    channel = mod.channel("fireside")
    path = await post(mod)
    playground.world.histories[int(channel)].pins = {n: "2026" for n in range(249)}
    assert (await mod.ask("PUT", f"/channels/{channel}/messages/pins/{path.rsplit('/', 1)[-1]}"))[0] == 204
    number = (await post(mod)).rsplit("/", 1)[-1]
    assert await mod.code("PUT", f"/channels/{channel}/messages/pins/{number}") == (400, 30003)


POLL = {
    "question": {"text": "Where to?"},
    "answers": [{"poll_media": {"text": "Sea"}}, {"poll_media": {"text": "Hills"}}],
    "duration": 1,
    "allow_multiselect": False,
    "layout_type": 1,
}


async def test_a_poll_counts_votes_and_ends(
    playground: Playground, ann: Client, mod: Client, bot: Client
) -> None:
    """People vote and change their vote; the asker ends the poll, and a message tells the result."""
    sent = await bot.say("fireside", "", poll=POLL)
    path = f"/channels/{sent['channel_id']}/polls/{sent['id']}"
    heard = overhear(playground)
    for client, answer in ((ann, 1), (mod, 2), (ann, 2)):
        assert (await client.ask("PUT", f"{path}/answers/@me", {"answer_ids": [answer]}))[0] == 204
    names = [(e.name.removeprefix("MESSAGE_POLL_VOTE_"), e.data["answer_id"]) for e in heard]
    assert names == [("ADD", 1), ("ADD", 2), ("REMOVE", 1), ("ADD", 2)]
    _status, voters = await bot.ask("GET", f"{path}/answers/2")
    assert {u["id"] for u in voters["users"]} == {ann.id, mod.id}
    assert await ann.code("PUT", f"{path}/answers/@me", {"answer_ids": [1, 2]}) == (400, 50035)
    assert await bot.code("PUT", f"{path}/answers/@me", {"answer_ids": [1]}) == (403, 520000)
    assert await ann.code("POST", f"{path}/expire") == (403, 520006)
    _status, ended = await bot.ask("POST", f"{path}/expire")
    assert ended["poll"]["results"] == {
        "is_finalized": True,
        "answer_counts": [{"id": 2, "count": 2, "me_voted": False}],
    }
    assert await ann.code("PUT", f"{path}/answers/@me", {"answer_ids": [1]}) == (400, 520001)
    result = heard[-1].data
    assert (result["type"], result["embeds"][0]["type"]) == (46, "poll_result")


# Threads


async def test_a_thread_hangs_on_its_message(playground: Playground, ann: Client, bot: Client) -> None:
    """A thread made from a message has its id, is joined by its maker, and the message shows it."""
    path = await post(ann)
    heard = overhear(playground)
    status, thread = await bot.ask("POST", f"{path}/threads", {"name": "Fog", "auto_archive_duration": 60})
    assert (status, thread["id"], thread["type"]) == (201, path.rsplit("/", 1)[-1], 11)
    assert thread["member"]["user_id"] == bot.id
    assert (await ann.ask("GET", path))[1]["thread"]["name"] == "Fog"
    assert await bot.code("POST", f"{path}/threads", {"name": "Fog"}) == (400, 160004)
    assert [e.name for e in heard][:2] == ["THREAD_CREATE", "MESSAGE_UPDATE"]
    await bot.say(thread["id"], "inside")
    assert (await ann.ask("GET", f"/channels/{thread['id']}"))[1]["message_count"] == 1


async def test_a_thread_alone_is_announced(bot: Client, ann: Client) -> None:
    """A public thread without a message leaves a note of type 18; private ones need their own right."""
    path = f"/channels/{ann.channel('fireside')}/threads"
    await bot.ask("POST", path, {"name": "Fog", "type": 11})
    _status, read = await ann.ask("GET", f"/channels/{ann.channel('fireside')}/messages")
    assert (read[0]["type"], read[0]["content"]) == (18, "Fog")
    assert await bot.code("POST", path, {"name": "Fog", "type": 12}) == (403, 50013)
    assert await bot.code("POST", path, {"name": "", "type": 11}) == (400, 50035)
    assert await bot.code("POST", path, {"name": "x", "type": 11, "auto_archive_duration": 61}) == (
        400,
        50035,
    )


async def test_an_archived_thread_is_still_until_it_is_opened(
    ann: Client, bot: Client, mod: Client, guild: str
) -> None:
    """Edits and reactions in an archive are refused with 50083; a message opens it, unless it is locked."""
    parent = ann.channel("fireside")
    _status, thread = await bot.ask("POST", f"/channels/{parent}/threads", {"name": "Fog", "type": 11})
    sent = await bot.say(thread["id"], "x")
    channel = f"/channels/{thread['id']}"
    assert await ann.code("PATCH", channel, {"archived": True}) == (403, 50013)
    assert (await bot.ask("PATCH", channel, {"archived": True}))[0] == 200
    assert await bot.code("PATCH", f"{channel}/messages/{sent['id']}", {"content": "y"}) == (400, 50083)
    assert await bot.code("PUT", f"{channel}/messages/{sent['id']}/reactions/👍/@me") == (400, 50083)
    assert await bot.code("PATCH", channel, {"name": "Mist"}) == (400, 50083)
    assert (await bot.ask("GET", f"{guild}/threads/active"))[1]["threads"] == []
    _status, closed = await bot.ask("GET", f"/channels/{parent}/threads/archived/public")
    assert [t["id"] for t in closed["threads"]] == [thread["id"]]
    await ann.say(thread["id"], "open it")
    assert len((await bot.ask("GET", f"{guild}/threads/active"))[1]["threads"]) == 1
    assert (await mod.ask("PATCH", channel, {"locked": True}))[0] == 200
    assert await ann.code("POST", f"{channel}/messages", {"content": "x"}) == (400, 50083)
    await mod.say(thread["id"], "still mine")


async def test_people_join_and_leave_threads(
    playground: Playground, ann: Client, mod: Client, bot: Client
) -> None:
    """Joining, being added, leaving and being removed are told to the thread."""
    _status, thread = await bot.ask(
        "POST", f"/channels/{ann.channel('fireside')}/threads", {"name": "Fog", "type": 11}
    )
    members = f"/channels/{thread['id']}/thread-members"
    heard = overhear(playground)
    assert (await ann.ask("PUT", f"{members}/@me"))[0] == 204
    assert (await bot.ask("PUT", f"{members}/{mod.id}"))[0] == 204
    assert {m["user_id"] for m in (await ann.ask("GET", members))[1]} == {ann.id, mod.id, bot.id}
    assert await ann.code("DELETE", f"{members}/{mod.id}") == (403, 50013)
    assert (await mod.ask("DELETE", f"{members}/{ann.id}"))[0] == 204
    assert await ann.code("GET", f"{members}/@me") == (404, 10007)
    assert [e.name for e in heard] == ["THREAD_MEMBERS_UPDATE"] * 3


async def test_a_private_thread_is_seen_by_its_members(ann: Client, admin: Client, bot: Client) -> None:
    """Who was not let into a private thread has no access to it."""
    _status, thread = await admin.ask(
        "POST", f"/channels/{ann.channel('fireside')}/threads", {"name": "Whispers", "type": 12}
    )
    assert await ann.code("GET", f"/channels/{thread['id']}") == (403, 50001)
    assert (await admin.ask("PUT", f"/channels/{thread['id']}/thread-members/{ann.id}"))[0] == 204
    await ann.say(thread["id"], "psst")


async def test_a_forum_post_is_a_thread_with_its_message(admin: Client, bot: Client, guild: str) -> None:
    """A post's first message has the thread's id; files travel with it; a forum itself takes no messages."""
    _status, forum = await admin.ask("POST", f"{guild}/channels", {"name": "tales", "type": 15})
    body = {"name": "Fog", "message": {"content": "once", "attachments": [{"id": 0, "filename": "a.txt"}]}}
    status, made = await bot.ask("POST", f"/channels/{forum['id']}/threads", body, files=[("a.txt", b"ink")])
    assert (status, made["message"]["id"]) == (201, made["id"])
    assert made["message"]["attachments"][0]["size"] == 3
    assert await bot.code("POST", f"/channels/{forum['id']}/messages", {"content": "x"}) == (400, 50024)
    assert await bot.code("POST", f"/channels/{forum['id']}/threads", {"name": "x"}) == (400, 50035)
    assert (await admin.ask("DELETE", f"/channels/{forum['id']}"))[0] == 200
    assert await bot.code("GET", f"/channels/{made['id']}") == (404, 10003)


# Members


async def test_members_are_found_and_changed_by_right(
    ann: Client, mod: Client, admin: Client, guild: str
) -> None:
    """Search, nicknames, roles and timeouts ask for their own permissions."""
    _status, found = await ann.ask("GET", f"{guild}/members/search?query=an&limit=5")
    assert [m["user"]["id"] for m in found] == [ann.id]
    _status, listed = await ann.ask("GET", f"{guild}/members?limit=10")
    assert {m["user"]["id"] for m in listed} == {ann.id, mod.id, admin.id}
    assert await ann.code("PATCH", f"{guild}/members/{mod.id}", {"nick": "x"}) == (403, 50013)
    assert (await ann.ask("PATCH", f"{guild}/members/@me", {"nick": "Annie"}))[1]["nick"] == "Annie"
    assert await mod.code("PATCH", f"{guild}/members/{ann.id}", {"roles": []}) == (403, 50013)
    until = "2099-01-01T00:00:00+00:00"
    assert (await mod.ask("PATCH", f"{guild}/members/{ann.id}", {"communication_disabled_until": until}))[
        0
    ] == 200
    assert await ann.code("POST", f"/channels/{ann.channel('fireside')}/messages", {"content": "x"}) == (
        403,
        50013,
    )
    assert await mod.code("GET", f"{guild}/members/1") == (404, 10007)
    role = next(r for r in (await ann.ask("GET", f"{guild}/roles"))[1] if r["name"] == "moderator")
    assert (await admin.ask("PUT", f"{guild}/members/{mod.id}/roles/1"))[0] == 404
    assert (await admin.ask("DELETE", f"{guild}/members/{mod.id}/roles/{role['id']}"))[0] == 204
    assert await mod.code("PATCH", f"{guild}/members/{ann.id}", {"communication_disabled_until": None}) == (
        403,
        50013,
    )


async def test_a_ban_takes_a_member_away(
    playground: Playground, ann: Client, admin: Client, guild: str
) -> None:
    """Bans are listed, found, and taken back."""
    heard = overhear(playground)
    assert await ann.code("GET", f"{guild}/bans") == (403, 50013)
    assert (await admin.ask("PUT", f"{guild}/bans/{ann.id}", {}))[0] == 204
    assert [b["user"]["id"] for b in (await admin.ask("GET", f"{guild}/bans"))[1]] == [ann.id]
    assert await ann.code("GET", guild) == (404, 10004)
    assert (await admin.ask("DELETE", f"{guild}/bans/{ann.id}"))[0] == 204
    assert await admin.code("GET", f"{guild}/bans/{ann.id}") == (404, 10026)
    names = [e.name for e in heard]
    assert names == ["GUILD_BAN_ADD", "GUILD_MEMBER_REMOVE", "GUILD_DELETE", "GUILD_BAN_REMOVE"]


# Webhooks


async def test_a_webhook_writes_under_its_own_name(admin: Client, ann: Client, bot: Client) -> None:
    """A webhook is made by right, and then needs nothing but its token."""
    path = f"/channels/{ann.channel('fireside')}/webhooks"
    assert await bot.code("POST", path, {"name": "Raven"}) == (403, 50013)
    assert await admin.code("POST", path, {"name": "my Discord"}) == (400, 50035)
    _status, hook = await admin.ask("POST", path, {"name": "Raven"})
    url = f"/webhooks/{hook['id']}/{hook['token']}"
    _status, sent = await ann.ask(
        "POST", f"{url}?wait=true", {"content": "caw", "username": "Old Raven"}, auth=False
    )
    assert (sent["webhook_id"], sent["author"]["username"]) == (hook["id"], "Old Raven")
    assert await ann.ask("POST", url, {"content": "caw"}, auth=False) == (204, None)
    assert (await ann.ask("POST", url, {"content": "x" * 2001}, auth=False))[1]["code"] == 50035
    one = f"{url}/messages/{sent['id']}"
    assert (await ann.ask("PATCH", one, {"content": "croak"}, auth=False))[1]["content"] == "croak"
    assert (await ann.ask("DELETE", one, auth=False))[0] == 204
    assert (await ann.ask("GET", one, auth=False))[1]["code"] == 10008
    assert (await ann.ask("POST", f"/webhooks/{hook['id']}/x", {"content": "x"}, auth=False))[1][
        "code"
    ] == 50027
    assert (await ann.ask("GET", f"/webhooks/{hook['id']}", auth=False))[0] == 401
    assert (await admin.ask("DELETE", f"/webhooks/{hook['id']}"))[0] == 204
    assert (await ann.ask("POST", url, {"content": "x"}, auth=False))[1]["code"] == 10015


# AutoMod


async def test_a_keyword_rule_blocks_people(
    playground: Playground, admin: Client, ann: Client, guild: str
) -> None:
    """A matching message is refused with 200000 and told; others, and administrators', pass."""
    rule = {
        "name": "No ruin",
        "event_type": 1,
        "trigger_type": 1,
        "trigger_metadata": {"keyword_filter": ["ruin*"]},
        "actions": [{"type": 1}],
        "enabled": True,
    }
    path = f"{guild}/auto-moderation/rules"
    assert await ann.code("POST", path, rule) == (403, 50013)
    _status, made = await admin.ask("POST", path, rule)
    heard = overhear(playground)
    messages = f"/channels/{ann.channel('fireside')}/messages"
    assert await ann.code("POST", messages, {"content": "They RUINED it"}) == (400, 200000)
    assert (heard[0].name, heard[0].data["matched_keyword"]) == ("AUTO_MODERATION_ACTION_EXECUTION", "ruin*")
    await ann.say("fireside", "congruin")
    await admin.say("fireside", "ruins")
    assert (await admin.ask("PATCH", f"{path}/{made['id']}", {"enabled": False}))[1]["enabled"] is False
    await ann.say("fireside", "ruins")
    assert (await admin.ask("DELETE", f"{path}/{made['id']}"))[0] == 204
    assert (await admin.ask("GET", path))[1] == []


# Scheduled events


async def test_an_event_is_planned_followed_and_held(admin: Client, ann: Client, guild: str) -> None:
    """An event goes from planned to active to over, and lists who is interested."""
    path = f"{guild}/scheduled-events"
    body = {
        "name": "Sprint",
        "privacy_level": 2,
        "entity_type": 3,
        "scheduled_start_time": "2099-01-01T00:00:00+00:00",
        "scheduled_end_time": "2099-01-01T01:00:00+00:00",
        "entity_metadata": {"location": "fireside"},
    }
    assert await ann.code("POST", path, body) == (403, 50013)
    assert await admin.code("POST", path, body | {"scheduled_start_time": "2001-01-01T00:00:00Z"}) == (
        400,
        50035,
    )
    assert await admin.code("POST", path, body | {"entity_metadata": None}) == (400, 50035)
    _status, event = await admin.ask("POST", path, body)
    one = f"{path}/{event['id']}"
    assert (await ann.ask("PUT", f"{one}/users/@me"))[0] == 204
    assert (await ann.ask("GET", f"{one}?with_user_count=true"))[1]["user_count"] == 1
    assert [u["user"]["id"] for u in (await admin.ask("GET", f"{one}/users"))[1]] == [ann.id]
    assert await ann.code("PATCH", one, {"status": 2}) == (403, 50013)
    assert await admin.code("PATCH", one, {"status": 3}) == (400, 50035)
    assert (await admin.ask("PATCH", one, {"status": 2}))[1]["status"] == 2
    assert (await admin.ask("DELETE", one))[0] == 204
    assert await ann.code("GET", one) == (404, 10070)
