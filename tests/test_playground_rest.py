"""Prove the playground's REST routes for users, channels and messages, over real sockets."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.server import Playground
from bot.playground.world.history import History
from tests.playground_client import Client, overhear


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """Open a playground."""
    async with Playground.open(page=False, rate_limits=False) as opened:
        yield opened


async def test_a_bot_learns_who_and_where_it_is(playground: Playground, bot: Client) -> None:
    """The routes that libraries ask at login answer in Discord's shapes."""
    _status, me = await bot.ask("GET", "/users/@me")
    assert (me["id"], me["bot"], me["username"]) == (bot.id, True, "Loom")
    for path in ("/oauth2/applications/@me", "/applications/@me"):
        _status, application = await bot.ask("GET", path)
        assert application["id"] == bot.id
        assert application["owner"]["id"] in map(str, playground.world.users)
    playground.world.shards = 2
    _status, gateway = await bot.ask("GET", "/gateway/bot")
    assert gateway["shards"] == 2
    assert gateway["url"] == playground.url.replace("http", "ws") + "/gateway"
    assert gateway["session_start_limit"]["max_concurrency"] == 1


async def test_a_bot_holds_exactly_its_rights(playground: Playground, bot: Client) -> None:
    """In an open channel a bot can write and thread, but neither manage messages nor threads."""
    bits = playground.world.permissions(int(bot.id), int(bot.channel("fireside")))
    for bit in (10, 11, 38, 35, 14, 15, 16, 6, 18):
        assert bits & 1 << bit
    for bit in (3, 4, 13, 34, 36, 40):
        assert not bits & 1 << bit


@pytest.mark.parametrize("auth", ["", "Bot x", "{token}", "Bot {token}x"])
async def test_a_wrong_token_is_unauthorized(playground: Playground, bot: Client, auth: str) -> None:
    """No token, a made-up one, and a bot's without "Bot " give 401 with code 0."""
    token = next(t for t, u in playground.world.tokens.items() if str(u) == bot.id)
    bot._auth = auth.format(token=token)
    status, body = await bot.ask("GET", "/users/@me")
    assert (status, body) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_a_message_is_written_read_edited_and_deleted(playground: Playground, ann: Client) -> None:
    """The whole life of a message, and what is told of it."""
    heard = overhear(playground)
    sent = await ann.say("fireside", "once", nonce="7")
    assert (sent["content"], sent["nonce"], sent["author"]["id"]) == ("once", "7", ann.id)
    path = f"/channels/{sent['channel_id']}/messages/{sent['id']}"
    _status, edited = await ann.ask("PATCH", path, {"content": "once upon"})
    assert edited["edited_timestamp"] is not None
    _status, read = await ann.ask("GET", path)
    assert read["content"] == "once upon"
    assert (await ann.ask("DELETE", path))[0] == 204
    assert await ann.code("GET", path) == (404, 10008)
    assert [e.name for e in heard] == ["MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"]
    assert heard[0].data["member"]["roles"] == []


async def test_an_edit_that_changes_nothing_is_taken(ann: Client) -> None:
    """Discord does not refuse an edit to the same text."""
    sent = await ann.say("fireside", "same")
    path = f"/channels/{sent['channel_id']}/messages/{sent['id']}"
    assert (await ann.ask("PATCH", path, {"content": "same"}))[0] == 200


async def test_text_is_trimmed_and_emptiness_refused(ann: Client) -> None:
    """Blanks at the ends go away; blanks alone are an empty message."""
    assert (await ann.say("fireside", "  a b \n"))["content"] == "a b"
    path = f"/channels/{ann.channel('fireside')}/messages"
    assert await ann.code("POST", path, {"content": " \n "}) == (400, 50006)
    assert await ann.code("POST", path, {"content": "x" * 2001}) == (400, 50035)


async def test_the_read_only_channel_is_for_moderators(bot: Client, ann: Client, mod: Client) -> None:
    """In #welcome neither people nor bots write; moderators do."""
    path = f"/channels/{ann.channel('welcome')}/messages"
    assert await bot.code("POST", path, {"content": "x"}) == (403, 50013)
    assert await ann.code("POST", path, {"content": "x"}) == (403, 50013)
    await mod.say("welcome", "x")


async def test_a_hidden_channel_gives_missing_access(
    playground: Playground, ann: Client, admin: Client, bot: Client
) -> None:
    """Who may not view a channel gets 50001; for an unknown one it is 10003."""
    guild = next(iter(playground.world.guilds))
    hide = [{"id": str(guild), "type": 0, "deny": str(1 << 10), "allow": "0"}]
    body = {"name": "Secret Room", "permission_overwrites": hide}
    _status, secret = await admin.ask("POST", f"/guilds/{guild}/channels", body)
    assert secret["name"] == "secret-room"
    for client in (ann, bot):
        assert await client.code("POST", f"/channels/{secret['id']}/messages", {"content": "x"}) == (
            403,
            50001,
        )
    await admin.say(secret["id"], "only us")
    assert await ann.code("GET", "/channels/1") == (404, 10003)


