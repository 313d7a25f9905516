"""List open models that write stories well for their size, by what is free to use and in which languages."""

from dataclasses import dataclass

from bot.engine import memory
from bot.engine.shapes import SHAPES, Shape


@dataclass(frozen=True, slots=True)
class Entry:
    """Name a model of the hub, the shape that it has, the languages that it writes well, and its licence."""

    repository: str
    shape_name: str
    languages: tuple[str, ...]
    licence: str

    @property
    def name(self) -> str:
        """Return the name that people know it by."""
        return self.repository.partition("/")[2]

    @property
    def shape(self) -> Shape:
        """Return its config.json."""
        return SHAPES[self.shape_name]


BOTH = ("en", "zh")
CATALOG = (
    Entry("Qwen/Qwen3-1.7B", "qwen3-1.7b", BOTH, "Apache-2.0"),
    Entry("meta-llama/Llama-3.2-3B-Instruct", "llama-3.2-3b", ("en",), "Llama 3.2"),
    Entry("Qwen/Qwen3-4B-Instruct-2507", "qwen3-4b", BOTH, "Apache-2.0"),
    Entry("mistralai/Mistral-7B-Instruct-v0.3", "mistral-7b", ("en",), "Apache-2.0"),
    Entry("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b", ("en",), "Llama 3.1"),
    Entry("Qwen/Qwen3-8B", "qwen3-8b", BOTH, "Apache-2.0"),
    Entry("mistralai/Mistral-Nemo-Instruct-2407", "mistral-nemo-12b", ("en",), "Apache-2.0"),
    Entry("Qwen/Qwen3-14B", "qwen3-14b", BOTH, "Apache-2.0"),
    Entry("mistralai/Mistral-Small-24B-Instruct-2501", "mistral-small-24b", ("en",), "Apache-2.0"),
    Entry("Qwen/Qwen3-32B", "qwen3-32b", BOTH, "Apache-2.0"),
    Entry("meta-llama/Llama-3.3-70B-Instruct", "llama-3.3-70b", ("en",), "Llama 3.3"),
    Entry("Qwen/Qwen2.5-72B-Instruct", "qwen2.5-72b", BOTH, "Qwen"),
)


def suited(card_bytes: int, *, tokens: int, stories: int) -> list[Entry]:
    """Return the largest model that writes English alone and the largest that writes Chinese too, largest first.

    Each keeps so many stories of so many tokens warm beside its weights in NF4; none is returned where none does.
    """
    fitting = [
        entry
        for entry in CATALOG
        if memory.warm_stories(card_bytes, entry.shape, "nf4", tokens=tokens) >= stories
    ]
    largest = {entry.languages: entry for entry in sorted(fitting, key=_size)}
    return sorted(largest.values(), key=_size, reverse=True)


def _size(entry: Entry) -> int:
    return memory.parameters(entry.shape).total
