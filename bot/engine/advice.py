"""Say in words what fits a card, and what the chosen model takes of it."""

import json
from pathlib import Path
from typing import Any

from bot.engine import memory
from bot.engine.catalog import Entry, suited
from bot.engine.graphics import Card
from bot.engine.memory import Quantization, UnknownKind

FEW = 2  # stories that should stay warm, at the least


def describe(card: Card, *, tokens: int) -> str:
    """Return a card's name, its memory, and the models that would fit it with stories of so many tokens."""
    fitting = ", ".join(
        _fitting(card, entry, tokens) for entry in suited(card.total, tokens=tokens, stories=FEW)
    )
    return (
        f"{card.name}, {card.free / 1e9:.1f} of {card.total / 1e9:.1f} GB free; fits in nf4, with stories of {tokens} "
        f"tokens: {fitting or 'no model of README.md'}"
    )


def _fitting(card: Card, entry: Entry, tokens: int) -> str:
    warm = memory.warm_stories(card.total, entry.shape, "nf4", tokens=tokens)
    weights = memory.weight_bytes(entry.shape, "nf4") / 1e9
    return f"{entry.repository} ({'/'.join(entry.languages)}, {weights:.1f} GB and {warm} warm stories)"


def demand(folder: Path, quantization: Quantization, *, tokens: int) -> str:
    """Return what the model in a folder takes, with a story of so many tokens; nothing where that is not known."""
    config = _config(folder)
    if not config:
        return ""
    weights, story = memory.weight_bytes(config, quantization), tokens * memory.kv_bytes(config)
    return f"{weights / 1e9:.1f} GB as {quantization}, {story / 1e9:.2f} GB for each story of {tokens} tokens"


def shortage(folder: Path, card: Card, quantization: Quantization, *, tokens: int) -> str:
    """Return what is wrong where the model in a folder does not fit a card with one story; nothing if it does."""
    config = _config(folder)
    if not config or memory.fits(card.total, config, quantization, tokens=tokens):
        return ""
    smaller: list[Quantization] = [
        other for other in ("int8", "nf4") if memory.fits(card.total, config, other, tokens=tokens)
    ]
    remedy = f'set quantization = "{smaller[0]}"' if smaller else "take a smaller model"
    return f"too big for {card.name} with {card.total / 1e9:.1f} GB: {remedy}"


def _config(folder: Path) -> dict[str, Any]:
    """Return a model's configuration; empty where nothing can be reckoned from it."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    try:
        memory.parameters(config)
    except (UnknownKind, KeyError):
        return {}
    return config
