"""Prove that README's table of models is reckoned, and that what is recommended fits and is known."""

import re
from pathlib import Path

import pytest

from bot.engine import memory
from bot.engine.catalog import CATALOG, suited
from bot.engine.shapes import SHAPES

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
STORY = 4096  # tokens
GIGABYTE = 10**9
MEMORIES = (8, 12, 16, 24, 48, 80)


def rows() -> list[dict[str, str]]:
    """Return the rows of README's table of models, by its columns."""
    table = re.search(r"<!-- models -->\n((?:\|.*\n)+)", README)
    assert table is not None
    lines = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table[1].splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def test_every_figure_of_the_table_is_what_the_arithmetic_gives() -> None:
    """A typing error, or a change of the arithmetic, would show here."""
    known = {entry.repository: entry for entry in CATALOG}
    for row in rows():
        entry = known[row["model"]]
        card = int(row["card"].removesuffix(" GB")) * GIGABYTE

        assert row["writes"] == ", ".join(entry.languages)
        assert row["licence"] == entry.licence
        assert row["weights"] == f"{memory.weight_bytes(entry.shape, 'nf4') / GIGABYTE:.1f} GB"
        assert row["a token"] == f"{memory.kv_bytes(entry.shape) // 1024} KiB"
        assert row["stay warm"] == str(memory.warm_stories(card, entry.shape, "nf4", tokens=STORY))
        assert int(row["stay warm"]) > 0


def test_every_card_has_a_model_for_english_and_one_for_chinese() -> None:
    """From 8 GB to 80."""
    for card in MEMORIES:
        languages = {row["writes"] for row in rows() if row["card"] == f"{card} GB"}

        assert languages == {"en", "en, zh"}


def test_the_worked_example_is_right() -> None:
    """Its factors stand in the text, its result in the table."""
    shape = SHAPES["llama-3.1-8b"]
    counted = memory.parameters(shape)
    prose = " ".join(README.split())

    assert f"takes {memory.NF4_BYTES:.3f} bytes in NF4" in prose
    assert f"has {counted.linear / 1e9:.2f} and {counted.other / 1e9:.2f} billion parameters" in prose
    assert f"{counted.linear * memory.NF4_BYTES / 1e9:.2f} + {counted.other * 2 / 1e9:.2f} = 5.7 GB" in prose
    assert f"{memory.WORKING_BYTES['cuda'] / 1e9} GB are left for the work" in prose
    assert f"{memory.STORY_SHARE['cuda']:.0%} of the rest".replace("%", " %") in prose
    assert f"= {memory.warm_stories(12 * GIGABYTE, shape, 'nf4', tokens=STORY)} stories warm" in prose


@pytest.mark.parametrize("card", [0, *MEMORIES, 640])
@pytest.mark.parametrize("stories", [1, 10])
def test_what_is_advised_is_the_largest_that_fits(card: int, stories: int) -> None:
    """One for each choice of languages at most; nothing larger of the same languages would fit."""
    advised = suited(card * GIGABYTE, tokens=STORY, stories=stories)

    assert len({entry.languages for entry in advised}) == len(advised)
    for entry in CATALOG:
        fits = memory.warm_stories(card * GIGABYTE, entry.shape, "nf4", tokens=STORY) >= stories
        larger = [
            other
            for other in advised
            if other.languages == entry.languages
            and memory.parameters(other.shape).total >= memory.parameters(entry.shape).total
        ]
        assert bool(larger) or not fits
