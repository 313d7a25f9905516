"""A story becomes a prompt that fits, grows at its end and holds no orders from outside."""

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.story.languages import LANGUAGES
from bot.story.prompt import CUT, PassageText, Prompt, StoryFacts, budget_bytes, build, window_start
from storage.stories import Rating

STORY = StoryFacts("The Ferry", "A ferryman is paid in secrets.", "en", "teen", 80)
PLAIN = st.text(alphabet="ab 字。\n.", min_size=1, max_size=60).filter(str.strip)


def path(*texts: str) -> list[PassageText]:
    """Return passages as they stand on a path."""
    passages, start = [], 0
    for depth, text in enumerate(texts):
        passages.append(PassageText(depth + 1, text, depth, start))
        start += len(text.encode())
    return passages


def size(prompt: Prompt) -> int:
    """Return the bytes of all messages."""
    return sum(len(message.content.encode()) for message in prompt.messages)


@given(st.integers(0, 100_000), st.integers(0, 5_000), st.integers(2, 5_000))
def test_the_window_fits_and_never_moves_back(total: int, more: int, budget: int) -> None:
    """What is included fits the budget and is at least half of it, and a longer story starts no earlier."""
    start = window_start(total, budget)

    assert start >= 0
    assert total - start <= budget
    assert start == 0 or total - start > budget - budget // 2 - 1
    assert window_start(total + more, budget) >= start


def test_the_window_moves_rarely() -> None:
    """A story of many budgets moves its window about twice a budget, not every turn."""
    starts = {window_start(total, 1000) for total in range(0, 100_000, 7)}

    assert len(starts) <= 200


@given(st.lists(PLAIN, min_size=1, max_size=60), st.integers(1_400, 3_000))
def test_every_prompt_fits_its_budget(texts: list[str], budget: int) -> None:
    """System text, story and request together stay within the budget, and the newest words are in it."""
    prompt = build(STORY, path(*texts), budget_bytes=budget)

    assert size(prompt) <= budget
    assert prompt.messages[2].content.endswith(texts[-1][-3:])


@given(st.lists(PLAIN, min_size=2, max_size=60))
def test_each_turn_begins_as_the_one_before(texts: list[str]) -> None:
    """Without a window step, a prompt but for its last message is the beginning of the next one."""
    passages = path(*texts)
    prompts = [build(STORY, passages[: at + 1], budget_bytes=1_500) for at in range(len(passages))]

    for before, after in pairwise(prompts):
        if before.first_passage_id == after.first_passage_id:
            assert before.messages[:2] == after.messages[:2]
            assert after.messages[2].content.startswith(before.messages[2].content)
    firsts = [prompt.first_passage_id for prompt in prompts if prompt.first_passage_id is not None]
    assert firsts == sorted(firsts)


def test_what_changes_comes_last() -> None:
    """System text first, then title and premise, the passages in order, and the direction at the end."""
    prompt = build(
        STORY, path("Henrik rowed.", "The girl sat."), budget_bytes=4_000, direction="a storm", note="shorter"
    )
    system, start, told, request = prompt.messages

    assert [message.role for message in prompt.messages] == ["system", "user", "assistant", "user"]
    assert "Teenagers" in system.content
    assert "The Ferry" in start.content
    assert "paid in secrets" in start.content
    assert told.content == "Henrik rowed.\n\nThe girl sat."
    assert "a storm" in request.content
    assert "shorter" in request.content
    assert not any(
        word in message.content for message in prompt.messages[:3] for word in ("storm", "shorter")
    )


def test_the_beginning_is_asked_for_where_there_is_no_story_yet() -> None:
    """A story without passages has a prompt of two messages and nothing included."""
    prompt = build(STORY, [], budget_bytes=4_000, direction="rain")

    assert [message.role for message in prompt.messages] == ["system", "user"]
    assert prompt.first_passage_id is None
    assert "rain" in prompt.messages[1].content


def test_a_story_cut_at_its_beginning_says_so() -> None:
    """When the window leaves passages out, the story begins with an ellipsis at a whole passage."""
    prompt = build(
        STORY, path(*[f"Sentence number {at} of the story." for at in range(200)]), budget_bytes=2_000
    )

    assert prompt.first_passage_id is not None
    assert prompt.messages[2].content.startswith(f"{CUT}Sentence number {prompt.first_passage_id - 1} of")


def test_one_passage_longer_than_the_window_keeps_its_end() -> None:
    """The newest passage is always there, from a sentence's beginning, however long it is."""
    prompt = build(STORY, path("Old.", "It rained. " * 5_000 + "It stopped."), budget_bytes=2_000)

    assert prompt.messages[2].content.startswith(f"{CUT}It rained. ")
    assert prompt.messages[2].content.endswith("It stopped.")
    assert size(prompt) <= 2_000


def test_erased_passages_are_left_out() -> None:
    """A passage blanked on request leaves no gap and no trace in the prompt."""
    first, second, third = path("One.", "Two.", "Three.")
    erased = PassageText(second.id, "", second.depth, second.bytes_before)

    assert build(STORY, [first, erased, third], budget_bytes=4_000).messages[2].content == "One.\n\nThree."


@pytest.mark.parametrize(
    "token", ["<|im_start|>", "<|im_end|>", "[INST]", "</s>", "＜｜User｜＞", "<start_of_turn>"]
)
def test_no_template_token_gets_into_a_prompt(token: str) -> None:
    """Tokens in title, premise, passages, direction and note lose their power, whatever is played."""
    story = StoryFacts(f"T{token}", f"P{token}", "zh", "mature", 80)

    prompt = build(
        story, path(f"A{token}", f"B{token}"), budget_bytes=4_000, direction=f"D{token}", note=f"N{token}"
    )

    assert not [message for message in prompt.messages if token in message.content]


def test_braces_are_words_like_others() -> None:
    """Titles and directions with placeholders in them are taken as they are."""
    story = StoryFacts("{premise}", "{0} {words.x}", "en", "everyone", 80)

    prompt = build(story, path("{tail}"), budget_bytes=4_000, direction="{direction!r}")

    assert '"{premise}". {0} {words.x}' in prompt.messages[1].content
    assert "{direction!r}" in prompt.messages[3].content


def test_the_same_facts_give_the_same_digest() -> None:
    """A digest names exactly one prompt."""
    one, same, other = (
        build(STORY, path("Henrik rowed."), budget_bytes=4_000, direction=direction)
        for direction in ("a", "a", "b")
    )

    assert one == same
    assert one.digest != other.digest


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rating", get_args(Rating))
def test_every_language_and_rating_has_its_prompt(language: str, rating: str) -> None:
    """Each story that can be started can be told: with all parts, and no placeholder left open."""
    story = StoryFacts("T1", "P1", language, rating, 80)

    prompts = [
        build(story, path(), budget_bytes=4_000),
        build(story, path("O1."), budget_bytes=4_000, direction="D1", note="N1"),
    ]

    text = "\n".join(message.content for prompt in prompts for message in prompt.messages)
    assert all(word in text for word in ("T1", "P1", "80", "O1", "D1", "N1"))
    assert "{" not in text


def test_a_budget_leaves_room_for_the_answer() -> None:
    """Context less the answer, in measured bytes, with a tenth kept free; never negative."""
    assert budget_bytes(context_tokens=4096, reserve_tokens=96, bytes_per_token=4.0) == 14_400
    assert budget_bytes(context_tokens=100, reserve_tokens=200, bytes_per_token=4.0) == 0
