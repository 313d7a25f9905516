"""Prove that the engine's bench measures both ways and says so in JSON."""

import json

import pytest

from bot.engine.backends.llamacpp import LlamaCppSettings
from bot.engine.bench.llamacpp import bench, share
from bot.engine.bench.plan import Plan, Turns
from bot.engine.models import resolve

PLAN = Plan(streams=(1, 2), arriving=(), prompt=60, tokens=4, rounds=1, turns=Turns(60, 120, 60))
SETTINGS = LlamaCppSettings(parallel=2, threads=1)


@pytest.mark.model
async def test_the_bench_tells_both_speeds_and_first_words_warm_and_cold() -> None:
    """A few tokens, one round: figures are there, and none is judged here."""
    info = await resolve("embedded", context=512)
    loaded, *lines = [line async for line in bench(info, PLAN, SETTINGS)]

    assert json.dumps([loaded, *lines])
    assert loaded["seconds"] > 0
    assert [line["streams"] for line in lines[:2]] == [1, 2]
    assert all(set(line["medians"]["tokens_per_second"]) == {"engine", "raw"} for line in lines[:2])
    assert [(line["measure"], line["warm"]) for line in lines[2:]] == [
        ("first words", True),
        ("first words", False),
    ]
    assert all(line["milliseconds"]["engine"]["p50"] > 0 for line in lines[2:])


@pytest.mark.model
async def test_the_share_of_the_bot_is_told_for_each_number_of_streams() -> None:
    """Only writing is measured, and the share says how much of it the bot takes."""
    info = await resolve("embedded", context=512)
    lines = [line async for line in share(info, PLAN, SETTINGS)]

    assert [line["streams"] for line in lines] == [1, 2]
    assert all(isinstance(line["bot_share_percent"], float) for line in lines)
