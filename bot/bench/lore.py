"""Measure how long lore is searched where there is very much of it."""

import random
from time import perf_counter

from bot.bench.figures import Figures, percentiles
from bot.bench.retrieval import shelved
from bot.clock import now
from bot.story.lore.archive import Archive
from bot.story.lore.rules import digest
from bot.story.lore.search import LoreSearch
from storage import lore
from storage.database import Database
from storage.lore import NewVersion
from storage.stories import Story

SAME_KEY = 200
SEARCHES = 100
_WORDS = 6000
_BATCH = 500
_EMPTY = {"title": "T", "language": "en", "passages": (), "lore": ()}


async def measure(entries: int) -> Figures:
    """Return how long a search takes among so many entries, two hundred of which share a key."""
    chance = random.Random(7)
    words = ["".join(chance.choices("aeiourstlnmk", k=chance.randint(3, 9))) for _number in range(_WORDS)]
    async with shelved(_EMPTY) as (database, archive, search, story):
        for start in range(0, entries, _BATCH):
            await _fill(database, archive, story, _entries(chance, words, start, min(_BATCH, entries - start)))
        return {"bench": "lore search", "entries": entries, **await _searched(search, story, chance, words)}


def _entries(chance: random.Random, words: list[str], first: int, count: int) -> list[NewVersion]:
    """Return invented entries; a Zipf-like choice makes some words common and most rare, as in a language."""
    return [
        NewVersion(
            title=f"{chance.choice(words)} {number}",
            text=_text(chance, words, 40),
            keys=("lamp",) if number < SAME_KEY else (chance.choice(words), f"key {number}"),
            title_digest=digest(str(number)),
            text_digest=digest(f"text {number}"),
            created=now(),
        )
        for number in range(first, first + count)
    ]


async def _fill(database: Database, archive: Archive, story: Story, new: list[NewVersion]) -> None:
    documents = await archive.prepare("lore", [f"{one.title}. {one.text}" for one in new])
    async with database.transaction() as tx:
        for one, document in zip(new, documents, strict=True):
            version = await lore.add(tx, story.id, "fact", one)
            await archive.keep(tx, story.id, document.of(version.id))


async def _searched(
    search: LoreSearch, story: Story, chance: random.Random, words: list[str]
) -> dict[str, object]:
    began = perf_counter()
    await search.find(story, story.branch_id, "The lamp.", budget_bytes=2000)
    first = perf_counter() - began
    taken = []
    for _number in range(SEARCHES):
        recent = f"{_text(chance, words, 300)} lamp {_text(chance, words, 60)}"
        began = perf_counter()
        await search.find(story, story.branch_id, recent, budget_bytes=2000)
        taken.append(perf_counter() - began)
    return {"first_ms": round(first * 1000), "search_ms": percentiles(taken)}


def _text(chance: random.Random, words: list[str], count: int) -> str:
    picked = (int(len(words) * chance.random() ** 3) for _number in range(count))
    return " ".join(words[number] for number in picked) + "."
