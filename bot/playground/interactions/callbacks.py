"""Serve the routes by which applications answer: the callback, @original and follow-ups."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from bot.playground import limits
from bot.playground.channels import messages
from bot.playground.errors import ApiError, Code, invalid_field, invalid_form, known
from bot.playground.interactions.answers import (
    CHOICES,
    DEFERRED_MESSAGE,
    MESSAGE,
    SHOW_MODAL,
    UPDATE,
    Answers,
)
from bot.playground.interactions.book import (
    AUTOCOMPLETE,
    COMPONENT,
    MODAL,
    TOKEN_HEAD,
    Interaction,
    InteractionBook,
)
from bot.playground.interactions.options import bad_length
from bot.playground.limits.form import MAX_FLAGS, Form
from bot.playground.rest import access
from bot.playground.rest.requests import done, read_form, reply
from bot.playground.world.snowflakes import parse
from bot.playground.world.state import Payload, Upload
from bot.playground.world.world import World

MAX_CHOICES: Final = 25

_HOOK = rf"/webhooks/{{application_id:\d+}}/{{token:{TOKEN_HEAD}[^/]+}}"
_MESSAGE = _HOOK + r"/messages/{message_id:@original|\d+}"


def routes(world: World, book: InteractionBook) -> list[web.RouteDef]:
    """List the routes; mount them before the webhook routes, whose paths they share."""
    callbacks = _Callbacks(world, book)
    return [
        web.post(r"/interactions/{interaction_id:\d+}/{token}/callback", callbacks.callback),
        web.post(_HOOK, callbacks.follow_up),
        web.get(_MESSAGE, callbacks.get),
        web.patch(_MESSAGE, callbacks.edit),
        web.delete(_MESSAGE, callbacks.delete),
    ]


def allowed_answers(interaction: Interaction) -> tuple[int, ...]:
    """Tell which callback types fit an interaction."""
    if interaction.kind == AUTOCOMPLETE:
        return (8,)
    on_message = (6, 7) if interaction.source is not None else ()
    if interaction.kind == COMPONENT:
        return (4, 5, *on_message, 9)
    return (4, 5, *on_message) if interaction.kind == MODAL else (4, 5, 9)


class _Callbacks:
    def __init__(self, world: World, book: InteractionBook) -> None:
        self._world = world
        self._book = book
        self._answers = Answers(world, book)

    async def callback(self, request: web.Request) -> web.Response:
        """Take the first answer to an interaction, in three seconds and only once."""
        body, files = await read_form(request)
        interaction = self._book.awaiting(
            access.path_id(request, "interaction_id"), request.match_info["token"]
        )
        kind, data = _kind(body, interaction), body.get("data") or {}
        if not isinstance(data, dict):
            raise invalid_field("data", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        self._check(interaction, kind, data, files)
        message = self._answers.first(interaction, kind, data, files)
        if request.query.get("with_response") not in ("1", "true", "True"):
            return done()
        return reply(_callback_response(interaction, kind, message))

    async def follow_up(self, request: web.Request) -> web.Response:
        """Write another message in answer."""
        interaction = self._interaction(request)
        body, files = await read_form(request)
        limits.check_message(body, files=files)
        return reply(self._answers.follow_up(interaction, body, files))

    async def get(self, request: web.Request) -> web.Response:
        """Give a message of this interaction."""
        message = self._message(request, self._interaction(request))
        return reply(messages.show(self._world, message, int(message["author"]["id"])))

    async def edit(self, request: web.Request) -> web.Response:
        """Change a message of this interaction, an ephemeral one too."""
        interaction = self._interaction(request)
        body, files = await read_form(request)
        message = self._message(request, interaction)
        limits.check_message(body, existing=message, files=files)
        edited = messages.edit(self._world, interaction.channel_id, message, body, files=files)
        return reply(edited)

    async def delete(self, request: web.Request) -> web.Response:
        """Take a message of this interaction away."""
        interaction = self._interaction(request)
        message = self._message(request, interaction)
        messages.delete(self._world, interaction.channel_id, int(message["id"]))
        return done()

    def _interaction(self, request: web.Request) -> Interaction:
        return self._book.answered(access.path_id(request, "application_id"), request.match_info["token"])

    def _message(self, request: web.Request, interaction: Interaction) -> Payload:
        wanted = request.match_info["message_id"]
        number = interaction.original if wanted == "@original" else parse(wanted)
        message = self._answers.find(interaction, number)
        if message is None:
            raise known(Code.UNKNOWN_MESSAGE)
        return message

    def _check(self, interaction: Interaction, kind: int, data: Payload, files: Sequence[Upload]) -> None:
        if kind in (MESSAGE, UPDATE):
            changed = self._answers.find(interaction, interaction.source) if kind == UPDATE else None
            _check_message(data, files, changed)
        elif kind == DEFERRED_MESSAGE:
            _check_flags(data)
        elif kind == SHOW_MODAL:
            limits.check_modal(data)
        elif kind == CHOICES:
            _check_choices(data.get("choices"))


def _kind(body: Payload, interaction: Interaction) -> int:
    allowed = allowed_answers(interaction)
    kind = body.get("type")
    if not isinstance(kind, int) or kind not in allowed:
        names = ", ".join(map(str, allowed))
        raise invalid_field("type", "BASE_TYPE_CHOICES", f"Value must be one of {{{names}}}.")
    return kind


def _check_message(data: Payload, files: Sequence[Upload], changed: Payload | None) -> None:
    """Name what is wrong in a message by its place in the callback, which is beneath `data`."""
    try:
        limits.check_message(data, existing=changed, files=files)
    except ApiError as refused:
        if refused.errors:
            raise invalid_form({"data": refused.errors}) from refused
        raise


def _check_flags(data: Payload) -> None:
    form = Form()
    form.number(data, "flags", "data", low=0, high=MAX_FLAGS)
    form.raise_errors()


def _check_choices(choices: Any) -> None:
    if not isinstance(choices, list) or len(choices) > MAX_CHOICES:
        raise bad_length("data.choices", 0, MAX_CHOICES)
    for index, choice in enumerate(choices):
        path = f"data.choices.{index}"
        if not isinstance(choice, dict):
            raise invalid_field(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
        if not isinstance(choice.get("name"), str) or not 1 <= len(choice["name"]) <= 100:
            raise bad_length(f"{path}.name", 1, 100)
        value = choice.get("value")
        if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > 100:
            raise bad_length(f"{path}.value", 0, 100)


def _callback_response(interaction: Interaction, kind: int, message: Payload | None) -> dict[str, Any]:
    about: dict[str, Any] = {"id": str(interaction.id), "type": interaction.kind}
    resource: dict[str, Any] = {"type": kind}
    if message is not None:
        about["response_message_id"] = message["id"]
        about["response_message_loading"] = bool(message["flags"] & messages.LOADING)
        about["response_message_ephemeral"] = bool(message["flags"] & messages.EPHEMERAL)
        # Discord shows the message itself for these two only.
        if kind in (MESSAGE, UPDATE):
            resource["message"] = message
    return {"interaction": about, "resource": resource}
