"""Listen to a playground and note how long the bot took; people's nonces tell when they sent their requests."""

import time
from dataclasses import dataclass, field

from bot.playground.server import Playground
from bot.playground.world.events import Event

EPHEMERAL = 64


@dataclass(slots=True)
class Watch:
    """Gather seconds: until an interaction was acknowledged, a `/write` shown, a typed passage marked as taken."""

    writers: frozenset[int]
    acknowledged: list[float] = field(default_factory=list)
    written: list[float] = field(default_factory=list)
    typed: list[float] = field(default_factory=list)
    unanswered: int = 0
    _sent: dict[str, int] = field(default_factory=dict)
    """Id of an interaction, of its private "thinking" or of a typed message → when it was sent."""

    @property
    def shown(self) -> int:
        """Return how many passages are in their stories, and marked or shown so."""
        return len(self.written) + len(self.typed)

    def listen(self, playground: Playground) -> None:
        """Hear every event from now on, before the gateway does."""
        publish = playground.world.publish

        def hear(event: Event) -> None:
            self.hear(event)
            publish(event)

        playground.world.publish = hear

    def hear(self, event: Event) -> None:
        """Take one event."""
        data = event.data
        match event.name:
            case "INTERACTION_CREATE" if data.get("nonce"):
                self._sent[data["id"]] = int(data["nonce"])
            case "INTERACTION_SUCCESS" | "INTERACTION_MODAL_CREATE":
                self.acknowledged.append(_since(int(data["nonce"])))
            case "INTERACTION_FAILURE":
                self.unanswered += 1
            case "MESSAGE_CREATE":
                self._created(event)
            case "MESSAGE_DELETE":
                self._over(self.written, data["id"])
            case "MESSAGE_REACTION_ADD":
                self._over(self.typed, data["message_id"])

    def _created(self, event: Event) -> None:
        message = event.data
        if message["flags"] & EPHEMERAL and event.only is not None and event.only <= self.writers:
            self._sent[message["id"]] = self._sent[message["interaction_metadata"]["id"]]
        elif message.get("nonce") and int(message["author"]["id"]) in self.writers:
            self._sent[message["id"]] = int(message["nonce"])

    def _over(self, times: list[float], about: str) -> None:
        sent = self._sent.pop(about, None)
        if sent is not None:
            times.append(_since(sent))


def _since(sent: int) -> float:
    return (time.monotonic_ns() - sent) / 1e9