async def test_only_the_author_edits_and_moderators_delete(bot: Client, ann: Client, mod: Client) -> None:
    """Another's message cannot be edited (50005), nor deleted without Manage Messages (50013)."""
    sent = await ann.say("fireside", "mine")
    path = f"/channels/{sent['channel_id']}/messages/{sent['id']}"
    assert await bot.code("PATCH", path, {"content": "yours"}) == (403, 50005)
    assert await bot.code("DELETE", path) == (403, 50013)
    assert await mod.code("PATCH", path, {"content": "yours"}) == (403, 50005)
    assert (await mod.ask("PATCH", path, {"flags": 4}))[1]["flags"] == 4
    assert (await mod.ask("DELETE", path))[0] == 204


MENTIONS: list[tuple[dict[str, Any], bool, bool, bool]] = [
    ({}, True, True, True),
    ({"allowed_mentions": {"parse": []}}, False, False, False),
    ({"allowed_mentions": {"parse": ["users"]}}, True, False, False),
    ({"allowed_mentions": {"parse": ["roles"]}}, False, True, False),
    ({"allowed_mentions": {"parse": ["everyone"]}}, False, False, True),
    ({"allowed_mentions": {"users": ["1"]}}, False, False, False),
]


@pytest.mark.parametrize(("more", "user", "role", "everyone"), MENTIONS)
async def test_only_allowed_mentions_ping(
    playground: Playground,
    bot: Client,
    ann: Client,
    more: dict[str, Any],
    user: bool,
    role: bool,
    everyone: bool,
) -> None:
    """`allowed_mentions` decides who of those named is mentioned; without it, all are."""
    guild = next(iter(playground.world.guilds.values()))
    moderator = next(i for i, r in guild.roles.items() if r["name"] == "moderator")
    sent = await bot.say("fireside", f"<@{ann.id}> <@&{moderator}> @everyone", **more)
    assert [u["id"] for u in sent["mentions"]] == ([ann.id] if user else [])
    assert sent["mention_roles"] == ([str(moderator)] if role else [])
    assert sent["mention_everyone"] is everyone


async def test_a_reply_points_at_its_message_and_pings_unless_told(bot: Client, ann: Client) -> None:
    """A reply is of type 19; `replied_user: false` keeps the author from being mentioned."""
    first = await ann.say("fireside", "first")
    reference = {"message_id": int(first["id"])}
    reply = await bot.say("fireside", "second", message_reference=reference)
    assert (reply["type"], reply["referenced_message"]["content"]) == (19, "first")
    assert [u["id"] for u in reply["mentions"]] == [ann.id]
    quiet = {"parse": [], "replied_user": False}
    silent = await bot.say("fireside", "third", message_reference=reference, allowed_mentions=quiet)
    assert silent["mentions"] == []
    path = f"/channels/{ann.channel('fireside')}/messages"
    gone = {"content": "x", "message_reference": {"message_id": "5"}}
    assert await bot.code("POST", path, gone) == (400, 50035)
    gone["message_reference"] |= {"fail_if_not_exists": False}  # type: ignore[operator]  # a dict, two lines up
    assert (await bot.ask("POST", path, gone))[0] == 200


async def test_nobody_forwards_what_they_cannot_see(
    playground: Playground, bot: Client, ann: Client, admin: Client
) -> None:
    """A forward carries a copy; from a hidden channel it finds nothing, and a reply stays in its channel."""
    guild = next(iter(playground.world.guilds))
    hide = [{"id": str(guild), "type": 0, "deny": str(1 << 10), "allow": "0"}]
    body = {"name": "secret", "permission_overwrites": hide}
    _status, secret = await admin.ask("POST", f"/guilds/{guild}/channels", body)
    hidden, open_one = await admin.say(secret["id"], "hush"), await ann.say("harbour", "hear")
    path = f"/channels/{ann.channel('fireside')}/messages"

    def forward(message: dict[str, Any], kind: int = 1) -> dict[str, Any]:
        reference = {"type": kind, "message_id": message["id"], "channel_id": message["channel_id"]}
        return {"message_reference": reference, "content": "x" if kind == 0 else ""}

    _status, copy = await bot.ask("POST", path, forward(open_one))
    assert copy["message_snapshots"][0]["message"]["content"] == "hear"
    assert await bot.code("POST", path, forward(hidden)) == (400, 50035)
    assert await bot.code("POST", path, forward(open_one, 0)) == (400, 50035)


