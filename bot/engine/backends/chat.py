"""Speak with a server that has OpenAI's chat completions; only what such servers have in common is here."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any, Self

import aiohttp

from bot.engine.backends.sse import BrokenStream, EventReader, TextJoiner
from bot.engine.errors import GenerationFailed, PromptTooLong
from bot.engine.request import Chunk, Ending, Request, Usage

CONNECT_SECONDS = 10
ANSWER_SECONDS = 30  # for questions that need no text written


class ChatClient:
    """Ask one server; opened and closed as a context manager."""

    def __init__(self, *, key: str) -> None:
        self._key = key

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            # llama.cpp hangs up after a streamed answer without saying so: a connection kept breaks the next.
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._session.close()

    async def post(self, url: str, body: Mapping[str, Any]) -> Any:
        """Return a server's answer to a JSON body; raises GenerationFailed if none comes that is understood."""
        return await self._ask("POST", url, body)

    async def get(self, url: str) -> Any:
        """Return a server's answer; raises GenerationFailed as `post` does."""
        return await self._ask("GET", url, None)

    async def _ask(self, method: str, url: str, body: Mapping[str, Any] | None) -> Any:
        try:
            timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
            async with self._session.request(method, url, json=body, timeout=timeout) as response:
                await _check(response)
                return await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise GenerationFailed(_reason(error)) from error

    async def stream(self, base: str, body: Mapping[str, Any]) -> AsyncGenerator[Chunk]:
        """Yield the text of a chat completion; closing the generator closes the request and stops the server.

        Raises PromptTooLong if the server says so, and GenerationFailed if nobody is there, or the server refused,
        broke off or sent what is no such stream.
        """
        try:
            async with self._session.post(f"{base}/v1/chat/completions", json=body) as response:
                await _check(response)
                reading = _Reading()
                async for data in response.content.iter_any():
                    for chunk in reading.feed(data):
                        yield chunk
                        if chunk.usage:
                            return  # a server that keeps the connection keeps nobody waiting
        except (aiohttp.ClientError, BrokenStream) as error:
            raise GenerationFailed(_reason(error)) from error
        raise GenerationFailed("the server broke off in the middle")


def chat_body(request: Request) -> dict[str, Any]:
    """Return a request as the body that every OpenAI-compatible server understands."""
    sampling = request.sampling
    return {
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
        "stream": True,
        "seed": sampling.seed,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "stop": list(sampling.stop),
    }


class _Reading:
    """Turn a response's bytes into chunks."""

    def __init__(self) -> None:
        self._events = EventReader()
        self._text = TextJoiner()
        self._tokens = 0

    def feed(self, data: bytes) -> Iterator[Chunk]:
        for event in self._events.feed(data):
            if event.get("error"):
                raise GenerationFailed(_message(event))
            try:
                chunk = self._chunk(event)
            except (AttributeError, KeyError, TypeError) as error:
                raise BrokenStream(f"not a completion: {error!r}") from error
            if chunk:
                yield chunk

    def _chunk(self, event: dict[str, Any]) -> Chunk | None:
        choice = event["choices"][0] if event.get("choices") else {}
        piece = choice.get("delta", {}).get("content") or ""
        text = self._text.feed(piece)
        self._tokens += bool(piece)
        if finish := choice.get("finish_reason"):
            return Chunk(text, self._usage("length" if finish == "length" else "stop", event))
        return Chunk(text) if text else None

    def _usage(self, ending: Ending, event: dict[str, Any]) -> Usage:
        """Count tokens by the server's own figures, else by the pieces that came."""
        timings = event.get("timings") or {}
        cached = timings.get("cache_n", 0)
        return Usage(
            ending=ending,
            tokens=timings.get("predicted_n", self._tokens),
            prompt_tokens=timings.get("prompt_n", 0) + cached,
            cached=cached,
        )


async def _check(response: aiohttp.ClientResponse) -> None:
    if response.ok:
        return
    try:
        answer = await response.json(content_type=None)
    except ValueError:
        answer = await response.text(errors="replace")
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict) and error.get("type") == "exceed_context_size_error":
        raise PromptTooLong(error["n_prompt_tokens"], error["n_ctx"])
    raise GenerationFailed(f"{response.status} {_message(answer)}")


def _reason(error: Exception) -> str:
    """Return what went wrong; the error's own representation may have the request's headers, and the key in them."""
    return f"{type(error).__name__}: {error}"


def _message(answer: Any) -> str:
    """Return a server's own words about what went wrong, in short."""
    error = answer.get("error") if isinstance(answer, dict) else answer
    return str(error.get("message") if isinstance(error, dict) else error)[:200]
