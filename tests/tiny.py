"""Make tiny models of real architectures with random weights, and a real tokenizer, to be loaded from a folder."""

import json
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

Shape = Literal["llama", "qwen3"]

SPECIAL = ("<|im_start|>", "<|im_end|>")
TEXTS = (
    "The keeper counted the ships again, and one more light stood on the water than there should have been.",
    "On the third day the crew of the Petrel saw an island; nobody spoke of what the lamp had shown.",
    "他们走到港口的时候，雨已经停了。谁也没有提起那盏灯照见的东西。",
)
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


# Heads are grouped, and weights large enough that the likeliest token depends on the whole prompt.
SIZES: dict[str, Any] = {
    "vocab_size": 400,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "initializer_range": 0.3,
}


def save_tiny(folder: Path, shape: Shape = "llama", *, seed: int = 0) -> Path:
    """Write a model of two layers and its tokenizer into a folder, and return the folder."""
    tokenizer = tiny_tokenizer()
    assert len(tokenizer) == SIZES["vocab_size"]
    config = SIZES | {
        "max_position_embeddings": 4096,
        "bos_token_id": tokenizer.convert_tokens_to_ids(SPECIAL[0]),
        "eos_token_id": tokenizer.convert_tokens_to_ids(SPECIAL[1]),
        "tie_word_embeddings": False,
    }
    torch.manual_seed(seed)
    model = (
        LlamaForCausalLM(LlamaConfig(**config))
        if shape == "llama"
        else Qwen3ForCausalLM(Qwen3Config(**config))
    )
    save_file(
        {name: value.contiguous() for name, value in model.state_dict().items()}, folder / "model.safetensors"
    )
    model.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Return a byte-level tokenizer: any text comes back whole, and a Chinese character takes several tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZES["vocab_size"],
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=SPECIAL[0], eos_token=SPECIAL[1], pad_token=SPECIAL[1]
    )
    fast.chat_template = CHAT
    return fast


def make_endless(folder: Path) -> Path:
    """Make a saved model all but never end its text by itself, at the usual `min_p`, and return its folder."""
    path = folder / "model.safetensors"
    weights = load_file(path)
    end = json.loads((folder / "config.json").read_text())["eos_token_id"]
    weights["lm_head.weight"][end] = 0
    save_file(weights, path)
    return folder


def edit_config(folder: Path, **changes: object) -> None:
    """Change keys of a saved model's config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
