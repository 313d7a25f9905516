"""Serve a guild's scheduled events, and who is interested in them."""

from aiohttp import web

from bot.playground.errors import Code, known
from bot.playground.limits.form import Form
from bot.playground.rest import access
from bot.playground.rest.requests import done, number, read_object, reply
from bot.playground.world import permissions
from bot.playground.world.snowflakes import HIGHEST, moment, parse
from bot.playground.world.state import Guild, Payload
from bot.playground.world.world import World

_EVENTS = r"/guilds/{guild_id:\d+}/scheduled-events"
_EVENT = _EVENTS + r"/{event_id:\d+}"
SCHEDULED, ACTIVE, COMPLETED, CANCELED = 1, 2, 3, 4
_NEXT = {SCHEDULED: (ACTIVE, CANCELED), ACTIVE: (COMPLETED,), COMPLETED: (), CANCELED: ()}
_EXTERNAL = 3
_PLAIN = (
    "name",
    "description",
    "privacy_level",
    "entity_type",
    "scheduled_start_time",
    "scheduled_end_time",
    "entity_metadata",
    "status",
    "recurrence_rule",
)

_CLEARABLE = ("description", "scheduled_end_time", "entity_metadata", "recurrence_rule")


def routes(world: World) -> list[web.RouteDef]:
    """List the routes."""
    serve = _Routes(world)

    return [
        web.get(_EVENTS, serve.listing),
        web.post(_EVENTS, serve.create),
        web.get(_EVENT, serve.get),
        web.patch(_EVENT, serve.change),
        web.delete(_EVENT, serve.delete),
        web.get(_EVENT + "/users", serve.users),
        web.put(_EVENT + "/users/@me", serve.interest),
        web.delete(_EVENT + "/users/@me", serve.interest),
    ]


class _Routes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def listing(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request)
        return reply([_shown(guild, e, request) for e in guild.scheduled.values()])

    async def get(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request)
        return reply(_shown(guild, _event(guild, request), request))

    async def create(self, request: web.Request) -> web.Response:
        guild, body = _may_create(self._world, request), await read_object(request)
        _check(self._world, body, new=True)
        number = self._world.snowflakes.next()
        event = guild.scheduled[number] = _new(self._world, guild, number, access.user_id(request), body)
        self._world.emit("GUILD_SCHEDULED_EVENT_CREATE", event, guild_id=guild.id)
        return reply(event)

    async def change(self, request: web.Request) -> web.Response:
        guild, body = _may_create(self._world, request), await read_object(request)
        event = _own(self._world, guild, request)
        _check(self._world, body, new=False)
        if body.get("status") not in (None, event["status"]):
            _check_status(event, body["status"])
        event |= _fields(body)
        self._world.emit("GUILD_SCHEDULED_EVENT_UPDATE", event, guild_id=guild.id)
        return reply(event)

    async def delete(self, request: web.Request) -> web.Response:
        guild = _may_create(self._world, request)
        event = _own(self._world, guild, request)
        del guild.scheduled[int(event["id"])]
        guild.interested.pop(int(event["id"]), None)
        self._world.emit("GUILD_SCHEDULED_EVENT_DELETE", event, guild_id=guild.id)
        return done()

    async def users(self, request: web.Request) -> web.Response:
        guild = access.guild(self._world, request)
        event = _event(guild, request)
        after = number(request, "after", 0, low=0, high=HIGHEST)
        limit = number(request, "limit", 100, low=1, high=100)
        ids = [u for u in sorted(guild.interested.get(int(event["id"]), ())) if u > after][:limit]
        return reply([{"guild_scheduled_event_id": event["id"], "user": self._world.users[u]} for u in ids])

    async def interest(self, request: web.Request) -> web.Response:
        guild, user_id = access.guild(self._world, request), access.user_id(request)
        event = _event(guild, request)
        _interest(self._world, guild, event, user_id, joins=request.method == "PUT")
        return done()


def _event(guild: Guild, request: web.Request) -> Payload:
    event = guild.scheduled.get(access.path_id(request, "event_id"))
    if event is None:
        raise known(Code.UNKNOWN_SCHEDULED_EVENT)
    return event


