"""Put a scheduler over a tiny model together, and run jobs through it: shared by the tests of its parts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from bot.engine.backends.transformers.adapters import Adapters
from bot.engine.backends.transformers.attention import IMPLEMENTATION, register
from bot.engine.backends.transformers.kvcache import SCRATCH, KVCache
from bot.engine.backends.transformers.pages import PagePool
from bot.engine.backends.transformers.runner import Row, Runner
from bot.engine.backends.transformers.scheduler import Scheduler
from bot.engine.backends.transformers.sequence import Event, Failed, Finished, Job, Text
from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.backends.transformers.warm import WarmStories
from bot.engine.request import Sampling

PAGE = 8
GREEDY = Sampling(seed=0, temperature=0, repetition_penalty=1.0, max_tokens=12)


class WatchedRunner(Runner):
    """Keep what was run, and fail where a test says so: `fault` is asked before each forward pass, from 1."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self.batches: list[list[Row]] = []
        self.logits: list[torch.Tensor] = []
        self.fault: Callable[[int], Exception | None] = lambda _number: None
        self.spoiled = 0  # the number of the pass whose logits are no numbers

    def forward(self, rows: Sequence[Row]) -> torch.Tensor:
        """Run, unless this pass shall fail."""
        self.batches.append(list(rows))
        if error := self.fault(len(self.batches)):
            raise error
        logits = super().forward(rows)
        self.logits.append(logits.clone())
        return logits * torch.nan if len(self.batches) == self.spoiled else logits


@dataclass
class Told:
    """Gather what was told of one job."""

    text: str = ""
    finished: Finished | None = None
    failed: Failed | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def failure(self) -> str:
        """Return the kind of failure that ended it, if one did."""
        return self.failed.kind if self.failed else ""

    @property
    def over(self) -> bool:
        """Tell whether the job has ended."""
        return bool(self.finished or self.failed)


class TinyEngine:
    """Be a scheduler with everything under it."""

    def __init__(
        self,
        model: Any,
        vocabulary: Vocabulary,
        *,
        pages: int = 200,
        parallel: int = 4,
        chunk: int = 16,
        context: int = 512,
        host_bytes: int = 0,
        adapters: Adapters | None = None,
    ) -> None:
        config = model.config
        cache = KVCache(
            layers=config.num_hidden_layers,
            heads=config.num_key_value_heads,
            width=config.head_dim,
            pages=pages,
            page_tokens=PAGE,
            dtype=torch.float32,
            device=torch.device("cpu"),
        )
        self.pool = PagePool(pages, page_tokens=PAGE, first=SCRATCH + 1)
        self.warm = WarmStories(self.pool, cache, host_bytes)
        self.runner = WatchedRunner(model=model, cache=cache, adapters=adapters or Adapters(model))
        self.vocabulary = vocabulary
        self.scheduler = Scheduler(
            runner=self.runner,
            warm=self.warm,
            vocabulary=vocabulary,
            parallel=parallel,
            chunk_tokens=chunk,
            context=context,
        )
        self.told: dict[int, Told] = {}
        self._next = 0

    def job(
        self,
        prompt: Sequence[int],
        sampling: Sampling = GREEDY,
        *,
        key: str = "story",
        warm: bool = True,
        adapter: str = "",
    ) -> Job:
        """Make a job with a number of its own."""
        self._next += 1
        return Job(self._next, list(prompt), sampling, key, warm, adapter)

    def add(self, *jobs: Job) -> None:
        """Hand jobs in."""
        for job in jobs:
            self.told[job.id] = Told()
            self.take(self.scheduler.add(job))

    def step(self, count: int = 1) -> None:
        """Go some steps further."""
        for _ in range(count):
            self.take(self.scheduler.step())

    def take(self, events: Iterable[Event]) -> None:
        """Sort events by their jobs; none may come after a job's end."""
        for event in events:
            told = self.told[event.job_id]
            assert not told.over, "told of after its end"
            told.events.append(event)
            match event:
                case Text(_, text):
                    told.text += text
                case Finished(_, text, _):
                    told.text += text
                    told.finished = event
                case Failed():
                    told.failed = event

    def finish(self, limit: int = 2000) -> None:
        """Run until nothing is left to do."""
        for _ in range(limit):
            if not self.scheduler.busy:
                return
            self.step()
        raise AssertionError("the scheduler does not come to an end")

    def run(self, *jobs: Job) -> list[str]:
        """Run jobs side by side to their ends, and return their texts."""
        self.add(*jobs)
        self.finish()
        for job in jobs:
            assert self.told[job.id].finished, self.told[job.id].failed
        return [self.told[job.id].text for job in jobs]

    def usage(self, job: Job) -> Any:
        """Return how a finished job went."""
        finished = self.told[job.id].finished
        assert finished is not None
        return finished.usage

    def nothing_held(self) -> bool:
        """Tell whether every page is free once all that is kept is let go."""
        self.warm.clear()
        return self.pool.free == self.pool.count


def load_tiny(folder: Path) -> tuple[Any, Vocabulary]:
    """Load a tiny model with our attention, and its vocabulary."""
    register()
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=IMPLEMENTATION).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    return model, Vocabulary(tokenizer, model.config.vocab_size, frozenset({tokenizer.eos_token_id}))
