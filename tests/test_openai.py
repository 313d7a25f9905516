"""Prove that a story is told on whatever befalls the servers: real ones, behind proxies that do what networks do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.engine.backends import openai, servers
from bot.engine.backends.chat import ChatClient
from bot.engine.backends.child import ServerProcess
from bot.engine.backends.llamacpp import SCRIPT, LlamaCppSettings, server_settings
from bot.engine.backends.openai import OpenAI, OpenAISettings
from bot.engine.errors import AdapterMissing, GenerationFailed, NarratorAway
from bot.engine.models import resolve
from bot.engine.request import Chunk, Message, ModelInfo, Request, Sampling, Usage
from bot.errors import StartError
from tests.faulty_proxy import Fault, FaultyProxy, cut, hang, said, slow, status, through

pytestmark = [pytest.mark.model, pytest.mark.asyncio(loop_scope="module")]
KEY = "a key for tests"
CONTEXT = 1024
UNKNOWN = ModelInfo("", "", "", None, ("en",), CONTEXT * 4)
JUNK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: {junk\n\n"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait long."""
    monkeypatch.setattr(openai, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(servers, "START_SECONDS", 1.0)
    monkeypatch.setattr(servers, "START_STEP", 0.3)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def machines() -> AsyncIterator[list[ServerProcess]]:
    """Run two model servers."""
    info = await resolve("embedded", context=CONTEXT)
    asked = LlamaCppSettings(parallel=2, threads=1, cache_megabytes=64)
    settings = server_settings(info, asked) | {"key": KEY}
    async with AsyncExitStack() as running:
        yield [await running.enter_async_context(ServerProcess(SCRIPT, settings)) for _ in range(2)]


@pytest_asyncio.fixture(loop_scope="module")
async def proxies(machines: list[ServerProcess]) -> AsyncIterator[list[FaultyProxy]]:
    """Stand before both."""
    async with AsyncExitStack() as open_:
        yield [await open_.enter_async_context(FaultyProxy.open(machine.address)) for machine in machines]


def backend_for(*proxies: FaultyProxy, key: str = KEY, retries: int = 2, model: str = "") -> OpenAI:
    """Make a backend that looks after its servers often."""
    urls = tuple(f"{proxy.url}/v1" for proxy in proxies)
    return OpenAI(
        UNKNOWN, OpenAISettings(urls, api_key=key, model=model, health_seconds=0.1, retries=retries)
    )


def request(
    text: str = "ship", *, key: str = "story", max_tokens: int = 12, warm: bool = False, adapter: str = ""
) -> Request:
    """Ask for a few words."""
    messages = (Message("system", "You write stories."), Message("user", text))
    return Request(messages, Sampling(seed=7, max_tokens=max_tokens), key, 1, 1, 1, warm, adapter)


@dataclass
class Told:
    """Hold what came of a request."""

    text: str
    usage: Usage


async def told(backend: OpenAI, asked: Request) -> Told:
    """Return a request's text and usage."""
    chunks: list[Chunk] = []
    async with aclosing(backend.stream(asked)) as stream:
        chunks += [chunk async for chunk in stream]
    assert chunks[-1].usage is not None
    return Told("".join(chunk.text for chunk in chunks), chunks[-1].usage)


async def words_before_failure(backend: OpenAI, asked: Request) -> str:
    """Return what came of a stream that fails."""
    words = ""
    try:
        async for chunk in backend.stream(asked):
            words += chunk.text
    except GenerationFailed:
        return words
    raise AssertionError("the stream did not fail")


async def is_busy(machine: ServerProcess) -> bool:
    """Tell whether a machine is at work."""
    async with ChatClient(key=KEY) as client:
        return any(slot["is_processing"] for slot in await client.get(f"{await machine.address()}/slots"))


async def favourite(backend: OpenAI, proxies: list[FaultyProxy], key: str = "story") -> list[FaultyProxy]:
    """Return the proxies in the order in which a story prefers them."""
    before = [proxy.asked for proxy in proxies]
    await told(backend, request(key=key, max_tokens=1))
    return sorted(proxies, key=lambda proxy: proxy.asked - before[proxies.index(proxy)], reverse=True)


async def test_the_model_is_what_the_servers_tell(proxies: list[FaultyProxy]) -> None:
    """By a name that is the same on every machine, and never with more context than they have."""
    async with backend_for(*proxies) as backend:
        assert backend.model.id == backend.model.name == "SmolLM2-135M-Instruct.Q4_1"
        assert len(backend.model.revision) == 12
        assert backend.model.context == CONTEXT
        assert backend.model.languages == ("en",)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(status(429, {"error": {"message": "slow down"}}, Retry_After="0"), id="429"),
        pytest.param(status(500, {"error": "oops"}), id="500"),
        pytest.param(status(503, {"error": "loading"}), id="503"),
        pytest.param(said(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), id="no http"),
        pytest.param(said(JUNK), id="junk"),
        pytest.param(said(b""), id="nothing"),
        pytest.param(cut(0), id="cut before the first word"),
    ],
)
async def test_what_fails_before_the_first_word_is_asked_again(
    proxies: list[FaultyProxy], fault: Fault
) -> None:
    """Of one server alone, twice in a row; nobody notices."""
    proxy = proxies[0]
    async with backend_for(proxy) as backend:
        whole = await told(backend, request())
        proxy.faults.extend([fault, fault])

        assert await told(backend, request()) == whole
        assert proxy.asked == 4


