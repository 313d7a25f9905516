"""Measure one model from its loading to its last token."""

import resource
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig

from bot.engine.backends.transformers.bench import measures
from bot.engine.backends.transformers.bench.apart import apart
from bot.engine.backends.transformers.bench.bandwidth import bandwidth, limit, weight_bytes
from bot.engine.backends.transformers.bench.prompts import Prompts
from bot.engine.backends.transformers.bench.random_weights import random_model
from bot.engine.backends.transformers.bench.way import Way
from bot.engine.backends.transformers.bench.ways import open_ways
from bot.engine.backends.transformers.loading import Loaded, load
from bot.engine.backends.transformers.support import kv_bytes
from bot.engine.bench.figures import rounded
from bot.engine.bench.plan import Plan
from bot.engine.memory import Quantization
from bot.engine.shapes import SHAPES

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """Say what is measured: the model in `path`, or, where there is a `shape`, that with random weights."""

    path: Path
    shape: str
    quantization: Quantization
    device: str
    cache: Path | None = None


def measure(subject: Subject, plan: Plan) -> Iterator[Figures]:
    """Yield figures as they come; each says what it measures."""
    began = time.perf_counter()
    loaded = apart(lambda: _load(subject, plan))
    yield {
        "measure": "load",
        "backend": "transformers",
        "model": subject.shape or subject.path.name,
        "random_weights": bool(subject.shape),
        "quantization": subject.quantization,
        "dtype": str(loaded.dtype).removeprefix("torch."),
        "device": _name(loaded.device),
        "threads": torch.get_num_threads(),
        "seconds": round(time.perf_counter() - began, 2),
        "weights_megabytes": round(loaded.weight_bytes / 1e6, 1),
    }
    speed = apart(lambda: bandwidth(loaded.device))
    yield {"measure": "memory bandwidth", "gigabytes_per_second": round(speed / 1e9, 1)}
    prompts = Prompts(loaded.vocabulary.size)
    with open_ways(loaded, plan) as ways:
        yield {"measure": "ready", "seconds": round(time.perf_counter() - began, 2)}
        _warm_up(ways, plan, prompts)
        for streams in plan.streams if "speed" in plan.only else ():
            figures = measures.speed(ways, streams, plan, prompts)
            yield figures | _share(figures, loaded, speed, streams, plan)
        if "words" in plan.only:
            yield measures.first_words(ways, plan.turns, plan.rounds, prompts)
        for streams in plan.arriving if "arrivals" in plan.only else ():
            yield from measures.arrivals(ways, streams, plan, prompts)
    yield {"measure": "memory", "peak_megabytes": round(_peak(loaded.device) / 1e6, 1)}


def _load(subject: Subject, plan: Plan) -> Loaded:
    if not subject.shape:
        return load(
            subject.path,
            quantization=subject.quantization,
            device=subject.device,
            context=plan.context,
            cache=subject.cache,
        )
    shape = dict(SHAPES[subject.shape])
    device = torch.device(subject.device)
    return random_model(
        AutoConfig.for_model(**shape),
        quantization=subject.quantization,
        device=device,
        dtype=torch.float32 if device.type == "cpu" else torch.bfloat16,
    )


def _warm_up(ways: Mapping[str, Way], plan: Plan, prompts: Prompts) -> None:
    """Let libraries choose their kernels and get their memory before anything counts."""
    for streams in {1, plan.parallel}:
        for way in ways.values():
            asks = prompts.together(streams, min(plan.prompt, 64), 4)
            apart(partial(way.run, asks, limit=streams))


def _share(figures: Figures, loaded: Loaded, speed: float, streams: int, plan: Plan) -> Figures:
    """Say how fast memory alone would let the streams be written, and how much of that we reached."""
    best = limit(
        speed=speed,
        weights=weight_bytes(loaded.model),
        token=kv_bytes(loaded.config, loaded.dtype),
        streams=streams,
        context=plan.prompt + plan.tokens / 2,
    )
    reached = figures["decode"][measures.OURS]
    return {"decode_limit": rounded(best), "share_of_limit": reached and rounded(reached / best)}


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def _peak(device: torch.device) -> int:
    """Return the most memory held so far: on the card, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
