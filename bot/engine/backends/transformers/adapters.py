"""Let LoRA adapters write beside each other: each changes its own rows of a forward pass, and no other row.

The model itself is never changed. A hook on each linear layer that some adapter changes adds that adapter's share to
the rows that asked for it; without such rows, it adds nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import structlog
import torch
from torch.utils.hooks import RemovableHandle
from transformers import PreTrainedModel

from bot.engine.backends.transformers.adapter_files import AdapterError, Pair, read_adapter

log = structlog.get_logger(__name__)

Rows = slice | torch.Tensor
_Hook = Callable[[torch.nn.Module, tuple[Any, ...], torch.Tensor], torch.Tensor | None]


class Adapters:
    """Keep a model's adapters by name; used by the one thread that runs the model.

    A name is held from a job's begin to its end. An adapter that is unloaded meanwhile writes these jobs' texts to
    their end and goes with the last of them; no new job gets it.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model
        self._modules = _changeable(model)
        self._pairs: dict[str, dict[str, Pair]] = {}  # by module, then by adapter
        self._hooks: dict[str, RemovableHandle] = {}
        self._keys: dict[str, str] = {}
        self._leaving: set[str] = set()
        self._held: Counter[str] = Counter()
        self._serial = count(1)
        self._rows: dict[str, Rows] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Return the adapters that a new job may ask for."""
        return tuple(sorted(self._keys.keys() - self._leaving))

    def load(self, name: str, folder: Path) -> None:
        """Load an adapter under a name; at an error nothing has changed.

        Raises AdapterError if the name is taken, or the folder's adapter does not fit the model or the memory.
        """
        if not name:
            raise AdapterError("An adapter needs a name: no name stands for the model as it is.")
        if name in self._keys:
            state = "still writes its last texts" if name in self._leaving else "is loaded already"
            raise AdapterError(f"The adapter {name} {state}: unload it first, or take another name.")
        pairs = self._placed(folder, read_adapter(folder, self._modules))
        for path, pair in pairs.items():
            if path not in self._hooks:
                self._hooks[path] = self._modules[path].register_forward_hook(self._hook(path))
            self._pairs.setdefault(path, {})[name] = pair
        # Loaded again, a name may mean other weights: what was read under the old ones is not for the new.
        self._keys[name] = f"{name}\0{next(self._serial)}"
        log.info("adapter loaded", adapter=name, layers=len(pairs))

    def unload(self, name: str) -> None:
        """Let an adapter go as soon as no job holds it; raises AdapterError if there is none of that name."""
        self._known(name)
        self._leaving.add(name)
        self._let_go(name)

    def hold(self, name: str) -> str:
        """Keep an adapter for a job until `release`; return under what its keys and values may be kept.

        Raises AdapterError if there is none of that name. No name is the model as it is.
        """
        if not name:
            return ""
        self._known(name)
        self._held[name] += 1
        return self._keys[name]

    def release(self, name: str) -> None:
        """Tell that a job that held an adapter has ended."""
        if not name:
            return
        self._held[name] -= 1
        if self._held[name] < 0:
            raise RuntimeError(f"the adapter {name} was released more often than held")
        self._let_go(name)

    @contextmanager
    def use(self, spans: Sequence[tuple[str, slice]]) -> Iterator[None]:
        """Change, in the forward passes inside, each span of the packed tokens by the adapter that is named with it.

        Spans do not overlap; those without a name, and what no span covers, are left as they are. Raises AdapterError
        if an adapter is not there.
        """
        rows = self._rows_of(spans)
        if self._rows:
            raise RuntimeError("adapters are in use already")
        self._rows = rows
        try:
            yield
        finally:
            self._rows = {}

    def _known(self, name: str) -> None:
        if name not in self.names:
            there = ", ".join(self.names) or "none"
            raise AdapterError(f"There is no adapter {name}. Those that are loaded: {there}.")

    def _let_go(self, name: str) -> None:
        """Forget an adapter that is leaving and that nobody holds, and the hooks that were only for it."""
        if name not in self._leaving or self._held[name]:
            return
        for path, pairs in list(self._pairs.items()):
            pairs.pop(name, None)
            if not pairs:
                self._hooks.pop(path).remove()
                del self._pairs[path]
        self._leaving.remove(name)
        del self._keys[name]
        log.info("adapter unloaded", adapter=name)

    def _placed(self, folder: Path, pairs: dict[str, Pair]) -> dict[str, Pair]:
        """Bring matrices to where and to how the model computes."""
        dtype = self._model.dtype
        try:
            return {
                path: Pair(
                    pair.down.to(self._modules[path].weight.device, dtype),
                    pair.up.to(self._modules[path].weight.device, dtype),
                )
                for path, pair in pairs.items()
            }
        except torch.OutOfMemoryError as error:
            raise AdapterError(
                f"The adapter in {folder} does not fit into the memory that is left: unload another one first."
            ) from error

    def _rows_of(self, spans: Sequence[tuple[str, slice]]) -> dict[str, Rows]:
        """Return each adapter's rows: as a slice if they stand together, else their numbers."""
        slices: dict[str, list[slice]] = {}
        for name, span in spans:
            if name and name not in self._keys:
                raise AdapterError(f"There is no adapter {name} any more.")
            if name:
                slices.setdefault(name, []).append(span)
        return {name: _joined(own, self._model.device) for name, own in slices.items()}

    def _hook(self, path: str) -> _Hook:
        def add(
            _module: torch.nn.Module, inputs: tuple[Any, ...], output: torch.Tensor
        ) -> torch.Tensor | None:
            pairs = self._pairs[path]
            for name, rows in self._rows.items():
                if name in pairs:
                    _add(pairs[name], inputs[0], output, rows)
            return None

        return add


def _changeable(model: PreTrainedModel) -> dict[str, torch.nn.Linear]:
    """Return the linear layers through which all tokens of a forward pass go, in their order.

    The last one sees only the tokens whose successors are wanted, and experts those that were sent to them.
    """
    last = model.get_output_embeddings()
    return {
        path: module
        for path, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not last and "experts" not in path.split(".")
    }


def _joined(spans: list[slice], device: torch.device) -> Rows:
    numbers = sorted(number for span in spans for number in range(span.start, span.stop))
    if numbers and numbers[-1] - numbers[0] == len(numbers) - 1:
        return slice(numbers[0], numbers[-1] + 1)
    return torch.tensor(numbers, device=device)


def _add(pair: Pair, given: torch.Tensor, output: torch.Tensor, rows: Rows) -> None:
    """Add an adapter's share to its rows of a layer's output, [..., tokens, out_features]."""
    share = (given[..., rows, :].to(pair.down.dtype) @ pair.down.T) @ pair.up.T
    output[..., rows, :] += share.to(output.dtype)
