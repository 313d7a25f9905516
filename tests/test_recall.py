"""The narrator is told what matters: pinned lore and recaps first and steadily, what the moment brings up last."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.bench.opening import recall_of
from bot.clock import now
from bot.story.lore.rules import digest
from bot.story.memory.prompt import Prompt, StoryFacts, build, plan
from bot.story.memory.recall import Recall, outside, passage_texts
from bot.story.memory.recaps import SCENE_PASSAGES
from storage import branches, lore, passages, trail
from storage.database import Database
from storage.lore import Kind, NewVersion
from storage.recaps import Range
from storage.stories import Story
from tests.stored import by_person, story_of
from tests.test_recaps import made

BUDGET = 6_000


@pytest.fixture
def recall(database: Database) -> Recall:
    """Recall by keys and words."""
    return recall_of(database)


async def add(
    database: Database, story: Story, title: str, text: str, *, kind: Kind = "fact", pinned: bool = False
) -> int:
    """Add an entry of lore that its title brings up; return its id."""
    async with database.transaction() as tx:
        new = NewVersion(
            title=title,
            title_digest=digest(title),
            text=text,
            text_digest=digest(text),
            keys=(title,),
            pinned=pinned,
            created=now(),
        )
        return (await lore.add(tx, story.id, kind, new)).entry_id


async def prompt_of(
    database: Database, recall: Recall, story: Story, *, direction: str | None = None, budget: int = BUDGET
) -> Prompt:
    """Build the prompt for a story's next passage."""
    told = await trail.newest(database, story.branch_id, size=budget)
    facts = StoryFacts(story.title, story.premise, story.language, story.rating, 80)
    planned = plan(
        facts,
        passage_texts(told),
        budget=budget,
        pinned=await recall.pinned(story),
        direction=direction,
    )
    return build(planned, await recall.memory(story, planned))


async def write(database: Database, story: Story, text: str) -> None:
    """Write one more passage."""
    async with database.transaction() as tx:
        head = (await branches.get(tx, story.branch_id)).head
        passage = await passages.add(tx, by_person(story, head, text))
        await branches.advance(tx, story.branch_id, passage.id)


def named(prompt: Prompt, part: str) -> list[str]:
    """Return the titles of what is in a part."""
    return [item.title for one in prompt.parts if one.name == part for item in one.items]


async def test_each_thing_stands_once_where_it_belongs(database: Database, recall: Recall) -> None:
    """Pinned always; a fact that is spoken of, and a character on the scene; what nobody mentions is not told."""
    story, _branch, _written = await story_of(database, "Mara heard the bell.")
    await add(database, story, "Law", "Nobody may lie on the ferry.", pinned=True)
    await add(database, story, "bell", "It rings when somebody lies.")
    await add(database, story, "Mara", "The keeper.", kind="character")
    await add(database, story, "chapel", "It has no door.")
    prompt = await prompt_of(database, recall, story)

    assert named(prompt, "pinned") == ["Law"]
    assert named(prompt, "triggered") == ["bell"]
    assert named(prompt, "cast") == ["Mara"]
    led = await prompt_of(database, recall, story, direction="to the chapel")
    assert set(named(led, "triggered")) == {"bell", "chapel"}


async def test_what_the_window_begins_with_is_told_before_the_passages(
    database: Database, recall: Recall
) -> None:
    """There it stays until the window moves, and it is not told again at the end."""
    story, _branch, _written = await story_of(database)
    await add(database, story, "bell", "It rings when somebody lies.")
    await add(database, story, "chapel", "It has no door.")
    for at in range(120):
        await write(
            database, story, f"They spoke of the bell on night {at}, and it was late when they slept."
        )
    before = await prompt_of(database, recall, story)
    await write(database, story, "Then they came to the chapel, where the bell hung.")
    after = await prompt_of(database, recall, story)

    assert named(before, "settled") == ["bell"]
    assert named(before, "triggered") == []
    assert named(after, "triggered") == ["chapel"]
    assert before.messages[:2] == after.messages[:2]
    assert after.messages[2].content.startswith(before.messages[2].content)


async def test_what_fell_out_of_the_window_is_told_in_short(database: Database, recall: Recall) -> None:
    """Recaps reach from the beginning to the first passage that stands there word for word."""
    texts = [
        f"Night {at}: the lamp burned blue, and nobody in the town would say why it did." for at in range(150)
    ]
    story, _branch, _written = await story_of(database, *texts)
    bare = await prompt_of(database, recall, story)
    await made(database, story)
    prompt = await prompt_of(database, recall, story, budget=40_000)
    short = await prompt_of(database, recall, story)

    assert named(bare, "recaps") == []
    assert named(prompt, "recaps") == []
    told = named(short, "recaps")
    assert told == sorted(told, key=lambda title: int(title.split()[1].split("-")[0]))
    first = next(at for at, text in enumerate(texts) if text in short.messages[2].content)
    assert first <= int(told[-1].rpartition("-")[2]) <= first + SCENE_PASSAGES


async def test_prompts_stay_as_they_are_from_turn_to_turn(database: Database, recall: Recall) -> None:
    """With lore, recaps being made and windows moving, all but the end of a prompt stays, most of the time."""
    story, _branch, _written = await story_of(database)
    for name in ("bell", "chapel", "ferry", "mill"):
        await add(
            database, story, name, f"What is known of the {name}: it is very old.", pinned=name == "mill"
        )
    prompts = []
    for at in range(120):
        place = ("bell", "chapel", "ferry", "mill")[at // 30]
        await write(
            database, story, f"On night {at} they went to the {place}, and nobody would say why they did."
        )
        await made(database, story)
        prompts.append(await prompt_of(database, recall, story))
    stayed = [
        before.messages[:2] == after.messages[:2]
        and after.messages[2].content.startswith(before.messages[2].content)
        for before, after in pairwise(prompts)
    ]

    assert stayed.count(False) <= 8


RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=12)


@given(RANGES, RANGES)
def test_what_lies_outside_is_what_no_larger_range_holds(
    fine: list[tuple[int, int]], coarse: list[tuple[int, int]]
) -> None:
    """However ranges overlap."""
    ours, theirs = (
        sorted(
            (Range(at, first, first + more) for at, (first, more) in enumerate(some)),
            key=lambda one: (one.first_depth, one.last_depth),
        )
        for some in (fine, coarse)
    )

    assert outside(ours, theirs) == [
        one
        for one in ours
        if not any(o.first_depth <= one.first_depth and one.last_depth <= o.last_depth for o in theirs)
    ]


async def test_changed_lore_is_told_at_once(database: Database, recall: Recall) -> None:
    """What is kept ready for a window gives way to an edit."""
    story, _branch, _written = await story_of(database)
    entry = await add(database, story, "bell", "It rings when somebody lies.")
    for at in range(120):
        await write(
            database, story, f"They spoke of the bell on night {at}, and it was late when they slept."
        )
    await prompt_of(database, recall, story)
    async with database.transaction() as tx:
        new = NewVersion(
            title="bell",
            title_digest=digest("bell"),
            text="It is cracked.",
            text_digest=digest("It is cracked."),
            keys=("bell",),
            created=now(),
        )
        await lore.change(tx, story.id, entry, new)

    [settled] = [
        item
        for part in (await prompt_of(database, recall, story)).parts
        if part.name == "settled"
        for item in part.items
    ]
    assert "cracked" in settled.text
