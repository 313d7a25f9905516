"""Prove that a card is told the right things: its paged kernel, and the steps that are captured for it.

Without a card a plain reading of the kernel's documentation stands in for it; where there is one, the kernel itself is
held to that reading.
"""

import random
from typing import Any

import pytest
import torch

from bot.engine.backends.transformers.adapters import Adapters
from bot.engine.backends.transformers.graphs import DecodeGraphs
from bot.engine.backends.transformers.kvcache import PAGE_TOKENS, KVCache
from bot.engine.backends.transformers.runner import Row, Runner
from tests.tiny import save_tiny
from tests.torch_engine import load_tiny

PAGE = 8
CONTEXT = 96
on_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA card")


def paged_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    cu_seq_q: torch.Tensor,
    cu_seq_k: torch.Tensor | None,
    max_q: int,
    max_k: int,
    *,
    scale: float | None,
    window_size: tuple[int, int],
    enable_gqa: bool,
    seqused_k: torch.Tensor,
    block_table: torch.Tensor,
) -> torch.Tensor:
    """Do what `varlen_attn` says it does, sequence by sequence and in double precision."""
    assert cu_seq_k is None
    assert enable_gqa
    found = torch.empty_like(query)
    for number in range(len(seqused_k)):
        begin, end, length = int(cu_seq_q[number]), int(cu_seq_q[number + 1]), int(seqused_k[number])
        assert end - begin <= max_q
        assert length <= max_k
        keys, values = (
            side[block_table[number].long()].flatten(0, 1)[:length].double() for side in (key, value)
        )
        group = query.shape[1] // keys.shape[1]
        keys, values = keys.repeat_interleave(group, 1), values.repeat_interleave(group, 1)
        scores = torch.einsum("qhd,khd->hqk", query[begin:end].double(), keys)
        scores = scores * (scale or query.shape[2] ** -0.5)
        places = torch.arange(length - (end - begin), length, device=query.device)[:, None]
        seen = torch.arange(length, device=query.device)[None]
        hidden = (seen > places) | ((seen < places - window_size[0]) if window_size[0] >= 0 else False)
        weights = scores.masked_fill(hidden, -torch.inf).softmax(-1)
        found[begin:end] = torch.einsum("hqk,khd->qhd", weights, values).to(query.dtype)
    return found


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Load a tiny model."""
    torch.set_num_threads(1)
    return load_tiny(save_tiny(tmp_path_factory.mktemp("llama")))[0]


def cache_of(model: Any, *, kernel: bool, seed: int = 5) -> KVCache:
    """Make pages full of what others left behind."""
    config = model.config
    cache = KVCache(
        layers=config.num_hidden_layers,
        heads=config.num_key_value_heads,
        width=config.head_dim,
        pages=60,
        page_tokens=PAGE,
        dtype=torch.float32,
        device=torch.device("cpu"),
        kernel=kernel,
    )
    generator = torch.Generator().manual_seed(seed)
    slots = torch.arange(60 * PAGE)
    for layer in range(config.num_hidden_layers):
        shape = (2, config.num_key_value_heads, len(slots), config.head_dim)
        keys, values = torch.randn(shape, generator=generator)
        cache.write(layer, keys, values, slots)
    return cache


def runner_of(model: Any, cache: KVCache) -> Runner:
    """Make a runner without captured steps."""
    return Runner(model=model, cache=cache, adapters=Adapters(model))


def some_rows(random_: random.Random, *, single: bool) -> list[Row]:
    """Return rows of a few sequences in pages of their own, which have earlier tokens in them."""
    pages = random_.sample(range(1, 60), 59)
    rows = []
    for _ in range(random_.randint(1, 5)):
        start = random_.randrange(CONTEXT - 20)
        tokens = [random_.randrange(400) for _ in range(1 if single else random_.randint(1, 20))]
        held = [pages.pop() for _ in range((start + len(tokens)) // PAGE + 1)]
        rows.append(Row(tokens, start, held))
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_the_kernel_is_told_where_everything_is(
    model: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finds what the way without it finds."""
    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", paged_attention)
    rows = some_rows(random.Random(seed), single=False)
    told = runner_of(model, cache_of(model, kernel=True)).forward(rows)
    plain = runner_of(model, cache_of(model, kernel=False)).forward(rows)

    assert (told - plain).abs().max() < 1e-4


