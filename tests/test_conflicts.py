"""Prove what counts as said against the lore, and what is only the plot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.story.lore.attributes import kinships
from bot.story.lore.book import bind
from bot.story.lore.conflicts import conflicts, facts_of, told_in
from bot.story.lore.contradictions import against, reminders
from storage.lore import Version


def found(name: str, fact: str, said: str) -> list[str]:
    """Return the kinds of conflict between a text and a fact about somebody."""
    return [one.kind for one in conflicts(told_in(said), facts_of(fact), [name.casefold()])]


VARN = "Captain Varn has one eye and a green parrot. Varn cannot swim."
MARA = "Mara is the sister of Tobin. Her hair is red. She is 35 years old. Mara has two brothers."
ILSE = "Ilse is dead. She drowned in the storm."
TOWER = "The lighthouse is white and stands on the northern cliff."
QING = "阿青只有一只眼睛，头发是红色的。阿青不会游泳。阿青是陶宾的姐姐。"


@pytest.mark.parametrize(
    ("name", "fact", "said", "kind"),
    [
        ("Varn", VARN, "Varn narrowed his two eyes.", "number"),
        ("Varn", VARN, "Varn's blue parrot shrieked.", "attribute"),
        ("Varn", VARN, "Varn swam to the reef.", "denied"),
        ("Mara", MARA, "Mara combed her black hair.", "attribute"),
        ("Mara", MARA, "Mara is 40 years old.", "number"),
        ("Mara", MARA, "Mara and her three brothers ran.", "number"),
        ("Mara", MARA, "Mara, Tobin's wife, laughed.", "kinship"),
        ("Ilse", ILSE, "Ilse smiled and opened the door.", "dead"),
        ("lighthouse", TOWER, "The lighthouse was red.", "attribute"),
        ("lighthouse", TOWER, "The lighthouse on the southern cliff was dark.", "attribute"),
        ("Tom", "Tom never sings.", "Tom sang all night.", "denied"),
        ("Tom", "Tom sings.", "Tom cannot sing.", "denied"),
        ("阿青", QING, "阿青睁开两只眼睛。", "number"),
        ("阿青", QING, "阿青的黑色头发飘着。", "attribute"),
        ("阿青", QING, "阿青游泳到对岸。", "denied"),
        ("阿青", QING, "阿青是陶宾的母亲。", "kinship"),
        ("老周", "老周已经去世三年了。", "老周笑着推开门。", "dead"),
        ("灯塔", "灯塔位于岛的北边。", "灯塔位于岛的南边。", "attribute"),
        ("老周", "老周五十岁。", "老周六十岁。", "number"),
    ],
)
def test_what_goes_against_a_fact_is_found(name: str, fact: str, said: str, kind: str) -> None:
    """In both languages, whoever does it."""
    assert found(name, fact, said) == [kind]


@pytest.mark.parametrize(
    ("name", "fact", "said"),
    [
        ("Varn", VARN, "Varn smiled. Captain Varn's green parrot slept."),
        ("Varn", VARN, "Varn's parrot, now blue, shrieked."),  # a change
        ("Varn", VARN, "Varn dreamt that he swam."),  # not so
        ("Varn", VARN, "“Varn has two eyes,” said Ilse."),  # people lie
        ("Varn", VARN, "Varn picked up Mara's two blue parrots."),  # another's
        ("Varn", VARN, "Varn saw two eyes in the dark."),  # nobody's
        ("Varn", VARN, "Ilse narrowed her two eyes."),  # of somebody else
        ("Mara", MARA, "Mara turned 36 years old."),
        ("Mara", MARA, "Mara walked to the black rock."),
        ("Mara", "Mara's mother died in the war.", "Mara smiled."),
        ("Varn", "Varn is always late.", "Varn smiled."),
        ("Ilse", ILSE, "Mara thought of Ilse. The ghost of Ilse smiled. Ilse's brother laughed."),
        ("Ilse", ILSE, "Ilse drowned long before."),
        ("lighthouse", TOWER, "They left the lighthouse and sailed south."),
        ("阿青", QING, "阿青走了。阿青的头发染成了黑色。"),
        ("老周", "老周的儿子死了。", "老周笑了。"),
        ("老周", "老周已经去世三年了。", "阿青想起老周。老周的儿子笑了。"),
    ],
)
def test_what_is_only_the_plot_is_not(name: str, fact: str, said: str) -> None:
    """Changes, dreams, speech, and what belongs to somebody else."""
    assert found(name, fact, said) == []


def entry(number: int, title: str, text: str, *keys: str) -> Version:
    """Return an entry of lore."""
    return Version(
        id=number,
        story_id=1,
        entry_id=number,
        kind="fact",
        owner_id=None,
        owner_name=None,
        title=title,
        text=text,
        keys=keys,
        title_digest="",
        text_digest="",
        created=1,
    )


def test_only_lore_that_a_text_names_is_compared() -> None:
    """By title or key, in any case; what the narrator is reminded of is each fact once."""
    book = bind(
        [entry(1, "Captain Varn", VARN, "varn"), entry(2, "Ilse", ILSE), entry(3, "Eyes", "")], slow=()
    )
    against_it = against(book, "VARN narrowed his two eyes. Varn's blue parrot shrieked.")

    assert [(one.version.id, one.kind) for one in against_it] == [(1, "number"), (1, "attribute")]
    assert reminders(against_it, "en") == (
        "Keep to what is known of Captain Varn: Captain Varn has one eye and a green parrot."
    )
    assert against(book, "Tobin narrowed his two eyes.") == []


@given(st.text(max_size=200), st.text(max_size=200), st.text(min_size=1, max_size=5))
def test_any_text_can_be_compared(said: str, fact: str, name: str) -> None:
    """Nothing that people write breaks the rules."""
    conflicts(told_in(said), facts_of(fact), [name])
    against(bind([entry(1, name, fact, name)], slow=()), said)


def test_a_word_without_end_is_gone_through_quickly() -> None:
    """Read on to its end from each of its letters, this would take minutes, and everybody would wait."""
    assert kinships("A" * 100_000 + " Mara is Ilse's sister.")
