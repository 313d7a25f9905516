"""Turn measurements into figures: percentiles, memory."""

import json
import os
import resource
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

Figures = Mapping[str, object]

_KIB = 1024


def tell(figures: Figures) -> None:
    """Print one bench's figures as one line of JSON."""
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


def percentiles(seconds: Sequence[float]) -> dict[str, float] | None:
    """Return the median, the 99th percentile and the largest of some times, in milliseconds; None without any."""
    if not seconds:
        return None
    ranked = sorted(seconds)
    at = {"p50": len(ranked) // 2, "p99": len(ranked) * 99 // 100, "max": len(ranked) - 1}
    return {name: round(ranked[place] * 1000, 2) for name, place in at.items()}


def own_processor_seconds() -> dict[str, float] | None:
    """Return how long this process's main thread ran, and how long it could have but found every core taken."""
    try:
        ran, waited, _slices = Path("/proc/self/schedstat").read_text().split()
    except OSError:
        return None
    return {"ran": round(int(ran) / 1e9, 2), "waited": round(int(waited) / 1e9, 2)}


def own_peak_megabytes() -> float:
    """Return the most memory that this process has held."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB / 1e6, 1)


def peak_megabytes(pid: int) -> float | None:
    """Return the most memory that another process has held; None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    lines = (line.split() for line in status.splitlines())
    return next((round(int(line[1]) * _KIB / 1e6, 1) for line in lines if line[0] == "VmHWM:"), None)


def children() -> list[int]:
    """Return the ids of this process's children; empty where the system does not tell."""
    try:
        lists = [task.read_text() for task in Path(f"/proc/{os.getpid()}/task").glob("*/children")]
    except OSError:
        return []
    return [int(pid) for text in lists for pid in text.split()]
