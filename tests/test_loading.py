"""Prove that a model is loaded whole and quietly, and that what cannot be loaded is told with its remedy."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, PreTrainedModel

from bot.engine.backends.transformers import attention, loading, support
from bot.engine.backends.transformers.loading import Loaded, load
from bot.engine.backends.transformers.support import QUANTIZATIONS, LoadError
from bot.engine.memory import WORKING_BYTES, Quantization
from tests.tiny import Shape, edit_config, save_tiny


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Leave the other cores to others."""
    torch.set_num_threads(1)


def load_tiny(folder: Path, quantization: Quantization = "none", *, context: int = 1024) -> Loaded:
    """Load on the processor."""
    return load(folder, quantization=quantization, device="cpu", context=context)


@pytest.mark.parametrize("shape", ["llama", "qwen3"])
@pytest.mark.parametrize("quantization", QUANTIZATIONS)
def test_a_model_is_loaded_in_every_precision(
    tmp_path: Path, shape: Shape, quantization: Quantization
) -> None:
    """Linear layers are as asked, the head and the embeddings whole, and the paged attention is set."""
    loaded = load_tiny(save_tiny(tmp_path, shape), quantization)
    stored = {"nf4": torch.uint8, "int8": torch.int8, "none": torch.float32}[quantization]
    layer: Any = loaded.model.get_submodule("model.layers.0.mlp.up_proj")

    assert layer.weight.dtype == stored
    assert loaded.model.get_output_embeddings().weight.dtype == torch.float32
    assert loaded.model.config._attn_implementation == attention.IMPLEMENTATION
    assert (loaded.device.type, loaded.dtype) == ("cpu", torch.float32)
    assert loaded.vocabulary.size == loaded.config.vocab_size
    assert not loaded.model.training
    assert not any(weight.requires_grad for weight in loaded.model.parameters())


@pytest.mark.parametrize("quantization", QUANTIZATIONS)
def test_the_weights_take_what_was_computed(tmp_path: Path, quantization: Quantization) -> None:
    """The arithmetic that refuses what is too big is that of the memory they really take."""
    folder = save_tiny(tmp_path)
    loaded = load_tiny(folder, quantization)
    computed = support.weight_bytes(outline_of(folder), quantization, torch.float32)

    tables = 14 * 1500  # of each linear layer, bytes that counts in no real model
    assert computed <= loaded.weight_bytes <= computed + tables


def outline_of(folder: Path) -> PreTrainedModel:
    """Return a folder's model without weights."""
    return support.outline(support.read_config(folder))


def test_the_end_of_a_turn_is_found_wherever_it_stands(tmp_path: Path) -> None:
    """In the configuration, the generation configuration, the tokenizer, or by its usual name."""
    folder = save_tiny(tmp_path)
    ends = load_tiny(folder).vocabulary.ends
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [7, 9]}))
    edit_config(folder, eos_token_id=8)

    assert load_tiny(folder).vocabulary.ends == ends | {7, 8, 9}