async def test_only_answers_to_interactions_are_ephemeral(ann: Client, bot: Client) -> None:
    """The flags that hide a message or show it loading are dropped from a channel message."""
    for client in (ann, bot):
        assert (await client.say("fireside", "x", flags=64 | 128 | 4096))["flags"] == 4096


async def test_people_send_neither_embeds_nor_components(ann: Client, bot: Client) -> None:
    """Those are for applications, whose components come back numbered."""
    row = [{"type": 1, "components": [{"type": 2, "style": 1, "label": "a", "custom_id": "a"}]}]
    more = {"embeds": [{"title": "t"}], "components": row}
    plain = await ann.say("fireside", "x", **more)
    assert (plain["embeds"], plain["components"]) == ([], [])
    rich = await bot.say("fireside", "x", **more)
    assert rich["embeds"] == [{"type": "rich", "title": "t"}]
    assert rich["components"][0]["id"] == 1
    assert rich["components"][0]["components"][0]["id"] == 2


async def test_history_is_read_page_by_page(ann: Client) -> None:
    """`limit`, `before`, `after` and `around` give Discord's pages, newest first."""
    sent = [(await ann.say("fireside", str(n)))["id"] for n in range(7)]
    path = f"/channels/{ann.channel('fireside')}/messages"

    async def page(query: str) -> list[int]:
        return [sent.index(m["id"]) for m in (await ann.ask("GET", f"{path}?{query}"))[1]]

    assert await page("limit=3") == [6, 5, 4]
    assert await page(f"limit=3&before={sent[4]}") == [3, 2, 1]
    assert await page(f"limit=3&after={sent[2]}") == [5, 4, 3]
    assert await page(f"limit=3&around={sent[3]}") == [4, 3, 2]
    for bad in ("limit=0", "limit=101", "limit=x", "before=x"):
        assert await ann.code("GET", f"{path}?{bad}") == (400, 50035)


@given(st.sets(st.integers(1, 500), max_size=60), st.integers(1, 20), st.sets(st.integers(1, 500)))
def test_paging_covers_each_message_once(ids: set[int], limit: int, gone: set[int]) -> None:
    """Going through a history either way by pages of any size meets every message exactly once."""
    history = History()
    for number in sorted(ids):
        history.put({"id": str(number)})
    for number in gone:
        history.remove(number)
    kept = sorted(ids - gone)
    backwards: list[int] = []
    while page := history.before(backwards[-1] if backwards else 1 << 62, limit):
        backwards += [int(m["id"]) for m in page]
    forwards: list[int] = []
    while page := history.after(forwards[-1] if forwards else 0, limit):
        forwards += [int(m["id"]) for m in reversed(page)]
    assert backwards == kept[::-1]
    assert forwards == kept


async def test_bulk_delete_takes_two_to_a_hundred_recent_ones(
    playground: Playground, mod: Client, ann: Client
) -> None:
    """Fewer, more, older, or without the right: refused."""
    ids = [(await ann.say("fireside", str(n)))["id"] for n in range(3)]
    path = f"/channels/{ann.channel('fireside')}/messages/bulk-delete"
    assert await ann.code("POST", path, {"messages": ids}) == (403, 50013)
    assert await mod.code("POST", path, {"messages": ids[:1]}) == (400, 50016)
    assert await mod.code("POST", path, {"messages": ids * 40}) == (400, 50016)
    assert await mod.code("POST", path, {"messages": ["1", "2"]}) == (400, 50034)
    heard = overhear(playground)
    assert (await mod.ask("POST", path, {"messages": [int(i) for i in ids]}))[0] == 204
    assert [(e.name, e.data["ids"]) for e in heard] == [("MESSAGE_DELETE_BULK", ids)]


async def test_typing_is_told_to_the_channel(playground: Playground, ann: Client) -> None:
    """TYPING_START names who types where."""
    heard = overhear(playground)
    assert (await ann.ask("POST", f"/channels/{ann.channel('fireside')}/typing"))[0] == 204
    assert (heard[0].name, heard[0].data["user_id"]) == ("TYPING_START", ann.id)


async def test_slowmode_holds_people_back_and_no_bots(
    admin: Client, ann: Client, bot: Client, mod: Client
) -> None:
    """In a slow channel a person's second message waits with 20016; moderators' and bots' do not."""
    channel = f"/channels/{ann.channel('fireside')}"
    assert (await admin.ask("PATCH", channel, {"rate_limit_per_user": 60}))[0] == 200
    for client in (bot, bot, mod, mod, ann):
        await client.say("fireside", "x")
    status, body = await ann.ask("POST", f"{channel}/messages", {"content": "y"})
    assert (status, body["code"]) == (429, 20016)
    assert 0 < body["retry_after"] <= 60


