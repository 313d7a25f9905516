"""Choose how many threads a model gets on this machine."""

import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")


def model_threads() -> int:
    """Return the threads that a model takes when the host named no number: all cores but one, which is the bot's.

    Its threads wait for each other at every step of every token, so one that shares its core slows all of them to
    a crawl, and the bot beside them. Measured on two cores with the bot at work: one thread is faster than two.
    """
    return max(1, usable_cores(QUOTA) - 1)


def usable_cores(quota: Path) -> int:
    """Return how many cores this process may use, by its affinity and by its container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed, period = quota.read_text().split()
    except OSError:  # no container, or no Linux
        return cores
    return cores if allowed == "max" else max(1, min(cores, int(allowed) // int(period)))
