"""Prove that the model's thread serves, lets go and gives up as it should, whatever its scheduler does."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
import torch
from structlog.testing import capture_logs

from bot.engine.backends.transformers import serving, stream
from bot.engine.backends.transformers.sequence import Event, Failed, Finished, Job, Text
from bot.engine.backends.transformers.stream import EventStream
from bot.engine.backends.transformers.worker import Worker
from bot.engine.request import Sampling, Usage


def nothing() -> None:
    """Do nothing before a step."""


def nobody(_reason: str) -> None:
    """Be told of nothing that matters."""


@dataclass
class Letters:
    """Be a scheduler that writes a letter of each job's prompt per step; `before` is called in each step."""

    before: Callable[[], None] = nothing
    broken: str = ""
    jobs: dict[int, Job] = field(default_factory=dict)
    written: dict[int, int] = field(default_factory=dict)
    threads: set[str] = field(default_factory=set)

    @property
    def busy(self) -> bool:
        """Tell whether any job is left."""
        return bool(self.jobs)

    def add(self, job: Job) -> list[Event]:
        """Take a job, but none that wants an adapter."""
        if job.adapter:
            return [Failed(job.id, "adapter", "none here")]
        self.jobs[job.id] = job
        return []

    def cancel(self, job_id: int) -> None:
        """Forget a job."""
        self.jobs.pop(job_id, None)

    def step(self) -> list[Event]:
        """Write the next letter of all."""
        self.threads.add(threading.current_thread().name)
        self.before()
        return [self._next(job) for job in list(self.jobs.values())]

    def _next(self, job: Job) -> Event:
        at = self.written.get(job.id, 0)
        self.written[job.id] = at + 1
        if at + 1 < len(job.prompt):
            return Text(job.id, chr(job.prompt[at]))
        del self.jobs[job.id]
        return Finished(job.id, chr(job.prompt[at]), Usage("stop", at + 1, at + 1, 0))


def job(number: int, text: str, *, adapter: str = "") -> Job:
    """Ask for a text's letters."""
    return Job(number, [ord(letter) for letter in text], Sampling(seed=0), "story", False, adapter)


