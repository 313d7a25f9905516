"""Prove that credits count the words that are read, for whoever wrote them."""

from hypothesis import given
from hypothesis import strategies as st

from bot.story.survey.credits import CHAPTER, Contribution, tally
from bot.story.survey.writers import NARRATOR


def test_words_are_added_up_by_writer_and_chapter() -> None:
    """Chapters of a fixed length, where the story has none of its own."""
    told = [Contribution(0, 7, 10), Contribution(1, NARRATOR, 30), Contribution(CHAPTER, 7, 5)]
    credits = tally(told, {7: "Mara"})

    assert credits.words == {7: 15, NARRATOR: 30}
    assert credits.passages == {7: 2, NARRATOR: 1}
    assert [(c.first, c.last, c.words) for c in credits.chapters] == [
        (0, CHAPTER - 1, {7: 10, NARRATOR: 30}),
        (CHAPTER, 2 * CHAPTER - 1, {7: 5}),
    ]


def test_chapters_of_the_story_come_first() -> None:
    """What lies before, between and behind them is cut into chapters of the fixed length."""
    told = [Contribution(depth, 7, 1) for depth in (0, 9, 10, 29, 30, 39, 40, 60, 61, 120)]
    credits = tally(told, {7: "Mara"}, [(10, 29), (40, 60)])

    assert [(c.first, c.last, c.words[7]) for c in credits.chapters] == [
        (0, 9, 2),
        (10, 29, 2),
        (30, 39, 2),
        (40, 60, 2),
        (61, 110, 1),
        (111, 160, 1),
    ]


@given(
    st.lists(st.integers(0, 400), unique=True).map(sorted),
    st.lists(st.integers(0, 400), unique=True).map(sorted),
)
def test_chapters_hold_every_word_once_and_never_overlap(depths: list[int], cuts: list[int]) -> None:
    """Whatever chapters a story has."""
    spans = [(first, last - 1) for first, last in zip(cuts[::2], cuts[1::2], strict=False)]
    credits = tally([Contribution(depth, 7, 3) for depth in depths], {7: "Mara"}, spans)

    assert sum(chapter.words.get(7, 0) for chapter in credits.chapters) == 3 * len(depths)
    ends = [place for chapter in credits.chapters for place in (chapter.first, chapter.last)]
    assert ends == sorted(ends)
    for depth in depths:
        assert sum(chapter.first <= depth <= chapter.last for chapter in credits.chapters) == 1
