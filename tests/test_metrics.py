"""Prove that machines can read how the bot does, and that what they read is true."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.config import MetricsSettings
from bot.engine.engine import Engine, Limits
from bot.engine.errors import GenerationCancelled, GenerationFailed, QueueFull
from bot.engine.generation import Generation
from bot.engine.request import Message, Request, Sampling
from bot.errors import StartError
from bot.metrics.figures import Figures
from bot.metrics.server import serving
from tests.scripted import ScriptedBackend

TALE = "The lamp went out."


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def request(user: int = 1) -> Request:
    """Ask for a text."""
    return Request((Message("user", "Go on."),), Sampling(seed=1), "1", user, user, user)


class Bot:
    """Be an engine over a script, with its figures served on a port."""

    def __init__(self, settings: MetricsSettings) -> None:
        self.settings = settings
        self.gate = asyncio.Event()
        self.gate.set()
        self.backend = ScriptedBackend([TALE], delay=self._gated, parallel=1)
        self.engine: Engine

    async def _gated(self) -> None:
        await self.gate.wait()

    async def get(self, path: str) -> tuple[int, aiohttp.ClientResponse, str]:
        """Ask for a path; give status, answer and text."""
        async with aiohttp.ClientSession() as http, http.get(self.settings.url + path) as response:
            return response.status, response, await response.text()

    async def figures(self) -> Mapping[str, float]:
        """Read all figures as Prometheus does, by their name with the first label's value."""
        _status, _response, text = await self.get("/metrics")
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return {":".join([sample.name, *sample.labels.values()][:2]): sample.value for sample in samples}


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """Serve an engine's figures."""
    bot = Bot(MetricsSettings(port=free_port()))
    figures = Figures()
    async with AsyncExitStack() as stack:
        bot.engine = await stack.enter_async_context(
            Engine.open(bot.backend, limits=Limits(waiting=1), observer=figures.record)
        )
        await stack.enter_async_context(serving(bot.settings, figures=figures, engine=bot.engine))
        yield bot


async def read(generation: Generation) -> str:
    """Return a stream's whole text."""
    return "".join([piece async for piece in generation])


async def test_every_request_is_counted_by_how_it_ended(bot: Bot) -> None:
    """One that was written, one that was stopped, one that broke and one that was refused."""
    await read(bot.engine.submit(request()))
    bot.gate.clear()
    stopped, _waiting = bot.engine.submit(request(2)), bot.engine.submit(request(3))
    with pytest.raises(QueueFull):
        bot.engine.submit(request(4))
    stopped.cancel()
    with pytest.raises(GenerationCancelled):
        await read(stopped)
    bot.backend.fail_at = 1
    bot.gate.set()
    with pytest.raises(GenerationFailed):
        await read(_waiting)

    found = await bot.figures()

    endings = {name: value for name, value in found.items() if name.startswith("storyloom_requests_total")}
    assert endings == {
        "storyloom_requests_total:stop": 1,
        "storyloom_requests_total:cancelled": 1,
        "storyloom_requests_total:failed": 1,
        "storyloom_requests_total:refused": 1,
    }
    # Five tokens of the tale, and the one before the break.
    assert found["storyloom_written_tokens_total"] == 6
    assert found["storyloom_prompt_tokens_total:read"] == 2
    assert found["storyloom_waiting_seconds_count"] == 3
    assert found["storyloom_first_token_seconds_count"] == 2


async def test_the_queue_is_looked_up_when_somebody_asks(bot: Bot) -> None:
    """What runs and what waits, how often the model was started again, and whether it answers."""
    bot.gate.clear()
    running, waiting = bot.engine.submit(request()), bot.engine.submit(request(2))
    bot.backend.restarts = 3
    before = await bot.figures()
    bot.backend.ready = False
    bot.gate.set()
    await read(running)
    await read(waiting)
    after = await bot.figures()

    standing = ("storyloom_requests_running", "storyloom_requests_waiting", "storyloom_backend_up")
    assert [before[name] for name in standing] == [1, 1, 1]
    assert [after[name] for name in standing] == [0, 0, 0]
    assert before["storyloom_model_restarts_total"] == 3
    assert "storyloom_stream_tokens_per_second" not in before
    assert after["storyloom_stream_tokens_per_second"] > 0
    assert after["storyloom_model_info:scripted"] == 1


async def test_the_event_loop_is_watched(bot: Bot) -> None:
    """Looks at how late it is come by themselves."""
    async with asyncio.timeout(10):
        while not (await bot.figures())["storyloom_event_loop_lag_seconds_count"]:  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0.1)


async def test_health_is_told_to_those_who_restart_what_is_ill(bot: Bot) -> None:
    """200 with what `check` tells, 503 while the model is gone."""
    status, response, _text = await bot.get("/health")
    told = await response.json()
    bot.backend.ready = False
    ill, response, _text = await bot.get("/health")

    assert (status, told["status"], told["model"], told["restarts"]) == (200, "ready", "Scripted", 0)
    assert (ill, (await response.json())["status"]) == (503, "restarting")


async def test_two_bots_in_one_process_count_apart() -> None:
    """No figure is kept in the library's own place."""
    first, second = Figures(), Figures()
    async with Engine.open(ScriptedBackend([TALE]), observer=first.record) as engine:
        await read(engine.submit(request()))

    assert b'storyloom_requests_total{ending="stop"} 1.0' in first.text()
    assert b"storyloom_requests_total{" not in second.text()


async def test_without_a_port_nothing_is_served() -> None:
    """The default opens no door."""
    tasks = asyncio.all_tasks()
    async with (
        Engine.open(ScriptedBackend()) as engine,
        serving(MetricsSettings(), figures=Figures(), engine=engine),
    ):
        assert asyncio.all_tasks() == tasks


async def test_a_port_that_is_taken_is_one_clear_line() -> None:
    """It names the address and the section."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = MetricsSettings(port=taken.getsockname()[1])
        async with Engine.open(ScriptedBackend()) as engine:
            with pytest.raises(StartError, match=rf"{settings.url}.*\[metrics\]"):
                async with serving(settings, figures=Figures(), engine=engine):
                    pass
