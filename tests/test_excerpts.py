"""Prove that the sentences a question is about are cut from long texts."""

from hypothesis import given
from hypothesis import strategies as st

from bot.story.questions.excerpts import excerpt, sentences, shortened
from bot.story.terms import content

LONG = " ".join(f"On day {n} the rain came over hill {n} and went." for n in range(60))


def test_a_text_is_divided_at_its_sentences() -> None:
    """In both languages; a point inside a number ends nothing, and what has no words is none."""
    text = 'It cost 3.5 coins. "Go!" she said … 她走了。“你好！”他说。\n***'

    assert sentences(text) == ["It cost 3.5 coins.", '"Go!" she said …', "她走了。", "“你好！”他说。"]


def test_who_says_something_stays_with_it() -> None:
    """So no quotation stands there without its speaker; what somebody does next is a sentence of its own."""
    text = '"Where is it?" asked Tarn. "Gone." He wept. “在哪里？”小塔问。“没了。”他哭了起来。'

    assert sentences(text) == [
        '"Where is it?" asked Tarn.',
        '"Gone."',
        "He wept.",
        "“在哪里？”小塔问。",
        "“没了。”",
        "他哭了起来。",
    ]


def test_a_short_text_stays_whole() -> None:
    """Nothing is cut from what fits."""
    assert excerpt(" Mara held the lamp. ", content("bell")) == "Mara held the lamp."


def test_the_sentences_with_the_wanted_words_are_cut_out() -> None:
    """Marks show where something was left out."""
    found = excerpt(
        f"{LONG} Then Mara hid the bell in the cellar. {LONG}", content("where is the bell"), longest=90
    )

    assert found.startswith("… Then Mara hid the bell in the cellar.")
    assert found.endswith("…")


def test_a_quote_ends_with_a_sentence_else_with_a_word() -> None:
    """Only where words have no end between them, as in Chinese, is a sentence cut anywhere."""
    assert shortened("Mara was the one who could hear it.", 40) == "Mara was the one who could hear it."
    assert shortened("Mara hid the bell. Who could hear it?", 30) == "Mara hid the bell. …"
    assert shortened("Mara was the one who could hear it", 26) == "Mara was the one who …"
    assert shortened("她把铃铛藏进了地窖。谁还能听见它呢？", 16) == "她把铃铛藏进了地窖。 …"
    assert shortened("她把铃铛藏进了又深又冷又黑的地窖里", 10) == "她把铃铛藏进了又…"
    assert excerpt("lamp " * 20, frozenset(), longest=11) == "lamp lamp lamp lamp …"


@given(st.text(max_size=80), st.integers(4, 60))
def test_a_quote_has_at_most_so_many_characters(text: str, longest: int) -> None:
    """Whatever the text, and nothing but its beginning."""
    quote = shortened(text, longest)

    assert len(quote) <= longest
    assert text.startswith(quote.removesuffix("…").rstrip())


@given(st.text(max_size=400), st.text(max_size=20), st.integers(10, 200))
def test_an_excerpt_is_never_much_longer_than_wanted(text: str, wanted: str, longest: int) -> None:
    """Even of a sentence that never ends."""
    assert len(excerpt(text, content(wanted), longest=longest).encode()) <= 2 * longest + 20
