"""Measure what a long story costs before the model is asked: its prompt, its lore, and how much of a prompt stays.

A made-up story of harbour people stands in the database as a played one would, with its recaps; only no model runs.
"""

import random
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median

from bot.bench.figures import Figures, percentiles
from bot.bench.lag import loop_lag
from bot.bench.opening import PERSON, PLACE, Listener
from bot.clock import now
from bot.config import Config
from bot.engine.engine import Engine
from bot.engine.request import Message
from bot.story.ability import Ability
from bot.story.lore.archive import Archive
from bot.story.lore.knowledge import Knowledge
from bot.story.lore.meaning import Encoder
from bot.story.lore.rules import digest
from bot.story.lore.search import LoreSearch
from bot.story.memory import why
from bot.story.memory.recall import Recall
from bot.story.memory.recapping import Recapper
from bot.story.memory.recaps import Recaps
from bot.story.narration.adapters import Adapters
from bot.story.narration.draft import Draft, Drafter
from bot.story.scribe import Scribe
from bot.story.shelf import Outline, Shelf
from storage import branches, lore, passages
from storage.database import Database, Transaction
from storage.lore import NewVersion
from storage.narrations import Narration as Job
from storage.passages import NewPassage
from storage.stories import Story

ENTRIES = 500
MANY_ENTRIES = 10_000
TURNS = 200
RUNS = 60
_BATCH = 200
_PLACES = (
    "harbour",
    "chapel",
    "mill",
    "ferry",
    "lighthouse",
    "market",
    "bridge",
    "cellar",
    "orchard",
    "wall",
)
_DEEDS = (
    "waited by the {place} until the tide had turned and the last of the boats was in.",
    "carried a lantern to the {place}, and nobody asked what it was for.",
    "told {other} that the bell under the {place} had been heard again in the night.",
    "found a key in the mud beside the {place} and hid it from {other}.",
    "would not say what had been burned behind the {place}, though {other} asked twice.",
    "counted the stones of the {place} and came to one more than the day before.",
)
_TRAITS = (
    "Is left-handed and never takes off a grey coat.",
    "Speaks three languages and is ashamed of the fourth.",
    "Limps since the winter of the great frost.",
    "Keeps bees, and is said to talk to them.",
    "Was born on a leap day and counts years by it.",
    "Cannot read, and hides it well.",
)
_PASTS = (
    "Once owned half a street and lost it at cards.",
    "Served nine years on a whaler under a false name.",
    "Was married to a surgeon who left without a letter.",
    "Taught school until the fire.",
    "Grew up among travelling acrobats.",
    "Won a medal, and sold it the same week.",
)
_WISHES = (
    "Wants above all to be forgiven by a sister.",
    "Saves every coin for a passage to the south.",
    "Hopes that a certain grave is never opened.",
    "Would give an arm to play the violin again.",
    "Dreams of a vineyard and of silence.",
    "Means to see the mayor in prison.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Hold what writes prompts for one story."""

    database: Database
    story: Story
    archive: Archive
    search: LoreSearch
    drafter: Drafter
    recaps: Recaps
    chance: random.Random


@asynccontextmanager
async def desk(config: Config, folder: Path, *, context: int) -> AsyncIterator[Desk]:
    """Open a desk for a story in a new database; a model of so many tokens is only pretended."""
    listener = Listener(context)
    async with Engine.open(listener) as engine, Database.open(folder / "storyloom.db") as database:
        adapters = Adapters(database=database, names=())
        archive = Archive(database=database, encoder=Encoder() if config.memory.embeddings else None)
        search = LoreSearch(database=database, archive=archive)
        knowledge = Knowledge(database=database, search=search)
        scribe = Scribe(engine=engine)
        ability = Ability(database=database, scribe=scribe, model=engine.model.id)
        shelf = Shelf(database=database, model=engine.model, adapters=adapters, hears_typing=True)
        drafter = Drafter(
            database=database,
            engine=engine,
            adapters=adapters,
            recall=Recall(database=database, lore=search, knowledge=knowledge),
            settings=config.narrator,
            context=context,
        )
        silent = replace(engine.model, languages=())
        recapper = Recapper(database=database, scribe=scribe, ability=ability, model=silent)
        yield Desk(
            database=database,
            story=(await shelf.start(PLACE, PERSON, Outline(title="The long watch"))).story,
            archive=archive,
            search=search,
            drafter=drafter,
            recaps=Recaps(database=database, recapper=recapper, lore=search, model=silent),
            chance=random.Random(7),  # the same story each time
        )


async def prompts(config: Config, *, length: int) -> Figures:
    """Return how long it takes to build the prompt of a story of so many passages and 500 entries of lore."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with desk(config, Path(folder), context=config.model.context) as at:
            await _add_lore(at, ENTRIES)
            await _tell(at, length)
            start = time.perf_counter()
            made = 0
            while await at.recaps.keep(at.story.id):
                made += 1
            recapping = time.perf_counter() - start
            head = await _head(at)
            times = []
            async with loop_lag() as lags:
                for _run in range(RUNS):
                    start = time.perf_counter()
                    draft = await at.drafter.begin(_job(at, head))
                    times.append(time.perf_counter() - start)
                    head = await _passage(at, "narrator")
                    await at.recaps.keep(at.story.id)
    return {
        "bench": "prompt of a long story",
        "passages": length,
        "lore": ENTRIES,
        "prompt_bytes": _size(draft.prompt.messages),
        "parts_bytes": {part.name: len(part.text.encode()) for part in draft.prompt.parts},
        "first_ms": round(times[0] * 1000, 2),
        "build_ms": percentiles(times[1:]),
        "loop_lag_ms": percentiles(lags),
        "recaps": made,
        "recap_ms": round(recapping / max(made, 1) * 1000, 2),
    }


async def searches(config: Config, *, entries: int = MANY_ENTRIES) -> Figures:
    """Return how long a search of so many entries takes, with the lore's vectors where they are on."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with desk(config, Path(folder), context=config.model.context) as at:
            await _add_lore(at, entries)
            times = []
            for run in range(RUNS + 1):
                text = " ".join(_sentence(at.chance, run) for _line in range(12))
                start = time.perf_counter()
                found = await at.search.find(at.story, at.story.branch_id, text, budget_bytes=2000)
                times.append(time.perf_counter() - start)
    return {
        "bench": "search of lore",
        "lore": entries,
        "meaning": config.memory.embeddings,
        "found": len(found.triggered),
        "first_ms": round(times[0] * 1000, 2),
        "search_ms": percentiles(times[1:]),
    }


async def kept(config: Config, *, context: int, turns: int = TURNS) -> Figures:
    """Return how much of a prompt stays from turn to turn, a person and the narrator writing by turns.

    `of_the_earlier` is the share of a prompt with which the next one begins too; `of_the_later` that of the next one,
    whose new words can be no part of it.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with desk(config, Path(folder), context=context) as at:
            await _add_lore(at, ENTRIES)
            await _tell(at, 40)
            told: list[bytes] = []
            for _turn in range(turns + 1):
                draft = await at.drafter.begin(_job(at, await _passage(at, "person")))
                told.append(_bytes(draft.prompt.messages))
                await _passage(at, "narrator", draft)
                while await at.recaps.keep(at.story.id):
                    pass
    same = [_common(before, after) for before, after in pairwise(told)]
    earlier = [part / len(prompt) for part, prompt in zip(same, told, strict=False)]
    later = [part / len(prompt) for part, prompt in zip(same, told[1:], strict=False)]
    return {
        "bench": "prefix from turn to turn",
        "turns": turns,
        "context": context,
        "lore": ENTRIES,
        "prompt_bytes": round(median(map(len, told))),
        "of_the_earlier": _spread(earlier),
        "of_the_later": _spread(later),
        "moved": sum(share < 0.5 for share in earlier),
    }


def _spread(shares: Sequence[float]) -> dict[str, float]:
    ranked = sorted(shares)
    return {
        "p10": round(ranked[len(ranked) // 10], 4),
        "p50": round(median(ranked), 4),
        "mean": round(sum(ranked) / len(ranked), 4),
    }


async def _add_lore(at: Desk, number: int) -> None:
    for first in range(0, number, _BATCH):
        new = [_entry(at.chance, n) for n in range(first, min(number, first + _BATCH))]
        documents = await at.archive.prepare("lore", [f"{one.title}: {one.text}" for one in new])
        async with at.database.transaction() as tx:
            for one, document in zip(new, documents, strict=True):
                version = await lore.add(tx, at.story.id, "fact", one)
                await at.archive.keep(tx, at.story.id, document.of(version.id))


def _entry(chance: random.Random, number: int) -> NewVersion:
    """Describe an entry; a few are pinned, and the names of the first ones are those of whom the story tells."""
    name = _name(number)
    text = f"{chance.choice(_TRAITS)} {chance.choice(_PASTS)} {chance.choice(_WISHES)}"
    return NewVersion(
        title=name,
        title_digest=digest(name),
        text=text,
        text_digest=digest(text),
        keys=(name, f"{name} of the {chance.choice(_PLACES)}"),
        pinned=number < 4,
        priority=number % 5,
        created=now(),
    )


async def _tell(at: Desk, length: int) -> None:
    """Write a story of so many passages, all at once."""
    async with at.database.transaction() as tx:
        head = None
        for number in range(length):
            new = _new(at, "narrator" if number % 2 else "person", head, number)
            head = (await passages.add(tx, new)).id
        if head is not None:
            await branches.advance(tx, at.story.branch_id, head)


async def _passage(at: Desk, kind: passages.Kind, draft: Draft | None = None) -> int:
    """Write one more passage, with all that is kept of what made it; return its id."""
    async with at.database.transaction() as tx:
        head = await _head(at, tx)
        depth = 0 if head is None else (await passages.get(tx, head)).depth + 1
        passage = await passages.add(tx, _new(at, kind, head, depth))
        await branches.advance(tx, at.story.branch_id, passage.id)
        if draft is not None:
            await why.keep(tx, passage, draft.prompt)
    return passage.id


def _new(at: Desk, kind: passages.Kind, parent: int | None, number: int) -> NewPassage:
    """Describe a passage of some hundred words of a scene, whose people stay for a while."""
    scene = 4 * (number // 24 % 40)
    text = " ".join(_sentence(at.chance, scene + at.chance.randrange(4)) for _line in range(6))
    return NewPassage(
        story_id=at.story.id,
        parent=parent,
        kind=kind,
        text=text,
        created=now(),
        author_id=PERSON.id if kind == "person" else None,
        author_name=PERSON.name if kind == "person" else None,
    )


def _sentence(chance: random.Random, number: int) -> str:
    deed = chance.choice(_DEEDS).format(place=chance.choice(_PLACES), other=_name(number + 1))
    return f"{_name(number)} {deed}"


def _name(number: int) -> str:
    """Return one of many names."""
    parts = (
        ("Mar", "Hen", "Il", "Os", "Ber", "Tor", "Ga", "Lu", "Ved", "Kal"),
        ("a", "ri", "se", "wa", "ti", "mu", "bre", "ci", "ro", "e"),
        ("", "lin", "ne", "ld", "ck", "nd", "th", "ma", "n", "s"),
    )
    name = "".join(syllables[number // 10**at % 10] for at, syllables in enumerate(parts))
    return name if number < 1000 else f"{name} {number // 1000}"


async def _head(at: Desk, tx: Transaction | None = None) -> int | None:
    return (await branches.get(tx or at.database, at.story.branch_id)).head


def _job(at: Desk, parent: int | None) -> Job:
    return Job(
        id=1,
        story_id=at.story.id,
        kind="continue",
        parent=parent,
        asked_by=PERSON.id,
        asker_name=PERSON.name,
        locale="en",
        direction=None,
        seed=1,
        channel_id=PLACE.channel_id,
        message_id=None,
        created=now(),
        replaces=None,
    )


def _bytes(messages: Sequence[Message]) -> bytes:
    return "\0".join(f"{message.role}\0{message.content}" for message in messages).encode()


def _common(one: bytes, other: bytes) -> int:
    """Return how many bytes two prompts begin with alike."""
    alike = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(alike, min(len(one), len(other)))


def _size(messages: Sequence[Message]) -> int:
    return sum(len(message.content.encode()) for message in messages)
