"""Serve polls: votes, voters, and ending one early."""

from typing import Any

from aiohttp import web

from bot.playground.channels import messages, voting
from bot.playground.errors import Code, invalid_field, known
from bot.playground.rest import access
from bot.playground.rest.requests import done, read_object, reply
from bot.playground.world import snowflakes
from bot.playground.world.world import World

_POLL = r"/channels/{channel_id:\d+}/polls/{message_id:\d+}"


def routes(world: World) -> list[web.RouteDef]:
    """List the routes."""
    serve = _Routes(world)
    return [
        web.get(_POLL + r"/answers/{answer_id:\d+}", serve.voters),
        web.put(_POLL + "/answers/@me", serve.vote),
        web.post(_POLL + "/expire", serve.expire),
    ]


class _Routes:
    def __init__(self, world: World) -> None:
        self._world = world

    async def voters(self, request: web.Request) -> web.Response:
        _channel_id, message = access.message_of(self._world, request)
        if "poll" not in message:
            raise known(Code.UNKNOWN_MESSAGE)
        votes = self._world.votes.get(int(message["id"]), {})
        return reply(
            {
                "users": access.listed(
                    self._world, request, votes.get(access.path_id(request, "answer_id"), [])
                )
            }
        )

    async def vote(self, request: web.Request) -> web.Response:
        channel_id, message = access.message_of(self._world, request)
        if self._world.is_bot(access.user_id(request)):
            raise known(Code.POLL_VOTING_BLOCKED)
        answers = _answers((await read_object(request)).get("answer_ids"))
        voting.vote(self._world, channel_id, message, access.user_id(request), answers)
        return done()

    async def expire(self, request: web.Request) -> web.Response:
        channel_id, message = access.message_of(self._world, request)
        if message["author"]["id"] != str(access.user_id(request)):
            raise known(Code.CANNOT_EXPIRE_POLL)
        voting.expire(self._world, channel_id, message)
        return reply(messages.show(self._world, message, access.user_id(request)))


def _answers(given: Any) -> list[int]:
    ids = [snowflakes.parse(value) for value in given] if isinstance(given, list) else [None]
    if None in ids:
        raise invalid_field("answer_ids", "LIST_TYPE_CONVERT", "Only lists of numbers may be used here")
    return [i for i in ids if i is not None]
