"""Prove that cards are found by the driver's own program, and that none are where none can be used."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.engine import graphics
from bot.engine.graphics import MEBIBYTE, Card, cards

TOLD = "NVIDIA GeForce RTX 4090, 23028, 24564\nNVIDIA H100, 80GB HBM3, 80000, 81559"


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program in the place of the driver's, which notes what it is asked."""
    program = tmp_path / "nvidia-smi"
    program.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/asked"\nprintf "%s\\n" "{TOLD}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return program


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a machine without the driver's program and without a trace of a driver."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(graphics, "TRACES", (tmp_path / "none",))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_cards_have_names_and_memory(driver: Path) -> None:
    """A name may have a comma in it."""
    assert cards() == [
        Card("NVIDIA GeForce RTX 4090", 23028 * MEBIBYTE, 24564 * MEBIBYTE),
        Card("NVIDIA H100, 80GB HBM3", 80000 * MEBIBYTE, 81559 * MEBIBYTE),
    ]
    assert "--id" not in (driver.parent / "asked").read_text()


def test_hidden_cards_are_not_there(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's choice of cards counts for the driver's program too, which does not heed it by itself."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    cards()
    assert "--id 1 " in (driver.parent / "asked").read_text()

    for none in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", none)
        assert cards() == []


@pytest.mark.parametrize("script", ["exit 9", "echo No devices were found", "echo 'GH200, [N/A], [N/A]'"])
def test_a_driver_that_fails_has_no_cards(driver: Path, script: str) -> None:
    """Such as one that does not fit the kernel."""
    driver.write_text(f"#!/bin/sh\n{script}\n")

    with capture_logs():
        assert cards() == []


@pytest.mark.usefixtures("bare")
def test_a_machine_without_driver_has_no_cards() -> None:
    """Nobody is asked."""
    assert cards() == []


@pytest.mark.usefixtures("bare")
def test_torch_is_asked_where_the_program_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own: in a container the driver often comes without its programs."""
    monkeypatch.setattr(graphics, "TRACES", (tmp_path,))
    monkeypatch.setattr(graphics, "ASK_TORCH", 'print("[[\\"Card\\", 1, 2]]")')
    assert cards() == [Card("Card", 1, 2)]

    monkeypatch.setattr(graphics, "ASK_TORCH", "raise SystemExit(1)")
    with capture_logs():
        assert cards() == []


def test_a_torch_without_cuda_uses_no_card(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its build says so in its version."""
    assert driver.exists()
    for build, usable in (("2.13.0+cpu", False), ("2.13.0+cu130", True), ("2.13.0", True)):
        monkeypatch.setattr("importlib.metadata.version", lambda _, build=build: build)
        assert graphics.card_for_torch() == usable
