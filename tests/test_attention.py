"""Prove that attending through pages gives what the library's own attention gives, however tokens are packed."""

import itertools
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, MistralConfig, MistralForCausalLM

from bot.engine.backends.transformers.adapters import Adapters
from bot.engine.backends.transformers.attention import IMPLEMENTATION, register
from bot.engine.backends.transformers.kvcache import KVCache
from bot.engine.backends.transformers.runner import Row, Runner
from tests.tiny import SIZES, Shape, save_tiny

PAGE = 8
PAGES = 64
TOLERANCE = 1e-4
LENGTHS = (1, 7, 8, 9, 33, 64)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Leave the other cores to the other tests."""
    torch.set_num_threads(1)


def runner_of(model: Any, config: Any) -> Runner:
    """Make a runner with small pages."""
    cache = KVCache(
        layers=config.num_hidden_layers,
        heads=config.num_key_value_heads,
        width=config.head_dim,
        pages=PAGES,
        page_tokens=PAGE,
        dtype=torch.float32,
        device=torch.device("cpu"),
    )
    return Runner(model=model, cache=cache, adapters=Adapters(model))


@pytest.fixture(scope="module", params=["llama", "qwen3"])
def models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """Load one model twice: with the library's attention, and with ours."""
    shape: Shape = request.param
    return loaded(save_tiny(tmp_path_factory.mktemp(shape), shape))


def loaded(folder: Path) -> tuple[Any, Any]:
    """Load a folder's model with both kinds of attention."""
    register()
    plain = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="sdpa").eval()
    paged = AutoModelForCausalLM.from_pretrained(folder, attn_implementation=IMPLEMENTATION).eval()
    return plain, paged


def prompts_of(random_: random.Random) -> list[list[int]]:
    """Return a prompt of each length."""
    return [[random_.randrange(400) for _ in range(length)] for length in LENGTHS]


@torch.inference_mode()
def expected(plain: Any, prompt: list[int]) -> torch.Tensor:
    """Return the library's logits after every token of a prompt."""
    logits = plain(torch.tensor([prompt])).logits[0]
    assert isinstance(logits, torch.Tensor)
    return logits


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("consecutive", [True, False])
def test_chunks_of_many_sequences_in_one_row_give_the_same_logits(
    models: tuple[Any, Any], seed: int, *, consecutive: bool
) -> None:
    """Each sequence is read in chunks of its own lengths, in the company of others, from pages in any order."""
    plain, paged = models
    random_ = random.Random(seed)
    runner = runner_of(paged, paged.config)
    prompts = prompts_of(random_)
    pages = list(range(1, PAGES))
    if not consecutive:
        random_.shuffle(pages)
    held = [[pages.pop(0) for _ in range(-(-len(prompt) // PAGE))] for prompt in prompts]
    read = [0] * len(prompts)
    while any(at < len(prompt) for at, prompt in zip(read, prompts, strict=True)):
        rows, numbers = [], []
        for number, prompt in enumerate(prompts):
            if read[number] == len(prompt) or random_.random() < 0.3:
                continue
            stop = random_.randint(read[number] + 1, len(prompt))
            rows.append(Row(prompt[read[number] : stop], read[number], held[number]))
            numbers.append(number)
            read[number] = stop
        if not rows:
            continue
        for number, logits in zip(numbers, runner.forward(rows), strict=True):
            wanted = expected(plain, prompts[number])[read[number] - 1]
            assert (logits - wanted).abs().max() < TOLERANCE


def test_only_rows_that_want_logits_bring_some(models: tuple[Any, Any]) -> None:
    """A chunk in the middle of a prompt costs no look at the vocabulary."""
    _plain, paged = models
    runner = runner_of(paged, paged.config)
    rows = [
        Row([1, 2, 3], 0, [1], wants_logits=False),
        Row([4], 0, [2]),
        Row([5], 0, [3], wants_logits=False),
    ]

    assert runner.forward(rows).shape == (1, paged.config.vocab_size)


def test_saved_pages_come_back_elsewhere(models: tuple[Any, Any]) -> None:
    """Main memory and back, to other pages in another order, changes nothing."""
    plain, paged = models
    runner = runner_of(paged, paged.config)
    prompt = prompts_of(random.Random(1))[4]
    runner.forward([Row(prompt[:-1], 0, [5, 6, 7, 8, 9], wants_logits=False)])
    saved = runner.cache.save([5, 6, 7, 8, 9])
    runner.forward([Row(prompt[:-1][::-1], 0, [5, 6, 7, 8, 9], wants_logits=False)])
    runner.cache.load(saved, [20, 11, 30, 12, 13])
    logits = runner.forward([Row(prompt[-1:], len(prompt) - 1, [20, 11, 30, 12, 13])])

    assert (logits[0] - expected(plain, prompt)[-1]).abs().max() < TOLERANCE
    assert saved.bytes * PAGES == runner.cache.bytes * 5


def test_a_copied_page_is_a_page_of_its_own(models: tuple[Any, Any]) -> None:
    """What is written into the copy is not seen by who holds the first."""
    plain, paged = models
    runner = runner_of(paged, paged.config)
    prompt = list(range(40, 46))
    runner.forward([Row(prompt[:-1], 0, [3], wants_logits=False)])
    runner.cache.copy(3, 4)
    other = runner.forward([Row([9, 10], 4, [4])])
    own = runner.forward([Row(prompt[-1:], 5, [3])])

    assert (own[0] - expected(plain, prompt)[-1]).abs().max() < TOLERANCE
    assert (other[0] - expected(plain, [*prompt[:4], 9, 10])[-1]).abs().max() < TOLERANCE


def test_a_sliding_window_is_kept(tmp_path: Path) -> None:
    """A model that looks back 12 tokens only does so in chunks and one by one."""
    torch.manual_seed(0)
    config = MistralConfig(**SIZES, sliding_window=12)
    MistralForCausalLM(config).save_pretrained(tmp_path)
    plain, paged = loaded(tmp_path)
    prompt = prompts_of(random.Random(2))[-1]
    wanted = expected(plain, prompt)
    for cuts in ((0, 64), (0, 30, 64), (0, 5, 6, 20, 50, *range(51, 65))):
        runner = runner_of(paged, paged.config)
        for start, stop in itertools.pairwise(cuts):
            logits = runner.forward([Row(prompt[start:stop], start, list(range(1, 9)))])

            assert (logits[0] - wanted[stop - 1]).abs().max() < TOLERANCE