async def test_direct_messages_stay_between_two(bot: Client, ann: Client, mod: Client) -> None:
    """A direct message opens once, its two people read it, nobody else does."""
    _status, opened = await bot.ask("POST", "/users/@me/channels", {"recipient_id": int(ann.id)})
    _status, again = await ann.ask("POST", "/users/@me/channels", {"recipients": [bot.id]})
    assert opened["id"] == again["id"]
    assert [u["id"] for u in opened["recipients"]] == [ann.id]
    await bot.say(opened["id"], "psst")
    _status, read = await ann.ask("GET", f"/channels/{opened['id']}/messages")
    assert [m["content"] for m in read] == ["psst"]
    assert await mod.code("GET", f"/channels/{opened['id']}/messages") == (403, 50001)
    assert await bot.code("POST", "/users/@me/channels", {"recipient_id": bot.id}) == (403, 50007)


async def test_a_bot_cannot_write_to_who_left(
    playground: Playground, bot: Client, ann: Client, admin: Client
) -> None:
    """Without a common guild a direct message is refused with 50007."""
    _status, opened = await bot.ask("POST", "/users/@me/channels", {"recipient_id": ann.id})
    guild = next(iter(playground.world.guilds))
    assert (await admin.ask("DELETE", f"/guilds/{guild}/members/{ann.id}"))[0] == 204
    assert await bot.code("POST", f"/channels/{opened['id']}/messages", {"content": "x"}) == (403, 50007)


async def test_anyone_opens_a_channel_and_managers_change_it(
    playground: Playground, ann: Client, bot: Client, admin: Client
) -> None:
    """People may open text channels; bots and changes need Manage Channels."""
    guild = next(iter(playground.world.guilds))
    heard = overhear(playground)
    status, made = await ann.ask("POST", f"/guilds/{guild}/channels", {"name": "Lost Letters"})
    assert (status, made["name"], made["type"]) == (201, "lost-letters", 0)
    assert await bot.code("POST", f"/guilds/{guild}/channels", {"name": "x"}) == (403, 50013)
    assert await ann.code("POST", f"/guilds/{guild}/channels", {"name": "x" * 101}) == (400, 50035)
    path = f"/channels/{made['id']}"
    assert await ann.code("PATCH", path, {"name": "found"}) == (403, 50013)
    assert (await admin.ask("PATCH", path, {"name": "found", "topic": "t"}))[1]["name"] == "found"
    assert (await admin.ask("PUT", f"{path}/permissions/{bot.id}", {"type": 1, "deny": str(1 << 11)}))[
        0
    ] == 204
    assert await bot.code("POST", f"{path}/messages", {"content": "x"}) == (403, 50013)
    assert (await admin.ask("DELETE", f"{path}/permissions/{bot.id}"))[0] == 204
    await bot.say(made["id"], "x")
    assert (await admin.ask("DELETE", path))[0] == 200
    assert await ann.code("GET", path) == (404, 10003)
    names = [e.name for e in heard if e.name.startswith("CHANNEL")]
    assert names == ["CHANNEL_CREATE", *["CHANNEL_UPDATE"] * 3, "CHANNEL_DELETE"]


BROKEN: list[bytes] = [b"", b"{", b"[]", b'"x"', b"null", b"\xff", b'{"content": NaN}', b"[" * 100_000]
BROKEN += [
    b'{"content": "\\ud800"}',
    b'{"content": ' + b"9" * 5000 + b"}",
    b'{"flags": 1e400, "content": "x"}',
]


@pytest.mark.parametrize("raw", BROKEN, ids=[repr(b[:20]) for b in BROKEN])
@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "multipart/form-data", "text/plain"]
)
async def test_a_broken_body_is_a_400(playground: Playground, ann: Client, raw: bytes, kind: str) -> None:
    """What cannot be read is refused kindly, never with a 500."""
    url = f"{playground.api_base}/channels/{ann.channel('fireside')}/messages"
    headers = {"Authorization": ann._auth, "Content-Type": kind}
    async with ann._http.post(url, data=raw, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["code"] in (50006, 50035, 50109)


async def test_an_unknown_route_is_discords_404(ann: Client) -> None:
    """Unknown paths and verbs have JSON bodies too."""
    assert await ann.ask("GET", "/nowhere") == (404, {"message": "404: Not Found", "code": 0})
    assert (await ann.ask("PUT", "/users/@me"))[0] == 405
    assert await ann.code("GET", "/channels/99999999999999999999999/messages") == (404, 10003)
