"""Hold what is asked of the scheduler, what it tells, and where each sequence stands."""

from collections.abc import Sequence as Tokens
from dataclasses import dataclass, field
from typing import Literal

from bot.engine.backends.transformers.runner import Row
from bot.engine.backends.transformers.sampling import Picker
from bot.engine.backends.transformers.text import TextStream
from bot.engine.backends.transformers.warm import Lease
from bot.engine.request import Ending, Sampling, Usage

Failure = Literal["memory", "nan", "constraint", "adapter", "error"]


@dataclass(slots=True, eq=False)
class Job:
    """Ask for one text after a prompt of tokens."""

    id: int
    prompt: list[int]
    sampling: Sampling
    cache_key: str
    warm: bool = False
    adapter: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """Tell the next words of a job."""

    job_id: int
    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Tell a job's last words, and how it went."""

    job_id: int
    text: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Failed:
    """Tell that a job came to nothing."""

    job_id: int
    kind: Failure
    detail: str


Event = Text | Finished | Failed


@dataclass(slots=True, eq=False)
class Running:
    """Be a job with a place in the batch.

    `tokens` are the prompt and what was written; the keys and values of the first `read` are in the lease's pages.
    """

    job: Job
    lease: Lease
    picker: Picker
    text: TextStream
    ends: frozenset[int]
    context: int
    tokens: list[int] = field(init=False)
    read: int = field(init=False)
    ending: Ending | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.tokens = list(self.job.prompt)
        self.read = self.lease.cached

    @property
    def decoding(self) -> bool:
        """Tell whether the prompt is read, and one token is."""
        return self.read == len(self.tokens) - 1

    @property
    def written(self) -> int:
        """Return how many tokens were written."""
        return len(self.tokens) - len(self.job.prompt)

    def row(self, budget: int) -> Row:
        """Return the next tokens to be read, no more than the budget; the last one brings what may follow."""
        stop = min(len(self.tokens), self.read + budget)
        chunk: Tokens[int] = self.tokens[self.read : stop]
        return Row(chunk, self.read, self.lease.pages, self.job.adapter, stop == len(self.tokens))

    def advance(self, count: int) -> None:
        """Take note that as many tokens more were read; a prompt that was read whole can be shared from then on."""
        self.read += count
        if self.read == len(self.job.prompt):
            self.lease.tokens = list(self.job.prompt)

    def took(self, token: int) -> str:
        """Take a picked token and return the words that it brings; sets `ending` if it is the last."""
        if token in self.ends:
            self.ending = "stop"
            return self.text.flush()
        self.tokens.append(token)
        self.picker.took(token)
        words = self.text.feed(token)
        if self.text.stopped:
            self.ending = "stop"
            return words
        if self.picker.finished:
            self.ending = "stop"
        elif self.written >= self.job.sampling.max_tokens or len(self.tokens) >= self.context:
            self.ending = "length"
        return words + self.text.flush() if self.ending else words

    def usage(self) -> Usage:
        """Return how it went; only of a job that ended."""
        assert self.ending is not None
        return Usage(
            ending=self.ending,
            tokens=self.written,
            prompt_tokens=len(self.job.prompt),
            cached=self.lease.cached,
        )
