"""Prove that the engine's bench measures both ways and says so in JSON."""

import json

import pytest

from bot.engine.backends.llamacpp import LlamaCppSettings
from bot.engine.bench import bench
from bot.engine.models import resolve


@pytest.mark.model
async def test_the_bench_tells_both_speeds_for_one_and_for_more_streams(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A few tokens, one round: figures are there, and none is judged here."""
    monkeypatch.setattr("bot.engine.bench.STREAMS", (1, 2))
    info = await resolve("embedded", context=512)
    settings = LlamaCppSettings(parallel=2, threads=1)
    loaded, *lines = [line async for line in bench(info, settings, rounds=1, tokens=4)]

    assert json.dumps([loaded, *lines])
    assert loaded["load_seconds"] > 0
    assert [line["streams"] for line in lines] == [1, 2]
    assert all(line["raw_tokens_per_second"] > 0 < line["engine_tokens_per_second"] for line in lines)
