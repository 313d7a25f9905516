"""Serve a guild's AutoMod rules."""

from typing import Any

from aiohttp import web

from bot.playground.errors import ApiError
from bot.playground.limits.form import Form
from bot.playground.rest import access
from bot.playground.rest.requests import done, read_object, reply
from bot.playground.world import permissions
from bot.playground.world.state import Guild, Payload
from bot.playground.world.world import World

_RULES = r"/guilds/{guild_id:\d+}/auto-moderation/rules"
_RULE = _RULES + r"/{rule_id:\d+}"
_TRIGGERS = (1, 3, 4, 5, 6)
_MAX_KEYWORD_RULES = 6
_KEYWORDS: Payload = {"keyword_filter": [], "regex_patterns": [], "allow_list": []}


def routes(world: World) -> list[web.RouteDef]:
    """List the routes."""
    serve = _Routes(world)

    return [
        web.get(_RULES, serve.listing),
        web.post(_RULES, serve.create),
        web.get(_RULE, serve.get),
        web.patch(_RULE, serve.change),
        web.delete(_RULE, serve.delete),
    ]


class _Routes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def listing(self, request: web.Request) -> web.Response:
        return reply(list(access.guild(self._world, request, permissions.MANAGE_GUILD).rules.values()))

    async def get(self, request: web.Request) -> web.Response:
        return reply(_rule(access.guild(self._world, request, permissions.MANAGE_GUILD), request))

    async def create(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request, permissions.MANAGE_GUILD)
        body = await read_object(request)
        _check(body, guild, new=True)
        number = self._world.snowflakes.next()
        rule = {"id": str(number), "guild_id": str(guild.id), "creator_id": str(access.user_id(request))}
        rule |= _fields(body, {})
        guild.rules[number] = rule
        self._world.emit("AUTO_MODERATION_RULE_CREATE", rule, guild_id=guild.id)
        return reply(rule)

    async def change(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request, permissions.MANAGE_GUILD)
        rule, body = _rule(guild, request), await read_object(request)
        _check(body, guild, new=False)
        rule |= _fields(body, rule)
        self._world.emit("AUTO_MODERATION_RULE_UPDATE", rule, guild_id=guild.id)
        return reply(rule)

    async def delete(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request, permissions.MANAGE_GUILD)
        rule = _rule(guild, request)
        del guild.rules[int(rule["id"])]
        self._world.emit("AUTO_MODERATION_RULE_DELETE", rule, guild_id=guild.id)
        return done()


def _rule(guild: Guild, request: web.Request) -> Payload:
    rule = guild.rules.get(access.path_id(request, "rule_id"))
    if rule is None:
        raise ApiError(404, 10066, "Unknown Auto Moderation Rule")
    return rule


def _check(body: Payload, guild: Guild, *, new: bool) -> None:
    form = Form()
    form.text(body, "name", "", low=1, high=100, required=new)
    form.choice(body, "event_type", "", (1, 2), required=new)
    trigger = form.choice(body, "trigger_type", "", _TRIGGERS, required=new)
    if (
        new
        and trigger == 1
        and sum(r["trigger_type"] == 1 for r in guild.rules.values()) >= _MAX_KEYWORD_RULES
    ):
        form.add("trigger_type", "AUTO_MODERATION_MAX_RULES_OF_TYPE", "Maximum number of rules of this type")
    if metadata := form.object(body, "trigger_metadata", ""):
        _check_metadata(form, metadata)
    for at, action in form.objects(body, "actions", "", low=1 if new else 0, high=5, required=new):
        _check_action(form, action, at)
    form.ids(body, "exempt_roles", "", high=20)
    form.ids(body, "exempt_channels", "", high=50)
    form.raise_errors()


def _check_metadata(form: Form, metadata: Any) -> None:
    for key, many, long in (
        ("keyword_filter", 1000, 60),
        ("allow_list", 100, 60),
        ("regex_patterns", 10, 260),
    ):
        for index, word in enumerate(form.items(metadata, key, "trigger_metadata", high=many)):
            form.text({str(index): word}, str(index), f"trigger_metadata.{key}", low=1, high=long)


def _check_action(form: Form, action: Any, at: str) -> None:
    kind = form.choice(action, "type", at, (1, 2, 3, 4), required=True)
    metadata = form.object(action, "metadata", at) or {}
    if kind == 1:
        form.text(metadata, "custom_message", f"{at}.metadata", high=150)
    if kind == 3:
        form.number(metadata, "duration_seconds", f"{at}.metadata", low=1, high=2_419_200, required=True)


def _fields(body: Payload, before: Payload) -> Payload:
    ids: Payload = {
        key: [str(i) for i in body.get(key) or []]
        for key in ("exempt_roles", "exempt_channels")
        if key in body
    }
    keys = ("name", "event_type", "trigger_type", "trigger_metadata", "actions", "enabled")
    given = {key: body[key] for key in keys if body.get(key) is not None}
    if "actions" in given:
        given["actions"] = [{"metadata": {}, **action} for action in given["actions"]]
    if given.get("trigger_type") in (1, 6):
        given["trigger_metadata"] = _KEYWORDS | given.get("trigger_metadata", {})
    blank = {"enabled": False, "trigger_metadata": {}, "exempt_roles": [], "exempt_channels": []}
    return {**blank, **before, **given, **ids}
