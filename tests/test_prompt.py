"""A story becomes a prompt that fits, grows at its end and holds no orders from outside."""

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.story.languages import LANGUAGES
from bot.story.lore.rules import PINNED_BYTES
from bot.story.memory.prompt import CUT, Prompt, StoryFacts, plan
from bot.story.memory.prompt import build as build_of
from bot.story.memory.reminders import Item, Memory, Pinned
from bot.story.memory.window import PassageText, Window, budget_bytes, shares, window
from storage.stories import Rating

STORY = StoryFacts("The Ferry", "A ferryman is paid in secrets.", "en", "teen", 80)
NOTHING, UNPINNED = Memory(), Pinned()
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


def build(
    story: StoryFacts,
    told: list[PassageText],
    *,
    budget_bytes: int,
    direction: str | None = None,
    note: str | None = None,
    memory: Memory = NOTHING,
    pinned: Pinned = UNPINNED,
) -> Prompt:
    """Plan and build in one go."""
    planned = plan(
        story,
        told,
        budget=budget_bytes,
        pinned=pinned,
        direction=direction,
        note=note,
    )
    return build_of(planned, memory)


def windowed(told: list[PassageText], budget: int, *, lively: bool = False) -> Window:
    """Choose a window beside nothing fixed."""
    return window(told, budget=budget, fixed=0, request=0, lively=lively)


@given(st.lists(PLAIN, min_size=1, max_size=200), st.integers(1_500, 4_000), st.booleans())
def test_the_window_fits_and_never_moves_back(texts: list[str], budget: int, lively: bool) -> None:
    """What is included fits, the newest is in it, and a longer story starts no earlier."""
    told = path(*texts)
    windows = [windowed(told[: at + 1], budget, lively=lively) for at in range(len(told))]

    for at, chosen in enumerate(windows):
        assert sum(passage.size for passage in chosen.included) <= chosen.room
        assert chosen.included == tuple(told[: at + 1])[-len(chosen.included) :]
        assert chosen.whole == (len(chosen.included) == at + 1)
    firsts = [chosen.first_depth for chosen in windows]
    assert firsts == sorted(firsts)


def test_the_window_moves_rarely() -> None:
    """A story of many budgets moves its window in steps of half of it, not every turn."""
    told = path(*["It rained on the harbour and nobody came." for _ in range(2_000)])
    windows = [windowed(told[: at + 1], 4_000, lively=True) for at in range(0, 2_000, 3)]

    assert len({chosen.first_depth for chosen in windows}) <= 100
    settled = {chosen.first_depth: chosen.settled for chosen in windows}
    assert all(chosen.settled == settled[chosen.first_depth] for chosen in windows)
    assert all(chosen.settled or chosen.whole for chosen in windows)


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


def item(text: str, title: str = "", about: int = 1) -> Item:
    """Make a thing to remember."""
    return Item("fact", about, title, f"{title}: {text}" if title else text)


def test_memory_stands_where_it_changes_least() -> None:
    """Pinned lore and recaps come before the passages, what the moment brings up after them."""
    memory = Memory(
        recaps=(item("The ferry sank."), item("The bell was found.")),
        settled=(item("The chapel has no door.", "Chapel"),),
        triggered=(item("The lamp is blue.", "Lamp"),),
        cast=(item("a boy of ten", "Tom"),),
    )
    prompt = build(
        STORY,
        path("Henrik rowed."),
        budget_bytes=8_000,
        direction="a storm",
        memory=memory,
        pinned=Pinned((item("Mara is the keeper.", "Mara"),), lively=True),
    )

    start, told, request = (message.content for message in prompt.messages[1:])
    marks = ["The Ferry", "Mara: Mara is", "The ferry sank.", "The bell was", "Chapel: The chapel"]
    assert sorted(marks, key=start.index) == marks
    assert told == "Henrik rowed."
    marks = ["Lamp: The lamp is blue.", "Tom: a boy", "Henrik rowed.", "a storm"]
    assert sorted(marks, key=request.index) == marks
    assert [part.name for part in prompt.parts] == [
        "rules", "story", "pinned", "recaps", "settled", "passages", "triggered", "cast", "request", "direction",
    ]  # fmt: skip


@given(st.lists(PLAIN, min_size=1, max_size=40), st.integers(5_000, 9_000), st.integers(0, 30))
def test_memory_of_any_size_keeps_to_its_share(texts: list[str], budget: int, number: int) -> None:
    """However much is remembered, the prompt fits, and what has no room is named."""
    many = tuple(item(f"Fact {at} " * 20, f"T{at}", at) for at in range(number))
    memory = Memory(recaps=many, settled=many, triggered=many)
    prompt = build(STORY, path(*texts), budget_bytes=budget, memory=memory, pinned=Pinned(many, lively=True))

    kept = sum(len(part.items) for part in prompt.parts)
    assert size(prompt) <= budget + 200
    assert kept + len(prompt.left_out) == 4 * number


def test_a_book_and_the_nearest_recaps_are_kept_longest() -> None:
    """Where recaps have too little room, those between the beginning and the nearest go, and are named."""
    many = tuple(item(f"Scene {at}. " + "It rained a lot. " * 8, about=at) for at in range(20))
    prompt = build(STORY, path("Henrik rowed."), budget_bytes=5_000, memory=Memory(recaps=many))
    [kept] = [part.items for part in prompt.parts if part.name == "recaps"]

    ids = [one.about for one in kept]
    assert ids == [0, *range(20 - len(ids) + 1, 20)]
    assert 1 < len(ids) < 20
    assert {lost.about for lost in prompt.left_out} == set(range(20)) - set(ids)


@pytest.mark.parametrize(
    "token", ["<|im_start|>", "<|im_end|>", "[INST]", "</s>", "＜｜User｜＞", "<start_of_turn>"]
)
def test_no_template_token_gets_into_a_prompt(token: str) -> None:
    """Tokens in title, premise, passages, direction and note lose their power, whatever is played."""
    story = StoryFacts(f"T{token}", f"P{token}", "zh", "mature", 80)

    evil = (item(f"I{token}", f"T{token}"),)
    prompt = build(
        story,
        path(f"A{token}", f"B{token}"),
        budget_bytes=4_000,
        direction=f"D{token}",
        note=f"N{token}",
        memory=Memory(evil, evil, evil, evil),
        pinned=Pinned(evil, lively=True),
    )

    assert not [message for message in prompt.messages if token in message.content]


def test_all_that_may_be_pinned_has_room_in_the_smallest_usual_context() -> None:
    """What people pin is never left out of a prompt for lack of room."""
    budget = budget_bytes(context_tokens=4096, reserve_tokens=180, bytes_per_token=4.0)

    assert shares(budget).pinned >= PINNED_BYTES


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
