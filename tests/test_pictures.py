"""Prove that pictures show what they should, readably: by what was drawn, where, and in which size."""

import struct
from pathlib import Path

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from bot.check import findings
from bot.config import Config, StorageSettings
from bot.pictures.canvas import BRAND, PAPER, WRITERS, Canvas
from bot.pictures.fonts import CHINESE, LATIN, Typeface
from bot.pictures.studio import Studio
from bot.pictures.tree_picture import TreePicture, draw_tree
from bot.pictures.trend_picture import PANELS, TrendPicture
from bot.story.survey.quality import Meter, Report
from bot.story.survey.shape import LINES, shape
from bot.story.survey.writers import NARRATOR
from tests.growing import Grove, grown

LARGEST = (1600, 2600)  # pixels; Discord shows it, and a phone opens it


@pytest.fixture(scope="module")
def typeface() -> Typeface:
    """Return this machine's fonts."""
    return Typeface.find()


@pytest.fixture(scope="module")
def latin() -> Typeface:
    """Return the fonts of a machine without Chinese ones."""
    return Typeface.find(chinese=())


def size_of(png: bytes) -> tuple[int, int]:
    """Return the width and height that stand in a PNG's header."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def words(canvas: Canvas) -> list[str]:
    """Return everything that was written."""
    return [text.get_text() for text in canvas.axes.texts]


def assert_legible(canvas: Canvas, width: int, height: int) -> None:
    """Assert that all writing is on the paper, and none on other writing."""
    found = [(text, text.get_window_extent()) for text in canvas.axes.texts]
    for text, box in found:
        assert box.x0 >= 0
        assert box.x1 <= width, text.get_text()
        assert box.y0 >= 0
        assert box.y1 <= height, text.get_text()
    for index, (one, box) in enumerate(found):
        for other, beside in found[index + 1 :]:
            apart = box.x1 <= beside.x0 + 1 or beside.x1 <= box.x0 + 1 or not box.overlaps(beside)
            # Boxes of neighbouring lines may touch; those of one line may not.
            assert apart or abs(one.get_position()[1] - other.get_position()[1]) > 15, (one, other)


def picture(
    grove: Grove, typeface: Typeface, *, title: str = "The Lamp", locale: str = "en", current: int = 1
) -> TreePicture:
    """Return the picture of a tree, not drawn yet."""
    laid = shape(grove.sketches, grove.branches, current, {})
    return TreePicture(title, laid, locale=locale, typeface=typeface)


def report(passages: int) -> Report:
    """Measure a story of so many passages."""
    meter = Meter()
    for number in range(passages):
        writer = NARRATOR if number % 3 else 7
        meter.take(
            number=number + 1, writer=writer, text="A bell rang twice. It rang.", created=number * 10**7
        )
    return meter.report()


@pytest.mark.parametrize(("seed", "size"), [(1, 1), (2, 9), (3, 60), (4, 2000)])
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_writing_never_overlaps_and_stays_on_the_paper(
    typeface: Typeface, seed: int, size: int, locale: str
) -> None:
    """Whatever the tree: every word can be read."""
    drawing = picture(grown(seed, size), typeface, title="灯塔 " * 30, locale=locale)
    width, height = size_of(drawing.drawn().png)

    assert width <= LARGEST[0]
    assert height <= LARGEST[1]
    assert_legible(drawing.canvas, width, height)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_words_are_large_enough_on_a_phone(typeface: Typeface, locale: str) -> None:
    """It shows the picture 360 pixels wide; where a story has few branches they are read without opening it."""
    drawing = picture(grown(5, 40), typeface, locale=locale)
    width, _height = size_of(drawing.drawn().png)
    dots = 360 / width * drawing.canvas.figure.dpi / 72
    small, rows, *_larger = sorted({float(text.get_fontsize()) * dots for text in drawing.canvas.axes.texts})

    assert small >= 9
    assert rows >= 10


def test_what_is_kept_and_not_read_is_named_plainly(typeface: Typeface) -> None:
    """Takes that were not chosen are no passages of the story, and not lost."""
    grove = Grove()
    grove.write(None)
    grove.name("main", grove.write(None))
    drawing = picture(grove, typeface)
    drawing.drawn()

    assert "1 more is kept but not read: another take, or taken back" in words(drawing.canvas)


def test_branches_of_branches_leave_room_for_words(typeface: Typeface) -> None:
    """As deep as branches are drawn, with the longest names, all of it stays legible."""
    grove = Grove()
    forks = [grove.write(None)]
    grove.name("main" * 12, forks[0])
    for _ in range(LINES):
        forks.append(grove.write(forks[-1], 9))
    for number, fork in enumerate(forks[:0:-1]):  # the deepest first: newer branches come before older ones
        for _take in range(5):
            grove.write(fork, None)
        grove.name(f"{number} the branch with the longest name of all", grove.write(fork, None))
        grove.name(f"{number} another that ends there as well", fork)
    drawing = picture(grove, typeface)
    width, height = size_of(drawing.drawn().png)

    assert max(row.lane for row in drawing.shape.rows) == LINES
    assert_legible(drawing.canvas, width, height)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.text(max_size=30), words=st.text(max_size=60), name=st.text(min_size=1, max_size=30))
def test_whatever_people_type_is_drawn_without_a_warning(
    typeface: Typeface, title: str, words: str, name: str
) -> None:
    """Characters that no font has, marks without letters, formulas, directions: what can be drawn is."""
    grove = Grove()
    grove.name(name, grove.write(None, words=words or " "))
    drawing = picture(grove, typeface, title=title)
    width, height = size_of(drawing.drawn().png)

    assert_legible(drawing.canvas, width, height)


def test_picture_names_the_branches_and_writers_in_their_colours(typeface: Typeface) -> None:
    """Who wrote most has the first colour, the narrator its own; words follow the name of who wrote them."""
    grove = Grove()
    fork = grove.write(grove.write(None, 8, words="第一句。"), None, words="A bell rang.")
    grove.name("main", grove.write(fork, 8))
    grove.name("the drowned bell", grove.write(fork, 7))
    drawing = picture(grove, typeface)
    drawing.drawn()
    coloured = {text.get_text(): to_rgb(text.get_color()) for text in drawing.canvas.axes.texts}

    assert coloured["小红"] == to_rgb(WRITERS[0])
    assert coloured["Mara"] == to_rgb(WRITERS[1])
    assert coloured["The narrator"] == to_rgb(BRAND)
    assert {"main", "the drowned bell", "第一句。", "A bell rang."} <= set(coloured)
    fills = [to_rgb(patch.get_facecolor()) for patch in drawing.canvas.axes.patches]
    assert fills.count(to_rgb(WRITERS[0])) == 3  # in the legend, and two passages
    assert fills.count(to_rgb(BRAND)) == 2


def test_branch_that_is_read_is_marked(typeface: Typeface) -> None:
    """Its name is written light on dark, the others dark on light, also of one that ends on its way."""
    grove = Grove()
    fork = grove.write(None)
    grove.name("first lines", fork)
    grove.name("main", grove.write(fork))
    grove.name("bell", grove.write(fork))
    drawing = picture(grove, typeface, current=3)
    drawing.drawn()
    tags = {text.get_text(): to_rgb(text.get_color()) for text in drawing.canvas.axes.texts}

    assert tags["bell"] == to_rgb(PAPER)
    assert to_rgb(PAPER) not in (tags["main"], tags["first lines"])


def test_every_colour_is_read_on_paper() -> None:
    """As the web's guidelines for contrast have it: 4.5 to 1."""

    def light(colour: str) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    for colour in (*WRITERS, BRAND):
        assert (light(PAPER) + 0.05) / (light(colour) + 0.05) >= 4.5, colour


