"""Read from a GGUF file how it stretches positions, which the library leaves behind when it converts one.

Without it a model such as Llama 3.1 reads a long story as if its words stood closer than they do.
"""

import math
from collections.abc import Sequence
from typing import Any

from gguf import GGUFReader

from bot.engine.backends.transformers.support import LoadError

# The way of Llama 3.1 and all that came from it; only the factor differs.
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}


def stretched(reader: GGUFReader, theta: float) -> dict[str, Any]:
    """Return the rope parameters that a file asks for, none if they are the plain ones.

    `theta` is the base of its frequencies. Raises LoadError where the file stretches in a way that is not known.
    """
    kind = next(
        (field.contents() for name, field in reader.fields.items() if name.endswith("rope.scaling.type")),
        "none",
    )
    given = {tensor.name: tensor.data for tensor in reader.tensors if tensor.name.startswith("rope_f")}
    if kind != "none" or set(given) - {"rope_freqs.weight"}:
        raise _unknown(str(kind))
    if not given:
        return {}
    factors = [float(value) for value in given["rope_freqs.weight"]]
    parameters = {"rope_type": "llama3", "rope_theta": theta, "factor": max(factors), **LLAMA3}
    if not _agree(factors, llama3_factors(theta, max(factors), len(factors))):
        raise _unknown("rope_freqs")
    return parameters


def llama3_factors(theta: float, factor: float, count: int) -> list[float]:
    """Return by what Llama 3.1's way divides each of `count` frequencies: from 1, the fastest, to `factor`."""
    original, low, high = (
        LLAMA3[key] for key in ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor")
    )
    found = []
    for place in range(count):
        turns = original / (2 * math.pi * theta ** (place / count))  # in the context that it was taught with
        smooth = min(1.0, max(0.0, (turns - low) / (high - low)))
        found.append(1 / ((1 - smooth) / factor + smooth))
    return found


def _agree(factors: Sequence[float], others: Sequence[float]) -> bool:
    return all(math.isclose(one, other, rel_tol=1e-3) for one, other in zip(factors, others, strict=True))


def _unknown(kind: str) -> LoadError:
    return LoadError(
        f"the file stretches positions in a way that cannot be converted ({kind}): take its safetensors, or "
        'backend = "llamacpp"'
    )
