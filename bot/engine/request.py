"""Say what is asked of a model and what comes back: plain values that every backend understands."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, Self

Role = Literal["system", "user", "assistant"]
Ending = Literal["stop", "length"]
FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True, slots=True)
class Message:
    """Hold one message of the chat that the model continues."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """Say how words are picked; a seed makes the picks repeatable (see `Request.warm`).

    A value of 0, or nothing, leaves out what it is for. `repetition_window` is how many tokens, of the prompt too, the
    repetition penalty looks back, -1 for all; the other penalties look at all. `banned` are strings that shall not
    appear; `grammar` is in llama.cpp's GBNF, `json_schema` is JSON, and one of them at most may be given. What a
    backend cannot do is left out there: llama.cpp knows neither `banned` nor `no_repeat_ngram`.
    """

    seed: int
    temperature: float = 0.8
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repetition_penalty: float = 1.1
    repetition_window: int = 64
    no_repeat_ngram: int = 0
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    max_tokens: int = 256
    stop: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()
    grammar: str = ""
    json_schema: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Ask for one text.

    The ids say whose turn it is in the queue. The same request with the same seed gives the same text on the same
    backend, whoever else is served. A story's turns give that up for speed: `warm` takes what the cache of
    `cache_key` has of the prompt, and rounding that differs by what was there may tip the pick of a word. `adapter`
    names the LoRA adapter that writes; none is the model as it is. What nobody waits for is `background`: it runs
    while no person's request waits, counts for nobody, and may be set aside.
    """

    messages: tuple[Message, ...]
    sampling: Sampling
    cache_key: str
    guild_id: int
    channel_id: int
    user_id: int
    warm: bool = False
    adapter: str = ""
    background: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tell how a stream ended, and what it cost in tokens; `cached` of the prompt's were already there."""

    ending: Ending
    tokens: int
    prompt_tokens: int
    cached: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Carry the next words of a stream; the last chunk tells the usage, and its text may be empty."""

    text: str
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Name the model that writes.

    `id` is what passages keep to tell who wrote them; `languages` are codes, or None for a model that may know
    any; `context` is in tokens, prompt and answer together.
    """

    id: str
    name: str
    revision: str
    path: Path | None
    languages: tuple[str, ...] | None
    context: int

    def writes(self, language: str) -> bool:
        """Tell whether the model may know a language."""
        return self.languages is None or language in self.languages


class Backend(Protocol):
    """Turn requests into streams of text, at most `parallel` at once; opened as a context manager."""

    @property
    def name(self) -> str:
        """Return the backend's name in configuration."""

    @property
    def model(self) -> ModelInfo:
        """Return the model that it runs."""

    @property
    def parallel(self) -> int:
        """Return how many streams run side by side."""

    @property
    def restarts(self) -> int:
        """Return how often it had to start again by itself since it was opened."""

    @property
    def ready(self) -> bool:
        """Tell whether it would serve a request now, as far as is known; False while it starts again."""

    def stream(self, request: Request) -> AsyncGenerator[Chunk]:
        """Yield a request's text, ending with a chunk that has its usage.

        Closing the generator frees what it held, so that the next request may start at once. Raises PromptTooLong
        if the messages do not fit in the context, and GenerationFailed if the stream broke.
        """

    async def count_tokens(self, text: str) -> int:
        """Return how many tokens a text has, chat template not counted."""

    async def change_adapters(self, wanted: Mapping[str, Path]) -> tuple[str, ...]:
        """Offer these adapters from now on; return the names that requests may ask for, and log why others not."""

    async def recover(self) -> None:
        """Return to work after a stream fell silent, by starting again if that is what it takes."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...
