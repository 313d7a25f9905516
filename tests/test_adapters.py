"""Prove that LoRA adapters change their own rows of a batch, exactly, and nothing else."""

import copy
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from bitsandbytes.nn.modules import Linear4bit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from transformers import BitsAndBytesConfig, PreTrainedModel

from bot.engine.backends.transformers import adapters as adapters_module
from bot.engine.backends.transformers.adapter_files import AdapterError
from bot.engine.backends.transformers.adapters import Adapters
from tests.lora import hooks, merged, opened, run, same, save_lora
from tests.tiny import save_tiny

EVERY_LAYER = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
PROMPTS = ([5, 9, 14], [200, 31, 7, 7, 60, 120, 18], [77], [3, 250, 99, 41])


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Leave the other cores to others."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", params=["llama", "qwen3"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PreTrainedModel:
    """Load a tiny model of each shape."""
    return opened(save_tiny(tmp_path_factory.mktemp("model"), request.param))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedModel:
    """Load a tiny model once."""
    return opened(save_tiny(tmp_path_factory.mktemp("model")))


@pytest.fixture
def llama(loaded: PreTrainedModel) -> PreTrainedModel:
    """Copy a tiny model for what does not depend on the shape."""
    return copy.deepcopy(loaded)


def test_each_row_is_written_by_its_own_adapter(model: PreTrainedModel, tmp_path: Path) -> None:
    """In one mixed batch and in batches by turns, a row is as by a model with its adapter merged in."""
    folders = {
        "fog": save_lora(tmp_path / "fog", model, seed=1, targets=EVERY_LAYER),
        "sea": save_lora(tmp_path / "sea", model, seed=2, rank=2),
    }
    models = {"": model} | {name: merged(model, folder) for name, folder in folders.items()}
    rows = [
        ("fog", PROMPTS[0]),
        ("", PROMPTS[1]),
        ("sea", PROMPTS[1]),
        ("fog", PROMPTS[2]),
        ("sea", PROMPTS[3]),
    ]
    expected = [run(models[name], [("", tokens)])[0] for name, tokens in rows]
    adapters = Adapters(model)
    for name, folder in folders.items():
        adapters.load(name, folder)

    together = run(model, rows, adapters)
    by_turns = [run(model, [row], adapters)[0] for row in rows]
    for name in folders:
        adapters.unload(name)

    same(together, expected)
    same(by_turns, expected)
    assert not torch.allclose(expected[1], expected[2], atol=0.1), "an adapter without effect proves nothing"
    assert hooks(model) == 0


def test_rows_without_an_adapter_stay_the_same_to_the_last_bit(
    model: PreTrainedModel, tmp_path: Path
) -> None:
    """Neither loaded adapters nor a neighbour that uses one change anything for who uses none."""
    rows = [("", PROMPTS[0]), ("fog", PROMPTS[1]), ("", PROMPTS[3])]
    plain = run(model, rows)
    adapters = Adapters(model)
    adapters.load("fog", save_lora(tmp_path / "fog", model, seed=1, targets=EVERY_LAYER))

    beside = run(model, rows, adapters)
    alone = run(model, [("", tokens) for _name, tokens in rows], adapters)
    unadapted = run(model, rows)
    adapters.unload("fog")

    assert torch.equal(beside[0], plain[0])
    assert torch.equal(beside[2], plain[2])
    assert not torch.equal(beside[1], plain[1])
    assert all(torch.equal(one, other) for one, other in zip(alone, plain, strict=True))
    assert all(torch.equal(one, other) for one, other in zip(unadapted, plain, strict=True))


@torch.inference_mode()
def test_a_quantized_model_takes_adapters(tmp_path: Path) -> None:
    """In every layer with NF4 weights, rows get their adapter's share on top of what the layer gives, and no others."""
    how = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.float32
    )
    model = opened(save_tiny(tmp_path), quantization_config=how)
    weights = load_file(
        save_lora(tmp_path / "fog", model, seed=1, targets=EVERY_LAYER) / "adapter_model.safetensors"
    )
    adapters = Adapters(model)
    adapters.load("fog", tmp_path / "fog")
    seen: list[str] = []

    def check(path: str, layer: Linear4bit, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        """Compare a layer's output with the plain one and the share by hand."""
        down, up = (weights[f"base_model.model.{path}.lora_{side}.weight"] for side in "AB")
        expected = layer.forward(inputs[0])
        assert torch.equal(output[:, 3:10], expected[:, 3:10])
        for row in (slice(0, 3), slice(10, 14)):
            expected[:, row] += 2.0 * inputs[0][:, row] @ (up @ down).T
        same(output, expected)
        seen.append(path)

    for path, module in model.named_modules():
        if isinstance(module, Linear4bit):
            module.register_forward_hook(partial(check, path))
    run(model, [("fog", PROMPTS[0]), ("", PROMPTS[1]), ("fog", PROMPTS[3])], adapters)

    assert len(seen) == 2 * len(EVERY_LAYER)


@torch.inference_mode()
def test_an_adapter_computes_as_precisely_as_the_model(tmp_path: Path) -> None:
    """In 16 bits with a model of 16 bits, though its file has 32; a layer may be given other numbers all the same."""
    model = opened(save_tiny(tmp_path), dtype=torch.bfloat16)
    weights = load_file(save_lora(tmp_path / "fog", model, seed=1) / "adapter_model.safetensors")
    adapters = Adapters(model)
    adapters.load("fog", tmp_path / "fog")
    path = "model.layers.0.self_attn.q_proj"
    layer = model.get_submodule(path)
    down, up = (weights[f"base_model.model.{path}.lora_{side}.weight"] for side in "AB")
    words = torch.randn(1, 5, 64, generator=torch.Generator().manual_seed(1)).bfloat16()
    share = (words @ down.bfloat16().T) @ (2.0 * up).bfloat16().T

    with adapters.use([("fog", slice(0, 5))]):
        found = layer(words)
        layer.float()
        wider = layer(words.float())

    assert torch.equal(found, layer.bfloat16().forward(words) + share)
    same(wider, layer.float().forward(words.float()) + share.float())


@pytest.fixture(scope="module")
def choir(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[PreTrainedModel, dict[str, Path], Callable[[str, int], torch.Tensor]]:
    """Write three adapters of different layers, and remember what each writes after each prompt.

    In fp64, so that many adapters' rounding does not hide how much a wrong one differs.
    """
    base = tmp_path_factory.mktemp("adapters")
    llama = opened(save_tiny(base), dtype=torch.float64)
    folders = {
        "a": save_lora(base / "a", llama, seed=1, targets=EVERY_LAYER),
        "b": save_lora(base / "b", llama, seed=2, rank=1, targets=("q_proj", "up_proj")),
        "c": save_lora(base / "c", llama, seed=3, rank=8, targets=("v_proj", "down_proj")),
    }
    models = {"": llama} | {name: merged(llama, folder) for name, folder in folders.items()}
    known: dict[tuple[str, int], torch.Tensor] = {}

    def written(name: str, prompt: int) -> torch.Tensor:
        if (name, prompt) not in known:
            known[name, prompt] = run(models[name], [("", PROMPTS[prompt])])[0]
        return known[name, prompt]

    return llama, folders, written


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the fixture only sets the threads
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("load"), st.sampled_from("abc")),
            st.tuples(st.just("unload"), st.sampled_from("abc")),
            st.tuples(
                st.just("run"),
                st.lists(
                    st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(0, 3)), min_size=1, max_size=6
                ),
            ),
        ),
        max_size=8,
    )
)
def test_adapters_never_mix(
    choir: tuple[PreTrainedModel, dict[str, Path], Callable[[str, int], torch.Tensor]],
    steps: list[tuple[str, Any]],
) -> None:
    """Whatever is loaded, unloaded and asked for, in any order, each row is its own adapter's."""
    model, folders, written = choir
    adapters = Adapters(model)
    loaded: set[str] = set()
    for what, detail in [("load", "a"), *steps]:
        if what == "run":
            rows = [(name if name in loaded else "", prompt) for name, prompt in detail]
            found = run(model, [(name, PROMPTS[prompt]) for name, prompt in rows], adapters)
            same(found, [written(*row) for row in rows])
        elif (detail in loaded) == (what == "load"):
            with pytest.raises(AdapterError):
                adapters.load(detail, folders[detail]) if what == "load" else adapters.unload(detail)
        elif what == "load":
            adapters.load(detail, folders[detail])
            loaded.add(detail)
        else:
            adapters.unload(detail)
            loaded.remove(detail)
        assert adapters.names == tuple(sorted(loaded))
    for name in loaded:
        adapters.unload(name)
    assert hooks(model) == 0


