"""Put a scheduler together over a loaded model: pages as the memory allows, and on a card the captured steps."""

import structlog
import torch

from bot.engine.backends.transformers.adapters import Adapters
from bot.engine.backends.transformers.graphs import DecodeGraphs
from bot.engine.backends.transformers.kvcache import PAGE_TOKENS, SCRATCH, KVCache
from bot.engine.backends.transformers.loading import Loaded
from bot.engine.backends.transformers.pages import PagePool
from bot.engine.backends.transformers.room import free_bytes
from bot.engine.backends.transformers.runner import Runner
from bot.engine.backends.transformers.scheduler import Scheduler
from bot.engine.backends.transformers.support import LoadError, kv_bytes
from bot.engine.backends.transformers.trial import require_exchangeable
from bot.engine.backends.transformers.warm import WarmStories
from bot.engine.memory import STORY_SHARE

log = structlog.get_logger(__name__)

HOST_SHARE = 0.25  # of the main memory that is free, for stories that lost their place on a card
# A take's own words and the request before them: read again sooner than kept, and a story's pages stay in one run.
SPARE_TOKENS = 512
# A longer chunk holds up those who write; on a processor a shorter one multiplies its matrices an eighth slower.
CHUNK_TOKENS = {"cuda": 512, "cpu": 256}


def assemble(
    loaded: Loaded,
    *,
    parallel: int,
    context: int,
    warm_bytes: int = 0,
    host_bytes: int = 0,
    chunk_tokens: int = 0,
) -> Scheduler:
    """Return a scheduler for `parallel` streams of up to `context` tokens each.

    `warm_bytes` is for the stories that run and those that stay warm, and `host_bytes` is main memory for those that
    lost their place; 0 takes a share of what is free. `chunk_tokens` 0 takes what suits the device. Raises LoadError
    where not even one story has room, or the model cannot be run this way.
    """
    cache = _cache(loaded, parallel=parallel, context=context, budget=warm_bytes)
    pool = PagePool(cache.pages, page_tokens=cache.page_tokens, first=SCRATCH + 1)
    runner = Runner(
        model=loaded.model,
        cache=cache,
        adapters=Adapters(loaded.model),
        graphs=_graphs(loaded, cache, parallel, context),
    )
    require_exchangeable(loaded.model, runner, context=context)
    loaded.vocabulary.warm_up()
    return Scheduler(
        runner=runner,
        warm=WarmStories(pool, cache, host_bytes or _host_share(loaded.device), spare_tokens=SPARE_TOKENS),
        vocabulary=loaded.vocabulary,
        parallel=parallel,
        chunk_tokens=chunk_tokens or CHUNK_TOKENS[loaded.device.type],
        context=context,
    )


def _graphs(loaded: Loaded, cache: KVCache, parallel: int, context: int) -> DecodeGraphs | None:
    """Capture steps on a card; a model whose steps cannot be captured runs without, only slower."""
    if loaded.device.type != "cuda":
        return None
    graphs = DecodeGraphs(model=loaded.model, cache=cache, parallel=parallel, context=context)
    try:
        graphs.capture()
    except RuntimeError as error:
        log.warning("steps are not captured", reason=str(error))
        return None
    return graphs


def _host_share(device: torch.device) -> int:
    """Return the main memory for stories that lost their place; on a processor their place is main memory already."""
    return int(HOST_SHARE * free_bytes(torch.device("cpu"))) if device.type == "cuda" else 0


def _cache(loaded: Loaded, *, parallel: int, context: int, budget: int) -> KVCache:
    config = loaded.config
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    page_tokens = PAGE_TOKENS[loaded.device.type]
    page_bytes = kv_bytes(config, loaded.dtype) * page_tokens
    one = -(-context // page_tokens)
    pages = (budget or int(STORY_SHARE[loaded.device.type] * free_bytes(loaded.device))) // page_bytes
    # A little machine serves its streams one after the other rather than none at all; 64 stories are warm enough.
    pages = min(pages, one * max(parallel, 64))
    if pages <= one:
        raise LoadError(
            f"the memory for stories holds {pages * page_tokens} tokens, and one story takes {context}: "
            "lower context, or raise warm_gigabytes under [model]"
        )
    log.info("room for stories", tokens=pages * page_tokens, megabytes=pages * page_bytes // 1_000_000)
    return KVCache(
        layers=config.num_hidden_layers,
        heads=heads,
        width=width,
        pages=pages,
        page_tokens=page_tokens,
        dtype=loaded.dtype,
        device=loaded.device,
    )