def test_names_without_a_font_stand_as_numbers(latin: Typeface) -> None:
    """In the picture a number, beside it what it stands for; labels are English, nothing is a row of boxes."""
    grove = Grove()
    grove.name("沉钟", grove.write(grove.write(None, 7), 8, words="灯灭了。"))
    drawing = picture(grove, latin, title="灯塔", locale="zh-CN")
    drawn = drawing.drawn()

    assert drawn.unwritten == {1: "小红", 2: "沉钟"}
    assert drawn.wordless
    assert {"[1]", "[2]", "Mara", "The tree of this story"} <= set(words(drawing.canvas))
    assert "".join(words(drawing.canvas)).translate(str.maketrans("", "", "·…")).isascii()


def test_emoji_in_a_name_makes_it_a_number_and_in_a_passage_is_left_out(typeface: Typeface) -> None:
    """What no font has would be a box, or nothing at all."""
    assert not typeface.draws("Mara 🦊")
    assert typeface.drawable("The fox 🦊 came.") == "The fox came."
    assert typeface.drawable("🦊🦊") == ""


def test_a_machine_without_chinese_fonts_is_known(latin: Typeface) -> None:
    """There is always a family for Latin."""
    assert latin.chinese is None
    assert latin.families[-1] == LATIN[-1]
    assert latin.draws("“Café” — naïve…")