def test_unloading_waits_for_the_jobs_that_hold_it(llama: PreTrainedModel, tmp_path: Path) -> None:
    """A text that is being written is written to its end; no new one begins, and the last one takes it along."""
    folder = save_lora(tmp_path / "fog", llama, seed=1)
    adapters = Adapters(llama)
    adapters.load("fog", folder)
    row = ("fog", PROMPTS[1])
    before = run(llama, [row], adapters)[0]
    adapters.hold("fog")
    adapters.hold("fog")

    adapters.unload("fog")
    adapters.release("fog")

    assert adapters.names == ()
    with pytest.raises(AdapterError, match="There is no adapter fog"):
        adapters.hold("fog")
    with pytest.raises(AdapterError, match="still writes its last texts"):
        adapters.load("fog", folder)
    assert torch.equal(run(llama, [row], adapters)[0], before)

    adapters.release("fog")
    assert hooks(llama) == 0
    with pytest.raises(AdapterError, match="no adapter fog any more"):
        run(llama, [row], adapters)
    adapters.load("fog", folder)
    assert torch.equal(run(llama, [row], adapters)[0], before)


def test_what_was_read_is_kept_for_the_same_weights_only(llama: PreTrainedModel, tmp_path: Path) -> None:
    """Two adapters, and a name that was loaded anew, keep their keys and values apart; the model has its own."""
    adapters = Adapters(llama)
    keys = [adapters.hold("")]
    for seed, name in enumerate(["fog", "fog", "sea"]):
        adapters.load(name, save_lora(tmp_path / str(seed), llama, seed=seed))
        keys += [adapters.hold(name)]
        assert adapters.hold(name) == keys[-1]
        adapters.release(name)
        adapters.release(name)
        adapters.unload(name)

    assert keys[0] == ""
    assert len(set(keys)) == len(keys)


