"""Prove that only an adapter that fits the model is taken, and that its settings mean what they mean to PEFT."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from bot.engine.backends.transformers.adapter_files import AdapterError
from bot.engine.backends.transformers.adapters import Adapters
from tests.lora import hooks, merged, opened, run, same, save_lora
from tests.tiny import save_tiny

PROMPT = [200, 31, 7, 7, 60, 120, 18]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Leave the other cores to others."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedModel:
    """Load a tiny model once."""
    return opened(save_tiny(tmp_path_factory.mktemp("model")))


@pytest.fixture
def llama(loaded: PreTrainedModel) -> PreTrainedModel:
    """Copy a tiny model for what does not depend on the shape."""
    return copy.deepcopy(loaded)


@pytest.mark.parametrize(
    "settings",
    [
        {"use_rslora": True, "lora_alpha": 4},
        {"alpha_pattern": {"_proj": 99, "proj": 99}, "rank_pattern": {"layers": 99}},
        {"lora_alpha": 1, "alpha_pattern": {"q_proj": 8, "layers.0.v_proj": 8, "v_proj|down_proj": 8}},
        {"r": 9, "rank_pattern": {r".*\.(q|v|down)_proj": 4}},
        {"target_modules": r".*\.(q_proj|v_proj|down_proj)"},
        {"target_modules": "all-linear", "exclude_modules": ["k_proj", "o_proj", "gate_proj", "up_proj"]},
        {"target_modules": ["self_attn.q_proj", "v_proj", "down_proj"], "init_lora_weights": "gaussian"},
        {"lora_dropout": 0.1, "inference_mode": True, "something_new": "unknown"},
    ],
)
def test_settings_mean_what_they_mean_to_peft(
    llama: PreTrainedModel, tmp_path: Path, settings: dict[str, Any]
) -> None:
    """Ranks, scales and targets by pattern are read; all these come to the scale that `merged` uses."""
    folder = save_lora(tmp_path / "fog", llama, seed=1, **settings)
    adapters = Adapters(llama)
    adapters.load("fog", folder)
    expected = run(merged(llama, folder), [("", PROMPT)])

    found = run(llama, [("fog", PROMPT)], adapters)

    same(found, expected)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"peft_type": "IA3"}, "type IA3"),
        ({"use_dora": True}, "uses use_dora"),
        ({"modules_to_save": ["lm_head"]}, "uses modules_to_save"),
        ({"bias": "all"}, "uses bias"),
        ({"init_lora_weights": "pissa"}, "uses init_lora_weights"),
        ({"r": 0}, "r: "),
        ({"r": 5}, r"has the shape \(4, \d+\), and \(5, \d+\) is needed"),
        ({"lora_alpha": "much"}, "lora_alpha: "),
        ({"target_modules": None}, "target_modules"),
        ({"target_modules": "("}, "no regular expression"),
        ({"rank_pattern": {"*": 2}}, "no regular expression"),
        ({"target_modules": ["q_proj", "v_proj"]}, "does not name"),
        ({"target_modules": ["proj"]}, "does not name"),
        ({"target_modules": "model"}, "does not name"),
        ({"target_modules": ["q_proj", "v_proj", "down_proj", "k_proj"]}, "has nothing for .*k_proj"),
    ],
)
def test_an_adapter_that_is_more_or_less_than_plain_lora_is_refused(
    llama: PreTrainedModel, tmp_path: Path, settings: dict[str, Any], reason: str
) -> None:
    """The host reads what is wrong, and the model is as it was."""
    adapters = Adapters(llama)

    with pytest.raises(AdapterError, match=reason):
        adapters.load("fog", save_lora(tmp_path / "fog", llama, seed=1, **settings))

    assert adapters.names == ()
    assert hooks(llama) == 0


Weights = dict[str, torch.Tensor]
Q = "base_model.model.model.layers.1.self_attn.q_proj"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda weights: weights.pop(f"{Q}.lora_B.weight"), "lora_B of .*q_proj is missing"),
        (
            lambda weights: weights.update({f"{Q}.lora_A.weight": torch.ones(4, 32)}),
            "does not fit this model",
        ),
        (lambda weights: weights[f"{Q}.lora_A.weight"].fill_(torch.nan), "damaged"),
        (lambda weights: weights.update({f"{Q}.lora_A.weight": torch.ones(4, 64).int()}), "damaged"),
        (lambda weights: weights.update({f"{Q}.lora_magnitude_vector": torch.ones(64)}), "magnitude_vector"),
        (lambda weights: weights.update({"model.layers.0.q_proj.weight": torch.ones(1)}), "not supported"),
        (
            lambda weights: weights.update({f"{Q.replace('1', '2')}.lora_A.weight": torch.ones(4, 64)}),
            "layers.2.self_attn.q_proj, which is no layer",
        ),
        (
            lambda weights: weights.update({"base_model.model.lm_head.lora_A.weight": torch.ones(4, 64)}),
            "lm_head, which is no layer",
        ),
        (lambda weights: weights.clear(), "no weights at all"),
    ],
)
def test_weights_for_another_model_are_refused(
    llama: PreTrainedModel, tmp_path: Path, change: Callable[[Weights], object], reason: str
) -> None:
    """Every matrix is compared with the model's layers before anything is changed."""
    folder = save_lora(tmp_path / "fog", llama, seed=1)
    weights = load_file(folder / "adapter_model.safetensors")
    weights = {key: value.clone() for key, value in weights.items()}
    change(weights)
    save_file(weights, folder / "adapter_model.safetensors")
    adapters = Adapters(llama)

    with pytest.raises(AdapterError, match=reason):
        adapters.load("fog", folder)

    assert adapters.names == ()
    assert hooks(llama) == 0


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("adapter_config.json", None, "adapter_config.json is missing"),
        ("adapter_config.json", b"{", "cannot be used: Invalid JSON"),
        ("adapter_config.json", b"[]", "cannot be used"),
        ("adapter_model.safetensors", None, "save it again as safetensors"),
        ("adapter_model.safetensors", b"\x08", "cannot be read"),
    ],
)
def test_a_folder_without_an_adapter_is_refused(
    llama: PreTrainedModel, tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    """A missing or damaged file is named."""
    folder = save_lora(tmp_path / "fog", llama, seed=1)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)

    with pytest.raises(AdapterError, match=reason):
        Adapters(llama).load("fog", folder)


