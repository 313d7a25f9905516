"""Prove which facts are read out of notes and texts, and that none stands that the text does not bear out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.story.lore.book import bind
from bot.story.lore.facts import Fact, changed, noted, repeats, source, stated
from storage.lore import Version
from storage.passages import Passage
from storage.trail import Told

PASSAGE = Passage(
    id=1,
    story_id=1,
    parent=None,
    depth=0,
    bytes_before=0,
    author_id=5,
    author_name="Mara",
    kind="person",
    text="",
    asked_by=None,
    direction=None,
    model=None,
    seed=None,
    sampling=None,
    prompt_digest=None,
    finish=None,
    created=1,
    replaces=None,
)
ENTRY = Version(
    id=1,
    story_id=1,
    entry_id=4,
    kind="character",
    owner_id=None,
    owner_name=None,
    title="Captain Varn",
    text="A captain.",
    keys=("Varn", "the captain"),
    title_digest="",
    text_digest="",
    created=1,
)

BOOK = bind([replace(ENTRY, id=2, entry_id=5, title="Lamp", keys=()), ENTRY], slow=())


def told(*texts: str) -> list[Told]:
    """Return passages with these texts."""
    return [
        Told(depth, depth + 1, replace(PASSAGE, id=depth + 1, depth=depth, text=text))
        for depth, text in enumerate(texts)
    ]


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ("Mara: the lighthouse keeper", [Fact("Mara", "the lighthouse keeper")]),
        (
            "Sure!\n- **Varn**: has a parrot\n2) Holm: is a town",
            [Fact("Varn", "has a parrot"), Fact("Holm", "is a town")],
        ),
        ("阿青：守灯人\n无", [Fact("阿青", "守灯人")]),
        ('{"facts": [{"name": "Varn", "fact": "has a parrot"}]}', [Fact("Varn", "has a parrot")]),
        ('{"facts": [{"name": "Varn"}]}', []),
        ("none", []),
        ("He: is tall", []),
        ("Isolde promised Ruan that: she would not tell their father", []),
        ("The King of the North: is old", [Fact("The King of the North", "is old")]),
        ("Mara: who is she?", []),
        ("Mara: the story is about her", []),
        ("Mara: " + "very " * 40 + "tall", []),
    ],
)
def test_notes_are_read_leniently(said: str, facts: list[Fact]) -> None:
    """Bullets, numbers, bold and JSON alike; questions, talk and long tales are no facts."""
    assert noted(said) == facts


def test_a_fact_stands_in_one_passage_with_its_names_and_numbers() -> None:
    """The newest of those that bear it out as well; what is put together from two stands in none."""
    tale = told(
        "Mara hid the bell in the cellar with three men.",
        "Varn has a green parrot.",
        "Varn has a green parrot, old now.",
    )

    assert source(Fact("Varn", "has a green parrot"), tale) == tale[2]
    assert source(Fact("Mara", "hid the bell in the cellar"), tale) == tale[0]
    assert source(Fact("Varn", "hid the bell in the cellar"), tale) is None
    assert source(Fact("Mara", "hid the bell with 4 men"), tale) is None
    assert source(Fact("Mara", "has a green parrot"), tale) is None


def test_what_is_known_is_recognised_in_other_words() -> None:
    """By its terms, not its grammar."""
    fact = Fact("Varn", "has a green parrot")

    assert repeats(fact, ["Captain Varn: he had green parrots"])
    assert not repeats(fact, ["Captain Varn: he has a ship"])


def test_a_fact_belongs_to_the_entry_with_its_name() -> None:
    """By title or key, whatever the case."""
    assert changed(Fact("varn", "x"), BOOK) == ENTRY
    assert changed(Fact("CAPTAIN VARN", "x"), BOOK) == ENTRY
    assert changed(Fact("Ilse", "x"), BOOK) is None


def test_a_text_says_some_facts_itself() -> None:
    """What people say in it does not count, nor what is said of a pronoun."""
    text = (
        "Mara, the lighthouse keeper, ran. Tobin is the brother of Mara. She is a good soul. "
        '"Holm is a trap," he said. Varn had only one eye. Then there was a storm.'
    )

    assert [fact.text for fact in stated(text, "en")] == [
        "Mara is the lighthouse keeper.",
        "Tobin is the brother of Mara.",
        "Varn had only one eye.",
    ]
    assert [fact.text for fact in stated("阿青是陶宾的姐姐。她是个好人。瓦恩住在磨坊里。", "zh")] == [
        "阿青是陶宾的姐姐。",
        "瓦恩住在磨坊里。",
    ]


@given(st.text(max_size=200))
def test_no_note_breaks_the_reading(said: str) -> None:
    """A tiny model may write anything."""
    for fact in noted(said):
        assert fact.name
        source(fact, told(said))
    for language in ("en", "zh"):
        stated(said, language)
