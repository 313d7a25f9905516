"""Long text turns pages where a reader would, and full pages never change while it streams in."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.story.graphemes import clusters, units
from bot.story.pages import pages, paginate

FAMILY = "👩\u200d👩\u200d👧\u200d👦"
PIECES = st.one_of(
    st.sampled_from(
        [
            *[
                "word",
                "Ann ran.",
                "“Come!” she said.",
                "他来了。",
                "“走吧！”她说。",
                " ",
                " ",
                "\n",
                "\n\n",
                "、",
            ],
            *[
                FAMILY,
                "🇫🇷🇩🇪",
                "e\u0301",
                "👍🏽",
                "*️⃣",
                "한국",
                "**",
                "*",
                "_",
                "__",
                "~~",
                "||",
                "```",
                "```py\n",
                "\\*",
            ],
        ]
    ),
    st.text(max_size=8),
)
TEXTS = st.lists(PIECES, max_size=150).map("".join)
PROSE = st.lists(
    st.sampled_from(
        [
            "The sea was calm. ",
            "He waited, ",
            "“No,” she said. ",
            "\n\n",
            "雨停了。",
            "他走了，",
            "x" * 90,
            FAMILY,
        ]
    ),
    max_size=200,
).map("".join)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@given(TEXTS, st.integers(200, 300))
@example("**" + "a" * 500, 200)
@example("||" + "a b " * 200, 200)
def test_pages_fit_and_lose_nothing(text: str, limit: int) -> None:
    """Every page is within the limit, none is blank, and together they hold the text and nothing else."""
    cut = list(pages(text, limit=limit))

    assert all(units("".join(page)) <= limit for page in cut)
    assert all(page.body.strip() for page in cut)
    assert _squeezed(text) == _squeezed("".join(page.body for page in cut))


@given(TEXTS)
def test_no_character_is_cut_in_two(text: str) -> None:
    """A page begins only where a new visible character begins."""
    starts, at = {0}, 0
    for cluster in clusters(text.rstrip()):
        at += len(cluster)
        starts.add(at)
    at = 0
    for page in pages(text, limit=200):
        at = text.index(page.body, at)
        # A mark such as ** is read before the characters around it.
        assert (
            at in starts or page.body[0] in "*_~|`\\" or text[at - 1] in "*_~|`\\" or _blank_between(text, at)
        )
        at += len(page.body)


def _blank_between(text: str, at: int) -> bool:
    return text[at - 1].isspace()


@given(PROSE, st.data())
def test_full_pages_stay_while_text_grows(text: str, data: st.DataObject) -> None:
    """All pages but the last of a prefix are the first pages of the whole."""
    part = text[: data.draw(st.integers(0, len(text)))]

    so_far, whole = paginate(part, limit=200), paginate(text, limit=200)

    assert so_far[:-1] == whole[: max(0, len(so_far) - 1)]


@pytest.mark.parametrize("text", ["", " \n ", "\u2003"])
def test_blank_text_has_no_pages(text: str) -> None:
    """Nothing to read means nothing to send."""
    assert paginate(text) == []


@pytest.mark.parametrize("text", ["short", "x" * 2000, "**open", "||open", "```open", "字" * 2000])
def test_text_that_fits_is_one_unchanged_page(text: str) -> None:
    """A single page is sent as it was written, even with a mark left open."""
    assert [text] == paginate(text)


def test_astral_characters_count_twice() -> None:
    """Discord's client counts an emoji as two, so a thousand fill a page."""
    assert paginate("😀" * 1001) == ["😀" * 1000, "😀"]


def test_the_first_page_may_be_shorter() -> None:
    """Room for a heading is left on the first page alone."""
    first, second, *_ = paginate("word " * 300, limit=400, first_limit=200)

    assert len(first) <= 200 < len(second) <= 400


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("A" * 80 + ".\n\n" + "B" * 60 + ". " + "C" * 80 + ".", "A" * 80 + ".\n\n" + "B" * 60 + "."),
        ("A" * 120 + ".\n\n" + "B" * 60 + ". " + "C" * 80 + ".", "A" * 120 + "."),
        ("A" * 100 + ". “" + "B" * 60 + ".” " + "C" * 80, "A" * 100 + ". “" + "B" * 60 + ".”"),
        ("甲" * 100 + "。“" + "乙" * 60 + "。”" + "丙" * 80, "甲" * 100 + "。“" + "乙" * 60 + "。”"),
        ("a" * 150 + " " + "b" * 100, "a" * 150),
        ("字" * 199 + "。" + "字" * 10, "字" * 199 + "。"),
        ("字" * 200 + "。" + "字" * 10, "字" * 199),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_page_is_turned_at_the_best_place(text: str, first: str) -> None:
    """A late paragraph end beats a sentence end, that beats a space, and quotes stay with their sentence."""
    assert first == paginate(text, limit=200)[0]


@pytest.mark.parametrize(
    ("text", "end", "start"),
    [
        ("```py\n" + "print(1)\n" * 40 + "```", "\n```", "```py\nprint(1)"),
        ("||" + "secret words " * 30 + "||", "||", "||secret"),
        ("**" + "bold words " * 30 + "**", "**", "**words"),
        ("||**" + "both at once " * 30 + "**||", "**||", "||**"),
        ("_" + "slanted words " * 30 + "_", "_", "_"),
    ],
)
def test_marks_are_closed_and_opened_again(text: str, end: str, start: str) -> None:
    """What Discord draws across a cut is whole on both pages."""
    first, second, *_ = paginate(text, limit=200)

    assert first.endswith(end)
    assert second.startswith(start)


def test_a_spoiler_never_closed_hides_every_page() -> None:
    """Someone who forgot the closing bars still meant to hide what follows."""
    assert all(
        page.startswith("||") and page.endswith("||")
        for page in paginate("||" + "secret words " * 60, limit=200)
    )


@pytest.mark.parametrize("text", ["5 * 3 is 15. ", "snake_case_name ", "a || b ", r"\*not slanted "])
def test_literal_marks_add_nothing(text: str) -> None:
    """A lone asterisk, underscores inside words and escaped marks are no formatting."""
    assert all(not page.opening and not page.closing for page in pages(text * 40, limit=200))


def test_code_keeps_its_indent_over_the_cut() -> None:
    """The first line of a page inside a code block is indented as written."""
    second = paginate("```py\n" + "    return 1\n" * 40 + "```", limit=200)[1]

    assert second.startswith("```py\n    return 1")


@pytest.mark.parametrize(
    "text", ["a" + " " * 3000 + "b", "```\n" + " " * 7000 + "b", "x" + "\t" * 5000 + "\ny"]
)
def test_blanks_wider_than_a_page_are_turned_over(text: str) -> None:
    """A blank that no page can hold is left out between two pages, wherever it stands."""
    shown = paginate(text, limit=200)

    assert all(page.strip() and units(page) <= 200 for page in shown)
    assert re.sub(r"[\s`]", "", "".join(shown)) == re.sub(r"[\s`]", "", text)


@pytest.mark.parametrize("char", ['"', "*", "”"])
def test_drawings_of_closers_are_paged_as_fast_as_prose(char: str, patience: None) -> None:
    """What may follow a sentence's end is looked through a few characters back, not to the beginning."""
    assert "".join(paginate(char * 60_000, limit=2000)).count(char) >= 60_000


def test_tiny_limits_are_an_error() -> None:
    """A caller that leaves no room for marks has a bug."""
    with pytest.raises(ValueError, match="at least 200"):
        paginate("x", limit=100)
