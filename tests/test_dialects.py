"""Prove that each kind of server is asked in its own words, and that no request is lost on one that knows few."""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Literal
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.engine.backends.cards import AnotherModel, Card, Dialect, read_card, root_of
from bot.engine.backends.chat import ChatClient, ServerRefused
from bot.engine.backends.dialects import body_for, count_tokens, estimate, refused_fields
from bot.engine.backends.openai import OpenAI, OpenAISettings
from bot.engine.backends.servers import Server, Servers
from bot.engine.errors import GenerationFailed, PromptTooLong
from bot.engine.request import Message, ModelInfo, Request, Sampling
from tests.model_server import Body, model_server

UNKNOWN = ModelInfo("", "", "", None, None, 4096)
FIELDS = ["data", "id", "meta", "n_ctx", "owned_by", "max_model_len", "root", "default_generation_settings"]
SCHEMA = '{"type": "object"}'


def asked(*, adapter: str = "", **sampling: object) -> Request:
    """Return a request with all that can be asked of a sampler."""
    chosen = Sampling(seed=1, top_k=20, dry_multiplier=0.8, banned=("elf",), **sampling)  # type: ignore[arg-type]  # by name
    return Request((Message("user", "塔"),), chosen, "a", 1, 1, 1, True, adapter)


def card(dialect: Dialect, *served: str) -> Card:
    """Return what such a server tells."""
    return Card("m", "m", "", dialect, 4096, frozenset({"m", *served}))


def test_vllm_gets_what_it_knows() -> None:
    """Its names are those of the libraries; a chosen adapter is a model of its own there."""
    body = body_for(asked(adapter="pirate", grammar='root ::= "a"'), card("vllm", "pirate"))

    assert body["model"] == "pirate"
    assert (body["top_k"], body["min_p"], body["repetition_penalty"]) == (20, 0.05, 1.1)
    assert body["bad_words"] == ["elf"]
    assert body["structured_outputs"] == {"grammar": 'root ::= "a"'}
    assert body["stream_options"] == {"include_usage": True}
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert not {"dry_multiplier", "repeat_penalty", "stop"} & body.keys()


def test_llama_cpp_gets_what_it_knows() -> None:
    """Whoever else asks it may have any slot, so none is named."""
    body = body_for(asked(json_schema=SCHEMA), card("llamacpp"))

    assert (body["repeat_penalty"], body["dry_multiplier"]) == (1.1, 0.8)
    assert (body["id_slot"], body["cache_prompt"]) == (-1, True)
    assert body["json_schema"] == {"type": "object"}
    assert not {"response_format", "repetition_penalty", "stream_options"} & body.keys()


def test_a_host_gets_no_more_than_openai_has() -> None:
    """Unknown fields would be refused there."""
    body = body_for(asked(json_schema=SCHEMA, stop=("\n",)), card("plain"))
    known = {
        "model",
        "messages",
        "stream",
        "stream_options",
        "seed",
        "temperature",
        "top_p",
        "max_tokens",
        "stop",
    }

    assert body.keys() == known | {"response_format"}
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}


@pytest.mark.parametrize(
    ("status", "words", "fields"),
    [
        (400, "Unrecognized request argument supplied: min_p", {"min_p"}),
        (400, "Unsupported parameter: 'max_tokens' is not supported with this model.", {"max_tokens"}),
        (422, '{"detail": [{"type": "extra_forbidden", "loc": ["body", "top_k"]}]}', {"top_k"}),
        (400, "max_tokens is too large: 4000", set()),
        (400, "unsupported grammar in structured_outputs", set()),
        (500, "Unrecognized request argument supplied: min_p", set()),
    ],
)
def test_only_fields_that_are_not_known_count_as_refused(status: int, words: str, fields: set[str]) -> None:
    """A value that is wrong, or a grammar, is the fault of one request."""
    body = body_for(asked(grammar='root ::= "a"'), card("vllm"))

    assert refused_fields(ServerRefused(status, words, words=words), body) == fields


def test_a_renamed_field_is_sent_under_its_new_name() -> None:
    """No text runs without an end because a host calls its length otherwise."""
    body = body_for(asked(), card("plain"), refused=frozenset({"max_tokens", "seed"}))

    assert body["max_completion_tokens"] == 256
    assert not {"max_tokens", "seed"} & body.keys()


async def test_a_vllm_server_is_recognised_and_asked() -> None:
    """It tells its context, counts tokens, and how many of a prompt it had."""
    bodies: list[Body] = []
    async with model_server("Qwen/Qwen3-8B", "pirate", bodies=bodies) as url:
        async with OpenAI(UNKNOWN, OpenAISettings((url,))) as backend:
            chunks = [chunk async for chunk in backend.stream(asked(adapter="pirate"))]

            assert backend.model.id == "Qwen/Qwen3-8B"
            assert backend.model.revision == "/models/Qwen/Qwen3-8B"
            assert await backend.count_tokens("one two three") == 3
        async with OpenAI(ModelInfo("", "", "", None, None, 99_999), OpenAISettings((url,))) as backend:
            assert backend.model.context == 8192

    assert "".join(chunk.text for chunk in chunks) == "The sea."
    assert chunks[-1].usage is not None
    assert (chunks[-1].usage.tokens, chunks[-1].usage.prompt_tokens, chunks[-1].usage.cached) == (2, 30, 16)
    assert bodies[0]["model"] == "pirate"


