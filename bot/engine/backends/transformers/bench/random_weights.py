"""Make a model of a real architecture with random weights: as fast as the real one, with nothing to be fetched.

Each linear layer is drawn on the device and quantized at once, so that the whole model is never there in full size.
"""

from typing import Any

import torch
from accelerate import init_empty_weights  # type: ignore[import-untyped]  # it has no types
from bitsandbytes.nn.modules import Int8Params, Linear4bit, Linear8bitLt, Params4bit
from tokenizers import Tokenizer, models
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedTokenizerFast

from bot.engine.backends.transformers import attention
from bot.engine.backends.transformers.loading import Loaded
from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.memory import Quantization

SPREAD = 0.02  # standard deviation of a weight: what models are usually initialized with


def random_model(
    config: PreTrainedConfig,
    *,
    quantization: Quantization,
    device: torch.device,
    dtype: torch.dtype,
    seed: int = 0,
) -> Loaded:
    """Return a model whose words mean nothing, ready to be run."""
    attention.register()
    torch.manual_seed(seed)
    with init_empty_weights(include_buffers=False):
        model = AutoModelForCausalLM.from_config(
            config, dtype=dtype, attn_implementation=attention.IMPLEMENTATION
        )
    head = model.get_output_embeddings()
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and module is not head and quantization != "none":
            model.set_submodule(name, _quantized(module, quantization, device, dtype))
        else:
            _draw(module, device, dtype)
    model.tie_weights()
    model.eval().requires_grad_(False)
    return Loaded(
        model=model,
        vocabulary=Vocabulary(_tokenizer(config.vocab_size), config.vocab_size, frozenset({0})),
        config=config,
        device=device,
        dtype=dtype,
        weight_bytes=sum(weight.nbytes for weight in model.parameters()),
    )


def _draw(module: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
    """Give a module its own parameters, and bring its buffers over."""
    for name, parameter in list(module.named_parameters(recurse=False)):
        if parameter.ndim > 1:
            drawn = _normal(parameter.shape, device, dtype)
        else:  # a norm's scale, or a bias
            drawn = torch.full(parameter.shape, float(name == "weight"), device=device, dtype=dtype)
        module.register_parameter(name, nn.Parameter(drawn, requires_grad=False))
    for name, buffer in list(module.named_buffers(recurse=False)):
        setattr(module, name, buffer.to(device))


def _quantized(
    linear: nn.Linear, quantization: Quantization, device: torch.device, dtype: torch.dtype
) -> nn.Module:
    """Return a linear layer of the same shape, drawn and packed."""
    shape = {"input_features": linear.in_features, "output_features": linear.out_features}
    drawn = _normal(linear.weight.shape, device, dtype)
    packed: Any
    weight: Any
    with torch.device("meta"):
        if quantization == "int8":
            packed = Linear8bitLt(**shape, bias=linear.bias is not None, has_fp16_weights=False)
        else:
            packed = Linear4bit(
                **shape,
                bias=linear.bias is not None,
                compute_dtype=dtype,
                compress_statistics=True,
                quant_type="nf4",
            )
    if quantization == "int8":
        weight = Int8Params(drawn, requires_grad=False, has_fp16_weights=False)
    else:
        weight = Params4bit(
            drawn, requires_grad=False, compress_statistics=True, quant_type="nf4", module=packed
        )
    packed.weight = weight.to(device)
    if linear.bias is not None:
        packed.bias = nn.Parameter(torch.zeros(linear.out_features, device=device, dtype=dtype), False)
    return packed  # type: ignore[no-any-return]  # a module, by the library's untyped classes


def _normal(shape: torch.Size, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    return torch.empty(shape, device=device, dtype=dtype).normal_(std=SPREAD)


def _tokenizer(size: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer in which every token is a word of its own."""
    words = {f"w{number}": number for number in range(size)}
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="w0")))
