"""Prove that the model's word on a contradiction is asked for where it is worth something, and not waited for long."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.clock import now
from bot.engine.engine import Engine
from bot.engine.request import Request
from bot.story.lore import jury as module
from bot.story.lore.book import bind
from bot.story.lore.jury import Jury
from bot.story.scribe import Scribe
from bot.story.wording import sections
from storage import abilities, lore
from storage.database import Database
from storage.lore import NewVersion
from storage.stories import Story
from tests.scripted import ScriptedBackend
from tests.test_conflicts import entry
from tests.test_engine import Gate
from tests.test_trail import begun

BOOK = bind(
    [entry(1, "The gold", "Nobody but Oren knows where it is.", "gold"), entry(2, "Pell", "Pell is kind.")],
    slow=(),
)
SAID = "Rain fell. Everyone in the village knew that the gold lay under the church. Pell laughed."


@asynccontextmanager
async def opened(folder: Path, backend: ScriptedBackend) -> AsyncIterator[tuple[Jury, Story, Database]]:
    """Open a jury with a story."""
    async with Database.open(folder / "stories.db") as database, Engine.open(backend) as engine:
        story = await begun(database)
        yield Jury(database=database, scribe=Scribe(engine=engine), model="scripted"), story, database


async def able(database: Database, *, judges: bool) -> None:
    """Note what a trial showed."""
    async with database.transaction() as tx:
        await abilities.note(tx, model="scripted", skill="judges en 1", able=judges, created=now())


def rightly(request: Request) -> str:
    """Answer the trial as a good reader would."""
    passage = request.messages[-1].content
    lines = [line.split(" | ") for line in sections("judge", "en")["trial"].splitlines()]
    return next(wanted for _facts, text, wanted in lines if text in passage)


async def test_an_able_model_is_asked_and_believed(tmp_path: Path) -> None:
    """Its answer is held to numbers of the facts; the sentence that shares most with one is quoted."""
    backend = ScriptedBackend(["2"])
    async with opened(tmp_path, backend) as (jury, story, database):
        await able(database, judges=True)
        [found] = await jury.against(story, BOOK, SAID, person_id=7)
    (request,) = backend.requests

    assert (found.version.title, found.kind) == ("The gold", "judged")
    assert found.said == "Everyone in the village knew that the gold lay under the church."
    assert request.sampling.grammar == 'root ::= "0" | [1-2] (", " [1-2])*'
    assert "1. Pell is kind." in request.messages[-1].content


@pytest.mark.parametrize(("answer", "judges"), [("0", True), ("", True), ("1, 2", False)])
async def test_no_word_is_no_contradiction(tmp_path: Path, answer: str, judges: bool) -> None:
    """Nor is that of a model that failed its trial, which is not even asked."""
    backend = ScriptedBackend([answer])
    async with opened(tmp_path, backend) as (jury, story, database):
        await able(database, judges=judges)

        assert await jury.against(story, BOOK, SAID, person_id=7) == []
        assert len(backend.requests) == judges


async def test_a_text_that_names_no_lore_is_not_judged(tmp_path: Path) -> None:
    """Nothing could be against it."""
    backend = ScriptedBackend(["1"])
    async with opened(tmp_path, backend) as (jury, story, database):
        await able(database, judges=True)

        assert await jury.against(story, BOOK, "Rain fell on the roofs.", person_id=7) == []
    assert backend.requests == []


async def test_nobody_waits_long_for_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent or broken model says nothing against a passage."""
    monkeypatch.setattr(module, "SECONDS", 0.05)
    async with opened(tmp_path, ScriptedBackend(["1"], delay=Gate())) as (jury, story, database):
        await able(database, judges=True)

        assert await jury.against(story, BOOK, SAID, person_id=7) == []


@pytest.mark.parametrize(
    ("reply", "passes", "asked"),
    [(rightly, True, 8), (lambda request: "1", False, 4), (lambda request: "0", False, 3)],
)
async def test_a_model_is_tried_once(
    tmp_path: Path, reply: Callable[[Request], str], passes: bool, asked: int
) -> None:
    """In the background, once there is lore; whoever says the same to everything is not able."""
    backend = ScriptedBackend(reply)
    async with opened(tmp_path, backend) as (jury, story, database):
        assert not await jury.trial(story.id)
        async with database.transaction() as tx:
            new = NewVersion(title="Pell", text="x", title_digest="", text_digest="", created=1)
            await lore.add(tx, story.id, "fact", new)
        assert await jury.trial(story.id)
        assert not await jury.trial(story.id)
        assert await abilities.get(database, model="scripted", skill="judges en 1") is passes
    assert len(backend.requests) == asked  # no longer than it takes to fail
    assert all(request.background for request in backend.requests)
