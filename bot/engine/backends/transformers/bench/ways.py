"""Open all ways to run one model: ours and the library's, on the same weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from transformers import GenerationConfig

from bot.engine.backends.transformers.assembly import assemble
from bot.engine.backends.transformers.bench.apart import apart
from bot.engine.backends.transformers.bench.baselines import Plain, Static, continuous
from bot.engine.backends.transformers.bench.ours import Ours
from bot.engine.backends.transformers.bench.way import Way
from bot.engine.backends.transformers.loading import Loaded
from bot.engine.backends.transformers.support import kv_bytes
from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.bench.plan import Plan


@contextmanager
def open_ways(loaded: Loaded, plan: Plan) -> Iterator[dict[str, Way]]:
    """Give the ways by name, each with room for all that the plan wants at once; none ends a text by itself."""
    loaded = replace(loaded, vocabulary=_endless(loaded.vocabulary))
    model = loaded.model
    model.generation_config = GenerationConfig()
    scheduler = apart(
        lambda: assemble(
            loaded,
            parallel=plan.parallel,
            context=plan.context,
            warm_bytes=2 * plan.held * kv_bytes(loaded.config, loaded.dtype),
        )
    )
    with continuous(model, parallel=plan.parallel, tokens=plan.held) as batching:
        ways: list[Way] = [
            Ours(model, scheduler),
            Plain(model),
            Static(model),
            batching,
        ]
        yield {way.name: way for way in ways}


def _endless(vocabulary: Vocabulary) -> Vocabulary:
    """Return the same with one end only, which is never picked, as if it were padding."""
    end = min(vocabulary.ends)
    endless = Vocabulary(vocabulary.tokenizer, vocabulary.size, frozenset({end}))
    endless.padding = [*endless.padding, end]
    return endless
