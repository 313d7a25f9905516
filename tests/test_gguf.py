"""Prove that a GGUF file becomes a folder of safetensors once, whole or not at all."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from bot.engine.backends.transformers import gguf
from bot.engine.backends.transformers.gguf import converted
from bot.engine.backends.transformers.support import LoadError


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