@pytest.mark.parametrize("seed", range(6))
def test_a_step_to_be_captured_reads_the_batch_it_was_given(
    model: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows, filled up to the captured size with others that touch the scratch page only."""
    monkeypatch.setattr("torch.nn.attention.varlen.varlen_attn", paged_attention)
    rows = some_rows(random.Random(seed), single=True)
    cache = cache_of(model, kernel=True)
    graphs = DecodeGraphs(model=model, cache=cache, parallel=8, context=CONTEXT)
    before = [side.clone() for layer in range(2) for side in cache.paged(layer)]
    inputs = graphs.inputs(8)
    with torch.inference_mode():
        graphs.run(inputs)  # as the capture does: with nothing in it
        inputs.fill(
            [row.tokens[0] for row in rows], [row.start for row in rows], [row.pages for row in rows], PAGE
        )
        logits = graphs.run(inputs)[: len(rows)]
    plain = runner_of(model, cache_of(model, kernel=False)).forward(rows)
    written = {row.pages[row.start // PAGE] for row in rows} | {0}

    assert (logits - plain).abs().max() < 1e-4
    for old, new in zip(before, (side for layer in range(2) for side in cache.paged(layer)), strict=True):
        assert {int(page) for page in (old != new).flatten(1).any(1).nonzero()} <= written


@pytest.mark.gpu
@on_card
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("window", [-1, 300])
def test_the_kernel_does_what_its_documentation_says(seed: int, window: int) -> None:
    """Over pages in any order, for one query and for many."""
    from torch.nn.attention.varlen import varlen_attn

    random_ = random.Random(seed)
    page = PAGE_TOKENS["cuda"]
    keys, values = torch.randn(2, 40, page, 8, 128, device="cuda", dtype=torch.bfloat16)
    lengths = [random_.randint(1, 5 * page) for _ in range(4)]
    asked = [1 if seed % 2 else random_.randint(1, length) for length in lengths]
    ends = torch.tensor([0, *asked], device="cuda").cumsum(0).int()
    table = torch.tensor([random_.sample(range(40), 5) for _ in lengths], device="cuda", dtype=torch.int32)
    query = torch.randn(sum(asked), 32, 128, device="cuda", dtype=torch.bfloat16)
    told: dict[str, Any] = {
        "scale": 128**-0.5,
        "window_size": (window, 0),
        "enable_gqa": True,
        "seqused_k": torch.tensor(lengths, device="cuda", dtype=torch.int32),
        "block_table": table,
    }
    found = varlen_attn(query, keys, values, ends, None, max(asked), max(lengths), **told)
    assert isinstance(found, torch.Tensor)
    wanted = paged_attention(query, keys, values, ends, None, max(asked), max(lengths), **told)

    assert (found.float() - wanted.float()).abs().max() < 0.03


@pytest.mark.gpu
@on_card
def test_captured_steps_say_what_the_model_says_without_them(model: Any) -> None:
    """Batches of every size between one and the largest."""
    card = torch.device("cuda")
    tiny = model.to(card).to(torch.bfloat16)
    config = tiny.config
    cache = KVCache(
        layers=config.num_hidden_layers,
        heads=config.num_key_value_heads,
        width=config.head_dim,
        pages=12,
        page_tokens=PAGE_TOKENS["cuda"],
        dtype=torch.bfloat16,
        device=card,
    )
    graphs = DecodeGraphs(model=tiny, cache=cache, parallel=8, context=512)
    graphs.capture()
    plain = Runner(model=tiny, cache=cache, adapters=Adapters(tiny))
    captured = Runner(model=tiny, cache=cache, adapters=Adapters(tiny), graphs=graphs)
    for count in range(1, 9):
        rows = [Row([3 * number + 5], 0, [number + 1]) for number in range(count)]

        assert (captured.forward(rows).float() - plain.forward(rows).float()).abs().max() < 0.3
