"""The command that measures an engine: what its options ask for, and what it prints and keeps."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot import logs
from bot.__main__ import BAD_START, main
from bot.bench.engines import plan_of
from bot.engine.bench.plan import Plan, Turns
from bot.errors import StartError
from tests.tiny import save_tiny


def options(**given: object) -> argparse.Namespace:
    """Return options of which only some were given."""
    names = ("streams", "prompt", "tokens", "rounds", "turns", "quick", "only")
    return argparse.Namespace(**{name: given.get(name) for name in names})


def test_without_options_the_plan_is_the_whole_one() -> None:
    """All streams, all turns, three rounds."""
    assert plan_of(options()) == Plan()


def test_options_make_the_plan_smaller() -> None:
    """What was given counts, the rest stays."""
    given = plan_of(options(streams="1,2", prompt=50, tokens=8, rounds=1, turns="100,300,50"))

    assert given == Plan(streams=(1, 2), prompt=50, tokens=8, rounds=1, turns=Turns(100, 300, 50))


def test_one_measure_alone_can_be_asked_for() -> None:
    """The others are left out."""
    assert plan_of(options(only=["words"])).only == ("words",)


def test_a_quick_plan_still_has_every_measure() -> None:
    """It keeps what was asked for, cut down."""
    quick = plan_of(options(streams="1,2,8", tokens=4, quick=True))

    assert (quick.streams, quick.tokens, quick.rounds) == ((1, 2), 4, 1)
    assert len(quick.turns.lengths()) == 3
    assert quick.arriving


@pytest.mark.parametrize(
    "wrong",
    [{"streams": "four"}, {"streams": "1,,2"}, {"streams": "0"}, {"turns": "1,2"}, {"turns": "9,1,1"}],
)
def test_what_cannot_be_read_is_told_with_an_example(wrong: dict[str, str]) -> None:
    """One sentence, and numbers that would do."""
    with pytest.raises(StartError) as caught:
        plan_of(options(**wrong))

    assert "1,4,8" in caught.value.text.render("en")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--random-weights", "nobody-1b"], "llama-3.1-8b"), (["--streams", "x"], "500,6000,100")],
)
def test_a_wrong_option_ends_in_one_line(
    arguments: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """No traceback: what is wrong, and what there is."""
    monkeypatch.setattr(logs, "configure", lambda **_settings: None)  # the log stays the tests' own
    config = tmp_path / "config.toml"
    config.touch()

    assert main(["bench", "engine", "--config", str(config), *arguments]) == BAD_START
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_model_of_safetensors_is_measured_in_the_process_and_through_the_whole_engine(
    tmp_path: Path,
) -> None:
    """Every line is printed as it comes, and added to the file; a bare loading error would be a line of its own."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    kept = tmp_path / "results" / "here.jsonl"
    small = ["--streams", "1", "--prompt", "30", "--tokens", "4", "--turns", "40,60,10", "--quick"]
    command = [
        "bench",
        "engine",
        "--backend",
        "transformers",
        "--quantization",
        "none",
        "--output",
        str(kept),
    ]
    ran = subprocess.run(
        [sys.executable, "-m", "bot", *command, "--model", str(save_tiny(folder)), *small],
        env={**os.environ, "STORYLOOM_MODEL__THREADS": "1"},
        capture_output=True,
        check=True,
        timeout=120,
    )
    lines = [json.loads(line) for line in ran.stdout.splitlines()]

    measured = [line["measure"] for line in lines]
    assert measured[:2] == ["machine", "load"]
    assert {"speed", "first words", "arrivals", "whole engine: speed"} <= set(measured)
    assert [json.loads(line) for line in kept.read_text().splitlines()] == lines


def test_a_folder_without_a_model_is_told_and_no_figure_is_printed(tmp_path: Path) -> None:
    """The process that measures says why, in one sentence."""
    (tmp_path / "config.json").write_text("{}")
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "bot",
            "bench",
            "engine",
            "--backend",
            "transformers",
            "--model",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.returncode == BAD_START
    assert [json.loads(line)["measure"] for line in ran.stdout.splitlines()] == ["machine"]
    assert ran.stderr.strip()
