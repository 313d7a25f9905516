"""Make LoRA adapters with random weights in PEFT's format, models into which one is merged, and packed passes."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, PreTrainedModel

from bot.engine.backends.transformers.adapters import Adapters

TARGETS = ("q_proj", "v_proj", "down_proj")


def save_lora(
    folder: Path,
    model: PreTrainedModel,
    *,
    seed: int,
    rank: int = 4,
    targets: Sequence[str] = TARGETS,
    **config: object,
) -> Path:
    """Write an adapter of a model's layers with these names into a new folder, and return the folder.

    Its weights are large enough to change what the model writes. `config` replaces settings of adapter_config.json,
    whatever the weights are.
    """
    folder.mkdir()
    random = torch.Generator().manual_seed(seed)
    weights: dict[str, torch.Tensor] = {}
    for path, linear in model.named_modules():
        if isinstance(linear, torch.nn.Linear) and path.rsplit(".", maxsplit=1)[-1] in targets:
            key = f"base_model.model.{path}.lora"
            weights[f"{key}_A.weight"] = torch.randn(rank, linear.in_features, generator=random) * 0.1
            weights[f"{key}_B.weight"] = torch.randn(linear.out_features, rank, generator=random) * 0.1
    save_file(weights, folder / "adapter_model.safetensors")
    settings = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": 2 * rank,
        "target_modules": list(targets),
        "bias": "none",
        "init_lora_weights": True,
        "modules_to_save": None,
        "use_dora": False,
        "use_rslora": False,
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings | config), encoding="utf-8")
    return folder


def merged(model: PreTrainedModel, folder: Path) -> PreTrainedModel:
    """Return a copy of a model, not quantized, with a `save_lora` adapter, alpha twice its rank, in its weights."""
    changed = copy.deepcopy(model)
    modules: dict[str, Any] = dict(changed.named_modules())
    weights = load_file(folder / "adapter_model.safetensors")
    with torch.no_grad():
        for key, down in weights.items():
            if key.endswith("lora_A.weight"):
                path = key.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
                weight = modules[path].weight
                weight += (2.0 * weights[key.replace("lora_A", "lora_B")] @ down).to(weight.dtype)
    return changed


def opened(folder: Path, **how: Any) -> PreTrainedModel:
    """Load a model that computes in fp32, unless told otherwise."""
    model = AutoModelForCausalLM.from_pretrained(folder, **{"dtype": torch.float32} | how)
    assert isinstance(model, PreTrainedModel)
    model.eval()
    return model


@torch.inference_mode()
def run(
    model: PreTrainedModel, rows: Sequence[tuple[str, list[int]]], adapters: Adapters | None = None
) -> list[torch.Tensor]:
    """Return each row's logits, [tokens, words], of one packed forward pass."""
    ends = [sum(len(tokens) for _name, tokens in rows[: number + 1]) for number in range(len(rows))]
    spans = [(name, slice(end - len(own), end)) for (name, own), end in zip(rows, ends, strict=True)]
    ids = torch.tensor([[token for _name, tokens in rows for token in tokens]])
    places = torch.tensor([[place for _name, tokens in rows for place in range(len(tokens))]])
    if adapters is None:
        logits = model(input_ids=ids, position_ids=places, use_cache=False).logits[0]
    else:
        with adapters.use(spans):
            logits = model(input_ids=ids, position_ids=places, use_cache=False).logits[0]
    return [logits[span] for _name, span in spans]


def same(found: object, expected: object) -> None:
    """Compare logits up to rounding: they are around 10, and another adapter moves them by 0.1 and more."""
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=5e-5)


def hooks(model: PreTrainedModel) -> int:
    """Return how many layers have a hook."""
    return sum(len(module._forward_hooks) for module in model.modules())
