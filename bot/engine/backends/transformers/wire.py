"""Say a request as the JSON body that travels to the model's process, and read it there."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from bot.engine.backends import llamacpp
from bot.engine.backends.dialects import ANY_SLOT
from bot.engine.request import Request, Sampling


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold what a request's body asks for."""

    messages: list[dict[str, str]]
    sampling: Sampling
    cache_key: str
    warm: bool
    adapter: str


def request_body(request: Request) -> dict[str, Any]:
    """Return a request in llama.cpp's words, and in ours where it has none."""
    return llamacpp.request_body(request, ANY_SLOT) | {
        "seed": request.sampling.seed,
        "no_repeat_ngram_size": request.sampling.no_repeat_ngram,
        "banned_strings": list(request.sampling.banned),
        "cache_key": request.cache_key,
        "adapter": request.adapter,
    }


def asked(body: Mapping[str, Any]) -> Asked:
    """Return what a body asks for; raises KeyError, TypeError or ValueError if it is none of `request_body`'s."""
    return Asked(
        messages=[{"role": message["role"], "content": message["content"]} for message in body["messages"]],
        sampling=_sampling(body),
        cache_key=str(body["cache_key"]),
        warm=bool(body["cache_prompt"]),
        adapter=str(body["adapter"]),
    )


def _sampling(body: Mapping[str, Any]) -> Sampling:
    schema = body.get("json_schema")
    sampling = Sampling(
        seed=int(body["seed"]),
        temperature=float(body["temperature"]),
        top_k=int(body["top_k"]),
        top_p=float(body["top_p"]),
        min_p=float(body["min_p"]),
        repetition_penalty=float(body["repeat_penalty"]),
        repetition_window=int(body["repeat_last_n"]),
        no_repeat_ngram=int(body["no_repeat_ngram_size"]),
        dry_multiplier=float(body["dry_multiplier"]),
        dry_base=float(body["dry_base"]),
        dry_allowed_length=int(body["dry_allowed_length"]),
        xtc_probability=float(body["xtc_probability"]),
        xtc_threshold=float(body["xtc_threshold"]),
        max_tokens=int(body["max_tokens"]),
        stop=tuple(body["stop"]),
        banned=tuple(body["banned_strings"]),
        grammar=str(body.get("grammar", "")),
        json_schema="" if schema is None else json.dumps(schema),
    )
    numbers = (getattr(sampling, entry.name) for entry in fields(sampling))
    if sampling.repetition_penalty <= 0 or not all(
        math.isfinite(value) for value in numbers if isinstance(value, float)
    ):
        raise ValueError("a number of the sampling is none that can be worked with")
    return sampling
