"""The benches of the torch engine: every way does all the work, and the figures have the shape that is promised."""

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, PreTrainedModel

from bot.engine.backends.transformers.bench import bandwidth
from bot.engine.backends.transformers.bench.prompts import Prompts
from bot.engine.backends.transformers.bench.random_weights import random_model
from bot.engine.backends.transformers.bench.session import Subject, measure
from bot.engine.backends.transformers.bench.way import Ask, Way
from bot.engine.backends.transformers.bench.ways import open_ways
from bot.engine.backends.transformers.loading import load
from bot.engine.bench.plan import Plan, Turns
from bot.engine.memory import Quantization
from tests.tiny import save_tiny

CPU = torch.device("cpu")
PLAN = Plan(streams=(1, 2), prompt=40, tokens=6, rounds=1, turns=Turns(50, 70, 10), arriving=(2,), asks=2)
SHAPE: dict[str, Any] = {
    "vocab_size": 300,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "tie_word_embeddings": False,
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Leave the other cores alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Way]]:
    """Open all ways over a tiny model."""
    folder = save_tiny(tmp_path_factory.mktemp("model"))
    loaded = load(folder, quantization="none", device="cpu", context=PLAN.context)
    with open_ways(loaded, PLAN) as opened:
        yield opened


@pytest.mark.parametrize("name", ["ours", "plain", "static", "continuous"])
def test_every_way_answers_every_request_in_full(ways: dict[str, Way], name: str) -> None:
    """Timings come in the order of the requests; nobody's first word is there before it was asked for."""
    prompts = Prompts(300)
    asks = prompts.arriving(2, PLAN, gap=0.01, growing=True)
    timings = ways[name].run(asks, limit=2)

    assert len(timings) == len(asks)
    begin = timings[0].asked
    assert [round(timing.asked - begin, 6) for timing in timings] == [round(ask.at, 6) for ask in asks]
    assert all(timing.asked < timing.first <= timing.end for timing in timings)


def test_a_static_batch_takes_no_more_than_it_may(ways: dict[str, Way]) -> None:
    """Three at once for two places: two are one batch, the third is the next."""
    asks = [Ask([5] * 10, 3, str(n)) for n in range(3)]
    ends = [timing.end for timing in ways["static"].run(asks, limit=2)]

    assert ends[0] == ends[1] < ends[2]


@pytest.mark.parametrize("name", ["ours", "static", "continuous"])
def test_a_turn_of_a_story_begins_when_the_last_one_has_ended(ways: dict[str, Way], name: str) -> None:
    """Room alone does not let it begin: what it goes on from is not there yet."""
    asks = [Ask([5] * 10, 3, "one"), Ask([5] * 12, 3, "one"), Ask([7] * 10, 3, "another")]
    first, second, other = ways[name].run(asks, limit=3)

    assert first.end < second.first
    assert other.first < second.first


def test_all_ways_run_on_the_same_weights_by_turns(ways: dict[str, Way]) -> None:
    """Whoever ran before, each finds the attention that it needs."""
    prompts = Prompts(300, seed=1)
    order = [random.Random(3).choice(list(ways)) for _ in range(12)]

    assert all(len(ways[name].run(prompts.together(2, 12, 2), limit=2)) == 2 for name in order)


def test_a_growing_story_begins_with_what_it_was() -> None:
    """A warm turn is the last one and a step more; a cold one shares nothing with it."""
    turns = Turns(30, 50, 10)
    warm = [ask.prompt for ask in Prompts(1000).turns(turns, 2, new=False)]
    cold = [ask.prompt for ask in Prompts(1000).turns(turns, 2, new=True)]

    assert [len(prompt) for prompt in warm] == [len(prompt) for prompt in cold] == [20, 30, 40, 50]
    assert all(longer[: len(shorter)] == shorter for shorter, longer in itertools.pairwise(warm))
    assert all(longer[:10] != shorter[:10] for shorter, longer in itertools.pairwise(cold))


