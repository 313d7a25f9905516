"""Remember interactions from the moment a person acts until their token expires."""

import asyncio
import base64
import secrets
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.playground.errors import Code, known
from bot.playground.world.state import Payload
from bot.playground.world.world import World

logger = structlog.get_logger(__name__)

COMMAND: Final = 2
COMPONENT: Final = 3
AUTOCOMPLETE: Final = 4
MODAL: Final = 5

TOKEN_SECONDS: Final = 15 * 60.0
ANSWER_SECONDS: Final = 3.0
# Every interaction token of Discord's begins like this, so routes can tell it from a webhook's.
TOKEN_HEAD: Final = base64.b64encode(b"interaction:").decode()


@dataclass(slots=True)
class Interaction:
    """Hold one interaction; `made` is in the world's seconds, `answer` is the callback type of the bot."""

    id: int
    token: str
    application_id: int
    kind: int
    user_id: int
    channel_id: int
    nonce: str | None
    data: Payload
    made: float
    source: int | None = None
    """Id of the message whose component was used, also through a modal."""
    metadata: Payload | None = None
    """`interaction_metadata` of what a modal grew out of."""
    answer: int | None = None
    failed: bool = False
    original: int | None = None
    """Id of the message that @original means."""
    modal: Payload | None = None


class InteractionBook:
    """Own the open interactions, and tell people how theirs went."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self.answer_seconds = ANSWER_SECONDS
        """How long a bot may take for its first answer."""

    def add(self, **fields: Any) -> Interaction:
        """Make an interaction of these fields of Interaction; it fails unless it is answered in time."""
        self._forget_expired()
        number = self._world.snowflakes.next()
        tail = base64.urlsafe_b64encode(f"{number}:{secrets.token_urlsafe(48)}".encode()).decode()
        interaction = Interaction(
            id=number, token=TOKEN_HEAD + tail.rstrip("="), made=self._world.clock(), **fields
        )
        self._open[number] = self._by_token[interaction.token] = interaction
        loop = asyncio.get_running_loop()
        self._timers[number] = loop.call_later(self.answer_seconds, self._fail, interaction)
        return interaction

    def awaiting(self, interaction_id: int, token: str) -> Interaction:
        """Find an interaction that still needs its first answer.

        Raises 10062, 40060 when it has one, 10003 when its channel is gone.
        """
        interaction = self._open.get(interaction_id)
        if interaction is None or not secrets.compare_digest(interaction.token.encode(), token.encode()):
            raise known(Code.UNKNOWN_INTERACTION)
        if interaction.answer is not None:
            raise known(Code.INTERACTION_ACKNOWLEDGED)
        if interaction.failed or self._world.clock() - interaction.made > self.answer_seconds:
            raise known(Code.UNKNOWN_INTERACTION)
        self._require_channel(interaction)
        return interaction

    def answered(self, application_id: int, token: str) -> Interaction:
        """Find an interaction by its token.

        Raises 50027 after 15 minutes, 10015 before its first answer, 10003 when its channel is gone.
        """
        interaction = self._by_token.get(token)
        if interaction is None or interaction.application_id != application_id:
            raise known(Code.INVALID_WEBHOOK_TOKEN)
        if self._world.clock() - interaction.made > TOKEN_SECONDS:
            raise known(Code.INVALID_WEBHOOK_TOKEN)
        if interaction.answer is None:
            raise known(Code.UNKNOWN_WEBHOOK)
        self._require_channel(interaction)
        return interaction

    def open_modal(self, user_id: int, application_id: int, custom_id: object) -> Interaction | None:
        """Find the newest interaction that was answered with this modal, for this person."""
        for interaction in reversed(self._open.values()):
            modal = interaction.modal
            if modal is None or modal["custom_id"] != custom_id:
                continue
            if interaction.user_id == user_id and interaction.application_id == application_id:
                return interaction
        return None

    def settle(self, interaction: Interaction, answer: int) -> None:
        """Note the first answer, so that no second one is taken."""
        interaction.answer = answer
        self._stop_timer(interaction)

    def tell(self, interaction: Interaction, name: str, **more: Any) -> None:
        """Tell the person something about their interaction."""
        data = {"id": str(interaction.id), "nonce": interaction.nonce, **more}
        self._world.emit(name, data, to={interaction.user_id})

    def close(self) -> None:
        """Stop every timer, for the end of the server."""
        for interaction in list(self._open.values()):
            self._stop_timer(interaction)

    def _require_channel(self, interaction: Interaction) -> None:
        if interaction.channel_id not in self._world.channels:
            raise known(Code.UNKNOWN_CHANNEL)

    def _fail(self, interaction: Interaction) -> None:
        interaction.failed = True
        logger.info("interaction not answered", application=interaction.application_id)
        self.tell(interaction, "INTERACTION_FAILURE", reason_code=2)

    def _stop_timer(self, interaction: Interaction) -> None:
        timer = self._timers.pop(interaction.id, None)
        if timer is not None:
            timer.cancel()

    def _forget_expired(self) -> None:
        oldest = self._world.clock() - TOKEN_SECONDS
        for interaction in list(self._open.values()):
            if interaction.made > oldest:
                return
            self._stop_timer(interaction)
            del self._open[interaction.id], self._by_token[interaction.token]
