"""Run many requests through one model: they join and leave between two steps, and none waits for another's end.

A step reads, in one forward pass, one token of each sequence that writes and a chunk of the prompts that are still
being read, and picks the next tokens. Synchronous; used by the thread that owns the model.
"""

from collections import deque

import structlog
import torch

from bot.engine.backends.transformers.constraint import BadConstraint
from bot.engine.backends.transformers.pages import OutOfPages
from bot.engine.backends.transformers.runner import Row, Runner
from bot.engine.backends.transformers.sampling import NotANumber, Picker, pick
from bot.engine.backends.transformers.sequence import Event, Failed, Failure, Finished, Job, Running, Text
from bot.engine.backends.transformers.text import TextStream
from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.backends.transformers.warm import WarmStories

log = structlog.get_logger(__name__)

ALONE = 4  # times the chunk is read at once while nobody waits for a next word
Batch = list[tuple[Running, Row]]


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
        self.adapters = runner.adapters
        self._runner = runner
        self._warm = warm
        self._vocabulary = vocabulary
        self._parallel = parallel
        self._chunk = chunk_tokens
        self._context = context
        self._waiting: deque[Job] = deque()
        self._running: list[Running] = []
        self._steps = 0

    @property
    def busy(self) -> bool:
        """Tell whether there is something to do."""
        return bool(self._waiting or self._running)

    def add(self, job: Job) -> list[Event]:
        """Take a job; it begins at one of the next steps, or has failed already."""
        adapters = self._runner.adapters
        if job.adapter and (adapters is None or job.adapter not in adapters.names):
            return [Failed(job.id, "adapter", f"there is no adapter {job.adapter}")]
        self._waiting.append(job)
        return []

    def cancel(self, job_id: int) -> None:
        """Forget a job, if it is here; nothing more is told of it."""
        self._waiting = deque(job for job in self._waiting if job.id != job_id)
        for sequence in self._running:
            if sequence.job.id == job_id:
                self._leave(sequence)
                return

    def step(self) -> list[Event]:
        """Go one step further with everything that runs, and tell what came of it."""
        events = self._admit()
        if not self._running:
            return events
        self._steps += 1
        batch = self._batch()
        try:
            batch, logits = self._forward(batch)
        except torch.OutOfMemoryError as error:
            return [*events, self._fail(_largest(batch), "memory", str(error))]
        except Exception:
            # The thread ends all streams; what they had read is not to be trusted.
            self._forget_all()
            raise
        for sequence, row in batch:
            sequence.advance(len(row.tokens))
        writers = [sequence for sequence, row in batch if row.wants_logits]
        return events + self._pick(writers, logits)

    def stats(self) -> dict[str, int]:
        """Return figures for whoever watches."""
        own = {"running": len(self._running), "waiting": len(self._waiting), "steps": self._steps}
        return own | self._warm.stats()

    def _admit(self) -> list[Event]:
        """Let waiting jobs in, in their order, as long as there is room."""
        events: list[Event] = []
        while self._waiting and len(self._running) < self._parallel:
            job = self._waiting[0]
            try:
                self._running.append(self._begin(job))
            except OutOfPages as error:
                if self._running:
                    break  # room comes when one of them ends
                events.append(Failed(job.id, "memory", str(error)))
            except BadConstraint as error:
                events.append(Failed(job.id, "constraint", str(error)))
            self._waiting.popleft()
        return events

    def _begin(self, job: Job) -> Running:
        picker = Picker(job.sampling, prompt=job.prompt, vocabulary=self._vocabulary)
        room = min(job.sampling.max_tokens, self._context - len(job.prompt))
        lease = self._warm.begin(job.key, job.prompt, room=room, warm=job.warm)
        text = TextStream(self._vocabulary, job.sampling.stop)
        return Running(job, lease, picker, text, self._vocabulary.ends, self._context)

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

    def _forward(self, batch: Batch) -> tuple[Batch, torch.Tensor]:
        """Run the model; short of memory, once more with less, and with all that only waits let go."""
        try:
            return batch, self._runner.forward([row for _sequence, row in batch])
        except torch.OutOfMemoryError as error:
            log.warning("out of memory", rows=len(batch), reason=str(error))
        self._make_room()
        smaller = _halved(batch)
        return smaller, self._runner.forward([row for _sequence, row in smaller])

    def _make_room(self) -> None:
        while self._warm.shed():
            pass
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _pick(self, writers: list[Running], logits: torch.Tensor) -> list[Event]:
        if not writers:
            return []
        try:
            tokens = pick(logits, [sequence.picker for sequence in writers])
        except NotANumber as error:
            self.broken = f"no numbers come of the model in rows {error.rows}"
            return [self._fail(sequence, "nan", self.broken) for sequence in list(self._running)]
        events: list[Event] = []
        for sequence, token in zip(writers, tokens, strict=True):
            words = sequence.took(token)
            if sequence.ending:
                self._leave(sequence)
                events.append(Finished(sequence.job.id, words, sequence.usage()))
            elif words:
                events.append(Text(sequence.job.id, words))
        return events

    def _leave(self, sequence: Running) -> None:
        """Take a sequence out of the batch, and keep what it has read for its story's next turn."""
        self._running.remove(sequence)
        sequence.lease.tokens = sequence.tokens[: sequence.read]
        self._warm.end(sequence.lease)

    def _fail(self, sequence: Running, kind: Failure, detail: str) -> Failed:
        self._running.remove(sequence)
        self._warm.drop(sequence.lease)
        return Failed(sequence.job.id, kind, detail)

    def _forget_all(self) -> None:
        for sequence in self._running:
            self._warm.drop(sequence.lease)
        self._running.clear()
        self._waiting.clear()
        self._warm.clear()


def _largest(batch: Batch) -> Running:
    """Return the sequence whose part of the step takes the most memory."""
    return max(batch, key=lambda entry: (len(entry[1].tokens), entry[0].read))[0]


def _halved(batch: Batch) -> Batch:
    """Return the step's smaller half: shorter chunks of prompts, or, where there are none, fewer sequences."""
    if all(len(row.tokens) == 1 for _sequence, row in batch):
        return batch[: -(-len(batch) // 2)]
    return [(sequence, sequence.row(-(-len(row.tokens) // 2))) for sequence, row in batch]
