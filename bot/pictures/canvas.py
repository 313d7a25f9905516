"""Draw on paper: a page measured in pixels from its upper left corner, in colours that suit light and dark chats."""

import io
from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyBboxPatch, Patch, PathPatch, Polygon
from matplotlib.path import Path

from bot.pictures.fonts import Typeface

PAPER = "#fbf8f1"
EDGE = "#d9cfba"
INK = "#2c2a26"
FADED = "#6f6a60"
PALE = "#b9b09e"
BRAND = "#7a5c26"  # the narrator's, and the bot's own
WRITERS = (
    "#1f5fa8", "#b3261e", "#2e7d32", "#7b3fa0", "#b4540a",
    "#00727a", "#a61e6b", "#4a5568", "#5b6b00", "#6d4c41",
)  # fmt: skip
"""Each is read easily on paper, beside the others as well."""

SCALE = 1.6  # pixels of the picture for each of the page
_DPI = 100


class Canvas:
    """Hold a page of a width, as long as it needs to be; what is drawn later lies above."""

    def __init__(self, width: float, typeface: Typeface) -> None:
        self.width = width
        self.typeface = typeface
        self.figure = Figure(figsize=(width / _DPI, 1), dpi=_DPI * SCALE)
        self._agg = FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0, 0, 1, 1), frameon=False)
        self.axes.set_axis_off()
        self.figure.patch.set_alpha(0)
        self._layer = 1.0

    def font(self, size: float, *, bold: bool = False, italic: bool = False) -> FontProperties:
        """Return a font of a size in pixels."""
        return FontProperties(
            family=list(self.typeface.families),
            size=size * 72 / _DPI,
            weight="bold" if bold else "normal",
            style="italic" if italic else "normal",
        )

    def measure(self, text: str, font: FontProperties) -> float:
        """Return how wide a text is."""
        if not text:
            return 0.0
        renderer = self._agg.get_renderer()  # type: ignore[no-untyped-call]  # matplotlib has no types there
        return float(renderer.get_text_width_height_descent(text, font, ismath=False)[0]) / SCALE

    def fitted(self, text: str, font: FontProperties, width: float) -> str:
        """Return a text that is no wider than that: cut off with an ellipsis where it would be."""
        if self.measure(text, font) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.measure(f"{text[:middle].rstrip()}…", font) <= width:
                low = middle
            else:
                high = middle - 1
        return f"{text[:low].rstrip()}…" if low else ""

    def text(
        self, x: float, y: float, text: str, font: FontProperties, *, colour: str = INK, align: str = "left"
    ) -> float:
        """Write on a line whose middle is y; return the text's width."""
        if not text:
            return 0.0
        self.axes.text(
            x, y, text, fontproperties=font, color=colour, ha=align, va="center_baseline",
            parse_math=False, zorder=self._next(),
        )  # fmt: skip
        return self.measure(text, font)

    def line(
        self, *points: tuple[float, float], colour: str, width: float = 2.0, dashed: bool = False
    ) -> None:
        """Draw a straight line through points."""
        xs, ys = zip(*points, strict=True)
        style: Any = (0, (2.2, 2.2)) if dashed else "-"
        self.axes.add_line(
            Line2D(xs, ys, color=colour, linewidth=_points(width), linestyle=style, zorder=self._next())
        )

    def area(self, points: Sequence[tuple[float, float]], *, colour: str) -> None:
        """Fill what lies between points, lightly."""
        self._patch(Polygon(points, facecolor=colour, edgecolor="none", alpha=0.14))

    def bend(self, x: float, y: float, to_x: float, to_y: float, *, colour: str, width: float = 2.0) -> None:
        """Draw a curve that leaves downwards and arrives from the side."""
        path = Path([(x, y), (x, to_y), (to_x, to_y)], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
        self._patch(PathPatch(path, fill=False, edgecolor=colour, linewidth=_points(width), capstyle="round"))

    def dot(self, x: float, y: float, radius: float, *, fill: str, edge: str, width: float = 2.0) -> None:
        """Draw a circle."""
        self._patch(Circle((x, y), radius, facecolor=fill, edgecolor=edge, linewidth=_points(width)))

    def diamond(self, x: float, y: float, radius: float, *, fill: str, edge: str, width: float = 2.0) -> None:
        """Draw a square that stands on its corner."""
        corners = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
        self._patch(
            Polygon(corners, facecolor=fill, edgecolor=edge, linewidth=_points(width), joinstyle="round")
        )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str,
        edge: str = "none",
        radius: float = 0,
    ) -> None:
        """Draw a rectangle with round corners."""
        style = f"round,pad=0,rounding_size={radius}" if radius else "square,pad=0"
        self._patch(
            FancyBboxPatch(
                (x, y), width, height, boxstyle=style, facecolor=fill, edgecolor=edge, linewidth=_points(1.5)
            )
        )

    def png(self, height: float) -> bytes:
        """Return the picture, cut to a height."""
        self.figure.set_size_inches(self.width / _DPI, height / _DPI)
        self.axes.set(xlim=(0, self.width), ylim=(height, 0))
        self._layer = 0.0
        self.box(2, 2, self.width - 4, height - 4, fill=PAPER, edge=EDGE, radius=18)
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", facecolor=(0, 0, 0, 0))
        return buffer.getvalue()

    def _patch(self, patch: Patch) -> None:
        patch.set_zorder(self._next())
        self.axes.add_patch(patch)

    def _next(self) -> float:
        self._layer += 0.001
        return self._layer


def _points(pixels: float) -> float:
    return pixels * 72 / _DPI
