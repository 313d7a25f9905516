"""Foretell waiting times from the speed and the lengths measured so far; pure."""

from collections.abc import Sequence

WEIGHT = 0.2  # of the newest stream in the running averages: about the last ten count


class Pace:
    """Average how long streams are and how fast they come, with the newest counting most."""

    def __init__(self) -> None:
        self._tokens: float | None = None
        self._rate: float | None = None

    @property
    def tokens_per_second(self) -> float | None:
        """Return one stream's speed, from its start to its end; None before the first was measured."""
        return self._rate

    def record(self, tokens: int, seconds: float) -> None:
        """Take in a finished stream; one without tokens or time tells nothing."""
        if tokens <= 0 or seconds <= 0:
            return
        self._tokens = _averaged(self._tokens, tokens)
        self._rate = _averaged(self._rate, tokens / seconds)

    def eta(self, position: int, *, running: Sequence[float], parallel: int) -> float | None:
        """Return in how many seconds the request at a position starts; None before anything was measured.

        `running` has for each running stream the seconds since its start. Position 0 has started, 1 is next.
        """
        if self._tokens is None or self._rate is None:
            return None
        if position == 0:
            return 0.0
        length = self._tokens / self._rate
        free_at = sorted(max(0.0, length - seconds) for seconds in running)
        free_at = [0.0] * (parallel - len(free_at)) + free_at
        # All are free within one length, so they take what waits in turns.
        rounds, worker = divmod(position - 1, len(free_at))
        return free_at[worker] + rounds * length


def _averaged(old: float | None, new: float) -> float:
    return new if old is None else old + WEIGHT * (new - old)
