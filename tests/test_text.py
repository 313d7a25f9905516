"""Passages keep their words and lose what is hidden; model tokens lose their power."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Refused
from bot.story.text import clean_passage, inline_name, is_table_talk, neutralise

TOKENS = [
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|start_header_id|>",
    "<|eot_id|>",
    "<|system|>",
    "<｜begin▁of▁sentence｜>",
    "＜｜User｜＞",
    "〈|Assistant|〉",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<pad>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<think>",
    "</think>",
    "[gMASK]",
    "[SYSTEM_PROMPT]",
    "<tool_call>",
]


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  She waited.  \r\nHe came.\r", "She waited.\nHe came."),
        ("她等着，“他会来吗？”", "她等着，“他会来吗？”"),
        ("cafe\u0301", "café"),
        ("se\u200bcret\ufeff wo\u2060rds", "secret words"),
        ("abc\u202edef\u2066ghi\u2069", "abcdefghi"),
        ("\ud800lone", "lone"),
        ("a\x00b\x1b[31mc\td", "ab[31mc\td"),
        ("one\n\n\n\n\n\ntwo", "one\n\n\ntwo"),
        ("👩\u200d👩\u200d👧 and \u200d joiners\u200d", "👩\u200d👩\u200d👧 and  joiners"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("hi\U000e0068\U000e0069 there", "hi there"),
        (
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        ),
        ("x\ufe0f\ufe01\ufe02", "x\ufe0f"),
        ("@everyone ```code``` ||spoiler||", "@everyone ```code``` ||spoiler||"),
    ],
)
def test_words_stay_and_hidden_characters_go(raw: str, clean: str) -> None:
    """What a reader sees is kept exactly, full-width punctuation too; what hides or reorders is removed."""
    assert clean == clean_passage(raw, limit=1000)


@pytest.mark.parametrize(
    "raw", ["", " \n\t ", "\u200b\u200b", "\u200d", "\u2800\u3164", "\x00", "\ufe0f\u200e"]
)
def test_a_passage_nobody_can_see_is_refused(raw: str) -> None:
    """Blank-looking passages say what to do instead and hand back what was typed."""
    with pytest.raises(Refused) as refused:
        clean_passage(raw, limit=1000)

    assert raw == refused.value.words
    assert "Write a sentence" in str(refused.value)


@pytest.mark.parametrize("length", [4_001, 100_000])
def test_a_passage_too_long_is_handed_back(length: int) -> None:
    """The refusal says both lengths and carries every word."""
    raw = "字" * length

    with pytest.raises(Refused, match=f"{length:,} characters, and 4,000 fit") as refused:
        clean_passage(raw, limit=4_000)

    assert raw == refused.value.words


def test_long_blanks_are_cleaned_as_fast_as_prose(patience: None) -> None:
    """A run of blanks is looked through once, not once for each of them."""
    assert len(clean_passage("a" + " " * 150_000 + "b", limit=200_000)) == 150_002


def test_what_cannot_fit_is_not_even_cleaned() -> None:
    """Text of more than twice the limit is refused as it is, blanks and hidden characters counted."""
    with pytest.raises(Refused) as refused:
        clean_passage("a" + " " * 200, limit=100)

    assert refused.value.words == "a" + " " * 200
    assert "201" in str(refused.value)


def test_the_limit_itself_fits() -> None:
    """A passage of exactly the limit is kept whole, spaces around it not counted."""
    assert clean_passage("字" * 4_000 + " \n", limit=4_000) == "字" * 4_000


@given(st.text())
def test_cleaning_twice_changes_nothing_more(raw: str) -> None:
    """Cleaning is idempotent, leaves no hidden character and normal form C."""
    try:
        clean = clean_passage(raw, limit=10_000)
    except Refused:
        return

    assert clean == clean_passage(clean, limit=10_000)
    assert unicodedata.is_normalized("NFC", clean)
    assert not re.search("[\ud800-\udfff\u202a-\u202e\u2066-\u2069\u200b\ufeff\x00-\x08]", clean)


@pytest.mark.parametrize(
    "raw",
    ["(brb)", " (is it (really) my turn?) ", "((ooc))", "（等一下）", "// back in ten", "//", "／／等等"],
)
def test_table_talk_is_told_from_the_story(raw: str) -> None:
    """Text wholly in parentheses, or beginning with //, is not for the story."""
    assert is_table_talk(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "(He paused.) She ran.",
        "(one) and (two)",
        "He said // nothing",
        "(never closed",
        ")(",
        "",
        "（一）和（二）",
    ],
)
def test_story_text_is_not_taken_for_table_talk(raw: str) -> None:
    """Parentheses that do not enclose everything belong to the prose."""
    assert not is_table_talk(raw)


@pytest.mark.parametrize("token", TOKENS)
def test_template_tokens_lose_their_power(token: str) -> None:
    """Each family's token is changed in a text, stays readable, and changing it again changes nothing."""
    safe = neutralise(f"He said {token} and left.")
    letters = re.sub(r"\W", "", token)

    assert token not in safe
    assert letters in re.sub(r"\W", "", safe)
    assert safe == neutralise(safe)


@given(
    st.lists(
        st.one_of(
            st.sampled_from([*TOKENS, "<", "|", ">", "[", "]", "<<", "｜", "s", "/"]), st.text(max_size=5)
        )
    )
)
def test_no_token_survives_any_mixture(parts: list[str]) -> None:
    """However tokens and their halves are put together, no token can be read out of the result."""
    safe = neutralise("".join(parts))

    assert not [token for token in TOKENS if token.lower() in safe.lower()]
    assert not re.search(r"<\|[^\n]{0,60}?\|>", safe)


@given(st.text(alphabet=st.characters(exclude_characters="<>[]|＜＞〈〉《》｜")))
def test_ordinary_text_is_untouched(text: str) -> None:
    """Text without brackets and bars goes into the prompt as it is."""
    assert text == neutralise(text)


@pytest.mark.parametrize(
    "text", ["I <3 you", "if a < b and b > c", "《红楼梦》", "[sic]", "<a href>", "x || y", "List<String>"]
)
def test_harmless_brackets_stay(text: str) -> None:
    """Hearts, comparisons, book titles and code are no tokens."""
    assert text == neutralise(text)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ann", "Ann"),
        ("  Ann \n Lee ", "Ann Lee"),
        ("**bold**", r"\*\*bold\*\*"),
        ("@everyone", "@\u200beveryone"),
        ("<@123>", "\\<@\u200b123\\>"),
        ("\u202eevil", "evil"),
        ("\u200b\u3164", "?"),
        ("王小明", "王小明"),
        ("[x](http://y)", r"\[x\]\(http://y\)"),
    ],
)
def test_names_format_nothing_and_mention_nobody(name: str, shown: str) -> None:
    """A display name is one line of plain text wherever it is shown."""
    assert shown == inline_name(name)


def test_long_names_are_cut() -> None:
    """No name is longer than 32 characters."""
    assert inline_name("x" * 500) == "x" * 32
