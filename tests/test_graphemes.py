"""What a reader sees as one character stays one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.story.graphemes import LONGEST, clusters, units


@pytest.mark.parametrize(
    "cluster",
    [
        "a",
        "字",
        "e\u0301",
        "👍🏽",
        "👩\u200d👩\u200d👧\u200d👦",
        "🇫🇷",
        "*️⃣",
        "❤️",
        "한",
        "\u1112\u1161\u11ab",
        "\r\n",
        "नि",
        "🏳️\u200d🌈",
    ],
)
def test_one_visible_character_is_one_cluster(cluster: str) -> None:
    """Emoji sequences, flags, marks and Hangul blocks are not cut, also between others."""
    assert ["x", cluster, "y"] == list(clusters(f"x{cluster}y"))


def test_flags_pair_up() -> None:
    """Regional indicators make flags two by two."""
    assert list(clusters("🇫🇷🇩🇪")) == ["🇫🇷", "🇩🇪"]


@given(st.text())
def test_clusters_are_the_text(text: str) -> None:
    """Nothing is lost, and no cluster grows without end."""
    cut = list(clusters(text))

    assert text == "".join(cut)
    assert all(0 < len(cluster) <= LONGEST for cluster in cut)


@given(st.text())
def test_units_are_utf16_code_units(text: str) -> None:
    """Length is counted as Discord's client counts."""
    assert len(text.encode("utf-16-le", "surrogatepass")) // 2 == units(text)
