"""Draw one picture at a time, beside the event loop; what draws is loaded with the first picture."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from bot.pictures.drawn import Drawn
from bot.story.survey.quality import Report
from bot.story.survey.shape import Shape

if TYPE_CHECKING:
    from bot.pictures.fonts import Typeface

_Picture = TypeVar("_Picture")


class Studio:
    """Draw pictures of stories for whoever asks."""

    def __init__(self) -> None:
        # matplotlib is not made for several threads.
        self._free = asyncio.Lock()
        self._typeface: Typeface | None = None

    async def tree(self, title: str, shape: Shape, *, locale: str) -> Drawn:
        """Draw a story's tree."""

        def draw() -> Drawn:
            from bot.pictures.tree_picture import draw_tree  # only here: it takes half a second to load

            return draw_tree(title, shape, locale=locale, typeface=self._font())

        return await self._drawn(draw)

    async def trend(self, title: str, report: Report, *, locale: str) -> bytes:
        """Draw how a story's figures changed along the way."""

        def draw() -> bytes:
            from bot.pictures.trend_picture import draw_trend  # only here, likewise

            return draw_trend(title, report, locale=locale, typeface=self._font())

        return await self._drawn(draw)

    async def _drawn(self, draw: Callable[[], _Picture]) -> _Picture:
        async with self._free:
            return await asyncio.to_thread(draw)

    def _font(self) -> "Typeface":
        from bot.pictures.fonts import Typeface  # only here, likewise

        self._typeface = self._typeface or Typeface.find()
        return self._typeface
