"""An exported story is prose with credits, and nothing written in it can break the document."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.story.export import ExportedPassage, ExportedStory, markdown

STORY = ExportedStory("The Ferry", "Paid in secrets.", "en", date(2026, 11, 1), date(2026, 11, 23))


def exported(*texts: str, title: str = "The Ferry") -> str:
    """Return the document of one person's passages."""
    story = ExportedStory(title, "", "en", date(2026, 11, 1), None)
    return markdown(story, [ExportedPassage(text, "Ann") for text in texts], locale="en")


def test_a_story_reads_as_prose_with_credits() -> None:
    """Title, premise, passages in order, shares, dates and the AI label, whole."""
    passages = [
        ExportedPassage("Henrik rowed *hard*.\nIt rained.", "Ann"),
        ExportedPassage("“A secret,” he said.\n\nThe girl thought.", None, "SmolLM2"),
        ExportedPassage("She sat down there.", None),
    ]

    assert markdown(STORY, passages, locale="en") == (
        "# The Ferry\n\n> Paid in secrets.\n\nHenrik rowed *hard*.  \nIt rained.\n\n“A secret,” he said.\n\n"
        "The girl thought.\n\nShe sat down there.\n\n---\n\n## Credits\n\n- The narrator (SmolLM2): 7 words (44%)\n"
        "- Ann: 5 words (31%)\n- a former writer: 4 words (25%)\n\n"
        "*Begun on 2026-11-01, ended on 2026-11-23.*\n\n"
        "*Parts of this story were written by an AI language model, as the credits tell.*\n"
    )


def test_a_chinese_story_counts_characters() -> None:
    """Chinese prose keeps its punctuation and indents, and is counted in characters."""
    story = ExportedStory("渡口", "他收的是秘密。", "zh", date(2026, 11, 1), None)

    text = markdown(story, [ExportedPassage("\u3000\u3000他划着船，雨下个不停。", "小安")], locale="en")

    assert "# 渡口\n\n> 他收的是秘密。\n\n\u3000\u3000他划着船，雨下个不停。\n\n" in text
    assert "- 小安: 9 characters (100%)" in text


def test_a_story_by_people_alone_has_no_ai_label() -> None:
    """The label stands only where a model wrote."""
    assert "AI" not in exported("Henrik rowed.")


@pytest.mark.parametrize(
    "line",
    [
        *[
            "# heading",
            "> quote",
            "- item",
            "* item",
            "+ item",
            "1. item",
            "12) item",
            "---",
            "***",
            "___",
            "===",
        ],
        *[
            "```",
            "~~~",
            "    code",
            "<script>alert(1)</script>",
            "<!-- gone",
            "[x]: http://y",
            "| a | b |",
            "--- | ---",
        ],
        *["\\<b>", "\\\\<b>", "&lt;", "[a](javascript:b)", "````", "\t- x"],
    ],
)
def test_no_line_of_a_passage_is_more_than_prose(line: str) -> None:
    """Headings, lists, rules, fences, HTML, links and tables in a passage are shown as characters."""
    body = exported(f"One.\n{line}\nTwo.", line).split("\n---\n")[0]

    for written in body.splitlines()[2:]:
        bare = re.sub(r"\\.", "", written)
        assert not re.match(
            r"\s{0,3}(#{1,6}\s|>|[-+*]\s|\d+[.)]\s|`{3}|~{3}|={3}|-{3}\s*$|\*{3}|_{3})|\s{4}|\t", written
        )
        assert not re.search(r"[<\[\]|&]|```", bare)


@given(st.text(), st.lists(st.text(), max_size=4))
def test_the_document_keeps_its_form(title: str, texts: list[str]) -> None:
    """There is one title, one rule and one credits heading, whatever was written."""
    lines = exported(*texts, title=title).split("\n")

    assert [line for line in lines if re.match(r"#{1,6}(\s|$)", line)][1:] == ["## Credits"]
    assert lines.count("---") == 1
    assert not [line for line in lines if re.match(r"\s*(```|~~~)", line)]


def test_titles_and_names_are_one_plain_line() -> None:
    """A title with marks and line ends is a heading of plain characters, and so are names."""
    text = exported("x", title="# *A*\n[b](c) <i>")

    assert text.startswith("# \\# \\*A\\* \\[b\\](c) \\<i\\>\n\n")


def test_a_story_without_passages_is_a_title_page() -> None:
    """An empty story exports without failing."""
    assert "## Credits" in exported()
