"""Find the NVIDIA cards of this machine and their memory, without loading torch into this process."""

import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

MEBIBYTE = 1 << 20
SMI_SECONDS = 20
TORCH_SECONDS = 120
# Where a driver shows itself, also where its own program is not installed.
TRACES = (Path("/proc/driver/nvidia/gpus"), Path("/dev/nvidiactl"))
ASK_TORCH = (
    "import json, torch; print(json.dumps([[torch.cuda.get_device_name(i), *torch.cuda.mem_get_info(i)] "
    "for i in range(torch.cuda.device_count())]))"
)


@dataclass(frozen=True, slots=True)
class Card:
    """Hold a card's name and its memory in bytes."""

    name: str
    free: int
    total: int


def cards() -> list[Card]:
    """Return the cards that programs started here may use; takes up to some seconds."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and visible.strip() in {"", "-1"}:
        return []
    if program := shutil.which("nvidia-smi"):
        return _told_by_driver(program, visible)
    return _told_by_torch() if any(trace.exists() for trace in TRACES) else []


def torch_installed() -> bool:
    """Tell whether torch is installed."""
    return importlib.util.find_spec("torch") is not None


def card_for_torch() -> bool:
    """Tell whether there is a card that torch can use: some builds of it know the processor only."""
    if torch_installed() and importlib.metadata.version("torch").endswith("+cpu"):
        return False
    return bool(cards())


def _told_by_driver(program: str, visible: str | None) -> list[Card]:
    chosen = ["--id", visible] if visible else []
    query = ["--query-gpu=name,memory.free,memory.total", "--format=csv,noheader,nounits"]
    lines = _output([program, *chosen, *query], SMI_SECONDS).splitlines()
    fields = [line.rsplit(",", 2) for line in lines]
    return [
        Card(name.strip(), int(free) * MEBIBYTE, int(total) * MEBIBYTE)
        for name, free, total in (row for row in fields if len(row) == 3)
        if free.strip().isdecimal() and total.strip().isdecimal()
    ]


def _told_by_torch() -> list[Card]:
    told = _output([sys.executable, "-c", ASK_TORCH], TORCH_SECONDS)
    return [Card(*card) for card in json.loads(told or "[]")]


def _output(command: list[str], seconds: float) -> str:
    """Return what a program prints, nothing if it fails: then no card can be used."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("no card can be asked", program=command[0], reason=str(error))
        return ""
    return done.stdout