async def test_words_that_came_are_never_said_twice(proxies: list[FaultyProxy]) -> None:
    """Cut in the middle, the stream has failed, although another server would be there."""
    async with backend_for(*proxies) as backend:
        whole = await told(backend, request(max_tokens=30))
        for proxy in proxies:
            proxy.faults.append(cut(3))
        asked = sum(proxy.asked for proxy in proxies)
        words = await words_before_failure(backend, request(max_tokens=30))

        assert words
        assert whole.text.startswith(words)
        assert len(words) < len(whole.text)
        assert sum(proxy.asked for proxy in proxies) == asked + 1


async def test_a_slow_network_changes_nothing(proxies: list[FaultyProxy]) -> None:
    """However small the pieces are in which the words come."""
    async with backend_for(proxies[0]) as backend:
        whole = await told(backend, request())
        proxies[0].faults.append(slow(0.001))

        assert await told(backend, request()) == whole


async def test_a_story_stays_with_its_server_and_its_cache(proxies: list[FaultyProxy]) -> None:
    """A second turn reads its prefix there, and other stories are told elsewhere."""
    story = "word " * 100
    async with backend_for(*proxies) as backend:
        first = await told(backend, request(story, key="one", warm=True))
        second = await told(backend, request(f"{story} and on", key="one", warm=True))

        assert first.usage.prompt_tokens > 100
        assert second.usage.cached > 100
        assert sorted(proxy.asked for proxy in proxies) == [0, 2]

        others = iter(range(99))
        while not all(proxy.asked for proxy in proxies):
            await told(backend, request(key=str(next(others)), max_tokens=1))


async def test_a_server_that_is_gone_is_stood_in_for_and_welcomed_back(proxies: list[FaultyProxy]) -> None:
    """A story goes to the other meanwhile, and to its own again when that is back."""
    async with backend_for(*proxies) as backend:
        own, other = await favourite(backend, proxies)
        await own.refuse()

        assert (await told(backend, request())).text
        assert (own.asked, other.asked) == (1, 1)

        await own.listen()
        async with asyncio.timeout(10):
            while not backend.restarts:  # noqa: ASYNC110  # the next look at the servers has no event
                await asyncio.sleep(0.02)
        await told(backend, request())

        assert (own.asked, other.asked) == (2, 1)


