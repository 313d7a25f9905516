"""Be a model server in the shapes of vLLM and of hosted ones, which cannot run in a test; it writes nothing clever."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

Body = dict[str, object]


@asynccontextmanager
async def model_server(
    *models: str,
    owner: str = "vllm",
    bodies: list[Body] | None = None,
    unknown: frozenset[str] = frozenset(),
    code: str | None = None,
    ill: bool = False,
    says: str = "The sea.",
) -> AsyncIterator[str]:
    """Serve models and yield the address.

    It always `says` the same. `bodies` get all that was asked; `unknown` fields are refused as hosts do, with an
    error's `code`; `ill` tells that the engine behind it is dead.
    """

    async def listed(request: web.Request) -> web.Response:
        cards = [{"id": name, "owned_by": owner, "root": f"/models/{name}"} for name in models]
        limits: Body = {"max_model_len": 8192} if owner == "vllm" else {}
        return web.json_response({"object": "list", "data": [card | limits for card in cards]})

    async def healthy(request: web.Request) -> web.Response:
        return web.Response(status=503 if ill else 200)

    async def counted(request: web.Request) -> web.Response:
        words = (await request.json())["prompt"].split()
        return web.json_response({"count": len(words), "max_model_len": 8192, "tokens": [*range(len(words))]})

    async def completed(request: web.Request) -> web.Response:
        body = await request.json()
        if bodies is not None:
            bodies.append(body)
        if strange := unknown & body.keys():
            text = f"Unrecognized request argument supplied: {', '.join(sorted(strange))}"
            return web.json_response({"error": {"message": text, "code": code}}, status=400)
        return web.Response(text="".join(map(_line, _events(says))), content_type="text/event-stream")

    app = web.Application()
    app.router.add_get("/v1/models", listed)
    if owner == "vllm":
        app.router.add_get("/health", healthy)
        app.router.add_post("/tokenize", counted)
    app.router.add_post("/v1/chat/completions", completed)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _events(text: str) -> list[Body]:
    """Return an answer of two pieces, its usage told after its end, as both kinds of server do."""
    usage = {"prompt_tokens": 30, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 16}}
    half = len(text) // 2
    deltas = [
        ({"role": "assistant", "content": ""}, None),
        ({"content": text[:half]}, None),
        ({"content": text[half:]}, None),
    ]
    chunks: list[Body] = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": None}
        for delta, finish in [*deltas, ({}, "stop")]
    ]
    return [*chunks, {"choices": [], "usage": usage}]


def _line(event: Body) -> str:
    return f"data: {json.dumps(event)}\n\n"
