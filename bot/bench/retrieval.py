"""Measure how well lore and passages are found by questions: by keys, by words, by meaning, and by all merged.

The questions stand in files beside their stories. Merging was tuned on the even ones of each file; the odd ones, `held
out`, tell what that is worth.
"""

import tempfile
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.bench.figures import Figures
from bot.clock import now
from bot.errors import StartError
from bot.locales import _
from bot.story.lore.archive import Archive
from bot.story.lore.keeper import Keeper
from bot.story.lore.meaning import Encoder
from bot.story.lore.passages import rank_passages
from bot.story.lore.ranking import Ask, rank
from bot.story.lore.search import LoreSearch
from bot.story.lore.writing import Sketch
from bot.story.people import Person, Place
from storage import branches, passages, stories
from storage.database import Database
from storage.passages import NewPassage
from storage.stories import Language, NewStory, Story

AT = 5

RECENT = 3  # passages whose words bring lore up
_ROOM = 4000  # bytes for lore in a prompt
_WRITER = Person(1, "Bench")


@dataclass(frozen=True, slots=True)
class Question:
    """Hold what is asked and which entries (by title) and passages (by number from 1) answer it."""

    ask: str
    lore: frozenset[str]
    passages: frozenset[str]
    held_out: bool


@dataclass(frozen=True, slots=True)
class Recall:
    """Tell the share of a question's answers among the first found, for each way."""

    story: str
    of: str
    held_out: bool
    ways: Mapping[str, float]


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the stories with their lore and questions; raises StartError where there are none."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise StartError(
            _("There are no questions in {folder}; name a folder with --questions.", folder=folder)
        )
    return [tomllib.loads(file.read_text("utf-8")) | {"file": file.stem} for file in files]


async def measure(folder: Path) -> AsyncIterator[Figures]:
    """Yield recall for each story, then for what was tuned on and what was held out."""
    found: list[Recall] = []
    for told in read(folder):
        async with shelved(told) as (archive, search, story):
            found += [recall async for recall in _asked(told, archive, search, story)]
            yield {"bench": "lore of a turn", "story": told["file"], **await _turns(told, search, story)}
        for of in ("lore", "passages"):
            some = [recall for recall in found if recall.story == told["file"] and recall.of == of]
            yield {"bench": "retrieval", "story": told["file"], "of": of, **summed(some)}
    for held_out in (False, True):
        for of in ("lore", "passages"):
            some = [recall for recall in found if recall.held_out == held_out and recall.of == of]
            part = "held out" if held_out else "tuned on"
            yield {"bench": "retrieval", "part": part, "of": of, **summed(some)}


async def _turns(told: Mapping[str, Any], search: LoreSearch, story: Story) -> dict[str, object]:
    """Return how many entries a passage's prompt holds on average, and how many of them no key has named."""
    texts = told["passages"]
    triggered = suggested = 0
    for number in range(len(texts)):
        recent = "\n\n".join(texts[max(0, number - RECENT + 1) : number + 1])
        found = await search.find(story, story.branch_id, recent, budget_bytes=_ROOM)
        triggered += len(found.triggered)
        suggested += sum(
            {reason.way for reason in hit.reasons} <= {"words", "meaning"} for hit in found.triggered
        )
    return {
        "triggered": round(triggered / len(texts), 2),
        "suggested": round(suggested / len(texts), 2),
    }


def summed(recalls: Sequence[Recall]) -> dict[str, object]:
    """Return the mean recall of each way and of how many questions it is."""
    ways = recalls[0].ways if recalls else {}
    means = {way: round(sum(recall.ways[way] for recall in recalls) / len(recalls), 3) for way in ways}
    return {"questions": len(recalls), f"recall_at_{AT}": means}


@asynccontextmanager
async def shelved(told: Mapping[str, Any]) -> AsyncIterator[tuple[Archive, LoreSearch, Story]]:
    """Put a story with its lore into a database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        async with Database.open(Path(folder) / "stories.db") as database:
            archive = Archive(database=database, encoder=Encoder())
            search = LoreSearch(database=database, archive=archive)
            story = await _start(database, told)
            keeper = Keeper(database=database, archive=archive, search=search)
            place = Place(story.guild_id, story.channel_id)
            for entry in told["lore"]:
                sketch = Sketch(title=entry["title"], text=entry["text"], keys=", ".join(entry["keys"]))
                await keeper.add(place, _WRITER, "fact", sketch)
            while await archive.catch_up(story.id):
                pass
            yield archive, search, story


async def _start(database: Database, told: Mapping[str, Any]) -> Story:
    language: Language = told["language"]
    async with database.transaction() as tx:
        story = await stories.create(
            tx,
            NewStory(
                guild_id=1,
                channel_id=1,
                title=told["title"],
                premise="",
                language=language,
                rating="everyone",
                free_typing=False,
                words=90,
                started_by=1,
                starter_name="Bench",
                created=now(),
            ),
        )
        parent: int | None = None
        for text in told["passages"]:
            new = NewPassage(story_id=story.id, parent=parent, kind="person", text=text, created=now())
            parent = (await passages.add(tx, new)).id
            await branches.advance(tx, story.branch_id, parent)
    return story


def _questions(told: Mapping[str, Any]) -> Iterator[Question]:
    for number, one in enumerate(told["questions"]):
        answers = frozenset(str(passage) for passage in one.get("passages", ()))
        yield Question(one["ask"], frozenset(one["lore"]), answers, held_out=number % 2 == 1)


async def _asked(
    told: Mapping[str, Any], archive: Archive, search: LoreSearch, story: Story
) -> AsyncIterator[Recall]:
    for question in _questions(told):
        ways = await _lore(archive, search, story, question)
        yield Recall(told["file"], "lore", question.held_out, ways)
        if question.passages:
            ways = await _passages(archive, search, story, question)
            yield Recall(told["file"], "passages", question.held_out, ways)


async def _lore(archive: Archive, search: LoreSearch, story: Story, question: Question) -> dict[str, float]:
    book = await search.book(story.id, story.branch_id)
    rankings = await rank(
        archive, book, Ask(story.id, story.branch_id, question.ask, question.ask, strict=False)
    )
    merged = [version_id for version_id, _score in rankings.merged()]
    ways = {
        "keys": rankings.keys,
        "words": rankings.words,
        "meaning": rankings.meaning,
        "merged": merged,
    }
    return {
        way: _share([book.versions[id_].title for id_ in ids], question.lore) for way, ids in ways.items()
    }


async def _passages(
    archive: Archive, search: LoreSearch, story: Story, question: Question
) -> dict[str, float]:
    """Return the same for passages, which in a story of its own are numbered from 1."""
    rankings = await rank_passages(archive, search, story, story.branch_id, question.ask)
    ways = {
        "words": rankings.words,
        "meaning": rankings.meaning,
        "names": rankings.names,
        "merged": rankings.merged(),
    }
    return {way: _share([str(id_) for id_ in ids], question.passages) for way, ids in ways.items()}


def _share(found: Sequence[str], wanted: frozenset[str]) -> float:
    return len(wanted & set(found[:AT])) / min(AT, len(wanted))
