"""Load a causal language model from a folder, quantized on the way, or say in one sentence why that cannot be."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from bot.engine.backends.transformers import attention
from bot.engine.backends.transformers.gguf import converted
from bot.engine.backends.transformers.quiet import hush
from bot.engine.backends.transformers.room import free_bytes
from bot.engine.backends.transformers.support import (
    QUANTIZATIONS,
    LoadError,
    kv_bytes,
    outline,
    read_config,
    require_weights,
    weight_bytes,
)
from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.memory import WORKING_BYTES, Quantization
from bot.engine.models import default_cache

log = structlog.get_logger(__name__)

TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|return|>")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Hold a model that is ready to be run."""

    model: PreTrainedModel
    vocabulary: Vocabulary
    config: PreTrainedConfig
    device: torch.device
    dtype: torch.dtype
    weight_bytes: int


def load(
    path: Path, *, quantization: Quantization, device: str, context: int, cache: Path | None = None
) -> Loaded:
    """Load the model in a folder or GGUF file onto `cuda` or `cpu`, its attention set to the paged one.

    What a GGUF file is converted to is kept in `cache`, without one in the hub's own cache folder. Raises LoadError
    where there is no model, the model is none that can be run, or the memory is too small for its weights and one
    story of `context` tokens.
    """
    hush()
    attention.register()
    place = _device(device)
    dtype = _dtype(place)
    folder = converted(path, cache=cache or default_cache()) if path.is_file() else path
    config = read_config(folder)
    require_weights(folder)
    tokenizer = _tokenizer(folder)
    quantization = _given(config) or quantization
    empty = outline(config)
    _require_context(config, context)
    _require_memory(empty, quantization, dtype, place, context)
    model = _model(folder, config, quantization, dtype, place)
    if place.type == "cuda":
        torch.cuda.empty_cache()  # what loading left over is for stories
    return Loaded(
        model=model,
        vocabulary=Vocabulary(tokenizer, config.vocab_size, _ends(model, tokenizer)),
        config=config,
        device=place,
        dtype=dtype,
        weight_bytes=_bytes(model),
    )


def _device(name: str) -> torch.device:
    if name == "cuda" and not torch.cuda.is_available():
        raise LoadError(
            'torch sees no CUDA card: check the driver with nvidia-smi, or set backend = "llamacpp"'
        )
    return torch.device("cuda", torch.cuda.current_device()) if name == "cuda" else torch.device(name)


def _dtype(device: torch.device) -> torch.dtype:
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def _given(config: PreTrainedConfig) -> Quantization | None:
    """Return how a model's weights are quantized already, if they are: that cannot be undone."""
    given = getattr(config, "quantization_config", None)
    if not given:
        return None
    found: Quantization = "nf4" if given.get("load_in_4bit") else "int8"
    log.info("the model's weights are quantized already", quantization=found)
    return found


def _tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # whatever a tokenizer's own code raises, it is told with its cause
        raise LoadError(f"its tokenizer cannot be read ({_line(error)}): download the model again") from error
    if not isinstance(tokenizer, PreTrainedTokenizerFast) or len(tokenizer) == 0:
        raise LoadError(f"{folder} has no tokenizer.json: take a repository that has one")
    if not tokenizer.chat_template:
        raise LoadError("it has no chat template, so it only goes on with texts: take its instruct version")
    return tokenizer


def _require_context(config: PreTrainedConfig, context: int) -> None:
    longest = getattr(config, "max_position_embeddings", None)
    if longest and context > longest:
        raise LoadError(f"it reads {longest} tokens at most: set context to that under [model]")


def _require_memory(
    empty: PreTrainedModel, quantization: Quantization, dtype: torch.dtype, device: torch.device, context: int
) -> None:
    """Compare what the weights and one story need with what is free."""
    spare = context * kv_bytes(empty.config, dtype) + WORKING_BYTES[device.type]
    free = free_bytes(device)
    needed = weight_bytes(empty, quantization, dtype) + spare
    if needed <= free:
        return
    smaller = [q for q in QUANTIZATIONS if weight_bytes(empty, q, dtype) + spare <= free]
    remedy = f'set quantization = "{smaller[-1]}"' if smaller else "take a smaller model"
    where = "the card" if device.type == "cuda" else "the memory"
    raise LoadError(
        f"it needs {needed / 1e9:.1f} GB with one story of {context} tokens, and {where} has {free / 1e9:.1f} GB "
        f"free: {remedy}"
    )


def _model(
    folder: Path,
    config: PreTrainedConfig,
    quantization: Quantization,
    dtype: torch.dtype,
    device: torch.device,
) -> PreTrainedModel:
    options: dict[str, Any] = {}
    if quantization != "none" and not hasattr(config, "quantization_config"):
        options["quantization_config"] = _quantizer(quantization, dtype)
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            device_map={"": device},
            attn_implementation=attention.IMPLEMENTATION,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            **options,
        )
    except torch.OutOfMemoryError as error:
        raise LoadError(
            "the card's memory is full: close what else runs on it, or take a smaller model"
        ) from error
    except torch.AcceleratorError as error:
        raise LoadError(
            f'the card fails ({_line(error)}): update its driver, or set backend = "llamacpp"'
        ) from error
    except Exception as error:  # a library's own words, in one line
        raise LoadError(f"its weights cannot be loaded ({_line(error)}): download the model again") from error
    model: PreTrainedModel = loaded[0]
    _require_whole(loaded[1])
    model.requires_grad_(False).eval()
    return model


def _bytes(model: PreTrainedModel) -> int:
    """Return what the weights take, the scales of quantized ones too; tied ones count once."""
    parts = {part.data_ptr(): part.nbytes for part in model.state_dict().values() if torch.is_tensor(part)}
    return sum(parts.values())


def _require_whole(told: Mapping[str, Any]) -> None:
    """Refuse a model of which some weights are not in the files: it would write noise."""
    for what in ("missing_keys", "mismatched_keys", "error_msgs"):
        if found := sorted(map(str, told.get(what) or ())):
            raise LoadError(f"its weights are not whole ({what}: {found[0]}): download the model again")


def _quantizer(quantization: Quantization, dtype: torch.dtype) -> BitsAndBytesConfig:
    if quantization == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def _ends(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> frozenset[int]:
    """Return the tokens that end a turn, wherever a model says so."""
    told = [model.generation_config.eos_token_id, model.config.eos_token_id, tokenizer.eos_token_id]
    ends = {token for ids in told for token in (ids if isinstance(ids, list) else [ids]) if token is not None}
    known = tokenizer.get_vocab()
    return frozenset(ends | {known[text] for text in TURN_ENDS if text in known})


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
