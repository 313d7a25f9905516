"""Prove that a GGUF file becomes a folder of safetensors once, whole or not at all."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGUFReader, GGUFWriter
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from bot.engine.backends.llamacpp import LlamaCpp, LlamaCppSettings
from bot.engine.backends.transformers import gguf, positions
from bot.engine.backends.transformers.gguf import converted
from bot.engine.backends.transformers.loading import load
from bot.engine.backends.transformers.support import LoadError
from bot.engine.models import resolve
from tests.tiny import CHAT, TEXTS, edit_config, save_tiny
from tests.tiny_gguf import write_gguf


@pytest.mark.model
def test_the_embedded_model_writes_sense_after_conversion(smollm2_folder: Path) -> None:
    """Weights, tokenizer, chat template and end of turn came over: it answers a simple question, and stops."""
    torch.set_num_threads(1)
    tokenizer: Any = AutoTokenizer.from_pretrained(smollm2_folder)
    model: Any = AutoModelForCausalLM.from_pretrained(smollm2_folder, dtype=torch.float32)
    question = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = tokenizer.apply_chat_template(
        question, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    written = model.generate(**prompt, max_new_tokens=24, do_sample=False)
    answer = tokenizer.decode(written[0, prompt["input_ids"].shape[1] :])

    assert "Paris" in answer
    assert answer.endswith("<|im_end|>")


def test_a_conversion_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is found by the file's content, wherever the file stands; another content is another folder."""
    done: list[str] = []

    def convert(source: Path, folder: Path) -> None:
        done.append(source.name)
        (folder / "config.json").write_text("{}")

    monkeypatch.setattr(gguf, "_convert", convert)
    for name, content in (("a", b"tale"), ("b", b"tale"), ("c", b"another")):
        (tmp_path / f"{name}.gguf").write_bytes(content)
    first, same, other = [converted(tmp_path / f"{name}.gguf", cache=tmp_path / "cache") for name in "abc"]

    assert done == ["a.gguf", "c.gguf"]
    assert first == same != other
    assert (first / "config.json").is_file()


def test_a_conversion_that_was_cut_off_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it left behind is cleared away, by itself or, where it was killed, by the next."""
    source = tmp_path / "tale.gguf"
    source.write_bytes(b"tale")

    def cut_off(_: Path, folder: Path) -> None:
        (folder / "half.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(gguf, "_convert", cut_off)
    with pytest.raises(KeyboardInterrupt):
        converted(source, cache=tmp_path)
    assert [path.suffix for path in (tmp_path / "storyloom").iterdir()] == [".lock"]

    monkeypatch.setattr(gguf, "_convert", lambda _, folder: (folder / "config.json").write_text("{}"))
    killed = next((tmp_path / "storyloom").iterdir()).with_suffix(".incomplete")
    killed.mkdir()
    (killed / "half.safetensors").write_bytes(b"half")

    assert [path.name for path in converted(source, cache=tmp_path).iterdir()] == ["config.json"]


@pytest.mark.parametrize("content", [b"", b"GGUF" + b"\x03\0\0\0" + b"\xff" * 60], ids=["empty", "noise"])
def test_a_broken_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    """The sentence names the file and what else may be done."""
    source = tmp_path / "broken.gguf"
    source.write_bytes(content)
    with pytest.raises(LoadError, match=r"broken\.gguf cannot be converted .*llamacpp") as caught:
        converted(source, cache=tmp_path)

    assert "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The sentence names the folder."""
    source = tmp_path / "tale.gguf"
    source.write_bytes(b"tale")
    with pytest.raises(LoadError, match=r"tale\.gguf cannot be converted into .*tale\.gguf/storyloom"):
        converted(source, cache=source)


def test_every_weight_and_word_comes_over(tmp_path: Path) -> None:
    """Beside another model's files, too: what stands in the file counts."""
    for name, seed in (("tale", 0), ("other", 1)):
        (tmp_path / name).mkdir()
        save_tiny(tmp_path / name, seed=seed)
    lose_the_template(tmp_path / "other")
    source = write_gguf(tmp_path / "other" / "tale.gguf", tmp_path / "tale")
    folder = converted(source, cache=tmp_path)
    first, second = (load_file(path / "model.safetensors") for path in (tmp_path / "tale", folder))
    loaded = load(folder, quantization="none", device="cpu", context=1024)
    original: Any = AutoTokenizer.from_pretrained(tmp_path / "tale")

    assert first.keys() == second.keys()
    assert all(torch.equal(first[name].bfloat16(), second[name]) for name in first)
    assert loaded.vocabulary.tokenizer.chat_template == CHAT
    assert loaded.vocabulary.ends == {original.eos_token_id}
    for text in (*TEXTS, "12 ships<|im_end|>"):
        assert loaded.vocabulary.tokenizer.encode(text) == original.encode(text)