def test_an_adapter_is_not_released_more_often_than_held(llama: PreTrainedModel, tmp_path: Path) -> None:
    """A scheduler that counts wrongly is told so; the model as it is needs no counting."""
    adapters = Adapters(llama)
    adapters.load("fog", save_lora(tmp_path / "fog", llama, seed=1))
    adapters.release("")

    with pytest.raises(RuntimeError, match="more often"):
        adapters.release("fog")
    adapters.unload("fog")
    assert adapters.names == ()


def test_a_pass_that_breaks_leaves_no_rows_behind(llama: PreTrainedModel, tmp_path: Path) -> None:
    """After an error in a forward pass, the next one is not written by the adapters of the last."""
    adapters = Adapters(llama)
    adapters.load("fog", save_lora(tmp_path / "fog", llama, seed=1))
    plain = run(llama, [("", PROMPTS[0])])[0]

    def break_off() -> None:
        with adapters.use([("fog", slice(0, 3))]), adapters.use([("fog", slice(0, 1))]):
            raise AssertionError("one pass at a time")

    with pytest.raises(RuntimeError, match="in use already"):
        break_off()

    assert torch.equal(run(llama, [("", PROMPTS[0])])[0], plain)
    adapters.unload("fog")


def test_a_name_is_needed_and_stands_for_one_adapter(llama: PreTrainedModel, tmp_path: Path) -> None:
    """An empty name is the model as it is; what is not loaded cannot be unloaded."""
    folder = save_lora(tmp_path / "fog", llama, seed=1)
    adapters = Adapters(llama)
    adapters.load("fog", folder)

    with pytest.raises(AdapterError, match="needs a name"):
        adapters.load("", folder)
    with pytest.raises(AdapterError, match="loaded already"):
        adapters.load("fog", folder)
    with pytest.raises(AdapterError, match=r"no adapter sea\. Those that are loaded: fog"):
        adapters.unload("sea")
    adapters.unload("fog")


def test_an_adapter_too_large_for_the_memory_is_refused(
    llama: PreTrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of memory while it is brought to the card, nothing of it stays."""

    def full(*_args: object) -> None:
        raise torch.OutOfMemoryError("injected")

    folder = save_lora(tmp_path / "fog", llama, seed=1)
    adapters = Adapters(llama)
    monkeypatch.setattr(adapters_module, "Pair", full)

    with pytest.raises(AdapterError, match="does not fit into the memory"):
        adapters.load("fog", folder)

    assert adapters.names == ()
    assert hooks(llama) == 0
