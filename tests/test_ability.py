"""Prove that a model is tried once, in the background, and believed only if it reads well enough."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.engine.engine import Engine
from bot.engine.request import Request
from bot.story.ability import BEGUN, Ability
from bot.story.scribe import Scribe
from storage import branches, passages
from storage.database import Database
from storage.passages import NewPassage
from storage.stories import Language, Story
from tests.scripted import ScriptedBackend
from tests.test_trail import begun

RIGHT = {
    "What colour is the coat?": "The coat is red [1].",
    "Who was asleep?": "His sister Pell was asleep [2].",
    "Where did he buy the coat?": "He bought it in Larn.",
    "How many coins did the coat cost?": "It cost 9 copper coins [1].",
    "What is the name of Oren's mother?": "The story does not say.",
    "外套是什么颜色的？": "外套是红色的[1]。",
    "谁睡着了？": "佩尔睡着了[2]。",
    "外套是在哪里买的？": "在拉恩镇买的[1]。",
    "外套花了几枚铜钱？": "花了九枚铜钱[1]。",
    "奥伦的母亲叫什么名字？": "故事里没有说。",
}


def asked(request: Request) -> str:
    """Return the question of a request."""
    return request.messages[-1].content.splitlines()[-1].removeprefix("Question: ").removeprefix("问题：")


def rightly(request: Request) -> str:
    """Answer as a good reader does."""
    return RIGHT[asked(request)]


def rambling(request: Request) -> str:
    """Answer as a tiny model does."""
    return "The story is about a sailor who travels to a distant island. The answer is 1234."


def credulous(request: Request) -> str:
    """Answer rightly, but make up what is not there, and one thing more."""
    if "mother" in asked(request) or "asleep" in asked(request):
        return "Oren's red coat of nine coins was asleep."
    return rightly(request)


@asynccontextmanager
async def opened(folder: Path, backend: ScriptedBackend) -> AsyncIterator[tuple[Ability, Story, Database]]:
    """Open a story that is under way."""
    async with Database.open(folder / "stories.db") as database, Engine.open(backend) as engine:
        story = await begun(database)
        yield Ability(database=database, scribe=Scribe(engine=engine), model="scripted"), story, database


async def tell(database: Database, story: Story, count: int) -> None:
    """Write passages."""
    async with database.transaction() as tx:
        for _ in range(count):
            branch = await branches.get(tx, story.branch_id)
            new = NewPassage(story_id=story.id, parent=branch.head, kind="person", text="x", created=1)
            await branches.move(tx, branch.id, head=(await passages.add(tx, new)).id)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_who_reads_well_is_able(tmp_path: Path, language: Language) -> None:
    """In each language for itself; people ask without a wait from then on."""
    backend = ScriptedBackend(rightly)
    async with opened(tmp_path, backend) as (ability, story, _):
        story = replace(story, language=language)

        assert await ability.reads(story, person_id=None)
        assert await ability.reads(story, person_id=7)
    assert len(backend.requests) == 5
    assert all(request.background for request in backend.requests)


@pytest.mark.parametrize(("reply", "most"), [(rambling, 2), (credulous, 5)])
async def test_who_rambles_or_makes_things_up_is_not(
    tmp_path: Path, reply: Callable[[Request], str], most: int
) -> None:
    """That is known after two wrong answers, and asked no more."""
    backend = ScriptedBackend(reply)
    async with opened(tmp_path, backend) as (ability, story, _):
        assert not await ability.reads(story, person_id=None)
        assert not await ability.reads(story, person_id=None)
    assert len(backend.requests) <= most


async def test_nobody_waits_for_a_trial(tmp_path: Path) -> None:
    """To people a model that was not tried is not able, and is not asked."""
    backend = ScriptedBackend(rightly)
    async with opened(tmp_path, backend) as (ability, story, _):
        assert not await ability.reads(story, person_id=7)
    assert backend.requests == []


async def test_a_model_is_tried_for_a_story_that_is_under_way(tmp_path: Path) -> None:
    """Once, in the background."""
    backend = ScriptedBackend(rightly)
    async with opened(tmp_path, backend) as (ability, story, database):
        await tell(database, story, BEGUN)
        assert not await ability.trial(story.id)
        await tell(database, story, 1)

        assert await ability.trial(story.id)
        assert not await ability.trial(story.id)
        assert await ability.reads(story, person_id=7)
    assert len(backend.requests) == 5