def lose_the_template(folder: Path) -> None:
    """Leave a base model's tokenizer."""
    for path in folder.glob("*.jinja"):
        path.unlink()


def test_a_long_context_comes_over(tmp_path: Path) -> None:
    """The library leaves it behind."""
    save_tiny(tmp_path)
    edit_config(tmp_path, max_position_embeddings=131_072)
    factors = positions.llama3_factors(10_000.0, 8.0, 8)
    folder = converted(write_gguf(tmp_path / "long.gguf", tmp_path, rope_factors=factors), cache=tmp_path)
    told = json.loads((folder / "config.json").read_text())["rope_parameters"]

    assert told == {"rope_type": "llama3", "rope_theta": 10_000.0, "factor": 8.0, **positions.LLAMA3}


def test_a_full_machine_is_told_before_the_conversion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory and disk are looked at first."""
    source = write_gguf(tmp_path / "tale.gguf", save_tiny(tmp_path))
    full = shutil.disk_usage(tmp_path)._replace(free=1000)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: full)
        with pytest.raises(
            LoadError, match=r"to convert it, 0\.0 GB are needed in .*storyloom, and 0\.0 GB are free"
        ):
            converted(source, cache=tmp_path)
    monkeypatch.setattr(gguf, "free_bytes", lambda _: 1000)
    with pytest.raises(LoadError, match="are needed in memory"):
        converted(source, cache=tmp_path)


def written(path: Path, *, kind: str = "", factors: list[float] | None = None) -> GGUFReader:
    """Write a file that says how positions are stretched, and nothing else, and return its reader."""
    writer = GGUFWriter(path, "llama")
    if kind:
        writer.add_string("llama.rope.scaling.type", kind)
    writer.add_tensor("token_embd.weight", np.zeros((4, 4), dtype=np.float32))
    if factors:
        writer.add_tensor("rope_freqs.weight", np.array(factors, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return GGUFReader(path)


@pytest.mark.parametrize(("factor", "theta", "width"), [(8.0, 500_000.0, 128), (32.0, 500_000.0, 64)])
def test_llama_31s_long_context_comes_over(tmp_path: Path, factor: float, theta: float, width: int) -> None:
    """The library makes the same frequencies of the parameters as the file's divisors do."""
    plain = 1 / theta ** (torch.arange(0, width, 2) / width)
    parameters = {"rope_type": "llama3", "rope_theta": theta, "factor": factor, **positions.LLAMA3}
    config = LlamaConfig(head_dim=width, rope_parameters=parameters, max_position_embeddings=131_072)
    divided, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
    factors = (plain / divided).tolist()

    assert positions.stretched(written(tmp_path / "a.gguf", factors=factors), theta) == parameters
    factors[width // 4] *= 1.5
    with pytest.raises(LoadError, match="stretches positions in a way that cannot be converted"):
        positions.stretched(written(tmp_path / "b.gguf", factors=factors), theta)


def test_other_stretching_is_refused_and_none_is_none(tmp_path: Path) -> None:
    """A long story read with wrong positions would turn to nonsense, without any error."""
    assert positions.stretched(written(tmp_path / "a.gguf"), 10_000.0) == {}
    assert positions.stretched(written(tmp_path / "b.gguf", kind="none"), 10_000.0) == {}
    with pytest.raises(LoadError, match=r"\(yarn\)"):
        positions.stretched(written(tmp_path / "c.gguf", kind="yarn"), 10_000.0)


@pytest.mark.model
async def test_the_converted_tokenizer_splits_as_llama_cpp_does(smollm2_folder: Path) -> None:
    """Split in another way, words would be tokens that the model was not taught."""
    tokenizer: Any = AutoTokenizer.from_pretrained(smollm2_folder)
    texts = [
        "In 1984, 3 ships' lights shone.",
        "  two  spaces\n\n\tand a tab",
        "He said: “don't!”",
        "他们走到港口。",
        "🙂 naïve",
    ]
    info = await resolve("embedded", context=1024)
    async with LlamaCpp(info, LlamaCppSettings(parallel=1, threads=1)) as backend:
        counted = [await backend.count_tokens(text) for text in texts]

    assert [len(tokenizer.encode(text, add_special_tokens=False)) for text in texts] == counted