def _may_create(world: World, request: web.Request) -> Guild:
    guild = access.guild(world, request)
    bits = world.guild_permissions(access.user_id(request), guild.id)
    if not bits & (permissions.CREATE_EVENTS | permissions.MANAGE_EVENTS):
        raise known(Code.MISSING_PERMISSIONS)
    return guild


def _own(world: World, guild: Guild, request: web.Request) -> Payload:
    """Return an event for its creator or who manages events. Raises 50013."""
    event = _event(guild, request)
    manages = world.guild_permissions(access.user_id(request), guild.id) & permissions.MANAGE_EVENTS
    if event["creator_id"] != str(access.user_id(request)) and not manages:
        raise known(Code.MISSING_PERMISSIONS)
    return event


def _check(world: World, body: Payload, *, new: bool) -> None:
    form = Form()
    form.text(body, "name", "", low=1, high=100, required=new)
    form.text(body, "description", "", high=1000)
    form.choice(body, "privacy_level", "", (2,), required=new)
    form.choice(body, "status", "", _NEXT)
    kind = form.choice(body, "entity_type", "", (1, 2, _EXTERNAL), required=new)
    start = _moment(form, body, "scheduled_start_time", required=new)
    end = _moment(form, body, "scheduled_end_time", required=new and kind == _EXTERNAL)
    if start is not None and start <= world.clock():
        form.add(
            "scheduled_start_time",
            "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST",
            "Cannot schedule event in the past.",
        )
    if start is not None and end is not None and end <= start:
        form.add(
            "scheduled_end_time", "GUILD_SCHEDULED_EVENT_END_BEFORE_START", "Cannot end before it starts."
        )
    metadata = form.object(body, "entity_metadata", "", required=new and kind == _EXTERNAL)
    if metadata is not None and kind == _EXTERNAL:
        form.text(metadata, "location", "entity_metadata", low=1, high=100, required=True)
    if new and kind in (1, 2) and parse(body.get("channel_id")) not in world.channels:
        form.add("channel_id", "BASE_TYPE_REQUIRED", "This field is required")
    form.raise_errors()


def _moment(form: Form, body: Payload, key: str, *, required: bool) -> float | None:
    text = form.text(body, key, "", high=64, required=required)
    if text is None:
        return None
    try:
        return moment(text)
    except ValueError:
        form.add(key, "DATE_TIME_TYPE_PARSE", f"Could not parse {text}. Should be ISO8601.")
        return None


def _check_status(event: Payload, status: object) -> None:
    if status not in _NEXT[event["status"]]:
        form = Form()
        form.add("status", "GUILD_SCHEDULED_EVENT_INVALID_STATUS", "The event cannot go over to this status.")
        form.raise_errors()


def _new(world: World, guild: Guild, number: int, creator: int, body: Payload) -> Payload:
    blank: Payload = {
        "id": str(number),
        "guild_id": str(guild.id),
        "channel_id": None,
        "creator_id": str(creator),
        "creator": world.users[creator],
        "description": None,
        "scheduled_end_time": None,
        "entity_id": None,
        "entity_metadata": None,
        "user_count": 0,
        "image": None,
        "recurrence_rule": None,
        "guild_scheduled_event_exceptions": [],
    }
    return blank | _fields(body) | {"status": SCHEDULED}


def _fields(body: Payload) -> Payload:
    fields = {key: body[key] for key in _PLAIN if body.get(key) is not None}
    fields |= {key: None for key in _CLEARABLE if key in body and body[key] is None}
    if "channel_id" in body:
        fields["channel_id"] = None if body["channel_id"] is None else str(body["channel_id"])
    return fields


def _shown(guild: Guild, event: Payload, request: web.Request) -> Payload:
    if request.query.get("with_user_count") not in ("true", "1", "True"):
        return event
    return {**event, "user_count": len(guild.interested.get(int(event["id"]), ()))}


def _interest(world: World, guild: Guild, event: Payload, user_id: int, *, joins: bool) -> None:
    listed = guild.interested.setdefault(int(event["id"]), [])
    if joins == (user_id in listed):
        return
    if joins:
        listed.append(user_id)
    else:
        listed.remove(user_id)
    name = f"GUILD_SCHEDULED_EVENT_USER_{'ADD' if joins else 'REMOVE'}"
    data = {"guild_scheduled_event_id": event["id"], "user_id": str(user_id), "guild_id": str(guild.id)}
    world.emit(name, data, guild_id=guild.id)
