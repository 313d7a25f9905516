"""Who comes back reads what is new, in their own language where that can be, and who was never here reads all of it."""

from dataclasses import replace

import pytest

from bot.clock import Clock
from bot.engine.engine import Engine, Limits
from bot.engine.request import ModelInfo, Request
from bot.errors import Refused
from bot.reply.cards.memory import news, so_far
from bot.story.lore.archive import Archive
from bot.story.lore.rules import digest
from bot.story.lore.search import LoreSearch
from bot.story.memory.keeping_up import UNTOLD, KeepingUp
from bot.story.memory.recapping import Recapper
from bot.story.memory.recaps import FAN, FRESH, SCENE_PASSAGES
from bot.story.people import Person, Place
from bot.story.scribe import Scribe
from storage import branches, lore, passages, stories, trail, visits
from storage.database import Database
from storage.lore import NewVersion
from storage.stories import Story
from tests.scripted import ScriptedBackend
from tests.stored import BOB, CHANNEL, GUILD, by_person, story_of
from tests.test_recapping import GOOD, GOOD_CHINESE, PASSAGES, Able
from tests.test_recaps import made

PLACE = Place(GUILD, CHANNEL)
READER = Person(BOB, "Bob", locale="en-US")
LIN = Person(77, "Lin", locale="zh-CN")


class Still(Clock):
    """Be a clock that stands."""

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        """Return where it stands."""
        return self.at


def reply(request: Request) -> str:
    """Retell and translate."""
    return GOOD_CHINESE if "译成中文" in request.messages[-1].content else GOOD


class Desk:
    """Hold what tells people, and its clock."""

    def __init__(
        self, database: Database, engine: Engine, *, able: bool, languages: tuple[str, ...] | None
    ) -> None:
        self.clock = Still(1_000)
        model = ModelInfo("m", "M", "1", None, languages, 4096)
        self.told = KeepingUp(
            database=database,
            recapper=Recapper(
                database=database, scribe=Scribe(engine=engine), ability=Able(able), model=model
            ),
            lore=LoreSearch(database=database, archive=Archive(database=database, encoder=None)),
            clock=self.clock,
        )


async def write(database: Database, story: Story, *texts: str) -> None:
    """Write passages of Alice's."""
    async with database.transaction() as tx:
        for text in texts:
            head = (await branches.get(tx, story.branch_id)).head
            passage = await passages.add(tx, by_person(story, head, text))
            await branches.advance(tx, story.branch_id, passage.id)


async def test_who_was_never_here_reads_everything_and_later_only_what_is_new(database: Database) -> None:
    """Numbers, writers and retelling all begin where the reader left."""
    story, _branch, _written = await story_of(database, *PASSAGES)
    async with Engine.open(ScriptedBackend(reply)) as engine:
        desk = Desk(database, engine, able=True, languages=None)
        first = await desk.told.news(PLACE, READER)
        await desk.told.visit(PLACE, READER.id)
        await write(database, story, "Nobody spoke on the way up to the chapel.", *PASSAGES[:2])
        desk.clock.at += visits.PAUSE + 1
        second = await desk.told.news(PLACE, READER)

    assert (first.left, first.first, first.passages) == (None, 1, 4)
    assert [(chapter.first, chapter.last, chapter.text, chapter.own) for chapter in first.chapters] == [
        (1, 4, GOOD, True)
    ]
    assert second.left is not None
    assert (second.first, second.passages, second.writers[0].passages) == (5, 7, 3)
    assert [(chapter.first, chapter.last) for chapter in second.chapters] == [(5, 7)]
    shown = news(second, "en").description or ""
    assert "3 new passages" in shown
    assert "<t:1:R>" in shown