def test_requests_at_random_times_are_the_same_for_the_same_seed() -> None:
    """All ways get the same work, and every stream asks as often as the plan says."""
    asks = Prompts(50, seed=4).arriving(3, PLAN, gap=1.0, growing=True)

    assert asks == Prompts(50, seed=4).arriving(3, PLAN, gap=1.0, growing=True)
    assert [ask.at for ask in asks] == sorted(ask.at for ask in asks)
    assert sorted(len(ask.prompt) for ask in asks) == [40, 40, 40, 50, 50, 50]
    assert len({ask.story for ask in asks}) == 3


@pytest.mark.parametrize(
    ("quantization", "kind"), [("none", "Linear"), ("nf4", "Linear4bit"), ("int8", "Linear8bitLt")]
)
def test_random_weights_are_all_there_and_give_numbers(quantization: Quantization, kind: str) -> None:
    """Every linear layer but the head is packed, nothing is left without memory, and the head says something."""
    model = _random(quantization)
    layer = model.get_submodule("model.layers.0.mlp.up_proj")
    with torch.inference_mode():
        model.set_attn_implementation("sdpa")
        logits = model(torch.arange(20)[None]).logits

    assert type(layer).__name__ == kind
    assert type(model.get_output_embeddings()).__name__ == "Linear"
    assert not any(parameter.is_meta for parameter in model.parameters())
    assert bool(logits.isfinite().all())
    assert float(logits.std()) > 0.01


def test_a_step_reads_the_head_but_not_the_table_of_embeddings() -> None:
    """One table for both is read once, for the head."""
    apart, tied = (_random("none", tie_word_embeddings=tied) for tied in (False, True))
    table = 300 * 128 * 4

    assert sum(weight.nbytes for weight in apart.parameters()) - bandwidth.weight_bytes(apart) == table
    assert bandwidth.weight_bytes(tied) == bandwidth.weight_bytes(apart)


def test_packed_weights_count_with_what_unpacks_them() -> None:
    """Four bits a weight, and the scales."""
    model = _random("nf4")
    packed = sum(weight.nbytes for weight in model.parameters()) - 300 * 128 * 4

    assert packed < bandwidth.weight_bytes(model) < 1.2 * packed


def test_the_limit_is_bytes_over_bandwidth() -> None:
    """A big card with 8B weights of four bits: the figures that were worked out by hand."""

    def limit(streams: int) -> float:
        return bandwidth.limit(
            speed=3.35e12, weights=4_980_000_000, token=128 * 1024, streams=streams, context=3000
        )

    assert limit(1) == pytest.approx(624, abs=1)
    assert limit(32) == pytest.approx(6105, abs=40)


def test_a_model_is_measured_from_loading_to_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All lines are there, of all ways, and can be written as JSON."""
    monkeypatch.setitem(bandwidth.MEGABYTES, "cpu", 8)
    subject = Subject(save_tiny(tmp_path), "", "none", "cpu")
    lines = list(measure(subject, PLAN))

    json.dumps(lines, allow_nan=False)
    assert [line["measure"] for line in lines] == [
        "load",
        "memory bandwidth",
        "ready",
        *["speed"] * 2,
        "first words",
        *["arrivals"] * 2,
        "memory",
    ]
    speed, words, arrivals = lines[4], lines[5], lines[7]
    assert set(speed["medians"]["tokens_per_second"]) == {"ours", "plain", "static", "continuous"}
    assert set(speed["ratios"]["tokens_per_second"]) == {"plain", "static", "continuous"}
    assert speed["decode_limit"] > 0
    assert set(words["milliseconds"]) == {"warm", "cold", "plain", "continuous"}
    assert (arrivals["stories"], arrivals["requests"]) == ("going on", 4)
    assert set(arrivals["first_word_milliseconds"]) == {"ours", "static", "continuous"}


def _random(quantization: Quantization, **changes: Any) -> PreTrainedModel:
    config = AutoConfig.for_model("qwen3", **SHAPE | changes)
    return random_model(config, quantization=quantization, device=CPU, dtype=torch.float32).model
