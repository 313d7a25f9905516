"""The scheduler itself, stepped in this thread: no process, no HTTP, no queue."""

import time
from collections.abc import Sequence
from itertools import count

from transformers import PreTrainedModel

from bot.engine.backends.transformers.attention import IMPLEMENTATION
from bot.engine.backends.transformers.bench.way import Ask, Line, Timing
from bot.engine.backends.transformers.scheduler import Scheduler
from bot.engine.backends.transformers.sequence import Event, Failed, Finished, Job
from bot.engine.request import Sampling


class Ours:
    """Give requests to the scheduler when they are due, and step it until all are written."""

    name = "ours"

    def __init__(self, model: PreTrainedModel, scheduler: Scheduler) -> None:
        self._model = model
        self._scheduler = scheduler
        self._ids = count()

    def run(self, asks: Sequence[Ask], *, limit: int) -> list[Timing]:
        """Add each request when it is due; a story that was asked for before goes on from what is kept of it."""
        if self._model.config._attn_implementation != IMPLEMENTATION:
            self._model.set_attn_implementation(IMPLEMENTATION)
        line = Line(asks)
        running: dict[int, int] = {}
        firsts: dict[int, float] = {}
        while not line.over:
            for number in line.due(limit - len(running), running.values()):
                job = _job(next(self._ids), asks[number])
                running[job.id] = number
                _fine(self._scheduler.add(job))
            if not running:
                line.wait()
                continue
            events = self._scheduler.step()
            now = time.perf_counter()
            _fine(events)
            for event in events:
                first = firsts.setdefault(event.job_id, now)
                if isinstance(event, Finished):
                    line.answered(running.pop(event.job_id), first, now)
        return line.timings()


def _job(number: int, ask: Ask) -> Job:
    """Return a job that picks the likeliest, as the other ways do."""
    sampling = Sampling(
        seed=0,
        temperature=0.0,
        top_k=0,
        top_p=1.0,
        min_p=0.0,
        repetition_penalty=1.0,
        max_tokens=ask.tokens,
    )
    return Job(id=number, prompt=ask.prompt, sampling=sampling, cache_key=ask.story, warm=True)


def _fine(events: Sequence[Event]) -> None:
    """Raise RuntimeError for a job that failed or ended too soon: its speed would mean nothing."""
    for event in events:
        if isinstance(event, Failed):
            raise RuntimeError(f"{event.kind}: {event.detail}")
        if isinstance(event, Finished) and event.usage.ending != "length":
            raise RuntimeError("an answer ended before its length")