class Heard:
    """Listen to a job until its end."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.over = asyncio.Event()

    def take(self, event: Event) -> None:
        """Take an event."""
        self.events.append(event)
        if isinstance(event, Finished | Failed):
            self.over.set()

    @property
    def text(self) -> str:
        """Return what was heard."""
        return "".join(event.text for event in self.events if not isinstance(event, Failed))


@pytest.fixture
def letters() -> Letters:
    """Make the scheduler."""
    return Letters()


@pytest.fixture
def lost() -> "queue.SimpleQueue[str]":
    """Hear why a worker gave up."""
    return queue.SimpleQueue()


@pytest.fixture
async def worker(letters: Letters, lost: "queue.SimpleQueue[str]") -> AsyncIterator[Worker]:
    """Run it."""
    async with Worker(letters, lost=lost.put) as running:
        yield running


async def serve(worker: Worker, *jobs: Job) -> list[Heard]:
    """Run jobs to their ends."""
    heard = [Heard() for _ in jobs]
    for one, listener in zip(jobs, heard, strict=True):
        worker.submit(one, listener.take)
    async with asyncio.timeout(10):
        for listener in heard:
            await listener.over.wait()
    return heard


async def test_jobs_run_side_by_side_in_a_thread_of_their_own(worker: Worker, letters: Letters) -> None:
    """Each listener hears its own words, in order and whole."""
    one, two = await serve(worker, job(1, "ship"), job(2, "island"))

    assert (one.text, two.text) == ("ship", "island")
    assert letters.threads == {"model"}


async def test_a_job_refused_at_once_is_told(worker: Worker) -> None:
    """Its failure is its only event."""
    (heard,) = await serve(worker, job(1, "x", adapter="pirate"))

    assert heard.events == [Failed(1, "adapter", "none here")]


async def test_a_cancelled_job_is_gone_before_the_next_step(worker: Worker, letters: Letters) -> None:
    """Even if a step runs just now; it hears nothing more, and the others go on."""
    inside, go = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        go.wait()

    letters.before = hold
    heard = Heard()
    worker.submit(job(1, "long" * 9), heard.take)
    await asyncio.to_thread(inside.wait)
    worker.cancel(1)
    letters.before = nothing
    go.set()
    (other,) = await serve(worker, job(2, "next"))

    assert letters.written[1] == 1
    assert heard.events == []
    assert other.text == "next"


async def test_a_question_is_answered_between_two_steps(worker: Worker) -> None:
    """In the model's thread, and its errors are the asker's alone."""
    assert await worker.ask(lambda: threading.current_thread().name) == "model"

    def wrong() -> None:
        raise ValueError("no such adapter")

    with pytest.raises(ValueError, match="no such adapter"):
        await worker.ask(wrong)
    (heard,) = await serve(worker, job(1, "still here"))

    assert heard.text == "still here"


async def test_an_unknown_error_ends_all_that_run_and_serves_the_next(
    worker: Worker, letters: Letters, lost: "queue.SimpleQueue[str]"
) -> None:
    """Each stream in flight hears of it, and no word of the error reaches it."""

    def fail() -> None:
        if len(letters.jobs) == 2:
            letters.before = nothing
            raise RuntimeError("a secret of the model")

    letters.before = fail
    with capture_logs() as logs:
        one, two = await serve(worker, job(1, "one" * 99), job(2, "two" * 99))
    (after,) = await serve(worker, job(3, "after"))

    failed = [event for heard in (one, two) for event in heard.events if isinstance(event, Failed)]
    assert {(event.kind, event.detail) for event in failed} == {("error", "RuntimeError")}
    assert after.text == "after"
    assert lost.empty()
    assert [entry["event"] for entry in logs] == ["step failed"]


async def test_a_lost_device_ends_the_streams_and_the_thread(
    letters: Letters, worker: Worker, lost: "queue.SimpleQueue[str]"
) -> None:
    """Whoever keeps the process learns that it is of no use any more."""

    def lose() -> None:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    letters.before = lose
    (heard,) = await serve(worker, job(1, "one"))

    assert heard.events == [Failed(1, "error", "AcceleratorError")]
    assert "the device is lost" in await asyncio.to_thread(lost.get, timeout=10)


async def test_nobody_waits_for_a_worker_that_ended(letters: Letters) -> None:
    """Neither who listens when it ends, nor who comes afterwards."""
    before, after = Heard(), Heard()
    async with Worker(letters, lost=nobody) as worker:
        worker.submit(job(1, "long" * 100_000), before.take)
    async with asyncio.timeout(10):
        await before.over.wait()
    worker.submit(job(2, "x"), after.take)

    assert before.events[-1] == Failed(1, "error", "the model has ended")
    assert after.events == [Failed(2, "error", "the model has ended")]


async def test_a_scheduler_that_is_broken_ends_the_thread(
    letters: Letters, worker: Worker, lost: "queue.SimpleQueue[str]"
) -> None:
    """It says so itself, as of a model without numbers."""

    def spoil() -> None:
        letters.broken = "no numbers"

    letters.before = spoil
    await serve(worker, job(1, "x"))

    assert await asyncio.to_thread(lost.get, timeout=10) == "no numbers"


async def test_a_scheduler_that_cannot_even_forget_is_given_up(
    letters: Letters, worker: Worker, lost: "queue.SimpleQueue[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds after an error is not to be trusted."""

    def fail(*_: object) -> None:
        raise RuntimeError("broken")

    letters.before = fail
    monkeypatch.setattr(letters, "cancel", fail)
    await serve(worker, job(1, "x"))

    assert "the scheduler is broken" in await asyncio.to_thread(lost.get, timeout=10)


async def test_a_step_without_end_is_noticed(worker: Worker, letters: Letters) -> None:
    """The watch tells it in the log, with where every thread stands; idle time is none."""
    go = threading.Event()

    def hang() -> None:
        go.wait()

    letters.before = hang
    hurt: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    watching = asyncio.create_task(serving.watch(worker, hurt, 0.05))
    await asyncio.sleep(0.2)

    assert not watching.done()

    worker.submit(job(1, "x"), Heard().take)
    with capture_logs() as logs:
        await asyncio.wait_for(watching, 10)
    go.set()

    assert [entry["event"] for entry in logs] == ["model hangs"]


async def test_a_model_that_gave_up_ends_the_watch(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its reason in the log."""
    monkeypatch.setattr(serving, "LAST_WORDS", 0)
    hurt: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    hurt.set_result("the device is lost")
    with capture_logs() as logs:
        await serving.watch(worker, hurt, 60)

    assert [(entry["event"], entry["reason"]) for entry in logs] == [("model gave up", "the device is lost")]


async def test_words_that_come_between_two_writes_are_written_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first at once, the last as soon as they are there."""
    monkeypatch.setattr(stream, "PACE_SECONDS", 3600)
    events = EventStream()
    lines = events.lines()
    events.hear(Text(1, "雨"))

    assert '"雨"' in (await anext(lines)).decode()

    for text in ("a", "b", "c"):
        events.hear(Text(1, text))
    events.hear(Finished(1, "d", Usage("length", 5, 9, 4)))
    rest = [line.decode() async for line in lines]

    assert '"abcd"' in rest[0]
    assert '"finish_reason":"length"' in rest[1]
    assert '"timings":{"prompt_n":5,"cache_n":4,"predicted_n":5}' in rest[1]
    assert rest[2] == "data: [DONE]\n\n"


async def test_a_failure_is_an_event_of_the_stream() -> None:
    """With its kind."""
    events = EventStream()
    events.hear(Failed(1, "memory", "full"))
    lines = [line.decode() async for line in events.lines()]

    assert '"error":{"type":"memory","message":"full"}' in lines[0]
