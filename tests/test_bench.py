"""The benches: they run the real thing, and their figures have the shape that is promised."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.bench.figures import percentiles
from bot.bench.lag import loop_lag


def test_percentiles_are_milliseconds_of_the_right_rank() -> None:
    """The median, the 99th percentile and the largest are places in the ranking."""
    assert percentiles([number / 1000 for number in range(200, 0, -1)]) == {
        "p50": 101,
        "p99": 199,
        "max": 200,
    }
    assert percentiles([]) is None


async def test_a_blocked_loop_is_late_for_every_tick_of_the_block() -> None:
    """Fifty milliseconds without the loop count ten times, not once."""
    async with loop_lag() as lags:
        await asyncio.sleep(0.02)
        time.sleep(0.05)  # noqa: ASYNC251  # the block that is measured
        await asyncio.sleep(0.02)
    assert sum(lag >= 0.005 for lag in lags) >= 8
    assert max(lags) >= 0.04


@pytest.mark.model
def test_the_bench_of_the_bot_prints_its_figures(tmp_path: Path) -> None:
    """People write by command and by typing, nobody is refused, and every passage arrives."""
    small = ["--channels", "4", "--rate", "8", "--seconds", "2", "--passages", "300", "--rounds", "1"]
    small += ["--tokens", "8"]
    ran = subprocess.run(
        [sys.executable, "-m", "bot", "bench", "bot", *small],
        env={
            **os.environ,
            "STORYLOOM_STORAGE__PATH": str(tmp_path / "storyloom.db"),
            "STORYLOOM_MODEL__THREADS": "1",  # other tests may run beside this one
        },
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    many, story, *engine = [json.loads(line) for line in ran.stdout.splitlines()]
    assert many["bench"] == "many channels"
    assert set(many["people"]["answers"]) == {"200", "204"}
    assert many["people"]["askers_lost"] == []
    assert (many["passages"]["written"], many["passages"]["typed"], many["unanswered"]) == (8, 8, 0)
    for name in ("acknowledged_ms", "loop_lag_ms", "write_shown_ms", "typed_taken_ms"):
        assert 0 < many[name]["p50"] <= many[name]["p99"] <= many[name]["max"]
    assert many["peak_megabytes"]["bot"] > 10
    assert [peak > 10 for peak in many["peak_megabytes"]["model"]] == [True]
    assert (story["bench"], story["passages"]) == ("long story", 300)
    assert story["prompt_bytes"] > 5000
    assert 0 < story["show_ms"]["p50"] <= story["open_and_prompt_ms"]["p50"]
    assert [line["streams"] for line in engine if "streams" in line] == [1, 4]
    assert not list(tmp_path.glob("bench-*"))