async def test_nothing_new_is_said_in_one_line(database: Database) -> None:
    """The model is not even asked."""
    await story_of(database, *PASSAGES)
    backend = ScriptedBackend(reply)
    async with Engine.open(backend) as engine:
        desk = Desk(database, engine, able=True, languages=None)
        await desk.told.visit(PLACE, READER.id)
        desk.clock.at += visits.PAUSE + 1
        found = await desk.told.news(PLACE, READER)

    assert found.chapters == ()
    assert backend.requests == []
    assert "Nothing is new" in (news(found, "en").description or "")


@pytest.mark.parametrize(
    ("able", "languages", "text", "tongue"),
    [
        (True, None, GOOD_CHINESE, "translated"),
        (True, ("en",), GOOD, "other"),
        (False, None, "", "other"),
    ],
)
async def test_readers_of_another_language_are_told_in_theirs(
    database: Database, able: bool, languages: tuple[str, ...] | None, text: str, tongue: str
) -> None:
    """Where the model writes both; else they get it as it is, and are told so."""
    await story_of(database, *PASSAGES)
    async with Engine.open(ScriptedBackend(reply)) as engine:
        found = await Desk(database, engine, able=able, languages=languages).told.news(PLACE, LIN)

    [chapter] = found.chapters
    assert chapter.tongue == tongue
    assert not text or chapter.text == text
    shown = news(found, "zh-CN").description or ""
    assert ("照原文" in shown) == (tongue == "other")
    assert ("翻译" in shown) == (tongue == "translated")


async def test_who_was_away_for_long_gets_recaps_and_the_newest_retold(database: Database) -> None:
    """However long the story is, the answer is short and fits a card; the newest are told in any case."""
    number = SCENE_PASSAGES * FAN * FAN * 2 + SCENE_PASSAGES + FRESH + 2
    story, _branch, _written = await story_of(
        database, *[f"{PASSAGES[at % 4]} Night {at}." for at in range(number)]
    )
    await made(database, story)
    async with Engine.open(ScriptedBackend(reply)) as engine:
        desk = Desk(database, engine, able=True, languages=None)
        found = await desk.told.news(PLACE, READER)
        recap = await desk.told.so_far(PLACE, None)

    assert [chapter.level for chapter in found.chapters] == ["book", "scene", None]
    assert found.chapters[-1].last == number
    assert found.chapters[-1].first >= number - UNTOLD
    assert recap.untold == FRESH + 2
    for embed in (news(found, "en"), news(found, "zh-CN"), so_far(recap, "en"), so_far(recap, "zh-CN")):
        assert len(embed) <= 6000
        assert len(embed.description or "") <= 4096


async def test_a_model_that_is_away_keeps_nobody_waiting(database: Database) -> None:
    """Where the model broke, or has too many waiting, the passages themselves are quoted."""
    await story_of(database, *PASSAGES)
    async with Engine.open(ScriptedBackend(reply, fail_at=0)) as engine:
        found = await Desk(database, engine, able=True, languages=None).told.news(PLACE, READER)
        other = await Desk(database, engine, able=True, languages=None).told.news(PLACE, LIN)
    async with Engine.open(ScriptedBackend(reply), limits=Limits(per_user=0)) as engine:
        full = await Desk(database, engine, able=True, languages=None).told.news(PLACE, READER)

    assert [(chapter.own, chapter.tongue) for chapter in found.chapters] == [(False, "same")]
    assert "Henrik" in found.chapters[0].text
    assert other.chapters[0].tongue == "other"
    assert full.chapters[0].text == found.chapters[0].text


