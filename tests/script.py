"""Tell a scripted backend what to say, so that a test can hold the narrator in the middle of a sentence."""

import asyncio
from collections.abc import Callable
from weakref import WeakSet

from bot.engine.request import Request

_TALE = (
    "Rain came over the harbour, and the keeper counted the ships that were still out.",
    "A bell rang twice below the cliff; nobody had touched its rope for eleven years.",
    "She opened the ledger at the last page and found her own name written there in green ink.",
    "Far out, a light answered, slow and patient, like someone breathing in their sleep.",
    "The stairs were wet with salt, and every step remembered a different pair of boots.",
    "By morning the fog had taken the pier, the chapel and half of the road to the north.",
)


class Script:
    """Tell a scripted backend what to say, and hold it in the middle of a sentence.

    What nobody waits for (recaps, proposals …) takes nothing from the script and is not held: `aside` answers that.
    """

    def __init__(self) -> None:
        self.aside: Callable[[Request], str] = _nothing
        self._asides: WeakSet[asyncio.Task[object]] = WeakSet()
        self._next: list[str] = []
        self._told = 0
        self._open = asyncio.Event()
        self._open.set()
        self._before_hold = 0

    def says(self, *texts: str) -> None:
        """Let the narrator say these next."""
        self._next += texts

    def hold(self, *, after: int = 8) -> None:
        """Let the narrator fall silent after so many more tokens, until `go_on`."""
        self._before_hold = after
        self._open.clear()

    def go_on(self) -> None:
        """Let the narrator speak again."""
        self._open.set()

    def reply(self, request: Request) -> str:
        """Give the next text: what was asked for, else the next of an endless tale."""
        if request.background and (task := asyncio.current_task()):
            self._asides.add(task)
            return self.aside(request)
        if self._next:
            return self._next.pop(0)
        self._told += 1
        return f"{_TALE[(self._told - 1) % len(_TALE)]} It was hour {self._told} of the watch."

    async def delay(self) -> None:
        """Wait before a token, if it is held."""
        if asyncio.current_task() in self._asides:
            return
        if self._before_hold > 0:
            self._before_hold -= 1
        else:
            await self._open.wait()


def _nothing(request: Request) -> str:
    return ""
