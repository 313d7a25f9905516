"""Measure how fast a very long story opens: from the asking to the messages that reach the model."""

import tempfile
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from bot.bench.figures import Figures, percentiles
from bot.clock import now
from bot.config import Config
from bot.engine.engine import Engine
from bot.engine.errors import GenerationCancelled
from bot.engine.request import Chunk, ModelInfo, Request
from bot.story.lore.archive import Archive
from bot.story.lore.jury import Jury
from bot.story.lore.knowledge import Knowledge
from bot.story.lore.search import LoreSearch
from bot.story.memory.recall import Recall
from bot.story.narration.adapters import Adapters
from bot.story.narration.draft import Drafter
from bot.story.narration.narrator import Narrator
from bot.story.people import Person, Place
from bot.story.scribe import Scribe
from bot.story.shelf import Outline, Shelf
from storage import branches, passages
from storage.database import Database
from storage.passages import NewPassage
from storage.stories import Story

PLACE = Place(1, 2)
PERSON = Person(3, "Mara")
BYTES_PER_TOKEN = 4
PARAGRAPH = "Rain came over the harbour, and the keeper counted the ships that were still out. " * 4


class Listener:
    """Be a backend that notes when a request reaches it, and refuses it."""

    name = "listener"
    parallel = 1
    restarts = 0
    ready = True

    def __init__(self, context: int) -> None:
        self.model = ModelInfo("none", "none", "", None, None, context)
        self.reached = 0.0
        self.prompt = 0

    async def stream(self, request: Request) -> AsyncGenerator[Chunk]:
        """Take the time and the size of the prompt."""
        self.reached = time.perf_counter()
        self.prompt = sum(len(message.content.encode()) for message in request.messages)
        raise GenerationCancelled
        yield Chunk("")

    async def count_tokens(self, text: str) -> int:
        """Return a usual number of tokens."""
        return len(text.encode()) // BYTES_PER_TOKEN

    async def change_adapters(self, wanted: Mapping[str, Path]) -> tuple[str, ...]:
        """Offer all."""
        return tuple(wanted)

    async def recover(self) -> None:
        """Need no recovery."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Hold nothing."""


async def measure(config: Config, *, length: int = 10_000, runs: int = 20) -> Figures:
    """Return how long it takes to show and to go on with a story of so many passages, the file freshly opened."""
    parent = config.storage.path.parent
    parent.mkdir(parents=True, exist_ok=True)
    listener = Listener(config.model.context)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as folder:
        path = Path(folder) / "storyloom.db"
        async with Engine.open(listener) as engine:
            async with Database.open(path) as database:
                await _write(database, _shelf(database, engine), length)
            shown, prompted = [], []
            for _run in range(runs):
                async with Database.open(path) as database:
                    shelf = _shelf(database, engine)
                    start = time.perf_counter()
                    overview = await shelf.overview(PLACE)
                    shown.append(time.perf_counter() - start)
                    assert overview.passages == length
                    prompted.append(await _prompt(config, database, engine, listener))
        size = path.stat().st_size
    return {
        "bench": "long story",
        "passages": length,
        "database_megabytes": round(size / 1e6, 1),
        "prompt_bytes": listener.prompt,
        "show_ms": percentiles(shown),
        "open_and_prompt_ms": percentiles([sum(both) for both in zip(shown, prompted, strict=True)]),
    }


def recall_of(database: Database) -> Recall:
    """Recall without a sentence encoder."""
    archive = Archive(database=database, encoder=None)
    search = LoreSearch(database=database, archive=archive)
    return Recall(database=database, lore=search, knowledge=Knowledge(database=database, search=search))


def jury_of(database: Database, engine: Engine) -> Jury:
    """Judge with an engine's model."""
    return Jury(database=database, scribe=Scribe(engine=engine), model=engine.model.id)


def _shelf(database: Database, engine: Engine) -> Shelf:
    adapters = Adapters(database=database, names=())
    return Shelf(database=database, model=engine.model, adapters=adapters, hears_typing=True)


async def _prompt(config: Config, database: Database, engine: Engine, listener: Listener) -> float:
    """Ask for the next passage; return the seconds until the messages reach the model."""
    drafter = Drafter(
        database=database,
        engine=engine,
        adapters=Adapters(database=database, names=()),
        recall=recall_of(database),
        settings=config.narrator,
        context=engine.model.context,
    )
    narrator = Narrator(
        database=database, drafter=drafter, jury=jury_of(database, engine), model=engine.model.id
    )
    start = time.perf_counter()
    narration = await narrator.begin(PLACE, PERSON)
    with suppress(GenerationCancelled):
        async for _step in narration.progress:
            pass
    return listener.reached - start


async def _write(database: Database, shelf: Shelf, length: int) -> None:
    """Write a story of people's and narrator's passages, all at once."""
    story = (await shelf.start(PLACE, PERSON, Outline(title="The long watch"))).story
    async with database.transaction() as tx:
        head = None
        for number in range(length):
            head = (await passages.add(tx, _passage(story, number, head))).id
        if head is not None:
            await branches.advance(tx, story.branch_id, head)


def _passage(story: Story, number: int, parent: int | None) -> NewPassage:
    told = number % 2
    return NewPassage(
        story_id=story.id,
        parent=parent,
        kind="narrator" if told else "person",
        text=f"{PARAGRAPH}It was hour {number} of the watch.",
        created=now(),
        author_id=None if told else PERSON.id,
        author_name=None if told else PERSON.name,
    )
