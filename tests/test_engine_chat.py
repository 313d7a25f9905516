"""Prove that a bad server ends a stream with a typed error, and never with half a text taken for a whole one."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import pytest
from aiohttp import web

from bot.engine.backends import chat
from bot.engine.backends.chat import ChatClient, chat_body
from bot.engine.errors import GenerationFailed, PromptTooLong
from bot.engine.request import Chunk, Message, Request, Sampling

REQUEST = Request((Message("user", "塔"),), Sampling(seed=1, stop=("\n",)), "a", 1, 1, 1)


def event(text: str | None, finish: str | None = None, **extra: object) -> bytes:
    """Return one event of a stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice], **extra}, ensure_ascii=False).encode() + b"\n\n"


@asynccontextmanager
async def server(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Serve one kind of answer."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def chunks_of(*parts: bytes, abort: bool = False) -> list[Chunk]:
    """Return what the client makes of an event stream that comes in these parts."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for part in parts:
            await response.write(part)
        if abort:
            assert request.transport is not None
            request.transport.abort()
        return response

    async with (
        server(answer) as base,
        ChatClient(key="k") as client,
        aclosing(client.stream(base, chat_body(REQUEST))) as chunks,
    ):
        return [chunk async for chunk in chunks]


async def test_text_and_usage_are_read() -> None:
    """The last chunk tells the ending and the server's own count, or the number of pieces where it has none."""
    timings = {"predicted_n": 9, "prompt_n": 3, "cache_n": 40}
    told = await chunks_of(event(None), event("塔", error=None), event("🗼", "length", timings=timings))
    counted = await chunks_of(event("a"), event("b"), event(None, "stop"), b"data: [DONE]\n\n")

    assert "".join(chunk.text for chunk in told) == "塔🗼"
    assert (told[-1].usage, counted[-1].usage) != (None, None)
    assert told[-1].usage is not None
    assert (told[-1].usage.tokens, told[-1].usage.prompt_tokens, told[-1].usage.cached) == (9, 43, 40)
    assert told[-1].usage.ending == "length"
    assert counted[-1].usage is not None
    assert (counted[-1].usage.tokens, counted[-1].usage.ending) == (2, "stop")


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (event("Half a"),),
        (event("a"), b'data: {"error": {"message": "out of memory"}}\n\n'),
        (event("a"), b"data: {broken\n\n"),
        (b"data: []\n\n",),
        (b'data: {"choices": [7]}\n\n',),
        (event("a", "stop", timings=[1]),),
        (b"<html>" * 10,),
    ],
)
async def test_what_is_no_whole_stream_has_failed(parts: tuple[bytes, ...]) -> None:
    """Nothing, half a text, an error in the middle, garbage."""
    with pytest.raises(GenerationFailed):
        await chunks_of(*parts)


async def test_a_cut_connection_has_failed() -> None:
    """Even when every line so far was whole."""
    with pytest.raises(GenerationFailed):
        await chunks_of(event("a"), abort=True)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, "oops", "oops"),
        (429, '{"error": {"message": "slow down"}}', "slow down"),
        (401, "[]", "[]"),
        (503, '{"error": "loading"}', "loading"),
    ],
)
async def test_a_refusal_has_failed_and_says_why(status: int, body: str, reason: str) -> None:
    """The status and the server's words are in the detail, for the log."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    async with server(answer) as base, ChatClient(key="k") as client:
        with pytest.raises(GenerationFailed) as caught:
            await anext(client.stream(base, chat_body(REQUEST)))

    assert caught.value.detail == f"{status} {reason}"


async def test_the_last_word_ends_the_stream() -> None:
    """A server that keeps the connection open, or sends more, changes nothing."""
    released = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(event("The end.", "stop") + event(" Or not?"))
        await released.wait()
        return response

    async with server(answer) as base, ChatClient(key="k") as client:
        chunks = [chunk async for chunk in client.stream(base, chat_body(REQUEST))]
        released.set()

    assert [chunk.text for chunk in chunks] == ["The end."]
    assert chunks[-1].usage is not None


async def test_a_server_that_speaks_no_http_does_not_betray_the_key() -> None:
    """What the error says may be logged: the headers of the request are not in it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        writer.close()

    async with (
        await asyncio.start_server(answer, "127.0.0.1", 0) as listening,
        ChatClient(key="secret") as client,
    ):
        base = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        for work in (client.get(base), anext(client.stream(base, {}))):
            with pytest.raises(GenerationFailed) as caught:
                await work

            assert caught.value.detail
            assert "secret" not in caught.value.detail


