"""Prove that a model which cannot be read through pages is refused before anybody waits for it."""

from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    DiffLlamaConfig,
    DiffLlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
)

from bot.engine.backends.transformers.adapters import Adapters
from bot.engine.backends.transformers.attention import IMPLEMENTATION, register
from bot.engine.backends.transformers.kvcache import KVCache
from bot.engine.backends.transformers.runner import Runner
from bot.engine.backends.transformers.support import LoadError
from bot.engine.backends.transformers.trial import require_exchangeable
from tests.tiny import SIZES, Shape, save_tiny


def tried(model: PreTrainedModel, *, context: int = 512) -> None:
    """Try a model with small pages."""
    torch.set_num_threads(1)
    config = model.config
    cache = KVCache(
        layers=config.num_hidden_layers,
        heads=config.num_key_value_heads,
        width=config.head_dim,
        pages=9,
        page_tokens=8,
        dtype=torch.float32,
        device=torch.device("cpu"),
    )
    require_exchangeable(model, Runner(model=model, cache=cache, adapters=Adapters(model)), context=context)


@pytest.mark.parametrize("shape", ["llama", "qwen3"])
def test_a_model_that_can_be_read_through_pages_passes(tmp_path: Path, shape: Shape) -> None:
    """And keeps the attention with which it will be run."""
    register()
    folder = save_tiny(tmp_path, shape)
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=IMPLEMENTATION).eval()
    tried(model)

    assert model.config._attn_implementation == IMPLEMENTATION


def test_a_model_with_attention_of_its_own_is_refused() -> None:
    """Differential attention pays no heed to ours, and would write rubbish."""
    torch.manual_seed(0)
    config = DiffLlamaConfig(**SIZES)
    with pytest.raises(LoadError, match="diffllama"):
        tried(DiffLlamaForCausalLM(config).eval())


def test_a_model_that_does_not_hand_on_what_attention_needs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the model's own code becomes the one line that a host reads."""
    register()
    model = AutoModelForCausalLM.from_pretrained(
        save_tiny(tmp_path), attn_implementation=IMPLEMENTATION
    ).eval()
    inner = model.model.forward
    monkeypatch.setattr(model.model, "forward", lambda *args, plan=None, **kwargs: inner(*args, **kwargs))
    with pytest.raises(LoadError, match="cannot be run here"):
        tried(model)


def test_a_model_that_hides_how_far_it_looks_back_is_refused(tmp_path: Path) -> None:
    """Beyond its window it would write as if there were none; within it, it may run."""
    register()
    folder = save_tiny(tmp_path)
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=IMPLEMENTATION).eval()
    model.config.sliding_window = 100
    tried(model, context=100)
    with pytest.raises(LoadError, match="100 at most"):
        tried(model, context=101)


def test_a_model_that_tells_how_far_it_looks_back_passes() -> None:
    """Its layers hand the window on."""
    torch.manual_seed(0)
    register()
    model = MistralForCausalLM(MistralConfig(**SIZES, sliding_window=12)).eval()
    model.set_attn_implementation(IMPLEMENTATION)
    tried(model)
