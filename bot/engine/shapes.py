"""Hold the shapes of well-known open models, as their config.json has them: for arithmetic, and for measuring speed."""

from collections.abc import Mapping
from typing import Any

Shape = Mapping[str, Any]


def _shape(
    kind: str,
    *,
    hidden: int,
    inner: int,
    layers: int,
    heads: int,
    kv_heads: int,
    width: int,
    words: int,
    theta: float,
    context: int,
    tied: bool = False,
    epsilon: float = 1e-5,
    **more: Any,
) -> Shape:
    classes = {"llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2", "qwen3": "Qwen3"}
    return {
        "architectures": [f"{classes[kind]}ForCausalLM"],
        "model_type": kind,
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": width,
        "vocab_size": words,
        "rope_theta": theta,
        "max_position_embeddings": context,
        "tie_word_embeddings": tied,
        "rms_norm_eps": epsilon,
        "hidden_act": "silu",
        **more,
    }


def _llama3(factor: float, **shape: Any) -> Shape:
    """Return a shape of the family of Llama 3, whose long context comes of stretched positions."""
    stretched = {
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    return _shape(
        "llama", words=128_256, theta=500_000.0, context=131_072, kv_heads=8, rope_scaling=stretched, **shape
    )


def _qwen3(**shape: Any) -> Shape:
    return _shape(
        "qwen3", words=151_936, theta=1e6, context=40_960, epsilon=1e-6, kv_heads=8, width=128, **shape
    )


SHAPES: Mapping[str, Shape] = {
    "smollm2-135m": _shape(
        "llama",
        hidden=576,
        inner=1536,
        layers=30,
        heads=9,
        kv_heads=3,
        width=64,
        words=49_152,
        theta=100_000.0,
        context=8192,
        tied=True,
    ),
    "llama-3.2-1b": _llama3(32.0, hidden=2048, inner=8192, layers=16, heads=32, width=64, tied=True),
    "llama-3.2-3b": _llama3(32.0, hidden=3072, inner=8192, layers=28, heads=24, width=128, tied=True),
    "llama-3.1-8b": _llama3(8.0, hidden=4096, inner=14_336, layers=32, heads=32, width=128),
    "llama-3.3-70b": _llama3(8.0, hidden=8192, inner=28_672, layers=80, heads=64, width=128),
    "qwen3-1.7b": _qwen3(hidden=2048, inner=6144, layers=28, heads=16, tied=True),
    "qwen3-4b": _qwen3(hidden=2560, inner=9728, layers=36, heads=32, tied=True),
    "qwen3-8b": _qwen3(hidden=4096, inner=12_288, layers=36, heads=32),
    "qwen3-14b": _qwen3(hidden=5120, inner=17_408, layers=40, heads=40),
    "qwen3-32b": _qwen3(hidden=5120, inner=25_600, layers=64, heads=64),
    "qwen2.5-72b": _shape(
        "qwen2",
        hidden=8192,
        inner=29_568,
        layers=80,
        heads=64,
        kv_heads=8,
        width=128,
        words=152_064,
        theta=1e6,
        context=32_768,
        epsilon=1e-6,
    ),
    "mistral-7b": _shape(
        "mistral",
        hidden=4096,
        inner=14_336,
        layers=32,
        heads=32,
        kv_heads=8,
        width=128,
        words=32_768,
        theta=1e6,
        context=32_768,
        sliding_window=None,
    ),
    "mistral-nemo-12b": _shape(
        "mistral",
        hidden=5120,
        inner=14_336,
        layers=40,
        heads=32,
        kv_heads=8,
        width=128,
        words=131_072,
        theta=1e6,
        context=131_072,
        sliding_window=None,
    ),
    "mistral-small-24b": _shape(
        "mistral",
        hidden=5120,
        inner=32_768,
        layers=40,
        heads=32,
        kv_heads=8,
        width=128,
        words=131_072,
        theta=1e8,
        context=32_768,
        sliding_window=None,
    ),
}
