"""Prove the figures of a story on texts whose values are known, in English and Chinese."""

import pytest

from bot.story.survey.quality import REMEMBERED, STRETCHES, Meter, Report, distinct, sentences
from bot.story.survey.writers import NARRATOR

DAY = 86_400_000
PERSON = 7


def measured(*texts: str, writer: int = PERSON, created: int = 0) -> Report:
    """Measure passages by one writer."""
    meter = Meter()
    for number, text in enumerate(texts, start=1):
        meter.take(number=number, writer=writer, text=text, created=created)
    return meter.report()


def test_repetition_is_the_share_of_word_sequences_said_before() -> None:
    """Seven words hold three sequences of five; the second passage repeats two of its three."""
    first, second = "one two three four five six seven", "one two three four five six eight"

    assert measured(first).whole.repetition == 0
    assert measured(first, second).whole.repetition == pytest.approx(2 / 6)
    assert measured(first, first.upper()).whole.repetition == pytest.approx(3 / 6)


def test_repetition_counts_chinese_by_characters() -> None:
    """Eight characters hold two sequences of seven."""
    assert measured("海水在脚下啃着石", "海水在脚下啃着沙").whole.repetition == pytest.approx(1 / 4)


def test_repetition_inside_a_passage_counts() -> None:
    """The same five words twice are six sequences, of which the last was said before."""
    assert measured("a b c d e a b c d e").whole.repetition == pytest.approx(1 / 6)


def test_what_was_said_long_ago_is_forgotten() -> None:
    """Only so many passages are remembered, so that a long story does not seem to repeat itself ever more."""
    said = "one two three four five"
    others = [f"x{number} y z v w" for number in range(REMEMBERED)]

    assert measured(said, *others[1:], said).whole.repetition == pytest.approx(1 / (REMEMBERED + 1))
    assert measured(said, *others, said).whole.repetition == 0


def test_distinct_is_the_share_of_different_sequences() -> None:
    """Of a b a b the words are half different, of the three pairs two."""
    words = ["a", "b", "a", "b"]

    assert distinct(words, 1) == pytest.approx(1 / 2)
    assert distinct(words, 2) == pytest.approx(2 / 3)
    assert distinct([], 1) == 0


def test_different_words_are_counted_in_blocks() -> None:
    """A longer text is not poorer for being long; one shorter than a block is measured as it is."""
    rich = " ".join(f"word{number}" for number in range(200))

    assert measured(*[rich] * 5).whole.different == 1
    assert measured("a b a b").whole.different == pytest.approx(1 / 2)
    assert measured("a b a b").pairs == pytest.approx(2 / 3)
    assert measured("灯灭灯灭").whole.different == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("The lamp went out. “You came back,” he said! Why?", (4, 5, 1)),
        ("灯灭了。“你回来了。”他说！", (3, 4, 2)),
        ("一盏 lamp 灭了……", (5,)),
        ("…", ()),
    ],
)
def test_sentences_are_measured_in_their_own_unit(text: str, lengths: tuple[int, ...]) -> None:
    """Words, Chinese characters, or both in one; signs alone are no sentence."""
    assert sentences(text) == lengths


def test_sentence_variety_is_the_spread_of_lengths() -> None:
    """Equal sentences have none; of 2 and 6 words the spread is 2 around a mean of 4."""
    assert measured("one two. one two.").whole.variety == 0
    report = measured("one two. one two three four five six.")
    assert report.whole.variety == pytest.approx(0.5)
    assert report.sentence == 4
    assert measured("one two").whole.variety is None


def test_shares_are_of_words_not_of_passages() -> None:
    """A narrator with one passage may have written most; its figures are told apart from people's."""
    meter = Meter()
    meter.take(number=1, writer=PERSON, text="go", created=0)
    meter.take(number=2, writer=NARRATOR, text="灯灭了", created=0)
    report = meter.report()

    assert report.whole.narrator == pytest.approx(3 / 4)
    assert report.by_people is not None
    assert report.by_people.narrator == 0
    assert report.by_narrator is not None
    assert report.by_narrator.first == 2


def test_pace_is_passages_on_the_days_of_writing() -> None:
    """Three on one day and one two days later: mostly three a day, written on two of three days."""
    meter = Meter()
    for number, day in enumerate((0, 0, 0, 2), start=1):
        meter.take(number=number, writer=PERSON, text="a", created=day * DAY)
    report = meter.report()

    assert report.whole.pace == pytest.approx((3 + 3 + 3 + 1) / 4)
    assert (report.days, report.written_on) == (3, 2)


def test_stretches_cover_the_story_in_order() -> None:
    """However long it is; a short story has few, and none that is too short to say something."""
    for count in (1, 7, 8, 9, 95, 1000):
        report = measured(*["a b"] * count)
        covered = [n for s in report.stretches for n in range(s.first, s.last + 1)]
        assert covered == list(range(1, count + 1))
        assert len(report.stretches) == max(1, min(STRETCHES, count // 4))


def test_passages_without_words_are_measured_too() -> None:
    """Signs, or words that were erased: nothing can be said of them, and nothing breaks."""
    report = measured("…", "")

    assert (report.words, report.whole.repetition, report.whole.narrator) == (0, None, None)
    assert report.whole.different is None


def test_nothing_has_no_report() -> None:
    """Whoever asks must have passages."""
    with pytest.raises(ValueError, match="nothing was measured"):
        Meter().report()


def test_a_long_story_is_measured_in_bounded_memory(patience: None) -> None:
    """Twenty thousand passages leave no more in mind than the newest hundreds."""
    meter = Meter()
    for number in range(20_000):
        meter.take(number=number, writer=PERSON, text=f"w{number} " * 8, created=0)

    assert len(meter._known) <= REMEMBERED * 8
    assert meter.report().passages == 20_000