def test_loading_says_nothing_on_standard_output(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The address of the server is told there."""
    load_tiny(save_tiny(tmp_path), "nf4")

    assert capfd.readouterr().out == ""


def test_quantized_logits_are_near_the_plain_ones(tmp_path: Path) -> None:
    """The weights came to their places: noise would have no likeness."""
    folder = save_tiny(tmp_path)
    tokens = torch.arange(3, 40)[None]
    logits = {}
    for quantization in QUANTIZATIONS:
        model = load_tiny(folder, quantization).model
        model.set_attn_implementation("sdpa")
        with torch.inference_mode():
            logits[quantization] = model(tokens).logits[0].flatten()

    plain = logits.pop("none")
    likeness = {name: torch.cosine_similarity(plain, other, dim=0).item() for name, other in logits.items()}
    assert likeness["nf4"] > 0.7
    assert likeness["int8"] > 0.99


def test_weights_that_are_quantized_already_stay_so(tmp_path: Path) -> None:
    """What was rounded to four bits is not made whole again, whatever the host asks for."""
    (tmp_path / "plain").mkdir()
    first = load_tiny(save_tiny(tmp_path / "plain"), "nf4")
    first.model.save_pretrained(tmp_path / "quantized")
    first.vocabulary.tokenizer.save_pretrained(tmp_path / "quantized")
    again = load_tiny(tmp_path / "quantized", "none")
    layer: Any = again.model.get_submodule("model.layers.0.mlp.up_proj")

    assert layer.weight.dtype == torch.uint8
    assert again.weight_bytes == first.weight_bytes


def without(name: str) -> Callable[[Path], None]:
    """Return what removes a file."""
    return lambda folder: (folder / name).unlink()


def cut(folder: Path) -> None:
    """Cut the weights file, as an interrupted copy leaves it."""
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def lose_a_tensor(folder: Path) -> None:
    """Write the weights without one of them."""
    tensors = load_file(folder / "model.safetensors")
    tensors.pop("model.layers.1.mlp.up_proj.weight")
    save_file(tensors, folder / "model.safetensors")


def lose_a_shard(folder: Path) -> None:
    """Name a second file that is not there."""
    names = {"model.norm.weight": "model.safetensors", "lm_head.weight": "model-2.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))


def lose_the_template(folder: Path) -> None:
    """Leave a base model's tokenizer."""
    for path in folder.glob("*.jinja"):
        path.unlink()


def change(**keys: object) -> Callable[[Path], None]:
    """Return what changes keys of the configuration."""
    return lambda folder: edit_config(folder, **keys)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (without("config.json"), r"has no config\.json: it is not the folder of a model"),
        (without("model.safetensors"), r"no \*\.safetensors files: take a repository"),
        (without("tokenizer.json"), r"tokenizer"),
        (lose_the_template, "no chat template.*take its instruct version"),
        (cut, r"model\.safetensors is damaged .*download it again"),
        (lose_a_tensor, r"not whole \(missing_keys: model\.layers\.1\.mlp\.up_proj\.weight\)"),
        (lose_a_shard, r"model-2\.safetensors is missing"),
        (change(intermediate_size=96), "mismatch|size"),
        (change(model_type="nonsense"), "kind nonsense cannot be run"),
        (change(layer_types=["linear_attention", "full_attention"]), "layers of the kind linear_attention"),
        (change(model_type="lfm2", layer_types=["conv", "full_attention"]), "layers of the kind conv"),
        (change(attn_logit_softcapping=50.0), "softcapping"),
        (change(kv_lora_rank=512), "latent attention"),
        (change(is_encoder_decoder=True), "an encoder"),
        (change(vision_config={"depth": 2}), "pictures"),
        (change(quantization_config={"quant_method": "gptq"}), "quantized by gptq already"),
        (change(max_position_embeddings=512), "reads 512 tokens at most: set context"),
    ],
)
def test_what_cannot_be_loaded_is_told_in_one_line(
    tmp_path: Path, harm: Callable[[Path], None], said: str
) -> None:
    """Whatever is wrong with the folder, the host reads what it is and what helps."""
    harm(save_tiny(tmp_path))
    with pytest.raises(LoadError, match=said) as caught:
        load_tiny(tmp_path)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["mamba", "t5", "gpt_oss", "gemma2", "deepseek_v3", "qwen3_next", "rwkv"])
def test_a_foreign_architecture_is_refused(tmp_path: Path, kind: str) -> None:
    """Recurrent layers, encoders, sinks, softcapping and latent attention are none of the paged attention's."""
    save_tiny(tmp_path)
    AutoConfig.for_model(kind).save_pretrained(tmp_path)
    with pytest.raises(LoadError, match=f"kind {kind} cannot be run here, because"):
        support.outline(support.read_config(tmp_path))


@pytest.mark.parametrize(
    "kind", ["llama", "mistral", "qwen2", "qwen3", "gemma", "phi3", "smollm3", "granite", "olmo2"]
)
def test_a_common_architecture_is_taken(tmp_path: Path, kind: str) -> None:
    """Plain attention, with or without a window."""
    AutoConfig.for_model(kind).save_pretrained(tmp_path)
    assert outline_of(tmp_path).config.model_type == kind


def test_weights_that_do_not_fit_are_refused_with_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Needed and free memory are told, and what would fit."""
    folder = save_tiny(tmp_path)
    spare = WORKING_BYTES["cpu"] + 1024 * support.kv_bytes(outline_of(folder).config, torch.float32)
    monkeypatch.setattr(loading, "free_bytes", lambda _: spare + 260_000)
    with pytest.raises(
        LoadError, match=r"needs 0\.2 GB with one story of 1024 .* has 0\.2 GB free: set quantization"
    ):
        load_tiny(folder)
    load_tiny(folder, "nf4")
    monkeypatch.setattr(loading, "free_bytes", lambda _: spare + 400_000)
    with pytest.raises(LoadError, match=r'set quantization = "int8"$'):
        load_tiny(folder)

    monkeypatch.setattr(loading, "free_bytes", lambda _: spare)
    with pytest.raises(LoadError, match="take a smaller model"):
        load_tiny(folder, "nf4")


def test_a_missing_card_is_told() -> None:
    """Where torch sees none, the remedy is named."""
    if torch.cuda.is_available():
        pytest.skip("there is a card")
    with pytest.raises(LoadError, match="no CUDA card"):
        load(Path("anywhere"), quantization="nf4", device="cuda", context=1024)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")
def test_a_model_is_loaded_onto_the_card(tmp_path: Path) -> None:
    """In half precision, quantized."""
    loaded = load(save_tiny(tmp_path), quantization="nf4", device="cuda", context=1024)

    assert {weight.device.type for weight in loaded.model.parameters()} == {"cuda"}
    assert loaded.dtype in {torch.bfloat16, torch.float16}
