"""What a model says becomes a passage: clean while it streams, whole at its end."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.story.narration.cleaning import NarrationFilter, finish, is_whole

PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *[
                    "Narrator:",
                    "Sure!\n",
                    "Here is the next part of the story:\n",
                    "# Chapter\n",
                    "Title: X\n",
                    "---\n",
                ],
                *[
                    "<|im_start|>",
                    "<|im_end|>",
                    "</s>",
                    "<think>",
                    "</think>",
                    "[INST]",
                    "<s>",
                    "<",
                    "|",
                    ">",
                    "[",
                ],
                *[
                    "User:",
                    "\n",
                    "\n\n\n",
                    " ",
                    "Ann ran. ",
                    "“Come,” he said.",
                    "他走了。",
                    "旁白：",
                    "好的，以下是续写：\n",
                ],
            ]
        ),
        st.text(max_size=6),
    ),
    max_size=25,
)


def spoken(*pieces: str, echoes: tuple[str, ...] = ()) -> str:
    """Return all that is shown of some pieces."""
    stream = NarrationFilter(echoes=echoes)
    return "".join([stream.feed(piece) for piece in pieces]) + stream.flush()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The door opened.", "The door opened."),
        ("  \n\nThe door opened.\n\n\n\n\nNobody came.\n", "The door opened.\n\nNobody came."),
        ("Narrator: The door opened.", "The door opened."),
        ("**Narrator:** The door opened.", "The door opened."),
        ("旁白：门开了。", "门开了。"),
        ("Sure! Here is the next part of the story:\n\nThe door opened.", "The door opened."),
        ("Here's the continuation: The door opened.", "The door opened."),
        ("好的，以下是续写的内容：\n门开了。", "门开了。"),
        ("## Chapter 2\n\nThe door opened.\n# The end\nYes.", "The door opened.\nYes."),
        ("Title: The Door\n\nThe door opened.", "The door opened."),
        ("**The Door**\n\nThe door opened.", "The door opened."),
        ("<|im_start|>assistant: The door opened.<|im_end|>\n<|im_start|>user", "The door opened."),
        ("The door opened.</s>More", "The door opened."),
        ("<think>What now?\nHm.</think>\n\nThe door opened.", "The door opened."),
        ("The door opened.\nUser: go on", "The door opened."),
        ("The door opened.\n\nWould you like me to continue?", "The door opened."),
        ("门开了。\n用户：继续", "门开了。"),
        ("The \u202edoor\u200b opened.", "The door opened."),
    ],
)
def test_only_the_story_is_shown(said: str, shown: str) -> None:
    """Labels, announcements, headings, tokens, thoughts and other roles are not part of the story."""
    assert spoken(said) == shown
    assert spoken(*said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "“Sure,” she said.\nHe nodded.",
        '"Certainly the story is true," she said.\nHe nodded.',
        "Here the road ended: a wall, a gate, a dog.",
        "Of course the ship was late. It always was, and the crew knew it as well as anyone did.",
        "好的，他想。明天就走。",
        "I <3 you, said the sign [in red].",
        "The users: all gone.",
        "《红楼梦》放在桌上。",
        "Great was the silence.",
    ],
)
def test_prose_that_looks_like_a_label_stays(said: str) -> None:
    """Speech and ordinary sentences that begin like an announcement are kept."""
    assert spoken(said) == said
    assert spoken(*said) == said


def test_an_echo_of_the_prompt_is_left_out() -> None:
    """A small model repeats the last lines or the instruction before it begins."""
    echoes = ("Continue the story.", "He opened the box.")

    assert spoken(*"Continue the story. He opened the box. It was empty.", echoes=echoes) == "It was empty."


@given(PIECES)
@example(["Sure!\n", "Narrator:", "<|im_start|>", "<"])
@example(["\n", "Narrator:", "<|im_start|>", "Ann ran. "])
@example(["<", "|", "</s>", "<|im_start|>"])
@example(["_", "Here is the next part of the story:\n"])
def test_how_the_stream_is_cut_changes_nothing(pieces: list[str]) -> None:
    """Character by character or all at once, the same text is shown, and `text` holds it."""
    said = "".join(pieces)
    stream = NarrationFilter()
    shown = "".join([stream.feed(char) for char in said]) + stream.flush()

    assert shown == stream.text == spoken(said)


@given(PIECES)
def test_no_token_and_no_run_of_blank_lines_is_shown(pieces: list[str]) -> None:
    """Whatever a model says, template tokens never reach the reader."""
    shown = spoken(*pieces)

    assert not re.search(r"<\|\w{1,20}\|>|</?s>|</?think>|\[INST\]", shown)
    assert "\n\n\n" not in shown
    assert shown == shown.strip()


def test_the_end_of_the_turn_is_told() -> None:
    """After an end token the stream can be cancelled, and nothing more is shown."""
    stream = NarrationFilter()

    assert (
        stream.feed("The door opened, and it was night. <|im_end|>") == "The door opened, and it was night."
    )
    assert stream.ended
    assert stream.feed("More") + stream.flush() == ""


def test_prose_is_shown_while_it_streams() -> None:
    """After its first words a line is shown at once, not at its end."""
    stream = NarrationFilter()
    stream.feed("The door opened and then ")

    assert stream.feed("someone") == " someone"


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("He ran. She stayed. And the", "He ran. She stayed."),
        ("“Go!” he said. “I wi", "“Go!” he said."),
        ('He said, "I came. I sa', 'He said, "I came."'),
        ("他说：“我来了。我看", "他说：“我来了。”"),
        ("他跑了。她留下了……然后", "他跑了。她留下了……"),
        ("It was late. Then Mr. Bro", "It was late."),
        ("One long sentence that never, ", "One long sentence that never…"),
        ("He ran.\n\n---", "He ran."),
        ("", ""),
    ],
)
def test_a_cut_passage_ends_at_a_sentence(text: str, ending: str) -> None:
    """Half a sentence goes if a whole one stays, and open speech is closed."""
    assert finish(text, cut=True) == ending


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("He ran. And then she", "He ran. And then she"),
        ('"She said, "Come." He left."', 'She said, "Come." He left.'),
        ("“The night fell.\n\nNobody spoke.”", "The night fell.\n\nNobody spoke."),
        ('"Come here."', '"Come here."'),
        ('"Come," he said. "Now."', '"Come," he said. "Now."'),
        ("He wrote <|im_end|>.", "He wrote ‹¦im_end¦›."),
    ],
)
def test_a_finished_passage_keeps_its_words(text: str, ending: str) -> None:
    """Only quotation marks around the whole passage are taken off."""
    assert finish(text, cut=False) == ending


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        *[("He ran.", True), ("“Go!”", True), ("他走了。", True), ("“But I—”", True), ("他说：“走——”", True)],
        *[("*He ran.*", True), ("She waited …", True), ("He ran. And then she", False), ("“Come,”", False)],
        *[("他走到门口，", False), ("He said:", False), ("", False)],
    ],
)
def test_a_passage_is_whole_where_a_sentence_ends(text: str, whole: bool) -> None:
    """A model that ends its turn in mid-sentence is treated as if it had been cut."""
    assert is_whole(text) is whole


@given(st.text(), st.booleans())
def test_finishing_twice_changes_nothing_more(text: str, cut: bool) -> None:
    """A finished passage that ends at a sentence is finished."""
    once = finish(text, cut=cut)

    assert finish(once, cut=False) == finish(finish(once, cut=False), cut=False)
    assert once == once.strip()


@pytest.mark.parametrize("said", ["a" + " \n" * 3000 + "b", "A. " * 20_000, "a" + " " * 30_000 + "b"])
def test_odd_speech_is_finished_as_fast_as_prose(said: str, patience: None) -> None:
    """Nothing that a model says makes the finishing look at it again and again."""
    assert finish(said, cut=True).startswith(said[0])
