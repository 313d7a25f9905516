"""Prove that what a model takes is reckoned right: against counted models and against published figures."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoConfig

from bot.engine import memory
from bot.engine.backends.transformers import support
from bot.engine.backends.transformers.support import QUANTIZATIONS
from bot.engine.memory import Quantization, UnknownKind
from bot.engine.shapes import SHAPES
from tests.tiny import Shape, save_tiny

# As their publishers state them.
PUBLISHED = {
    "smollm2-135m": 134_515_008,
    "llama-3.2-1b": 1_235_814_400,
    "llama-3.2-3b": 3_212_749_824,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.3-70b": 70_553_706_496,
    "qwen3-1.7b": 1_720_574_976,
    "qwen3-4b": 4_022_468_096,
    "qwen3-8b": 8_190_735_360,
    "qwen3-14b": 14_768_307_200,
    "qwen3-32b": 32_762_123_264,
    "qwen2.5-72b": 72_706_203_648,
    "mistral-7b": 7_248_023_552,
    "mistral-nemo-12b": 12_247_782_400,
    "mistral-small-24b": 23_572_403_200,
}


def test_published_models_have_their_published_size() -> None:
    """A shape with a wrong number in it would have another."""
    assert {name: memory.parameters(shape).total for name, shape in SHAPES.items()} == PUBLISHED


@pytest.mark.parametrize(
    ("name", "kibibytes"),
    [("llama-3.1-8b", 128), ("qwen3-8b", 144), ("qwen3-32b", 256), ("smollm2-135m", 22.5)],
)
def test_a_token_takes_its_published_bytes(name: str, kibibytes: float) -> None:
    """Keys and values in bfloat16, over all layers."""
    assert memory.kv_bytes(SHAPES[name]) == kibibytes * 1024


@pytest.mark.parametrize("name", sorted(SHAPES))
@pytest.mark.parametrize("quantization", QUANTIZATIONS)
def test_every_shape_is_what_its_class_makes_of_it(name: str, quantization: Quantization) -> None:
    """The library's own class, without weights, has as many; in each precision they take as much."""
    config = AutoConfig.for_model(**SHAPES[name])
    outline = support.outline(config)
    reckoned = memory.weight_bytes(SHAPES[name], quantization)

    assert sum(weight.numel() for weight in outline.parameters()) == PUBLISHED[name]
    assert support.weight_bytes(outline, quantization, torch.bfloat16) == pytest.approx(reckoned, abs=1)
    assert support.kv_bytes(config, torch.bfloat16) == memory.kv_bytes(SHAPES[name])


@pytest.mark.parametrize("shape", ["llama", "qwen3"])
def test_a_saved_configuration_is_read(tmp_path: Path, shape: Shape) -> None:
    """Not only the shapes above: any config.json of a known kind."""
    config = json.loads((save_tiny(tmp_path, shape) / "config.json").read_text())
    counted = sum(weight.numel() for weight in support.outline(support.read_config(tmp_path)).parameters())

    assert memory.parameters(config).total == counted


def test_a_foreign_kind_is_not_guessed_at() -> None:
    """Experts, recurrent layers or tied ones would make any figure wrong."""
    with pytest.raises(UnknownKind, match="kind mixtral"):
        memory.parameters({"model_type": "mixtral"})


@given(card=st.integers(0, 10**12), tokens=st.integers(256, 131_072))
def test_what_stays_warm_fits_the_card(card: int, tokens: int) -> None:
    """Weights, stories and working memory together are never more than the card has."""
    for shape in SHAPES.values():
        warm = memory.warm_stories(card, shape, "nf4", tokens=tokens)
        taken = memory.weight_bytes(shape, "nf4") + warm * tokens * memory.kv_bytes(shape)

        assert warm == 0 or taken + memory.WORKING_BYTES["cuda"] <= card
        assert memory.fits(card, shape, "nf4", tokens=tokens) == (warm > 0)
        assert memory.warm_stories(card + 10**10, shape, "nf4", tokens=tokens) >= warm
