"""Whoever leaves a scene stays unknown, goes back no further than it, and cannot do so without end."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.bench.opening import jury_of, recall_of
from bot.config import NarratorSettings
from bot.engine.engine import Engine
from bot.errors import Refused
from bot.story.boundaries.scenes import BREAK, LONGEST, OFTEN, Scenes, scene_start
from bot.story.narration.adapters import Adapters
from bot.story.narration.draft import Drafter
from bot.story.narration.narrator import Narrator
from bot.story.people import Person, Place
from storage import actions, stories, trail
from storage.database import Database
from storage.passages import Passage
from storage.stories import Story
from storage.trail import Told
from tests.scripted import ScriptedBackend
from tests.stored import ALICE, BOB, CHANNEL, GUILD, story_of

HERE = Place(GUILD, CHANNEL)
BEN = Person(BOB, "Ben")
MO = Person(ALICE, "Alice", moderator=True)


class Seconds:
    """Tell a time that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return it."""
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    """Start at nothing."""
    return Seconds()


@pytest.fixture
async def scenes(database: Database, seconds: Seconds) -> AsyncIterator[Scenes]:
    """Leave scenes of a story that nobody narrates."""
    async with Engine.open(ScriptedBackend()) as engine:
        drafter = Drafter(
            database=database,
            engine=engine,
            adapters=Adapters(database=database, names=()),
            recall=recall_of(database),
            settings=NarratorSettings(),
            context=4096,
        )
        jury = jury_of(database, engine)
        narrator = Narrator(database=database, drafter=drafter, jury=jury, model="scripted")
        yield Scenes(database=database, narrator=narrator, clock=seconds)


@pytest.fixture
async def story(database: Database) -> Story:
    """Let Alice write twelve passages."""
    story, _, _ = await story_of(database, *(f"Passage {number}." for number in range(12)))
    return story


def told(*gaps: int, texts: tuple[str, ...] = ()) -> list[Told]:
    """Return passages with these silences before them."""
    made, at = [], 0
    for depth, gap in enumerate(gaps):
        at += gap
        text = texts[depth] if texts else "On."
        passage = Passage(
            *(depth + 1, 1, None, depth, 0, 1, "A", "person", text, None),
            *(None, None, None, None, None, None, at, None),
        )
        made.append(Told(depth, depth + 1, passage))
    return made


@given(st.lists(st.integers(0, 2 * BREAK), min_size=1, max_size=30))
def test_a_scene_is_never_longer_than_a_bound_and_never_empty(gaps: list[int]) -> None:
    """It begins at a passage that is there, after the newest long silence, at most eight back."""
    start = scene_start(told(*gaps))

    assert 0 <= start < len(gaps)
    assert len(gaps) - start <= LONGEST
    assert all(gap < BREAK for gap in gaps[start + 1 :])
    assert start == 0 or gaps[start] >= BREAK or len(gaps) - start == LONGEST


@pytest.mark.parametrize("mark", ["***", "* * *\nLater.", "---", "第二幕 夜", "⁂"])
def test_a_mark_begins_a_scene(mark: str) -> None:
    """What writers set between scenes is heeded."""
    assert scene_start(told(0, 1, 1, 1, texts=("A.", "B.", mark, "C."))) == 2


async def test_a_rewind_goes_back_by_a_scene_without_a_name(
    database: Database, scenes: Scenes, story: Story
) -> None:
    """Eight of twelve passages go, the log has nobody, and nothing is thrown away."""
    await scenes.rewind(HERE, BEN, story.id)

    left = await trail.leaves(database, story.branch_id)
    assert len([leaf for leaf in left if leaf.shown is not None]) == 12 - LONGEST
    (newest, *_) = await actions.of_story(database, story.id)
    assert (newest.kind, newest.actor_id, newest.actor_name) == ("rewind", None, None)
    read = [told.passage.text async for some in trail.whole(database, story.branch_id) for told in some]
    assert read == [f"Passage {number}." for number in range(4)]


async def test_a_pause_is_taken_up_by_anyone_but_a_hosts_is_not(
    database: Database, scenes: Scenes, story: Story
) -> None:
    """Whom nobody paused, everybody resumes; what its host paused stays so."""
    await scenes.pause(HERE, BEN, story.id)
    with pytest.raises(Refused, match="not being told here"):
        await scenes.pause(HERE, BEN, story.id)
    assert (await scenes.resume(HERE, Person(5, "Eve"), story.id)).story.state == "running"
    with pytest.raises(Refused, match="not paused any more"):
        await scenes.resume(HERE, BEN, story.id)
    async with database.transaction() as tx:
        await stories.pause(tx, story.id)
        await actions.append(
            tx, story_id=story.id, kind="pause", created=1, actor_id=ALICE, actor_name="Alice"
        )
    with pytest.raises(Refused, match="Only"):
        await scenes.resume(HERE, BEN, story.id)
    assert (await scenes.resume(HERE, MO, story.id)).story.state == "running"


async def test_nobody_leaves_scenes_without_end(scenes: Scenes, story: Story, seconds: Seconds) -> None:
    """After some times one person waits; another does not, and neither do they for ever."""
    for _ in range(OFTEN):
        await scenes.leave(HERE, BEN, story.id)
    with pytest.raises(Refused, match="several times just now"):
        await scenes.leave(HERE, BEN, story.id)
    await scenes.leave(HERE, MO, story.id)
    seconds.now += 601
    await scenes.leave(HERE, BEN, story.id)


@pytest.mark.parametrize("way", ["pause", "rewind", "leave"])
async def test_a_button_of_another_story_does_nothing(scenes: Scenes, story: Story, way: str) -> None:
    """Only the story that is told in the place where the button was pressed can be left."""
    for place, story_id in ((HERE, story.id + 1), (replace(HERE, channel_id=999), story.id)):
        with pytest.raises(Refused, match="not being told here"):
            await getattr(scenes, way)(place, BEN, story_id)


async def test_the_very_beginning_cannot_be_rewound(database: Database, scenes: Scenes) -> None:
    """Where nothing was told yet there is no scene."""
    story, _, _ = await story_of(database)

    with pytest.raises(Refused, match="very beginning"):
        await scenes.rewind(HERE, BEN, story.id)


async def test_no_row_anywhere_names_who_left(database: Database, scenes: Scenes, story: Story) -> None:
    """Not in the log, nor in any other table."""
    await scenes.leave(HERE, BEN, story.id)
    await scenes.rewind(HERE, BEN, story.id)
    await scenes.pause(HERE, BEN, story.id)

    tables = await database.fetch_all(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
    )
    for table in tables:
        for row in await database.fetch_all(f'SELECT * FROM "{table["name"]}"'):
            assert BOB not in tuple(row), table["name"]
            assert "Ben" not in tuple(row), table["name"]
