"""Tell whether a model is one that can be run here, and what its weights take, before any of them is read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from bot.engine.memory import NF4_BYTES, ROW_SCALE, Quantization

QUANTIZATIONS: tuple[Quantization, ...] = get_args(Quantization)

ATTENTIONS = {"full_attention", "sliding_attention"}
# Keys of a configuration that change how attention is computed, in a way that the paged attention does not know.
FOREIGN = {
    "attn_logit_softcapping": "attention logit softcapping",
    "kv_lora_rank": "latent attention",
    "is_encoder_decoder": "an encoder",
    "vision_config": "an eye for pictures",
    "audio_config": "an ear for sounds",
}
INDEX = "model.safetensors.index.json"


class LoadError(Exception):
    """Say in one sentence why a model cannot be loaded, and what would help."""


def read_config(folder: Path) -> PreTrainedConfig:
    """Return a folder's configuration; raises LoadError where its architecture cannot be run here."""
    raw = _json(folder / "config.json")
    reasons = [f"it has {what}" for key, what in FOREIGN.items() if raw.get(key)]
    if layers := set(raw.get("layer_types") or ()) - ATTENTIONS:
        reasons.append(f"it has layers of the kind {', '.join(sorted(layers))}")
    if reasons:
        raise _unsupported(raw, reasons[0])
    _require_plain(raw)
    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise _unsupported(raw, _first_line(error)) from error
    return config


def outline(config: PreTrainedConfig) -> PreTrainedModel:
    """Return the model without its weights; raises LoadError where its class cannot be run here."""
    raw = {"model_type": config.model_type}
    try:
        with torch.device("meta"):
            model: PreTrainedModel = AutoModelForCausalLM.from_config(config)
    except Exception as error:  # whatever an unforeseen architecture raises, it cannot be run
        raise _unsupported(raw, _first_line(error)) from error
    if not model._supports_attention_backend:
        raise _unsupported(raw, "its attention cannot be exchanged")
    layers = set(getattr(model.config, "layer_types", None) or ()) - ATTENTIONS
    if layers:
        raise _unsupported(raw, f"it has layers of the kind {', '.join(sorted(layers))}")
    if any(name.endswith("sinks") for name, _ in model.named_parameters()):
        raise _unsupported(raw, "it has attention sinks")
    return model


def require_weights(folder: Path) -> None:
    """Look at the head of every weights file; raises LoadError where one is missing or damaged."""
    for path in _weight_files(folder):
        try:
            with safe_open(path, framework="pt") as file:
                file.keys()
        except FileNotFoundError:
            raise LoadError(f"{path.name} is missing in {folder}: download the model again") from None
        except (SafetensorError, OSError) as error:
            raise LoadError(f"{path.name} is damaged ({error}): download it again") from error


def weight_bytes(model: PreTrainedModel, quantization: Quantization, dtype: torch.dtype) -> int:
    """Return what a model's weights take in memory: linear layers quantized, the rest as `dtype`."""
    linears = {id(weight) for weight in _linear_weights(model)} if quantization != "none" else set()
    total = 0.0
    for weight in model.parameters():
        if id(weight) not in linears:
            total += weight.numel() * dtype.itemsize
        elif quantization == "nf4":
            total += weight.numel() * NF4_BYTES
        else:
            total += weight.numel() + weight.shape[0] * ROW_SCALE
    return round(total)


def kv_bytes(config: PreTrainedConfig, dtype: torch.dtype) -> int:
    """Return the bytes that the keys and values of one token take, over all layers."""
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * width * dtype.itemsize)


def _linear_weights(model: PreTrainedModel) -> list[torch.Tensor]:
    """Return the weights that are quantized: all linear layers but the head."""
    head = model.get_output_embeddings()
    return [part.weight for part in model.modules() if isinstance(part, nn.Linear) and part is not head]


def _weight_files(folder: Path) -> list[Path]:
    if (folder / INDEX).is_file():
        return [folder / name for name in sorted(set(_json(folder / INDEX).get("weight_map", {}).values()))]
    if not (files := sorted(folder.glob("*.safetensors"))):
        raise LoadError(
            f"{folder} has no *.safetensors files: take a repository that has its weights in that form"
        )
    return files


def _json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LoadError(f"{path.parent} has no {path.name}: it is not the folder of a model") from None
    except (ValueError, OSError) as error:
        raise LoadError(f"{path} cannot be read ({_first_line(error)}): download the model again") from error
    if not isinstance(read, dict):
        raise LoadError(f"{path} does not describe a model: download the model again")
    return read


def _require_plain(raw: Mapping[str, Any]) -> None:
    """Refuse weights that are quantized already, other than by bitsandbytes."""
    method = (raw.get("quantization_config") or {}).get("quant_method", "bitsandbytes")
    if method != "bitsandbytes":
        raise LoadError(
            f"its weights are quantized by {method} already: take the repository with its plain weights"
        )


def _unsupported(raw: Mapping[str, Any], reason: str) -> LoadError:
    return LoadError(
        f"a model of the kind {raw.get('model_type', 'unknown')} cannot be run here, because {reason}: "
        'take another model, or its GGUF file with backend = "llamacpp"'
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
