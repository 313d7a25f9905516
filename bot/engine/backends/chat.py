"""Speak with a server that has OpenAI's chat completions; only what such servers have in common is here."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any, Self

import aiohttp

from bot.engine.backends.sse import BrokenStream, EventReader, TextJoiner
from bot.engine.errors import GenerationFailed, PromptTooLong
from bot.engine.request import Chunk, Ending, Request, Usage

CONNECT_SECONDS = 10
ANSWER_SECONDS = 30  # for questions that need no text written
FIGURES_SECONDS = 2  # between the last word and the figures that were asked for
LONGEST_WORDS = 4000  # characters of a server's complaint that are looked at
# As vLLM, OpenAI and text-generation-inference say how much can be read.
LIMIT = re.compile(r"(?:maximum (?:context|model) length (?:is|of)|max_new_tokens` must be <=) (\d+)")
NUMBER = re.compile(r"(?<![\w.-])\d+(?![\w-])")


class ServerRefused(GenerationFailed):
    """Tell that a server answered with an error.

    `status` is HTTP's, `words` the answer's text, and `retry_after` how many seconds the server wants to be left alone,
    if it says so.
    """

    def __init__(
        self, status: int, detail: str, *, words: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(f"{status} {detail}")
        self.status = status
        self.words = words
        self.retry_after = retry_after


class ChatClient:
    """Ask one server; opened and closed as a context manager. Without a key none is sent."""

    def __init__(self, *, key: str) -> None:
        self._key = key

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._key}"} if self._key else None,
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

        Raises PromptTooLong if the server says so, and GenerationFailed if nobody is there, or the server refused
        (ServerRefused, always before the first text), broke off or sent what is no such stream.
        """
        try:
            async with self._session.post(f"{base}/v1/chat/completions", json=body) as response:
                await _check(response)
                reading = _Reading(figures=bool(body.get("stream_options")))
                while data := await _more(response, reading):
                    for chunk in reading.feed(data):
                        yield chunk
                        if chunk.usage:
                            return  # a server that keeps the connection keeps nobody waiting
                if reading.ending:
                    yield Chunk("", reading.counted(reading.ending))
                    return
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


async def _more(response: aiohttp.ClientResponse, reading: "_Reading") -> bytes:
    """Return what comes next, nothing at the end; after the last word, a server is not waited for much longer."""
    try:
        async with asyncio.timeout(FIGURES_SECONDS if reading.ending else None):
            return await response.content.readany()
    except (aiohttp.ClientError, TimeoutError):
        if reading.ending:
            return b""
        raise


class _Reading:
    """Turn a response's bytes into chunks; with `figures` the server was asked to count the tokens at the end."""

    def __init__(self, *, figures: bool) -> None:
        self.ending: Ending | None = None
        self._figures = figures
        self._events = EventReader()
        self._text = TextJoiner()
        self._tokens = 0

    def feed(self, data: bytes) -> Iterator[Chunk]:
        for event in self._events.feed(data):
            if error := event.get("error"):
                kind = error.get("type") if isinstance(error, dict) else None
                raise _too_long(event) or GenerationFailed(_message(event), kind=str(kind or "error"))
            try:
                chunk = self._chunk(event)
            except (AttributeError, KeyError, TypeError) as broken:
                raise BrokenStream(f"not a completion: {broken!r}") from broken
            if chunk:
                yield chunk

    def counted(self, ending: Ending) -> Usage:
        """Count tokens by the pieces that came, for a server that does not tell."""
        return Usage(ending, self._tokens, 0, 0)

    def _chunk(self, event: dict[str, Any]) -> Chunk | None:
        choice = event["choices"][0] if event.get("choices") else {}
        piece = choice.get("delta", {}).get("content") or ""
        text = self._text.feed(piece)
        self._tokens += bool(piece)
        if finish := choice.get("finish_reason"):
            self.ending = "length" if finish == "length" else "stop"
        if self.ending:
            usage = self._told(self.ending, event)
            if usage or not self._figures:
                return Chunk(text, usage or self.counted(self.ending))
        return Chunk(text) if text else None

    def _told(self, ending: Ending, event: dict[str, Any]) -> Usage | None:
        """Return the server's own figures: llama.cpp's timings or OpenAI's usage."""
        if timings := event.get("timings"):
            cached = timings.get("cache_n", 0)
            read = timings.get("prompt_n", 0)
            return Usage(ending, timings.get("predicted_n", self._tokens), read + cached, cached)
        if usage := event.get("usage"):
            cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
            tokens = usage.get("completion_tokens") or self._tokens
            return Usage(ending, tokens, usage.get("prompt_tokens") or 0, cached)
        return None


async def _check(response: aiohttp.ClientResponse) -> None:
    if response.ok:
        return
    words = (await response.text(errors="replace"))[:LONGEST_WORDS]
    try:
        answer = json.loads(words)
    except ValueError:
        answer = words
    if too_long := _too_long(answer):
        raise too_long
    wait = response.headers.get("Retry-After", "")
    # A date may stand there too; nobody who serves models sends one.
    retry_after = float(wait) if wait.isdecimal() else None
    raise ServerRefused(response.status, _message(answer), words=words, retry_after=retry_after)


def _too_long(answer: Any) -> PromptTooLong | None:
    """Return the error of a prompt that is too long, if that is what a server complains of, with its numbers.

    The largest number in a sentence with a limit is what was asked for, in all wordings that are known.
    """
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict) and error.get("type") == "exceed_context_size_error":
        return PromptTooLong(error["n_prompt_tokens"], error["n_ctx"])
    words = _words(answer)
    if found := LIMIT.search(words):
        limit = int(found[1])
        return PromptTooLong(max(limit + 1, *map(int, NUMBER.findall(words))), limit)
    return None


def _reason(error: Exception) -> str:
    """Return what went wrong; the error's own representation may have the request's headers, and the key in them."""
    return f"{type(error).__name__}: {error}"


def _message(answer: Any) -> str:
    """Return a server's own words about what went wrong, in short."""
    return _words(answer)[:200]


def _words(answer: Any) -> str:
    """Return a server's own words, from wherever it puts them."""
    if not isinstance(answer, dict):
        return str(answer)
    error = answer.get("error") or answer.get("message") or answer.get("detail")
    return str(error.get("message") if isinstance(error, dict) else error)