async def test_the_shorter_somebody_was_away_the_finer_they_are_told(database: Database) -> None:
    """Scenes for a day, chapters for a week, the book for a year; never what they had read long before."""
    number = SCENE_PASSAGES * FAN * FAN * 2 + FRESH
    story, _branch, written = await story_of(
        database, *[f"{PASSAGES[at % 4]} Night {at}." for at in range(number)]
    )
    await made(database, story)
    told = []
    async with Engine.open(ScriptedBackend(reply)) as engine:
        desk = Desk(database, engine, able=True, languages=None)
        for back in (30, 300, number):
            async with database.transaction() as tx:
                await tx.execute("DELETE FROM visits")
                slot = written[number - back].id
                await tx.execute("INSERT INTO visits VALUES (?, ?, ?, 1, NULL, NULL)", (story.id, BOB, slot))
            desk.clock.at = 10 * visits.PAUSE
            found = await desk.told.news(PLACE, READER)
            told.append([chapter.level for chapter in found.chapters])
            if back < number:
                assert found.chapters[0].last >= number - back

    assert told == [["scene"] * 3 + [None], ["chapter"] * 5 + [None], ["book", None]]


async def test_each_level_can_be_read_by_itself(database: Database) -> None:
    """All scenes, all chapters, or the one book that tells most; too many show the newest."""
    number = SCENE_PASSAGES * FAN * FAN * 2 + FRESH
    story, branch, written = await story_of(
        database, *[f"{PASSAGES[at % 4]} Night {at}." for at in range(number)]
    )
    await made(database, story)
    async with database.transaction() as tx:
        await trail.show(tx, branch.id, written[3].id, None)
    await made(database, story)
    async with Engine.open(ScriptedBackend(reply)) as engine:
        told = Desk(database, engine, able=True, languages=None).told
        scenes, chapters, book = (
            await told.so_far(PLACE, "scene"),
            await told.so_far(PLACE, "chapter"),
            await told.so_far(PLACE, "book"),
        )

    assert [found.earlier + len(found.chapters) for found in (scenes, chapters, book)] == [
        FAN * FAN * 2,
        FAN * 2,
        1,
    ]
    assert scenes.earlier > 0
    # What is read nowhere counts for no reader.
    assert (chapters.chapters[0].first, chapters.chapters[0].last) == (1, SCENE_PASSAGES * FAN - 1)
    assert chapters.chapters[1].first == SCENE_PASSAGES * FAN
    assert book.chapters[0].last == number - FRESH - 1
    shown = so_far(scenes, "en").description or ""
    assert "Earlier ones have no room" in shown
    assert f"{scenes.chapters[-1].first}-{scenes.chapters[-1].last}" in shown


async def test_those_who_are_named_come_first(database: Database) -> None:
    """Who is who begins with whom the new passages tell of."""
    story, _branch, _written = await story_of(database, *PASSAGES)
    async with database.transaction() as tx:
        for number in range(12):
            title = "Ilse" if number == 11 else f"Person {number}"
            new = NewVersion(
                title=title,
                title_digest=digest(title),
                text="Somebody. " * 40,
                text_digest=digest(f"x{number}"),
                created=1,
            )
            await lore.add(tx, story.id, "character", new)
    async with Engine.open(ScriptedBackend(reply)) as engine:
        found = await Desk(database, engine, able=True, languages=None).told.news(PLACE, READER)

    assert found.people[0].title == "Ilse"
    assert len(found.people) == 8
    assert len(news(found, "en")) <= 6000


async def test_where_there_is_no_story_that_is_said(database: Database) -> None:
    """And what nobody has begun has nothing to tell; what has ended can still be read."""
    async with Engine.open(ScriptedBackend(reply)) as engine:
        told = Desk(database, engine, able=True, languages=None).told
        await told.visit(PLACE, READER.id)
        with pytest.raises(Refused, match="No story"):
            await told.so_far(PLACE, None)
        story, _branch, _written = await story_of(database)
        empty = await told.news(PLACE, READER)
        await write(database, story, *PASSAGES)
        async with database.transaction() as tx:
            await stories.end(tx, story.id, ended=9)
        ended = await told.news(PLACE, replace(READER, id=5))

    assert "Nothing has been told yet" in (news(empty, "en").description or "")
    assert ended.chapters[0].text == GOOD
    assert "Whose turn" not in [field.name for field in news(ended, "en").fields]
