"""Measure how fast this device's memory is, and say how fast a model that only waits for memory would write."""

import time
from collections.abc import Iterable
from typing import Any

import torch

TRIES = 7
MEGABYTES = {"cpu": 512, "cuda": 4096}  # far more than any cache holds


def bandwidth(device: torch.device) -> float:
    """Return the bytes per second that the device reads at best."""
    size = MEGABYTES[device.type] << 20
    source = torch.ones(size // 4, dtype=torch.float32, device=device)
    target = torch.empty_like(source)
    # A sum only reads; a copy reads and writes. Which comes nearer to the wires differs from device to device.
    return max(
        source.nbytes / _seconds(device, source.sum),
        2 * source.nbytes / _seconds(device, lambda: target.copy_(source)),
    )


def _seconds(device: torch.device, work: Any) -> float:
    """Return the shortest of several runs."""
    return min(_timed(device, work) for _ in range(TRIES))


def _timed(device: torch.device, work: Any) -> float:
    _settle(device)
    began = time.perf_counter()
    work()
    _settle(device)
    return time.perf_counter() - began


def _settle(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def weight_bytes(model: torch.nn.Module) -> int:
    """Return the bytes of weights that every step reads.

    Of a table of embeddings a step reads a few rows only; one that is the head's table too is read whole for that.
    """
    embedding = model.get_input_embeddings().weight  # type: ignore[operator]  # every model of the library has it
    head = model.get_output_embeddings().weight  # type: ignore[operator]  # likewise
    read = {id(weight): weight for weight in model.parameters() if weight is not embedding}
    return sum(_size(weight) for weight in {**read, id(head): head}.values())


def _size(weight: Any) -> int:
    """Return the bytes of a weight with what unpacks it."""
    state = getattr(weight, "quant_state", None)
    packed: int = weight.nbytes
    return packed + (sum(part.nbytes for part in _tensors(state.as_dict(packed=False))) if state else 0)


def _tensors(parts: dict[str, Any]) -> Iterable[torch.Tensor]:
    return (part for part in parts.values() if isinstance(part, torch.Tensor))


def limit(*, speed: float, weights: int, token: int, streams: int, context: float) -> float:
    """Return tokens per second, of all streams together, if each step took only as long as its bytes need to move."""
    return streams * speed / (weights + streams * context * token)