async def test_a_host_that_refuses_fields_is_served_without_them() -> None:
    """Each is left out after the first time, and the words come."""
    bodies: list[Body] = []
    unknown = frozenset({"stream_options", "seed"})
    async with (
        model_server("gpt", owner="host", bodies=bodies, unknown=unknown) as url,
        OpenAI(UNKNOWN, OpenAISettings((url,), retries=0)) as backend,
    ):
        for _ in range(2):
            chunks = [chunk async for chunk in backend.stream(asked())]

            assert "".join(chunk.text for chunk in chunks) == "The sea."
        assert await backend.count_tokens("塔") == estimate("塔")

    assert [sorted(unknown & body.keys()) for body in bodies] == [["seed", "stream_options"], [], []]


async def test_one_model_is_told_by_all_servers() -> None:
    """Where none was named, that of the first; a server with another is not asked."""
    bodies: list[Body] = []
    async with (
        model_server("wanted") as first,
        model_server("other", bodies=bodies) as second,
        OpenAI(UNKNOWN, OpenAISettings((first, second))) as backend,
    ):
        for number in range(12):
            request = replace(asked(), cache_key=str(number))
            assert [chunk async for chunk in backend.stream(request)]

        assert backend.model.id == "wanted"
    assert bodies == []


async def test_a_prompt_refused_without_numbers_is_too_long() -> None:
    """Whoever plans prompts makes it shorter; the numbers are the best that are known."""
    async with (
        model_server(
            "gpt", owner="host", unknown=frozenset({"messages"}), code="context_length_exceeded"
        ) as url,
        OpenAI(UNKNOWN, OpenAISettings((url,))) as backend,
    ):
        with pytest.raises(PromptTooLong) as caught:
            await anext(backend.stream(asked()))

    assert caught.value.tokens > caught.value.limit == UNKNOWN.context


async def test_a_server_whose_engine_is_ill_is_not_well() -> None:
    """Though it lists its models as ever."""
    async with model_server("a", ill=True) as url, ChatClient(key="") as client:
        with pytest.raises(GenerationFailed, match="broke off") as caught:
            await read_card(client, url)

    assert caught.value.detail.startswith("503")


async def test_a_server_without_a_list_of_models_is_none(unused_tcp_port: int) -> None:
    """What answers otherwise, or not at all, is told apart from another model."""
    async with ChatClient(key="") as client, model_server("a", owner="host") as url:
        with pytest.raises(AnotherModel):
            await read_card(client, url, model="b")
        with pytest.raises(GenerationFailed):
            await read_card(client, f"{url}/elsewhere")
        with pytest.raises(GenerationFailed):
            await read_card(client, f"http://127.0.0.1:{unused_tcp_port}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=12,
)


@given(answer=JSON, one=JSON, dialect=st.sampled_from(["auto", "llamacpp", "vllm"]))
@example(answer={}, one={"id": "a.gguf", "meta": 7}, dialect="auto")
@example(answer={}, one={"id": "a", "max_model_len": "many"}, dialect="vllm")
async def test_whatever_a_server_tells_it_is_understood_or_given_up(
    answer: object, one: object, dialect: Dialect | Literal["auto"]
) -> None:
    """No shape of JSON ends the looking after servers."""
    for told in (answer, {"data": [one]}, {"data": answer}):
        client = ChatClient(key="")
        # A server for every shape would take minutes.
        with patch.object(client, "get", _answers(told)), suppress(GenerationFailed):
            assert isinstance(await read_card(client, "http://a", dialect=dialect), Card)


def _answers(told: object) -> Callable[[str], Awaitable[object]]:
    async def get(url: str) -> object:
        return told

    return get


@pytest.mark.parametrize("url", ["http://a:1", "http://a:1/", "http://a:1/v1", "http://a:1/v1/"])
def test_addresses_are_taken_as_hosts_write_them(url: str) -> None:
    """With or without what all of them have in common."""
    assert root_of(url) == "http://a:1"


@given(st.text())
def test_estimates_are_at_least_a_token_a_word(text: str) -> None:
    """Something is never nothing, more is never less, and Chinese costs at least a token a character."""
    assert estimate(text) >= len(text.encode()) / 3
    assert estimate(text + "塔") > estimate(text)
    assert estimate("塔" * len(text)) >= len(text)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=20), st.integers(0, 3))
def test_only_the_stories_of_a_server_that_is_gone_move(keys: list[str], gone: int) -> None:
    """All others stay with their own, and all are back when it is."""
    watched = Servers(
        ChatClient(key=""),
        [f"http://{name}" for name in "abcd"],
        model="",
        dialect="auto",
        health_seconds=1,
    )
    for server in watched.all:
        server.card, server.up = card("vllm"), True
    before = {key: _best(watched, key) for key in keys}
    watched.all[gone].up = False
    moved = {key for key in keys if _best(watched, key) is not before[key]}

    assert moved == {key for key in keys if before[key] is watched.all[gone]}

    watched.all[gone].up = True

    assert {key: _best(watched, key) for key in keys} == before


def _best(watched: Servers, key: str) -> Server:
    return watched.ranked(key)[0]


@pytest.mark.parametrize("shape", [b"{}", b'{"count": null}', b"[]"])
async def test_a_count_that_is_none_is_a_failure(shape: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Garbage is not taken for a number."""
    client = ChatClient(key="")

    async def answer(url: str, body: object) -> object:
        return json.loads(shape)

    monkeypatch.setattr(client, "post", answer)
    with pytest.raises(GenerationFailed):
        await count_tokens(client, "http://a", card("vllm"), "text")
