"""What nobody waits for is done bit by bit, story by story, whatever goes wrong with one bit."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.engine.errors import EngineClosed, SetAside
from bot.story import background as module
from bot.story.background import Background, Job
from storage import actions, stories
from storage.database import Database
from tests.loglines import Log
from tests.stored import new_story, story_of


def counting(done: list[tuple[str, int]], name: str, times: dict[int, int]) -> Job:
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


async def while_running(background: Background, check: Callable[[], Awaitable[None]]) -> None:
    """Let the background run during a check."""
    task = asyncio.create_task(background.run())
    try:
        async with asyncio.timeout(10):
            await check()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_stories_take_turns_and_each_thing_is_done_once(database: Database) -> None:
    """One thing of each kind in a story, then the next story; until nothing is due."""
    background, done = Background(database=database), list[tuple[str, int]]()
    background.register("a", counting(done, "a", {1: 2, 2: 1}))
    background.register("b", counting(done, "b", {2: 2}))
    background.nudge(1)
    background.nudge(2)
    await background.work_off()

    assert done == [("a", 1), ("a", 2), ("b", 2), ("a", 1), ("b", 2)]


async def test_what_fails_is_logged_and_the_rest_is_done(database: Database) -> None:
    """A refusal waits for the next time, a defect is told; neither stops another job or the loop."""
    background, done = Background(database=database), list[tuple[str, int]]()
    background.register("away", raising(SetAside()))
    background.register("broken", raising(ValueError("no")))
    background.register("sound", counting(done, "sound", {1: 1}))
    background.nudge(1)
    with Log.listening() as log:
        await background.work_off()

    assert done == [("sound", 1)]
    assert log.says("background work put off")
    assert log.says("background work failed")


async def test_a_closed_engine_ends_it(database: Database) -> None:
    """Where the model is going to sleep nothing is tried again."""
    background = Background(database=database)
    background.register("late", raising(EngineClosed()))
    background.nudge(1)
    with pytest.raises(EngineClosed):
        await background.work_off()
    background.nudge(1)
    async with asyncio.timeout(10):
        await background.run()


async def test_a_start_looks_at_all_running_stories(database: Database) -> None:
    """What a stop left undone is found again; ended stories rest."""
    story, _branch, _written = await story_of(database, "One.")
    async with database.transaction() as tx:
        ended = await stories.create(tx, new_story(channel_id=77))
        await stories.end(tx, ended.id, ended=5)
    done: list[tuple[str, int]] = []
    background = Background(database=database)
    background.register("a", counting(done, "a", {story.id: 1, ended.id: 1}))

    async def check() -> None:
        while not done:  # noqa: ASYNC110  # nothing tells when a job was called
            await asyncio.sleep(0.01)

    await while_running(background, check)
    assert done == [("a", story.id)]


async def test_whatever_is_done_in_a_story_has_it_looked_at(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log of actions tells, so that no writer, button or undo needs to."""
    monkeypatch.setattr(module, "LOOK", 0.01)
    story, _branch, _written = await story_of(database, "One.")
    seen: list[int] = []

    async def job(story_id: int) -> bool:
        seen.append(story_id)
        return False

    background = Background(database=database)
    background.register("a", job)

    async def check() -> None:
        for looked in (1, 2):
            while len(seen) < looked:  # noqa: ASYNC110  # nothing tells when a job was called
                await asyncio.sleep(0.01)
            async with database.transaction() as tx:
                await actions.append(tx, story_id=story.id, kind="undo", created=1)
        while len(seen) < 3:  # noqa: ASYNC110  # likewise
            await asyncio.sleep(0.01)

    await while_running(background, check)
    assert seen == [story.id] * 3
