"""Try a model before anybody waits for it: read through our pages, it must say what it says by itself.

The library has hundreds of architectures, some of which keep a part of their attention to themselves; and a card's
kernels may be missing or wrong. Either would show in rubbish stories only.
"""

import torch
from transformers import PreTrainedModel

from bot.engine.backends.transformers.attention import IMPLEMENTATION
from bot.engine.backends.transformers.kvcache import SCRATCH
from bot.engine.backends.transformers.runner import Row, Runner
from bot.engine.backends.transformers.support import LoadError

LENGTH = 40
FIRST = 23  # tokens in the first of two chunks
LIKE = 0.98  # the least cosine of the two ways' logits; rounding alone leaves 0.999


def require_exchangeable(model: PreTrainedModel, runner: Runner, *, context: int) -> None:
    """Raise LoadError unless the model's attention can be exchanged for ours; spoils the first pages, yet unused."""
    _require_likeness(model, runner)
    window = _window(model)
    if window and window < context and not runner.cache.windows:
        raise LoadError(
            f"models of type {model.config.model_type} keep to themselves how far back they look: set context under "
            f"[model] to {window} at most"
        )


def _window(model: PreTrainedModel) -> int:
    """Return how far back a model's layers look that look back no farther, 0 if there are none."""
    config = model.config
    kinds = getattr(config, "layer_types", None)
    if not getattr(config, "use_sliding_window", True) or (kinds and "sliding_attention" not in kinds):
        return 0
    return getattr(config, "sliding_window", None) or 0


def _require_likeness(model: PreTrainedModel, runner: Runner) -> None:
    pages = range(SCRATCH + 1, SCRATCH + 2 + LENGTH // runner.cache.page_tokens)
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(model.config.vocab_size, (LENGTH,), generator=generator).tolist()
    try:
        theirs = _alone(model, tokens)
        ours = torch.cat(
            [
                runner.forward([Row(tokens[:FIRST], 0, pages)]),
                runner.forward([Row(tokens[FIRST:-1], FIRST, pages)]),
                runner.forward([Row(tokens[-1:], LENGTH - 1, pages)]),
            ]
        )
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # whatever an unforeseen architecture raises, it cannot be run
        raise LoadError(f"models of type {model.config.model_type} cannot be run here ({error!r})") from error
    wanted = theirs[[FIRST - 1, LENGTH - 2, LENGTH - 1]]
    # In a mixture of experts a tie may fall the other way at one place.
    like = torch.cosine_similarity(ours.float(), wanted.float()).median().item()
    if not like > LIKE:
        raise LoadError(
            f"models of type {model.config.model_type} keep their attention to themselves, and would write rubbish "
            f"here (likeness {like:.2f}): take another model"
        )


@torch.inference_mode()
def _alone(model: PreTrainedModel, tokens: list[int]) -> torch.Tensor:
    """Return the logits of the library's own way, [tokens, vocabulary]."""
    model.set_attn_implementation("eager")
    try:
        logits = model(torch.tensor([tokens], device=model.device), use_cache=False).logits[0]
        assert isinstance(logits, torch.Tensor)
        return logits
    finally:
        model.set_attn_implementation(IMPLEMENTATION)
