"""What the narrator is held against finds what is wrong, and hardly ever what is not, in labelled passages."""

from collections import Counter

import pytest

from bot.story.narration.expected import Expected, flaw_in, mended
from bot.story.narration.flaws import Flaw, flaw_of
from tests.voices import Labelled, labelled

SOUND = [passage for language in ("en", "zh") for passage in labelled("sound", language)]
FLAWED = [passage for language in ("en", "zh") for passage in labelled("flawed", language)]


def test_enough_is_labelled() -> None:
    """Sixty sound passages at least and a hundred in all, of every flaw that passages alone can show."""
    assert len(SOUND) >= 60
    assert len(SOUND) + len(FLAWED) >= 100
    found = {passage.flaw for passage in FLAWED}
    assert found >= {Flaw.SPEAKING, Flaw.SUMMING, Flaw.PERSON, Flaw.TENSE, Flaw.LANGUAGE, Flaw.REGISTER}


def test_sound_passages_raise_few_alarms() -> None:
    """One in forty at the most, in each language; an alarm costs a retry."""
    alarms = [passage.text for passage in SOUND if flaw_in(passage.text, passage.expected)]

    assert len(alarms) <= len(SOUND) / 40


def test_flaws_are_found() -> None:
    """Nineteen in twenty at least, and nine in ten of each kind."""
    missed = [passage for passage in FLAWED if flaw_in(passage.text, passage.expected) is None]
    every, lost = (Counter(passage.flaw for passage in some) for some in (FLAWED, missed))

    assert len(missed) <= len(FLAWED) / 20
    assert [flaw for flaw in every if lost[flaw] > every[flaw] / 10] == []


@pytest.mark.parametrize("passage", SOUND, ids=lambda passage: passage.text[:20])
def test_a_passage_said_before_is_found_and_others_are_not(passage: Labelled) -> None:
    """Against all other sound passages nothing repeats; against itself, or a long sentence of its own, it does."""
    others = [other.text for other in SOUND if other is not passage]

    assert flaw_of(passage.text, recent=others[-8:]) is None
    assert flaw_of(passage.text, recent=[*others[:3], passage.text]) is Flaw.REPEATING


@pytest.mark.parametrize("passage", SOUND, ids=lambda passage: passage.text[:20])
def test_sound_passages_stay_as_they_are(passage: Labelled) -> None:
    """Nothing is taken off the end of what tells to its end."""
    assert mended(passage.text, passage.expected) == passage.text


def test_a_bad_ending_is_taken_off_where_enough_stays() -> None:
    """A moral goes; so does what a writer's own character says, and the turn is theirs."""
    mara = Expected(cast=("Mara",))
    told = "The guard lowered his pike, took off his helmet and looked at the rain for a while."

    assert mended(f"{told} From that day on, nobody ever forgot it.", mara) == told
    assert mended(f"{told} Mara smiled. “I will go.”", mara) == told
    assert mended("He slept. From that day on, nobody in the valley was ever afraid again.", mara).endswith(
        "again."
    )
    assert mended(f"{told} In the end, they slept.", Expected(may_end=True)).endswith("slept.")


def test_what_was_to_be_changed_must_not_come_back_as_it_was() -> None:
    """Whole, or as far as it came; one other word is a change."""
    old = "Isolde folded the map.\n\nThe wind had turned, and the ropes began to sing."

    for same in (old, old.replace("\n\n", " "), "Isolde folded the map…"):
        assert flaw_in(same, Expected(old=old)) is Flaw.REPEATING
    assert flaw_in(old.replace("map", "green map"), Expected(old=old)) is None


def test_paragraphs_of_earlier_passages_are_taken_off() -> None:
    """Before and behind what is new, if enough of that is there; what people say twice is no copy."""
    old = "Isolde came forward with her map. She had bought it in Kesh from a blind soldier for six silver coins."
    new = 'Tarn bent down to the salt and looked carefully at what he had seen. "Yes, it is," he said.'
    told = Expected(recent=(old, '"Yes, it is," she said.'))

    assert mended(f"{old}\n\n{new}\n\n{old}", told) == new
    assert mended(f"{new}\n\n{old}\n\n{new}", told) == f"{new}\n\n{old}\n\n{new}"
    assert mended(f"{old}\n\nTarn.", told) == f"{old}\n\nTarn."
    assert mended(f"{old} {new}", told) == f"{old} {new}"


@pytest.mark.parametrize(
    "text", ["", "“", "”", "「" * 3000, '"' * 3001, "Mara said " * 3000, "“a” Mara " * 2000, "总之" * 4000]
)
def test_odd_texts_are_judged_as_fast_as_prose(text: str, patience: None) -> None:
    """Nothing that a model says makes the judging look at it again and again."""
    expected = Expected(language="en", cast=("Mara", "沈青"), recent=(text,), chatty=False)

    flaw_in(text, expected)
    mended(text, expected)
