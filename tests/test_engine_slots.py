"""Prove that slots are lent to one stream at a time, and that stories find their own again."""

import os
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from bot.engine.backends.cores import model_threads, usable_cores
from bot.engine.backends.slots import SlotTable

COUNT = 3
KEYS = st.sampled_from(["a", "b", "c", "d", "e"])


class SlotMachine(RuleBasedStateMachine):
    """Acquire and release in any order beside a plain record of uses."""

    def __init__(self) -> None:
        super().__init__()
        self.table = SlotTable(COUNT)
        self.busy: dict[int, str] = {}
        self.last: list[int] = list(range(COUNT))  # longest idle first
        self.holder: dict[int, str] = {}

    @precondition(lambda self: len(self.busy) < COUNT)
    @rule(key=KEYS)
    def acquire(self, key: str) -> None:
        """Get the own slot if it is idle, else the one that was idle longest."""
        idle = [slot for slot in self.last if slot not in self.busy]
        own = [slot for slot in idle if self.holder.get(slot) == key]
        slot = self.table.acquire(key)

        assert slot == (own or idle)[0]

        self.busy[slot] = self.holder[slot] = key

    @precondition(lambda self: self.busy)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """Give one back."""
        slot = data.draw(st.sampled_from(sorted(self.busy)))
        self.table.release(slot)
        del self.busy[slot]
        self.last.remove(slot)
        self.last.append(slot)

    @precondition(lambda self: len(self.busy) == COUNT)
    @rule(key=KEYS)
    def refuse(self, key: str) -> None:
        """Lend no busy slot."""
        with pytest.raises(LookupError):
            self.table.acquire(key)


TestSlotMachine = SlotMachine.TestCase


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000\n", 10**6), ("200000 100000\n", 2), ("50000 100000\n", 1)]
)
def test_a_containers_quota_bounds_the_cores(tmp_path: Path, quota: str, cores: int) -> None:
    """A container for two cores on a big machine gets two, and half a core is one."""
    file = tmp_path / "cpu.max"
    file.write_text(quota)

    assert usable_cores(file) == min(cores, len(os.sched_getaffinity(0)))


def test_without_a_container_every_core_is_usable(tmp_path: Path) -> None:
    """And the model gets at least one thread."""
    assert usable_cores(tmp_path / "none") == len(os.sched_getaffinity(0))
    assert model_threads() >= 1
