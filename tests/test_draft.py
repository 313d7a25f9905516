"""Prove how a passage is drafted: what the model is asked, and when the writing ends."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.bench.opening import recall_of
from bot.config import NarratorSettings
from bot.engine.engine import Engine
from bot.engine.errors import PromptTooLong
from bot.story.narration.adapters import Adapters
from bot.story.narration.draft import Draft, Drafter, Waiting, Writing
from storage import branches, guilds, narrations, passages, stories
from storage.database import Database
from storage.narrations import Narration as Job
from storage.narrations import NewNarration
from tests.loglines import Log
from tests.scripted import ScriptedBackend
from tests.stored import GUILD, by_person, new_story

TALE = "The keeper counted the ships again. One more light stood on the water than there should have been."


@pytest.fixture
async def job(database: Database) -> Job:
    """Ask for the next passage of a story of forty passages of Mara's."""
    async with database.transaction() as tx:
        story = await stories.create(tx, new_story())
        parent = None
        for number in range(40):
            text = f"On night {number} the lamp burned blue, and nobody in the town would say why it did."
            parent = (await passages.add(tx, by_person(story, parent, text))).id
        assert parent is not None
        await branches.advance(tx, story.branch_id, parent)
        return await narrations.add(
            tx,
            NewNarration(
                story_id=story.id,
                kind="continue",
                parent=parent,
                asked_by=10,
                asker_name="Mara",
                locale="en",
                direction="a boat comes in",
                seed=7,
                channel_id=2,
                message_id=None,
                created=50,
            ),
        )


@pytest.fixture
def backend() -> ScriptedBackend:
    """Tell one tale; the context holds the forty passages with little room to spare."""
    return ScriptedBackend([TALE], context=4096)


@pytest.fixture
async def drafter(database: Database, backend: ScriptedBackend) -> AsyncIterator[Drafter]:
    """Draft with the scripted model."""
    async with Engine.open(backend) as engine:
        yield drafter_of(database, engine)


def drafter_of(database: Database, engine: Engine, *, names: Iterable[str] = ()) -> Drafter:
    """Draft with an engine, and adapters of these names."""
    adapters = Adapters(database=database, names=names)
    return Drafter(
        database=database,
        engine=engine,
        adapters=adapters,
        recall=recall_of(database),
        settings=NarratorSettings(),
        context=4096,
    )


async def written(drafter: Drafter, draft: Draft) -> list[Waiting | Writing]:
    """Write a draft and return its steps."""
    return [step async for step in drafter.write(draft)]


async def test_the_direction_and_the_newest_words_reach_the_model(
    drafter: Drafter, backend: ScriptedBackend, job: Job
) -> None:
    """The request ends with what changes every turn."""
    draft = await drafter.begin(job)
    steps = await written(drafter, draft)

    assert draft.text == TALE
    assert steps[-1] == Writing(TALE)
    asked = backend.requests[0]
    assert "a boat comes in" in asked.messages[-1].content
    assert "night 39" in asked.messages[-2].content


async def test_a_request_says_whose_turn_in_the_queue_it_takes(
    drafter: Drafter, backend: ScriptedBackend, job: Job
) -> None:
    """Its warm cache, server, channel and person are its own, so that nothing crosses and nobody is passed over."""
    await written(drafter, await drafter.begin(job))
    asked = backend.requests[0]

    assert asked.warm
    assert asked.cache_key == str(job.story_id)
    assert (asked.guild_id, asked.channel_id, asked.user_id) == (GUILD, job.channel_id, job.asked_by)


@pytest.mark.parametrize(
    ("story", "guild", "asked"),
    [
        ("", "", ""),
        ("", "noir", "noir"),
        ("fable", "noir", "fable"),
        ("none", "noir", ""),
        ("fable", "", "fable"),
        ("", "none", ""),
        ("gone", "noir", ""),
        ("", "gone", ""),
    ],
)
async def test_a_story_is_written_with_its_own_adapter_or_else_its_servers(
    database: Database, backend: ScriptedBackend, job: Job, story: str, guild: str, asked: str
) -> None:
    """What the story chose counts first, `none` is a choice, and what the host has no more is left out and logged."""
    async with database.transaction() as tx:
        await stories.update(tx, replace(await stories.get(tx, job.story_id), adapter=story))
        await guilds.set_adapter(tx, GUILD + 1, "fable")
        if guild:
            await guilds.set_adapter(tx, GUILD, guild)
    with Log.listening() as log:
        async with Engine.open(backend) as engine:
            drafter = drafter_of(database, engine, names=["noir", "fable"])
            draft = await drafter.begin(job)
            await written(drafter, draft)

    assert backend.requests[0].adapter == asked
    missed = "gone" in (story, guild if not story else "")
    assert log.says("adapter not configured; writing without it") == missed


async def test_a_text_that_reaches_its_limit_ends_at_a_sentence(database: Database, job: Job) -> None:
    """Half a sentence, cut off by the longest length, is not shown."""
    words = " ".join(f"word{number}" for number in range(1000))
    backend = ScriptedBackend([f"{TALE} And then {words}."])
    async with Engine.open(backend) as engine:
        drafter = drafter_of(database, engine)
        draft = await drafter.begin(job)
        await written(drafter, draft)

    assert draft.cut
    assert draft.text == TALE


async def test_another_draft_tries_another_seed_and_holds_back_more(drafter: Drafter, job: Job) -> None:
    """A second draft is not the first one again."""
    first = await drafter.begin(job)
    second = await drafter.begin(job, after=first)

    assert first.sampling.seed != second.sampling.seed
    assert first.sampling.repetition_penalty < second.sampling.repetition_penalty
    assert first.sampling.temperature < second.sampling.temperature


async def test_a_prompt_that_is_too_long_after_all_is_shortened(
    database: Database, backend: ScriptedBackend, job: Job
) -> None:
    """A story in a script dearer than measured goes on with less of its beginning, and is never stuck."""
    async with Engine.open(backend) as engine:
        # Whoever believes in twice the context learns from the model that it is not so.
        drafter = drafter_of(database, engine)
        backend.model = type(backend.model)("s", "S", "1", Path("s"), None, 700)
        draft = await drafter.begin(job)
        await written(drafter, draft)

    assert draft.text == TALE
    assert draft.share < 1
    assert "night 39" in backend.requests[-1].messages[-2].content
    assert "night 0 " not in backend.requests[-1].messages[-2].content


async def test_a_model_that_can_read_nothing_is_told_as_such(
    database: Database, backend: ScriptedBackend, job: Job
) -> None:
    """Shortening ends, with the model's own words."""
    async with Engine.open(backend) as engine:
        drafter = drafter_of(database, engine)
        backend.model = type(backend.model)("s", "S", "1", Path("s"), None, 1)
        draft = await drafter.begin(job)

        with pytest.raises(PromptTooLong):
            await written(drafter, draft)


async def test_a_text_that_goes_in_circles_is_cut(database: Database, job: Job) -> None:
    """A loop ends the writing long before the limit, and is a flaw."""
    backend = ScriptedBackend(["The bell rang again and again and again. " * 60])
    async with Engine.open(backend) as engine:
        drafter = drafter_of(database, engine)
        draft = await drafter.begin(job)
        await written(drafter, draft)

    assert draft.cut
    assert len(draft.text) < 1000
    assert draft.flaw is not None