def test_an_adapter_of_another_size_of_model_is_refused(llama: PreTrainedModel, tmp_path: Path) -> None:
    """One for a model with fewer layers of the same width would fit wherever it has weights."""
    folder = save_lora(tmp_path / "fog", llama, seed=1)
    weights = load_file(folder / "adapter_model.safetensors")
    save_file(
        {key: value.clone() for key, value in weights.items() if ".layers.0." in key},
        folder / "adapter_model.safetensors",
    )

    with pytest.raises(AdapterError, match=r"has nothing for model\.layers\.1"):
        Adapters(llama).load("fog", folder)

    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(config | {"layers_to_transform": [0]}))
    adapters = Adapters(llama)
    adapters.load("fog", folder)
    assert hooks(llama) == 3
    adapters.unload("fog")


def test_an_adapter_of_experts_is_refused(llama: PreTrainedModel, tmp_path: Path) -> None:
    """An expert sees only the tokens that were sent to it, so nobody could tell there whose they are."""
    llama.model.layers[0].mlp.experts = torch.nn.ModuleList([torch.nn.Linear(64, 64)])

    with pytest.raises(AdapterError, match=r"mlp\.experts\.0, which is no layer"):
        Adapters(llama).load("fog", save_lora(tmp_path / "fog", llama, seed=1, targets=["0"]))
