"""Give each story its own slot of the backend's prompt cache; pure and synchronous."""


class SlotTable:
    """Lend numbered slots, each to one stream at a time, so that a story finds its own cache again.

    A story gets the slot it had last if nobody took it meanwhile, else the one that was idle longest.
    """

    def __init__(self, count: int) -> None:
        # Idle slots stand in the order of their last use; each remembers whose cache it holds.
        self._idle: dict[int, str | None] = dict.fromkeys(range(count))
        self._busy: dict[int, str] = {}

    def acquire(self, key: str) -> int:
        """Take an idle slot for a story; there must be one."""
        if not self._idle:
            raise LookupError("every slot is busy")
        own = (slot for slot, holder in self._idle.items() if holder == key)
        slot = next(own, next(iter(self._idle)))
        del self._idle[slot]
        self._busy[slot] = key
        return slot

    def release(self, slot: int) -> None:
        """Give a slot back; it keeps its story's cache until another takes it."""
        self._idle[slot] = self._busy.pop(slot)
