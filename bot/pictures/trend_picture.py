"""Draw how a story's figures changed along the way: one panel for each, one point for each stretch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.locales import Text, _, nearest
from bot.pictures.canvas import BRAND, FADED, PALE, WRITERS, Canvas
from bot.pictures.fonts import Typeface
from bot.story.survey.quality import Report, Stretch

WIDTH = 700.0  # shown small beside a card's figures, so that its words must be large
MARGIN = 28.0
PANEL = 92.0
_LEFT = 262.0
_RIGHT = 76.0
_PLOT = 58.0


@dataclass(frozen=True, slots=True)
class _Panel:
    """Say what a panel shows; `least` is the smallest value that its top may stand for."""

    name: Text
    meaning: Text
    value: Callable[[Stretch], float | None]
    colour: str
    least: float
    share: bool = True


PANELS = (
    _Panel(
        _("Repetition"),
        _("said before, word for word"),
        lambda stretch: stretch.repetition,
        WRITERS[1],
        0.1,
    ),
    _Panel(
        _("Different words"),
        _("in each 200 words in a row"),
        lambda stretch: stretch.different,
        WRITERS[0],
        0.6,
    ),
    _Panel(
        _("Sentence variety"),
        _("how much their lengths vary"),
        lambda stretch: stretch.variety,
        WRITERS[3],
        1.0,
    ),
    _Panel(_("The narrator's share"), _("of the words"), lambda stretch: stretch.narrator, BRAND, 1.0),
    _Panel(
        _("Pace"),
        _("passages on a day of writing"),
        lambda stretch: stretch.pace,
        WRITERS[2],
        1.0,
        share=False,
    ),
)


def draw_trend(title: str, report: Report, *, locale: str, typeface: Typeface) -> bytes:
    """Return the picture, its labels in the reader's language where there is a font for that."""
    return TrendPicture(title, report, locale=locale, typeface=typeface).drawn()


class TrendPicture:
    """Hold what one picture is made of."""

    def __init__(self, title: str, report: Report, *, locale: str, typeface: Typeface) -> None:
        self.locale = "en" if nearest(locale) != "en" and typeface.chinese is None else locale
        self.report = report
        self.title = typeface.drawable(title) or self._said(_("This story"))
        self.canvas = Canvas(WIDTH, typeface)
        self.bold = self.canvas.font(17, bold=True)
        self.small = self.canvas.font(14)

    def drawn(self) -> bytes:
        """Draw everything, from top to bottom."""
        big = self.canvas.font(24, bold=True)
        self.canvas.text(MARGIN, 44, self.canvas.fitted(self.title, big, WIDTH - 2 * MARGIN), big)
        y = 84.0
        for panel in PANELS:
            self._panel(panel, y)
            y += PANEL
        self._foot(y)
        return self.canvas.png(y + 40)

    def _panel(self, panel: _Panel, y: float) -> None:
        values = [panel.value(stretch) for stretch in self.report.stretches]
        top = max([panel.least, *(value * 1.1 for value in values if value is not None)])
        bottom = y + _PLOT
        self.canvas.text(MARGIN, y + 14, self._said(panel.name), self.bold)
        meaning = self.canvas.fitted(self._said(panel.meaning), self.small, _LEFT - MARGIN - 12)
        self.canvas.text(MARGIN, y + 38, meaning, self.small, colour=FADED)
        self.canvas.line((_LEFT, bottom), (WIDTH - _RIGHT, bottom), colour=PALE, width=1.2)
        self.canvas.text(_LEFT - 8, y + 4, _figure(panel, top), self.small, colour=FADED, align="right")
        points = [
            (x, bottom - _PLOT * value / top)
            for x, value in zip(self._places(), values, strict=True)
            if value is not None
        ]
        self._curve(points, bottom, panel.colour)
        if points:
            last = next(value for value in reversed(values) if value is not None)
            self.canvas.text(
                points[-1][0] + 12, points[-1][1], _figure(panel, last), self.bold, colour=panel.colour
            )

    def _curve(self, points: Sequence[tuple[float, float]], bottom: float, colour: str) -> None:
        if len(points) > 1:
            self.canvas.area([(points[0][0], bottom), *points, (points[-1][0], bottom)], colour=colour)
            self.canvas.line(*points, colour=colour, width=2.6)
        for x, y in points[-1:]:
            self.canvas.dot(x, y, 4.5, fill=colour, edge=colour, width=1)

    def _places(self) -> list[float]:
        """Return where each stretch stands from left to right."""
        count = len(self.report.stretches)
        step = (WIDTH - _RIGHT - _LEFT) / max(1, count - 1)
        return [_LEFT + step * index for index in range(count)]

    def _foot(self, y: float) -> None:
        first, last = self.report.stretches[0], self.report.stretches[-1]
        begins = self._said(_("passages {first} to {last}", first=first.first, last=first.last))
        ends = self._said(_("passages {first} to {last}", first=last.first, last=last.last))
        self.canvas.text(_LEFT, y, begins, self.small, colour=FADED)
        self.canvas.text(WIDTH - _RIGHT, y, ends, self.small, colour=FADED, align="right")

    def _said(self, text: Text) -> str:
        return text.render(self.locale)


def _figure(panel: _Panel, value: float) -> str:
    if panel.share:
        return f"{value:.0%}"
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"
