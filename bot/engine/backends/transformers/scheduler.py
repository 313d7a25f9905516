"""Run many requests through one model: they join and leave between two steps, and none waits for another's end.

A step reads, in one forward pass, one token of each sequence that writes and a chunk of the prompts that are still
being read, and picks the next tokens. Synchronous; used by the thread that owns the model.
"""

from collections import deque

import structlog
import torch

from bot.engine.backends.transformers.adapter_files import AdapterError
from bot.engine.backends.transformers.constraint import BadConstraint
from bot.engine.backends.transformers.pages import OutOfPages
from bot.engine.backends.transformers.pressure import Batch, eased, halved, largest
from bot.engine.backends.transformers.runner import Runner
from bot.engine.backends.transformers.sampling import NotANumber, Picker, pick
from bot.engine.backends.transformers.sequence import Event, Failed, Failure, Finished, Job, Running, Text
from bot.engine.backends.transformers.text import TextStream
from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.backends.transformers.warm import WarmStories

log = structlog.get_logger(__name__)

ALONE = 4  # times the chunk is read at once while nobody waits for a next word


class Scheduler:
    """Serve jobs step by step.

    At most `parallel` run at once, and of their prompts `chunk_tokens` are read in a step, so that those who write go
    on. `broken` tells that the model gives no numbers any more: whoever runs the scheduler should start again.
    """

    def __init__(
        self,
        *,
        runner: Runner,
        warm: WarmStories,
        vocabulary: Vocabulary,
        parallel: int,
        chunk_tokens: int,
        context: int,
    ) -> None:
        self.broken = ""
        self.adapters = runner.adapters  # for whoever loads and unloads them, between two steps
        self._runner = runner
        self._warm = warm
        self._vocabulary = vocabulary
        self._parallel = parallel
        self._chunk = chunk_tokens
        self._context = context
        self._waiting: deque[Job] = deque()
        self._running: list[Running] = []
        self._keys: dict[int, str] = {}  # under what a job's keys and values are kept, by its id
        self._steps = 0

    @property
    def busy(self) -> bool:
        """Tell whether there is something to do."""
        return bool(self._waiting or self._running)

    def add(self, job: Job) -> list[Event]:
        """Take a job; it begins at one of the next steps, or has failed already."""
        if not 0 < len(job.prompt) < self._context or job.sampling.max_tokens < 1:
            return [Failed(job.id, "error", f"{len(job.prompt)} tokens leave no room for a word")]
        try:
            tag = self._runner.adapters.hold(job.adapter)
        except AdapterError as error:
            return [Failed(job.id, "adapter", str(error))]
        self._keys[job.id] = f"{tag}\0{job.cache_key}"
        self._waiting.append(job)
        return []

    def cancel(self, job_id: int) -> None:
        """Forget a job, if it is here; nothing more is told of it."""
        for job in [job for job in self._waiting if job.id == job_id]:
            self._waiting.remove(job)
            self._release(job)
        for sequence in [sequence for sequence in self._running if sequence.job.id == job_id]:
            self._leave(sequence)

    def step(self) -> list[Event]:
        """Go one step further with everything that runs, and tell what came of it.

        Raises what the model raises, and has then forgotten all jobs.
        """
        try:
            events = self._admit()
            return events + self._advance() if self._running else events
        except Exception:
            # What they have read is not to be trusted.
            self._forget_all()
            raise

    def stats(self) -> dict[str, int]:
        """Return figures for whoever watches."""
        own = {"running": len(self._running), "waiting": len(self._waiting), "steps": self._steps}
        return own | self._warm.stats()

    def _admit(self) -> list[Event]:
        """Let waiting jobs in, in their order, as long as there is room."""
        events: list[Event] = []
        while self._waiting and len(self._running) < self._parallel:
            job = self._waiting[0]
            failure: Failure
            try:
                self._running.append(self._begin(job))
                self._waiting.popleft()
                continue
            except OutOfPages as error:
                if self._running:
                    break  # room comes when one of them ends
                failure, detail = "memory", str(error)
            except torch.OutOfMemoryError as error:
                failure, detail = "memory", str(error)
            except BadConstraint as error:
                failure, detail = "constraint", str(error)
            self._release(self._waiting.popleft())
            events.append(Failed(job.id, failure, detail))
        return events

    def _begin(self, job: Job) -> Running:
        picker = Picker(job.sampling, prompt=job.prompt, vocabulary=self._vocabulary)
        text = TextStream(self._vocabulary, job.sampling.stop)
        room = min(job.sampling.max_tokens, self._context - len(job.prompt))
        lease = self._warm.begin(self._keys[job.id], job.prompt, room=room, warm=job.warm)
        return Running(job, lease, picker, text, self._vocabulary.ends, self._context)

    def _advance(self) -> list[Event]:
        self._steps += 1
        batch = self._batch()
        try:
            batch, logits = eased(lambda: self._run(batch), lambda: self._run(halved(batch)))
        except torch.OutOfMemoryError as error:
            return [self._fail(largest(batch), "memory", str(error))]
        for sequence, row in batch:
            sequence.advance(len(row.tokens))
        writers = [sequence for sequence, row in batch if row.wants_logits]
        return self._write(writers, logits)

    def _batch(self) -> Batch:
        """Choose what this step reads: one token of everyone who writes, and prompts as far as the budget goes."""
        batch = [(sequence, sequence.row(1)) for sequence in self._running if sequence.decoding]
        budget = self._chunk if batch else self._chunk * ALONE
        for sequence in self._running:
            if budget > 0 and not sequence.decoding:
                row = sequence.row(budget)
                budget -= len(row.tokens)
                batch.append((sequence, row))
        return batch

    def _run(self, batch: Batch) -> tuple[Batch, torch.Tensor]:
        return batch, self._runner.forward([row for _sequence, row in batch])

    def _write(self, writers: list[Running], logits: torch.Tensor) -> list[Event]:
        """Pick everyone's next token from [writers, vocabulary] logits."""
        if not writers:
            return []
        pickers = [sequence.picker for sequence in writers]
        try:
            tokens = eased(lambda: pick(logits, pickers), lambda: pick(logits, pickers))
        except NotANumber as error:
            return self._write_without(writers, logits, error.rows)
        except torch.OutOfMemoryError as error:
            failed = self._fail(writers[-1], "memory", str(error))
            return [failed, *self._write(writers[:-1], logits[:-1])]
        return [event for entry in zip(writers, tokens, strict=True) for event in self._told(*entry)]

    def _write_without(self, writers: list[Running], logits: torch.Tensor, wrong: list[int]) -> list[Event]:
        """End the rows of which no numbers come: alone, if it may be their adapters' doing, else with all others."""
        detail = f"no numbers come of the model in rows {wrong}"
        if not all(writers[row].job.adapter for row in wrong):
            self.broken = detail
            return [self._fail(sequence, "nan", detail) for sequence in list(self._running)]
        for row in wrong:
            self._runner.cache.blank(writers[row].lease.pages)
        failed: list[Event] = [self._fail(writers[row], "nan", detail) for row in wrong]
        right = [row for row in range(len(writers)) if row not in wrong]
        return failed + self._write([writers[row] for row in right], logits[right])

    def _told(self, sequence: Running, token: int) -> list[Event]:
        try:
            words = sequence.took(token)
        except BadConstraint as error:
            return [self._fail(sequence, "constraint", str(error))]
        if sequence.ending:
            self._leave(sequence)
            return [Finished(sequence.job.id, words, sequence.usage())]
        return [Text(sequence.job.id, words)] if words else []

    def _leave(self, sequence: Running) -> None:
        """Take a sequence out of the batch, and keep what it has read for its story's next turn."""
        self._running.remove(sequence)
        sequence.lease.tokens = sequence.tokens[: sequence.read]
        self._warm.end(sequence.lease)
        self._release(sequence.job)

    def _fail(self, sequence: Running, kind: Failure, detail: str) -> Failed:
        self._running.remove(sequence)
        self._warm.drop(sequence.lease)
        self._release(sequence.job)
        return Failed(sequence.job.id, kind, detail)

    def _release(self, job: Job) -> None:
        """Let go what a job holds from its coming to its end."""
        del self._keys[job.id]
        self._runner.adapters.release(job.adapter)

    def _forget_all(self) -> None:
        for sequence in self._running:
            self._warm.drop(sequence.lease)
        for job in [*self._waiting, *(sequence.job for sequence in self._running)]:
            self._release(job)
        self._running.clear()
        self._waiting.clear()
        self._warm.clear()
