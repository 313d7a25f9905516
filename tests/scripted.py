"""Be a backend without a model, for tests of what stands on the engine; held to the real one by test_backends.py."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Self

from bot.engine.errors import GenerationFailed, PromptTooLong
from bot.engine.request import Chunk, Ending, ModelInfo, Request, Sampling, Usage

Reply = Callable[[Request], str]


async def at_once() -> None:
    """Wait for nothing."""


class ScriptedBackend:
    """Give replies from a list, in order and the last one again and again, or from a function of the request.

    A token is `piece` characters. `delay` is awaited before each token, so that a test can hold a stream; the stream
    fails before its token number `fail_at` (from 0) as long as that is set. Every request is kept in `requests`.
    """

    name = "scripted"

    def __init__(
        self,
        replies: Iterable[str] | Reply = ("Once upon a time.",),
        *,
        piece: int = 4,
        delay: Callable[[], Awaitable[None]] = at_once,
        fail_at: int | None = None,
        parallel: int = 4,
        languages: tuple[str, ...] | None = None,
        context: int = 4096,
    ) -> None:
        self.model = ModelInfo("scripted", "Scripted", "1", Path("scripted"), languages, context)
        self.parallel = parallel
        self.delay = delay
        self.fail_at = fail_at
        self.requests: list[Request] = []
        self.streams = 0
        self.restarts = 0
        self.ready = True
        self._piece = piece
        self._reply = replies if callable(replies) else _in_order(list(replies))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def stream(self, request: Request) -> AsyncGenerator[Chunk]:
        """Yield the reply token by token."""
        if self.streams >= self.parallel:
            raise AssertionError("more streams than the backend said it can run")
        self.requests.append(request)
        self.streams += 1
        try:
            prompt = await self._prompt_tokens(request)
            text, ending = self._limited(self._reply(request), request.sampling)
            pieces = [text[at : at + self._piece] for at in range(0, len(text), self._piece)]
            for number, piece in enumerate([*pieces, ""]):
                await self.delay()
                if number == self.fail_at:
                    raise GenerationFailed("the script says so")
                if piece:
                    yield Chunk(piece)
            yield Chunk("", Usage(ending, len(pieces), prompt, 0))
        finally:
            self.streams -= 1

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has."""
        return -(-len(text) // self._piece)

    async def change_adapters(self, wanted: Mapping[str, Path]) -> tuple[str, ...]:
        """Offer all."""
        return tuple(wanted)

    async def recover(self) -> None:
        """Count as a restart."""
        self.restarts += 1

    async def _prompt_tokens(self, request: Request) -> int:
        tokens = sum([await self.count_tokens(message.content) for message in request.messages])
        if tokens >= self.model.context:
            raise PromptTooLong(tokens, self.model.context)
        return tokens

    def _limited(self, text: str, sampling: Sampling) -> tuple[str, Ending]:
        """Cut a text as a model would have stopped."""
        longest = sampling.max_tokens * self._piece
        found = [at for stop in sampling.stop if (at := text.find(stop)) >= 0]
        if found and min(found) <= longest:
            return text[: min(found)], "stop"
        return text[:longest], "length" if len(text) > longest else "stop"


def _in_order(replies: list[str]) -> Reply:
    return lambda request: replies.pop(0) if len(replies) > 1 else replies[0]
