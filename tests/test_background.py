"""What nobody waits for is done bit by bit, story by story, whatever goes wrong with one bit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from bot.engine.errors import EngineClosed, SetAside
from bot.story import background as module
from bot.story.background import Background, Job
from storage import actions, stories
from storage.database import Database
from storage.stories import Story
from tests.loglines import Log
from tests.stored import new_story, story_of

Done = list[tuple[str, int]]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the log of actions all the time."""
    monkeypatch.setattr(module, "LOOK", 0.01)


def counting(done: Done, name: str, times: dict[int, int]) -> Job:
    """Return a job that has something to do so many times in each story."""

    async def job(story_id: int) -> bool:
        if times.get(story_id, 0) == 0:
            return False
        times[story_id] -= 1
        done.append((name, story_id))
        return True

    return job


def raising(error: Exception) -> Job:
    """Return a job that fails."""

    async def job(story_id: int) -> bool:
        raise error

    return job


@asynccontextmanager
async def running(background: Background) -> AsyncIterator[None]:
    """Let the background run for a while."""
    task = asyncio.create_task(background.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(check: Callable[[], bool]) -> None:
    """Wait until something has come about."""
    async with asyncio.timeout(10):
        while not check():  # noqa: ASYNC110  # nothing tells when a job was called
            await asyncio.sleep(0.005)


async def act(database: Database, story: Story) -> None:
    """Do something in a story."""
    async with database.transaction() as tx:
        await actions.append(tx, story_id=story.id, kind="undo", created=1)


async def two_stories(database: Database) -> tuple[Story, Story]:
    """Start two stories."""
    one, _branch, _written = await story_of(database)
    async with database.transaction() as tx:
        return one, await stories.create(tx, new_story(channel_id=77))


async def test_stories_take_turns_and_each_thing_is_done_once(database: Database) -> None:
    """A start looks at all that run; one thing in a story, then the next story, until nothing is due."""
    one, two = await two_stories(database)
    background, done = Background(database=database), Done()
    background.register("a", counting(done, "a", {one.id: 2, two.id: 1}))
    async with running(background):
        await until(lambda: len(done) == 3)

    assert done == [("a", one.id), ("a", two.id), ("a", one.id)]


async def test_ended_stories_rest(database: Database) -> None:
    """Nothing is done in them at a start."""
    one, two = await two_stories(database)
    async with database.transaction() as tx:
        await stories.end(tx, one.id, ended=5)
    background, done = Background(database=database), Done()
    background.register("a", counting(done, "a", {one.id: 1, two.id: 1}))
    async with running(background):
        await until(lambda: bool(done))

    assert done == [("a", two.id)]


async def test_a_job_that_waits_holds_up_no_other(database: Database) -> None:
    """One that waits for the model does not keep passages from being found."""
    story, _branch, _written = await story_of(database)
    background, done = Background(database=database), Done()
    held = asyncio.Event()

    async def waiting(story_id: int) -> bool:
        await held.wait()
        return False

    background.register("waiting", waiting)
    background.register("quick", counting(done, "quick", {story.id: 3}))
    async with running(background):
        await until(lambda: len(done) == 3)


async def test_what_fails_is_logged_and_the_rest_is_done(database: Database) -> None:
    """A refusal waits for the next time, a defect is told; both are tried again when something is done."""
    story, _branch, _written = await story_of(database)
    background, done = Background(database=database), Done()
    background.register("away", raising(SetAside()))
    background.register("broken", raising(ValueError("no")))
    background.register("sound", counting(done, "sound", {story.id: 2}))
    with Log.listening() as log:
        async with running(background):
            await until(lambda: len(done) == 2 and len(log.errors()) == 1)
            await act(database, story)
            await until(lambda: len(log.errors()) == 2)
        assert log.says("background work put off")
        assert log.says("background work failed")


async def test_a_closed_engine_ends_what_needs_it(database: Database) -> None:
    """Where the model is going to sleep nothing is tried again, however much is due."""
    one, two = await two_stories(database)
    tried: list[int] = []

    async def late(story_id: int) -> bool:
        tried.append(story_id)
        raise EngineClosed

    background, done = Background(database=database), Done()
    background.register("late", late)
    background.register("sound", counting(done, "sound", {one.id: 1, two.id: 1}))
    async with running(background):
        await until(lambda: len(done) == 2)
        await act(database, two)

    assert tried == [one.id]


async def test_whatever_is_done_in_a_story_has_it_looked_at(database: Database) -> None:
    """The log of actions tells, so that no writer, button or undo needs to."""
    story, _branch, _written = await story_of(database)
    seen: list[int] = []

    async def job(story_id: int) -> bool:
        seen.append(story_id)
        return False

    background = Background(database=database)
    background.register("a", job)
    async with running(background):
        for looked in (1, 2, 3):
            await until(lambda looked=looked: len(seen) == looked)  # type: ignore[misc]  # mypy takes no defaults here
            await act(database, story)

    assert set(seen) == {story.id}