async def test_a_prompt_that_is_too_long_is_told_apart() -> None:
    """With the server's own numbers."""
    error = {"type": "exceed_context_size_error", "n_prompt_tokens": 5000, "n_ctx": 4096}

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"error": error}, status=400)

    async with server(answer) as base, ChatClient(key="k") as client:
        with pytest.raises(PromptTooLong) as caught:
            await anext(client.stream(base, chat_body(REQUEST)))

    assert (caught.value.tokens, caught.value.limit) == (5000, 4096)


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        (
            "This model's maximum context length is 4096 tokens. However, you requested 5256 tokens "
            "(5000 in the messages, 256 in the completion).",
            (5256, 4096),
        ),
        (
            "This model's maximum context length is 4096 tokens. However, your request has 5000 input tokens.",
            (5000, 4096),
        ),
        (
            "'max_tokens' is too large: 256. This model's maximum context length is 4096 tokens and your request has "
            "4000 input tokens (256 > 4096 - 4000).",
            (4097, 4096),
        ),
        (
            "The decoder prompt (length 5000) is longer than the maximum model length of 4096. Qwen2.5-72000 it is.",
            (5000, 4096),
        ),
        ("`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens", (5000, 4096)),
    ],
)
async def test_every_wording_of_too_long_is_understood(words: str, numbers: tuple[int, int]) -> None:
    """Those of several versions of vLLM, of OpenAI and of text-generation-inference."""
    error = {"error": {"message": words, "type": "BadRequestError"}}

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(error, status=400)

    async with server(answer) as base, ChatClient(key="k") as client:
        with pytest.raises(PromptTooLong) as refused:
            await anext(client.stream(base, chat_body(REQUEST)))
    with pytest.raises(PromptTooLong) as streamed:
        await chunks_of(b"data: " + json.dumps(error).encode() + b"\n\n")

    for caught in (refused, streamed):
        assert (caught.value.tokens, caught.value.limit) == numbers


USAGE = {"prompt_tokens": 30, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 16}}


FIGURES = b'data: {"choices": [], "usage": ' + json.dumps(USAGE).encode() + b"}\n\n"


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ((event(None, "stop"), FIGURES), (7, 30, 16)),
        ((event(None, "stop", usage={"prompt_tokens": 30, "completion_tokens": 7}),), (7, 30, 0)),
        ((event(None, "stop"),), (2, 0, 0)),
    ],
)
@pytest.mark.parametrize("ending", ["closes", "breaks", "stays open"])
async def test_figures_that_were_asked_for_are_read_if_they_come(
    last: tuple[bytes, ...], expected: tuple[int, int, int], ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last word, with it, or never: the text is whole then, however the connection ends."""
    monkeypatch.setattr(chat, "FIGURES_SECONDS", 0.2)
    released = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for part in (event("a"), event("b"), *last):
            await response.write(part)
        if ending == "breaks":
            await asyncio.sleep(0.05)
            assert request.transport is not None
            request.transport.abort()
        elif ending == "stays open":
            await released.wait()
        return response

    async with server(answer) as base, ChatClient(key="k") as client:
        body = chat_body(REQUEST) | {"stream_options": {"include_usage": True}}
        chunks = [chunk async for chunk in client.stream(base, body)]
        released.set()

    assert "".join(chunk.text for chunk in chunks) == "ab"
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.tokens, usage.prompt_tokens, usage.cached, usage.ending) == (*expected, "stop")


async def test_without_a_key_none_is_sent() -> None:
    """Some servers refuse an empty one."""
    seen: list[bool] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append("Authorization" in request.headers)
        return web.Response(text=event("x", "stop").decode())

    async with server(answer) as base, ChatClient(key="") as client:
        await anext(client.stream(base, chat_body(REQUEST)))

    assert seen == [False]


async def test_a_server_that_is_not_there_has_failed(unused_tcp_port: int) -> None:
    """No connection is no answer."""
    async with ChatClient(key="k") as client:
        with pytest.raises(GenerationFailed):
            await anext(client.stream(f"http://127.0.0.1:{unused_tcp_port}", {}))


async def test_the_request_is_sent_in_the_common_fields() -> None:
    """With the key in its header."""
    seen: list[tuple[str, object]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.headers["Authorization"], await request.json()))
        return web.Response(text=event("x", "stop").decode())

    async with server(answer) as base, ChatClient(key="k") as client:
        await anext(client.stream(base, chat_body(REQUEST)))

    assert seen == [
        (
            "Bearer k",
            {
                "messages": [{"role": "user", "content": "塔"}],
                "stream": True,
                "seed": 1,
                "temperature": 0.8,
                "top_p": 0.95,
                "max_tokens": 256,
                "stop": ["\n"],
            },
        )
    ]
