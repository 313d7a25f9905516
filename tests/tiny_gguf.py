"""Write a tiny model as a GGUF file, as llama.cpp's converter would."""

import json
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.torch import load_file

from tests.tiny import CHAT

NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
PARTS = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_gguf(path: Path, folder: Path, *, rope_factors: list[float] | None = None) -> Path:
    """Write the Llama that `save_tiny` left in a folder into a file, and return the file."""
    config = json.loads((folder / "config.json").read_text())
    writer = gguf.GGUFWriter(path, "llama")
    _describe(writer, config)
    _add_words(writer, json.loads((folder / "tokenizer.json").read_text()), config)
    for name, tensor in load_file(folder / "model.safetensors").items():
        writer.add_tensor(_named(name), _turned(name, tensor, config))
    if rope_factors:
        writer.add_tensor("rope_freqs.weight", np.array(rope_factors, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _describe(writer: gguf.GGUFWriter, config: dict[str, int]) -> None:
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_rope_freq_base(10_000.0)


def _add_words(
    writer: gguf.GGUFWriter, tokenizer: dict[str, dict[str, object]], config: dict[str, int]
) -> None:
    vocabulary: dict[str, int] = tokenizer["model"]["vocab"]  # type: ignore[assignment]  # as the file has it
    merges: list[list[str]] = tokenizer["model"]["merges"]  # type: ignore[assignment]  # likewise
    words = sorted(vocabulary, key=lambda word: vocabulary[word])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(words)
    writer.add_token_types([3 if word.startswith("<|") else 1 for word in words])
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_chat_template(CHAT)


def _named(name: str) -> str:
    if name in NAMES:
        return NAMES[name]
    _model, _layers, layer, part = name.split(".", 3)
    return f"blk.{layer}.{PARTS[part.removesuffix('.weight')]}.weight"


def _turned(
    name: str, tensor: torch.Tensor, config: dict[str, int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return a weight's numbers; llama.cpp has the rows of queries and keys in another order."""
    heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}
    count = next((config[key] for part, key in heads.items() if part in name), 0)
    numbers: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = tensor.float().numpy()
    if not count:
        return numbers
    rows, columns = numbers.shape
    return numbers.reshape(count, 2, rows // count // 2, columns).swapaxes(1, 2).reshape(rows, columns)
