"""Prove that a narration always ends, and never leaves its story locked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.bench.opening import jury_of, recall_of
from bot.config import NarratorSettings
from bot.engine.engine import Engine, Limits
from bot.engine.generation import Generation
from bot.engine.request import Request
from bot.story.narration.adapters import Adapters
from bot.story.narration.draft import Drafter
from bot.story.narration.finishing import Done
from bot.story.narration.narrator import Narration, Narrator
from bot.story.people import Person, Place
from storage import narrations
from storage.database import Database, Transaction
from storage.errors import StorageError
from tests.scripted import ScriptedBackend
from tests.stored import ALICE, CHANNEL, GUILD, story_of

PLACE = Place(GUILD, CHANNEL)
ASKER = Person(ALICE, "Alice")
TALE = "The keeper counted the ships again. One more light stood on the water than there should have been."


@pytest.fixture
async def narrator(database: Database) -> AsyncIterator[Narrator]:
    """Narrate one tale over a story of two passages."""
    await story_of(database, "The lamp went out.", "Nobody moved.")
    async with Engine.open(ScriptedBackend([TALE])) as engine:
        drafter = drafter_of(database, engine)
        yield Narrator(database=database, drafter=drafter, jury=jury_of(database, engine), model="scripted")


def drafter_of(database: Database, engine: Engine) -> Drafter:
    """Draft with an engine."""
    adapters = Adapters(database=database, names=())
    return Drafter(
        database=database,
        engine=engine,
        adapters=adapters,
        recall=recall_of(database),
        settings=NarratorSettings(),
        context=4096,
    )


async def ended(narration: Narration) -> Done:
    """Drive a narration to its end."""
    steps = [step async for step in narration.progress]
    done = steps[-1]
    assert isinstance(done, Done)
    return done


async def test_a_finished_passage_is_kept_with_all_that_made_it(narrator: Narrator) -> None:
    """Model, seed, sampling, digest and asker stand beside the words."""
    done = await ended(await narrator.begin(PLACE, ASKER, direction="a ship"))
    passage = done.passage

    assert done.kept
    assert (passage.text, passage.kind, passage.depth) == (TALE, "narrator", 2)
    assert (passage.model, passage.asked_by, passage.direction, passage.finish) == (
        "scripted",
        ALICE,
        "a ship",
        "stop",
    )
    assert passage.sampling is not None
    assert passage.seed is not None
    assert passage.prompt_digest


async def test_a_flawed_passage_is_kept_where_another_draft_finds_no_room(database: Database) -> None:
    """Who has waited for the narrator is not sent away with nothing because others wait by now."""
    await story_of(database, "The lamp went out.")
    flawed = "As an AI, I cannot continue this."
    others: list[Generation] = []

    def reply(asked: Request) -> str:
        """Let the next one ask as soon as one is served, so that somebody always waits."""
        if len(others) < 2:
            others.append(engine.submit(replace(asked, user_id=len(others), guild_id=len(others))))
        return flawed

    async def delay() -> None:
        if backend.requests[-1].user_id != ALICE:
            await asyncio.Event().wait()

    backend = ScriptedBackend(reply, delay=delay, parallel=1)
    async with Engine.open(backend, limits=Limits(waiting=1)) as engine:
        drafter = drafter_of(database, engine)
        narrator = Narrator(
            database=database, drafter=drafter, jury=jury_of(database, engine), model="scripted"
        )
        done = await ended(await narrator.begin(PLACE, ASKER))

        assert [other.position for other in others] == [0, 1]

    assert done.kept
    assert done.passage.text == flawed


async def test_a_story_is_free_again_once_the_database_is(
    narrator: Narrator, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full just when a narration ends locks the story no longer than it is full."""
    remove = narrations.remove

    async def refuse(tx: Transaction, narration_id: int) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(narrations, "remove", refuse)
    with pytest.raises(StorageError):
        await ended(await narrator.begin(PLACE, ASKER))
    assert len(await narrations.unfinished(database)) == 1
    with pytest.raises(StorageError):
        await narrator.begin(PLACE, ASKER)
    monkeypatch.setattr(narrations, "remove", remove)

    assert (await ended(await narrator.begin(PLACE, ASKER))).passage.text == TALE
    assert await narrations.unfinished(database) == []