def test_chinese_font_of_this_machine_is_found(typeface: Typeface) -> None:
    """One of the known families, with every character of the sample; skipped where there is none."""
    if typeface.chinese is None:
        pytest.skip("no Chinese font here")
    assert typeface.chinese in CHINESE
    assert typeface.draws("阿岚又数了一遍台阶：四十一级。")


async def test_check_tells_which_fonts_pictures_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, latin: Typeface, typeface: Typeface
) -> None:
    """Where none has Chinese characters, what that means and what to install."""
    config = Config(storage=StorageSettings(path=tmp_path / "stories.db"))
    for found in (typeface, latin):
        monkeypatch.setattr(Typeface, "find", lambda found=found: found)
        (line,) = [one async for one in findings(config) if one.subject == "fonts"]
        assert line.detail.startswith(found.families[0])
        assert line.verdict == ("ok" if found.chinese else "note")
        assert ("install one" in line.detail) == (found.chinese is None)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize("passages", [8, 400])
def test_trend_has_a_curve_for_each_figure(typeface: Typeface, passages: int, locale: str) -> None:
    """In its colour from left to right, inside the paper; what few words cannot tell is left out of it."""
    measured = report(passages)
    drawing = TrendPicture("灯塔 The Lamp", measured, locale=locale, typeface=typeface)
    width, height = size_of(drawing.drawn())
    points = {
        str(line.get_color()): numpy.asarray(line.get_xdata(), float).tolist()
        for line in drawing.canvas.axes.lines
    }

    for panel in PANELS:
        measured_in = sum(panel.value(stretch) is not None for stretch in measured.stretches)
        assert len(points.get(panel.colour, [0])) == measured_in
        assert points.get(panel.colour, []) == sorted(points.get(panel.colour, []))
    assert_legible(drawing.canvas, width, height)


async def test_studio_draws_one_picture_after_the_other() -> None:
    """Many may ask at once; each gets their own."""
    studio = Studio()
    groves = [grown(seed, 6, branches=1) for seed in range(3)]
    shapes = [shape(grove.sketches, grove.branches, 1, {}) for grove in groves]
    drawn = [await studio.tree(f"Tale {n}", one, locale="en") for n, one in enumerate(shapes)]
    trend = await studio.trend("Tale", report(40), locale="en")

    typeface = Typeface.find()
    assert [one.png for one in drawn] == [
        draw_tree(f"Tale {n}", one, locale="en", typeface=typeface).png for n, one in enumerate(shapes)
    ]
    assert size_of(trend)[0] > 1000
