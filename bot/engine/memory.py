"""Reckon from a model's config.json what it takes: its weights, a token of a story, and what stays warm beside them.

For models of the plain kind: attention with grouped keys and values, and a gated layer behind it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Quantization = Literal["nf4", "int8", "none"]

PLAIN = {"llama", "mistral", "qwen2", "qwen3"}
HALF = 2  # bytes of a number in bfloat16
# Bytes of a weight in NF4: half a byte, a byte of scale for every 64 weights, a float for every 256 of those.
NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
ROW_SCALE = 4  # bytes of the float that each row of an int8 layer has
# What a forward pass, the kernels and the allocator want beside weights and stories.
WORKING_BYTES: Mapping[str, int] = {"cuda": 1_500_000_000, "cpu": 200_000_000}
# How much of the memory that is free once the weights are loaded is given to stories.
STORY_SHARE: Mapping[str, float] = {"cuda": 0.85, "cpu": 0.25}


class UnknownKind(ValueError):
    """Tell that a model's parts are not known, so that nothing can be reckoned."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Count a model's weights: those in the linear layers, which are quantized, their rows, and all others."""

    linear: int
    rows: int
    other: int

    @property
    def total(self) -> int:
        """Return how many there are."""
        return self.linear + self.other


def parameters(config: Mapping[str, Any]) -> Parameters:
    """Count the weights of the model that a config.json describes; raises UnknownKind."""
    kind = config.get("model_type")
    if kind not in PLAIN:
        raise UnknownKind(f"the parts of a model of the kind {kind} are not known")
    hidden, inner, layers = (
        int(config[key]) for key in ("hidden_size", "intermediate_size", "num_hidden_layers")
    )
    queries = _width(config) * int(config["num_attention_heads"])
    keys = _width(config) * _kv_heads(config)
    rows = queries + 2 * keys + hidden + 2 * inner + hidden  # q, k, v, o, gate and up, down
    linear = hidden * (queries + 2 * keys + queries + 3 * inner)
    norms = 2 * hidden + (2 * _width(config) if kind == "qwen3" else 0)
    biases = queries + 2 * keys if kind == "qwen2" else 0
    embeddings = int(config["vocab_size"]) * hidden * (1 if config.get("tie_word_embeddings") else 2)
    return Parameters(layers * linear, layers * rows, layers * (norms + biases) + embeddings + hidden)


def weight_bytes(config: Mapping[str, Any], quantization: Quantization) -> int:
    """Return what the weights take on a card: linear layers quantized, the rest as bfloat16."""
    counted = parameters(config)
    linear = {
        "nf4": counted.linear * NF4_BYTES,
        "int8": counted.linear + counted.rows * ROW_SCALE,
        "none": counted.linear * HALF,
    }[quantization]
    return round(linear + counted.other * HALF)


def kv_bytes(config: Mapping[str, Any], number: int = HALF) -> int:
    """Return what the keys and values of one token take, over all layers; `number` is the bytes of each of them."""
    return 2 * int(config["num_hidden_layers"]) * _kv_heads(config) * _width(config) * number


def story_bytes(card_bytes: int, config: Mapping[str, Any], quantization: Quantization) -> int:
    """Return what a card has for stories beside a model's weights; negative where those do not fit."""
    left = card_bytes - weight_bytes(config, quantization) - WORKING_BYTES["cuda"]
    return left if left < 0 else int(left * STORY_SHARE["cuda"])


def warm_stories(
    card_bytes: int, config: Mapping[str, Any], quantization: Quantization, *, tokens: int
) -> int:
    """Return how many stories of so many tokens stay warm on a card beside a model."""
    return max(0, story_bytes(card_bytes, config, quantization) // (tokens * kv_bytes(config)))


def fits(card_bytes: int, config: Mapping[str, Any], quantization: Quantization, *, tokens: int) -> bool:
    """Tell whether a card holds a model and at least one story."""
    return warm_stories(card_bytes, config, quantization, tokens=tokens) > 0


def _width(config: Mapping[str, Any]) -> int:
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def _kv_heads(config: Mapping[str, Any]) -> int:
    return int(config.get("num_key_value_heads") or config["num_attention_heads"])
