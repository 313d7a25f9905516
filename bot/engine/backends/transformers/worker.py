"""Give the model a thread of its own: requests come in between two steps, words go out to the event loop.

Nobody else touches the scheduler. A thread that waits for the card holds no event loop up, and the beat that it leaves
at every step tells whoever watches when it hangs.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Protocol, Self, TypeVar

import structlog
import torch

from bot.engine.backends.transformers.sequence import Event, Failed, Finished, Job

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")
ENDED = "the model has ended"


class Stepper(Protocol):
    """Be the scheduler, as far as its thread knows it."""

    @property
    def broken(self) -> str:
        """Tell why no step can bring words any more, if that is so."""

    @property
    def busy(self) -> bool:
        """Tell whether a step has something to do."""

    def add(self, job: Job) -> list[Event]:
        """Take a job in."""

    def cancel(self, job_id: int) -> None:
        """Forget a job; one that ended is none."""

    def step(self) -> list[Event]:
        """Go one step with all that runs."""


class Worker:
    """Run a scheduler in a thread; used as a context manager from the event loop that hears of its events.

    `lost` is called, in the model's thread, when nothing can run in this process again; every listener has been told.
    """

    def __init__(self, scheduler: Stepper, *, lost: Callable[[str], None]) -> None:
        self._scheduler = scheduler
        self._lost = lost
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._listeners: dict[int, Callable[[Event], None]] = {}
        self._running: set[int] = set()  # the thread's own
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._beat: float | None = None
        self._open = True  # the thread's own
        self._ended = False

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._inbox.put(self._close)
        await asyncio.to_thread(self._thread.join)

    def silence(self) -> float:
        """Return for how many seconds the step that runs has been running; 0 between two."""
        beat = self._beat
        return 0.0 if beat is None else time.monotonic() - beat

    def submit(self, job: Job, listener: Callable[[Event], None]) -> None:
        """Let a job begin with the next step; `listener` gets its events in the event loop, the last one included."""
        if self._ended:
            listener(Failed(job.id, "error", ENDED))
            return
        self._listeners[job.id] = listener
        self._inbox.put(partial(self._add, job))

    def cancel(self, job_id: int) -> None:
        """Let a job go before the next step; its listener hears nothing more."""
        if self._listeners.pop(job_id, None) is not None:
            self._inbox.put(partial(self._cancel, job_id))

    async def ask(self, question: Callable[[], Answer]) -> Answer:
        """Return what a function says that runs in the model's thread, between two steps; raises what it raises."""
        future: Future[Answer] = Future()
        self._inbox.put(partial(_answer, future, question))
        return await asyncio.wrap_future(future)

    def _run(self) -> None:
        try:
            while self._open:
                self._hear()
                if self._scheduler.busy and self._open:
                    self._beat = time.monotonic()
                    self._step()
                    self._beat = None
        except Exception as error:
            log.exception("model thread failed")
            self._give_up(f"the scheduler is broken: {error!r}")
        self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        """Tell all who still listen that nothing comes any more."""
        self._ended = True
        self._deliver([Failed(job, "error", ENDED) for job in list(self._listeners)])

    def _step(self) -> None:
        try:
            self._tell(self._scheduler.step())
        except Exception as error:
            self._end_all(error)
        if self._scheduler.broken:
            self._give_up(self._scheduler.broken)

    def _hear(self) -> None:
        """Do all that came in, waiting for it when there is nothing else to do."""
        while self._open:
            try:
                todo = self._inbox.get(block=not self._scheduler.busy)
            except queue.Empty:
                return
            todo()

    def _close(self) -> None:
        self._open = False

    def _add(self, job: Job) -> None:
        self._running.add(job.id)
        try:
            self._tell(self._scheduler.add(job))
        except Exception as error:
            self._end_all(error)

    def _cancel(self, job_id: int) -> None:
        self._running.discard(job_id)
        self._scheduler.cancel(job_id)

    def _end_all(self, error: Exception) -> None:
        """End all that runs: after an error that the scheduler does not know, no step of theirs can be trusted."""
        log.error("step failed", reason=repr(error), exc_info=error)
        ended = sorted(self._running)
        self._tell([Failed(job, "error", type(error).__name__) for job in ended])
        if is_lost(error):
            self._give_up(f"the device is lost: {error}")
            return
        for job in ended:
            self._scheduler.cancel(job)

    def _give_up(self, reason: str) -> None:
        self._open = False
        self._lost(reason)

    def _tell(self, events: Sequence[Event]) -> None:
        if not events:
            return
        self._running.difference_update(e.job_id for e in events if isinstance(e, Finished | Failed))
        self._loop.call_soon_threadsafe(self._deliver, events)

    def _deliver(self, events: Sequence[Event]) -> None:
        for event in events:
            ends = isinstance(event, Finished | Failed)
            find = self._listeners.pop if ends else self._listeners.get
            if listener := find(event.job_id, None):
                listener(event)


def is_lost(error: BaseException) -> bool:
    """Tell whether an error means that this process will never use its device again."""
    return isinstance(error, torch.AcceleratorError) or "CUDA error" in str(error)


def _answer(future: "Future[Answer]", question: Callable[[], Answer]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(question())
    except Exception as error:  # it is the asker's
        future.set_exception(error)