async def test_a_server_that_hangs_does_not_keep_a_story_waiting(
    proxies: list[FaultyProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as a look at the server finds it silent, another is asked for what had no word yet."""
    monkeypatch.setattr(servers, "LOOK_SECONDS", 0.5)
    async with backend_for(*proxies) as backend:
        own, other = await favourite(backend, proxies)
        own.everywhere, own.always = True, hang

        assert (await told(backend, request())).text
        assert (own.asked, other.asked) == (2, 1)


async def test_a_server_too_busy_for_questions_is_not_given_up(
    proxies: list[FaultyProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it sends words, it is well, whatever becomes of the looks at it."""
    monkeypatch.setattr(servers, "LOOK_SECONDS", 1.0)
    proxy = proxies[0]
    proxy.faults.append(slow(0.02))
    async with (
        backend_for(proxy) as backend,
        aclosing(backend.stream(request(max_tokens=20))) as chunks,
    ):
        await anext(chunks)
        proxy.everywhere, proxy.always = True, hang
        with capture_logs() as logs:
            assert len([chunk async for chunk in chunks]) > 15

        assert "model server is down" not in str(logs)
        assert backend.ready


async def test_a_server_that_wants_rest_gets_it(proxies: list[FaultyProxy]) -> None:
    """Others are asked meanwhile, in the next request too."""
    async with backend_for(*proxies) as backend:
        own, other = await favourite(backend, proxies)
        own.faults.append(status(429, {}, Retry_After="60"))
        for _ in range(2):
            assert (await told(backend, request())).text

        assert (own.asked, other.asked) == (2, 2)


async def test_nobody_waits_a_minute_without_a_word(proxies: list[FaultyProxy]) -> None:
    """The only server wants more rest than a person has patience: that is said at once."""
    proxies[0].faults.append(status(429, {}, Retry_After="60"))
    async with backend_for(proxies[0]) as backend:
        with pytest.raises(NarratorAway):
            await told(backend, request())

    assert proxies[0].asked == 1


async def test_when_all_are_gone_it_is_said_and_mended_by_itself(proxies: list[FaultyProxy]) -> None:
    """The sentence is for players; the log names the servers, and the key stands nowhere."""
    async with backend_for(*proxies) as backend:
        for proxy in proxies:
            await proxy.refuse()
        with capture_logs() as logs, pytest.raises(NarratorAway, match="Nothing was lost") as caught:
            await told(backend, request())

        assert proxies[0].url in caught.value.detail
        assert any(entry["event"] == "no model server answers" for entry in logs)
        assert KEY not in str(logs)

        for proxy in proxies:
            await proxy.listen()

        assert (await told(backend, request())).text


async def test_a_voice_that_was_just_unloaded_condemns_no_server(proxies: list[FaultyProxy]) -> None:
    """A server that knows the model itself goes on with the other stories."""
    async with backend_for(proxies[0]) as backend:
        await told(backend, request(max_tokens=1))
        name = str(proxies[0].bodies[0]["model"])
        proxies[0].faults.append(status(404, {"error": {"message": "no such model"}}))
        with pytest.raises(AdapterMissing):
            await told(backend, request(adapter=name))

        assert backend.ready


async def test_a_mistake_in_the_request_is_not_repeated(proxies: list[FaultyProxy]) -> None:
    """No other server would understand it either."""
    for proxy in proxies:
        proxy.always = status(400, {"error": {"message": "nonsense"}})
    async with backend_for(*proxies) as backend:
        with pytest.raises(GenerationFailed) as caught:
            await told(backend, request())

    assert caught.value.detail == "400 nonsense"
    assert sum(proxy.asked for proxy in proxies) == 1


async def test_closing_a_stream_frees_the_machine_at_once(
    machines: list[ServerProcess], proxies: list[FaultyProxy]
) -> None:
    """The cancellation reaches the server behind the proxy long before the text would have ended."""
    async with backend_for(proxies[0]) as backend:
        async with aclosing(backend.stream(request("Count.", max_tokens=900))) as chunks:
            await anext(chunks)

            assert await is_busy(machines[0])

        async with asyncio.timeout(5):
            while await is_busy(machines[0]):  # noqa: ASYNC110  # another process's state has no event
                await asyncio.sleep(0.02)


async def test_tokens_are_counted_by_the_server(
    machines: list[ServerProcess], proxies: list[FaultyProxy]
) -> None:
    """Even if it fails the first time."""
    async with backend_for(proxies[0]) as backend, ChatClient(key=KEY) as client:
        answer = await client.post(f"{await machines[0].address()}/tokenize", {"content": "a ship at sea"})
        proxies[0].everywhere = True
        proxies[0].faults.extend([status(500, {}), through])

        assert await backend.count_tokens("a ship at sea") == len(answer["tokens"])


async def test_openais_own_fields_alone_are_enough(proxies: list[FaultyProxy]) -> None:
    """Usage is told in OpenAI's way then."""
    settings = OpenAISettings((proxies[0].url,), api_key=KEY, dialect="plain")
    async with OpenAI(UNKNOWN, settings) as backend:
        story = await told(backend, request(max_tokens=5))

    assert (story.usage.tokens, story.usage.ending) == (5, "length")
    assert story.usage.prompt_tokens > 5
    assert "min_p" not in proxies[0].bodies[0]


async def test_a_field_that_a_server_does_not_know_is_left_out_from_then_on(
    proxies: list[FaultyProxy],
) -> None:
    """The request that found it out is served too."""
    proxies[0].faults.append(
        status(400, {"error": {"message": "Unrecognized request arguments supplied: min_p, top_k"}})
    )
    async with backend_for(proxies[0], retries=0) as backend:
        for _ in range(2):
            assert (await told(backend, request())).text

    known = [{"min_p", "top_k"} & body.keys() for body in proxies[0].bodies]
    assert known == [{"min_p", "top_k"}, set(), set()]


async def test_an_adapter_that_no_server_has_is_not_passed_over(proxies: list[FaultyProxy]) -> None:
    """A story is not told in another voice without a word."""
    async with backend_for(proxies[0], retries=0) as backend:
        with pytest.raises(AdapterMissing):
            await told(backend, request(adapter="pirate"))

    assert proxies[0].asked == 0


async def test_a_server_with_another_model_is_not_used(proxies: list[FaultyProxy]) -> None:
    """One such alone ends the start, with what it serves."""
    with pytest.raises(StartError, match=r"serves SmolLM2.*not Qwen3"):
        async with backend_for(proxies[0], model="Qwen3"):
            pass
    async with backend_for(proxies[0], model="SmolLM2-135M-Instruct.Q4_1") as backend:
        assert (await told(backend, request())).text


async def test_a_wrong_key_ends_the_start_at_once(proxies: list[FaultyProxy]) -> None:
    """The line says where the right one belongs."""
    with pytest.raises(StartError, match=r"401.*api_key under \[openai\]"):
        async with backend_for(proxies[0], key="wrong"):
            pass


async def test_a_server_that_just_starts_is_waited_for(proxies: list[FaultyProxy]) -> None:
    """One that never comes ends the start with its address; none at all, with the setting that is missing."""
    await proxies[0].refuse()
    with pytest.raises(StartError, match=proxies[0].url):
        async with backend_for(proxies[0]):
            pass
    opening = asyncio.create_task(backend_for(proxies[0]).__aenter__())
    await asyncio.sleep(0.1)
    await proxies[0].listen()
    backend = await opening
    await backend.__aexit__()

    assert backend.model.context == CONTEXT
    with pytest.raises(StartError, match="base_urls"):
        async with backend_for():
            pass
