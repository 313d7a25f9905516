"""Draw a story's tree: its branches with names, where it stands, who wrote what."""

from bot.locales import Text, _, _n, nearest
from bot.pictures.canvas import FADED, INK, PALE, PAPER, Canvas
from bot.pictures.cast import Cast
from bot.pictures.drawn import Drawn
from bot.pictures.fonts import Typeface
from bot.story.survey.shape import Row, Shape
from bot.story.survey.writers import NARRATOR

WIDTH = 500.0  # without lanes; phones show it 360 wide, so that its words must be large
MARGIN = 22.0
ROW = 36.0
LANE = 26.0
_NODE = 8.0
_SMALL_NODE = 4.6
_NAME = 140.0  # as wide as a writer's may be in a row
_TAG = 170.0  # likewise a branch's
_LEGEND_LINES = 3
_LEGEND_LINE = 28.0


def draw_tree(title: str, shape: Shape, *, locale: str, typeface: Typeface) -> Drawn:
    """Return the picture, its labels in the reader's language where there is a font for that."""
    return TreePicture(title, shape, locale=locale, typeface=typeface).drawn()


class TreePicture:
    """Hold what one picture is made of."""

    def __init__(self, title: str, shape: Shape, *, locale: str, typeface: Typeface) -> None:
        self.shape = shape
        self.locale = "en" if nearest(locale) != "en" and typeface.chinese is None else locale
        self.typeface = typeface
        self.title = typeface.drawable(title) or self._said(_("The tree of this story"))
        self.cast = Cast(shape.names, shape.writers, locale=self.locale, typeface=typeface)
        self.wordless = False
        # Side nodes stand between the lanes and the words.
        lanes = max((row.lane for row in shape.rows), default=0)
        side = 44 if any(row.beside for row in shape.rows) else 0
        self.width = WIDTH + LANE * lanes + side
        self.canvas = Canvas(self.width, typeface)
        self.plain = self.canvas.font(17)
        self.bold = self.canvas.font(17, bold=True)
        self.small = self.canvas.font(15)
        self.left = self._x(lanes) + 24 + side
        numbers = [self.canvas.measure(f"{row.last}", self.small) for row in shape.rows if row.sketch]
        self.words = self.left + max(numbers, default=0) + 14

    def drawn(self) -> Drawn:
        """Draw everything, from top to bottom."""
        top = self._head()
        places = self._places(top + ROW / 2)
        for row, y in zip(self.shape.rows, places, strict=True):
            self._beside(row, y)
        self._lines(places, top)
        for row, y in zip(self.shape.rows, places, strict=True):
            self._row(row, y)
        end = places[-1] + ROW * (2 if self.shape.rows[-1].beyond else 1)
        end = self._foot(end + 4)
        return Drawn(self.canvas.png(end + 30), self.cast.unwritten, self.wordless)

    # Above and below the rows

    def _head(self) -> float:
        """Write the title, what there is, and who wrote it; return where the rows begin."""
        canvas, shape = self.canvas, self.shape
        big = canvas.font(24, bold=True)
        canvas.text(MARGIN, 44, canvas.fitted(self.title, big, self.width - 2 * MARGIN), big)
        parts = [
            _n("{n} passage", "{n} passages", shape.told),
            _n("{n} branch", "{n} branches", shape.branches),
        ]
        canvas.text(MARGIN, 74, " · ".join(map(self._said, parts)), self.plain, colour=FADED)
        if not shape.aside:
            return self._legend(104) + 26
        kept = _n(
            "{n} more is kept but not read: another take, or taken back",
            "{n} more are kept but not read: other takes, or taken back",
            shape.aside,
        )
        canvas.text(MARGIN, 99, self._said(kept), self.plain, colour=FADED)
        return self._legend(130) + 26

    def _legend(self, y: float) -> float:
        """Name the writers in their colours with how many passages they wrote; return the height of its last line."""
        x, lines = MARGIN, 1
        ranked = sorted(self.shape.writers.items(), key=lambda item: -item[1])
        for index, (writer, count) in enumerate(ranked):
            name = self.canvas.fitted(self.cast.names[writer], self.bold, 190)
            needed = 28 + self.canvas.measure(f"{name} {count}", self.bold)
            if x + needed > self.width - MARGIN - 50:
                if lines == _LEGEND_LINES:
                    self.canvas.text(x, y, f"+{len(ranked) - index}", self.plain, colour=FADED)
                    break
                x, y, lines = MARGIN, y + _LEGEND_LINE, lines + 1
            self._node(x + 7, y, writer)
            x += 22 + self.canvas.text(x + 22, y, name, self.bold, colour=self.cast.colours[writer])
            x += 30 + self.canvas.text(x + 7, y, f"{count}", self.plain, colour=FADED)
        return y

    def _foot(self, y: float) -> float:
        """Explain the signs that are there, one below the other; return the height of the last line."""
        x, last = MARGIN + 8, y - _LEGEND_LINE
        if any(row.beside for row in self.shape.rows):
            last = self._explain(last, _("another version, kept beside"))
            self.canvas.dot(x, last, _SMALL_NODE, fill=PAPER, edge=FADED, width=1.8)
        if any(row.sketch is None for row in self.shape.rows):
            last = self._explain(last, _("passages in a row, and who wrote them"))
            self._chain(x, last, FADED)
        if any(self.shape.reading in row.heads for row in self.shape.rows):
            last = self._explain(last, _("where the story stands"))
            self.canvas.dot(x, last, _NODE, fill=PAPER, edge=INK, width=2.4)
        return last

    def _explain(self, above: float, text: Text) -> float:
        """Write what a sign means on the line below; return its height."""
        self.canvas.text(MARGIN + 26, above + _LEGEND_LINE, self._said(text), self.small, colour=FADED)
        return above + _LEGEND_LINE

    # Rows

    def _places(self, y: float) -> list[float]:
        """Return the height of each row."""
        places = []
        for row in self.shape.rows:
            places.append(y)
            y += ROW * (2 if row.beyond else 1)
        return places

    def _lines(self, places: list[float], top: float) -> None:
        """Draw what connects the rows, the branch that is read above the others."""
        for row, y in sorted(zip(self.shape.rows, places, strict=True), key=lambda pair: -pair[0].line):
            colour, width = (INK, 3.2) if row.line == 0 else (PALE, 2.6)
            x, above_x, above_y = self._x(row.lane), self._x(0), top - 6
            if row.above is not None:
                above_x, above_y = self._x(self.shape.rows[row.above].lane), places[row.above]
            if above_x == x:
                self.canvas.line((x, above_y), (x, y), colour=colour, width=width)
            else:
                self.canvas.line((above_x, above_y), (above_x, y - ROW * 0.8), colour=colour, width=width)
                self.canvas.bend(above_x, y - ROW * 0.8, x, y, colour=colour, width=width)

    def _row(self, row: Row, y: float) -> None:
        right = self._ends(row, y)
        if row.sketch is None:
            self._run(row, y, right)
        else:
            self._passage(row, y, right)
        if row.beyond:
            self._beyond(row, y + ROW)

    def _passage(self, row: Row, y: float, right: float) -> None:
        """Draw one passage: its node, its place, who wrote it, how it begins."""
        assert row.sketch is not None
        x, left = self._x(row.lane), self.words
        if row.heads:
            ring = INK if self.shape.reading in row.heads else FADED
            self.canvas.dot(x, y, _NODE + 5, fill=PAPER, edge=ring, width=2.4)
        writer = next(iter(row.writers), None)
        self._node(x, y, writer)
        self.canvas.text(self.left, y, f"{row.first}", self.small, colour=FADED)
        if writer is None:
            self.canvas.text(left, y, self._said(_("taken back")), self.plain, colour=FADED)
            return
        name = self.canvas.fitted(self.cast.names[writer], self.bold, _NAME)
        left += self.canvas.text(left, y, name, self.bold, colour=self.cast.colours[writer]) + 10
        if row.mark == "changed":
            left += self.canvas.text(left, y, self._said(_("rewritten")), self.small, colour=FADED) + 10
        opening = self.typeface.drawable(row.sketch.opening)
        self.wordless = self.wordless or (not opening and bool(row.sketch.opening.strip()))
        self.canvas.text(left, y, self.canvas.fitted(opening, self.plain, right - left), self.plain)

    def _run(self, row: Row, y: float, right: float) -> None:
        """Draw many passages as one: which, and who wrote how much of them."""
        self._chain(self._x(row.lane), y, INK if row.line == 0 else FADED)
        said = self._said(_("passages {first} to {last}", first=row.first, last=row.last))
        left = self.words + self.canvas.text(self.words, y, said, self.plain, colour=FADED) + 14
        total, width = sum(row.writers.values()), min(240.0, max(40.0, right - left - 10))
        for writer, count in sorted(row.writers.items(), key=lambda item: -item[1]):
            self.canvas.box(left, y - 5, width * count / total, 10, fill=self.cast.colours[writer])
            left += width * count / total

    def _beside(self, row: Row, y: float) -> None:
        """Draw other versions as side nodes."""
        x = self._x(row.lane)
        if row.beside:
            self.canvas.line((x, y), (x + 21, y), colour=PALE, width=1.6)
        for index, writer in enumerate(row.beside):
            self.canvas.dot(
                x + 21 + 13 * index, y, _SMALL_NODE, fill=PAPER, edge=self.cast.colours[writer], width=1.8
            )

    def _beyond(self, row: Row, y: float) -> None:
        """Draw what was taken back behind the end of a branch."""
        x = self._x(row.lane)
        self.canvas.line((x, y - ROW + _NODE + 6), (x, y - 6), colour=PALE, width=2.0, dashed=True)
        self.canvas.dot(x, y, _SMALL_NODE, fill=PAPER, edge=PALE, width=1.8)
        said = self._said(_n("{n} passage taken back here", "{n} passages taken back here", row.beyond))
        self.canvas.text(self.words, y, said, self.plain, colour=FADED)

    def _ends(self, row: Row, y: float) -> float:
        """Write, from the right, which branches end here and how many other versions there are; return what is left."""
        right = self.width - MARGIN
        for index, name in enumerate(row.heads):
            if right < self.words + _NAME + 20:
                more = f"+{len(row.heads) - index}"
                self.canvas.text(right, y, more, self.bold, colour=FADED, align="right")
                right -= self.canvas.measure(more, self.bold) + 8
                break
            right -= self._tag(name, right, y, current=name == self.shape.reading) + 8
        if row.versions:
            said = self._said(_n("+{n} version", "+{n} versions", row.versions))
            self.canvas.text(right, y, said, self.small, colour=FADED, align="right")
            right -= self.canvas.measure(said, self.small) + 8
        return right - 8

    def _tag(self, name: str, right: float, y: float, *, current: bool) -> float:
        """Write a branch's name in a box that ends there; return its width."""
        name = self.canvas.fitted(self.cast.written(name), self.bold, _TAG)
        width = self.canvas.measure(name, self.bold) + 24
        fill, edge, colour = (INK, INK, PAPER) if current else (PAPER, FADED, INK)
        self.canvas.box(right - width, y - 12, width, 24, fill=fill, edge=edge, radius=12)
        self.canvas.text(right - width + 12, y, name, self.bold, colour=colour)
        return width

    # Signs

    def _node(self, x: float, y: float, writer: int | None) -> None:
        if writer is None:
            self.canvas.dot(x, y, _NODE - 1.5, fill=PAPER, edge=PALE, width=2)
        elif writer == NARRATOR:
            self.canvas.diamond(x, y, _NODE + 1.5, fill=self.cast.colours[writer], edge=PAPER, width=0.8)
        else:
            self.canvas.dot(x, y, _NODE, fill=self.cast.colours[writer], edge=PAPER, width=0.8)

    def _chain(self, x: float, y: float, colour: str) -> None:
        for step in (-7, 0, 7):
            self.canvas.dot(x, y + step, 2.8, fill=PAPER, edge=colour, width=1.6)

    def _x(self, lane: int) -> float:
        return MARGIN + 12 + LANE * lane

    def _said(self, text: Text) -> str:
        return text.render(self.locale)
