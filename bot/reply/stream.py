"""Write a narration into its channel while it happens: the place in the queue, then the growing text."""

import asyncio
from contextlib import aclosing, suppress

import structlog

from bot.locales import Text, _
from bot.reply.answers import UNSAID
from bot.reply.buttons import only
from bot.reply.sheet import Sheet
from bot.story.narration.draft import Waiting, Writing
from bot.story.narration.finishing import Done
from bot.story.narration.narrator import Narration, Narrator, Progress
from bot.story.text import inline_name

log = structlog.get_logger(__name__)

PACE = 1.1  # seconds between two edits; Discord allows five in five seconds per channel


async def stream(narration: Narration, sheet: Sheet, *, narrator: Narrator, secret: bool = False) -> Done:
    """Show a narration on a sheet up to its end, a secret one without its words; raises what ended it unwritten."""
    painter = _Painter(narration, sheet, secret=secret)
    await painter.paint(Waiting(0, None))
    await narrator.show_in(narration, sheet.message_ids[0])
    async with aclosing(narration.progress) as progress, painter:
        async for step in progress:
            if isinstance(step, Done):
                return step
            painter.latest = step
    raise AssertionError("a narration ends with Done or raises")


class _Painter:
    """Bring a sheet up to date about once a second, as long as it is entered."""

    def __init__(self, narration: Narration, sheet: Sheet, *, secret: bool) -> None:
        self._secret = secret
        self._narration = narration
        self._sheet = sheet
        self._stop = only("stop", narration.job.id, narration.story.language)
        self._over = asyncio.Event()
        self.latest: Progress | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        await self._task

    async def _run(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), PACE)
            latest, self.latest = self.latest, None
            if latest is not None and not self._over.is_set():
                try:
                    await self.paint(latest)
                except UNSAID as error:
                    # The story goes on without this edit, which comes again unless there are newer words.
                    self.latest = self.latest or latest
                    log.warning("an edit failed", error=repr(error))

    async def paint(self, step: Progress) -> None:
        """Show one step."""
        name = inline_name(self._narration.job.asker_name)
        text = step.text if isinstance(step, Writing) else ""
        line = _("The narrator is writing for {name} …", name=name) if text else _waiting(step, name)
        await self._sheet.show(
            "" if self._secret else text, foot=line.render(self._narration.story.language), view=self._stop
        )


def _waiting(step: Progress, name: str) -> Text:
    if not isinstance(step, Waiting) or step.position == 0:
        return _("{name} asks the narrator to go on …", name=name)
    if step.eta is None:
        return _(
            "{name} asks the narrator to go on … number {place} in the queue.", name=name, place=step.position
        )
    return _(
        "{name} asks the narrator to go on … number {place} in the queue, starts in about {seconds} s.",
        name=name,
        place=step.position,
        seconds=max(1, round(step.eta)),
    )
