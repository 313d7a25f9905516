"""Run each piece of work in a thread of its own, one after the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def apart(work: Callable[[], Result]) -> Result:
    """Return what some work returns.

    A thread that has multiplied matrices on a processor keeps its helpers until it ends; where these are more than the
    cores, whoever multiplies next is half as fast.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()
