"""Prove that cards and lines about a whole story fit into what Discord takes, whatever people are called."""

import discord
import pytest

from bot.pictures.drawn import Drawn
from bot.reply.cards.credits import CHAPTERS, WRITERS, credits_card
from bot.reply.cards.memory import news
from bot.reply.cards.quality import quality_card, trend_file
from bot.reply.cards.tree import ALT, tree_file, tree_words
from bot.story.memory.keeping_up import News, Spot
from bot.story.survey.credits import Chapter, Contribution, Credits, tally
from bot.story.survey.quality import Meter
from bot.story.survey.shape import shape
from bot.story.survey.surveying import Tree
from bot.story.survey.writers import NARRATOR
from bot.story.turns.state import TurnState
from storage import stories
from storage.branches import Branch
from storage.database import Database
from storage.stories import Story
from storage.visits import Leaving
from tests.growing import Grove
from tests.stored import new_story

LOUD = "*_~`|[]()<>#-" * 3


@pytest.fixture
async def story(database: Database) -> Story:
    """Return a story with the longest title, and the worst."""
    async with database.transaction() as tx:
        return await stories.create(tx, new_story(title="@everyone " + "*" * 90))


def crowd(count: int, chapters: int) -> Credits:
    """Return credits of many people with loud names, all of whom wrote in every chapter."""
    names = {writer: f"{writer}{LOUD}" for writer in range(1, count + 1)}
    told = [Contribution(c * 50, writer, 1000) for c in range(chapters) for writer in (*names, NARRATOR)]
    return tally(told, names)


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_credits_of_a_crowd_fit_into_a_card(story: Story, locale: str) -> None:
    """Who wrote least are added up; older chapters are on the next page."""
    card = credits_card(story, crowd(60, 30), locale)

    assert len(card) <= 6000
    assert len(card.fields) == CHAPTERS
    assert all(len(str(field.value)) <= 1024 for field in card.fields)
    assert len(str(card.description).splitlines()) == WRITERS + 3
    assert "page:2" in str(card.footer.text)
    last = credits_card(story, crowd(60, 30), locale, page=4)
    assert len(last.fields) == 30 - 3 * CHAPTERS
    assert last.footer.text is None
    assert credits_card(story, crowd(60, 30), locale, page=5).fields == []


def test_credits_tell_shares_of_each_chapter(story: Story) -> None:
    """The newest chapter first, with its passages; a story of one chapter needs no second list."""
    credits = Credits(
        {7: "Mara"},
        {7: 30, NARRATOR: 10},
        {7: 3, NARRATOR: 1},
        (Chapter(0, 49, {7: 20}), Chapter(50, 99, {7: 10, NARRATOR: 10})),
    )
    card = credits_card(story, credits, "en")

    assert [(field.name, field.value) for field in card.fields] == [
        ("Chapter 2: passages 51 to 100", "The narrator 50%\nMara 50%"),
        ("Chapter 1: passages 1 to 50", "Mara 100%"),
    ]
    assert "People 75%, the narrator 25%" in str(card.description)
    one = Credits({7: "Mara"}, {7: 20}, {7: 1}, (Chapter(0, 49, {7: 20}),))
    assert credits_card(story, one, "en").fields == []


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_words_about_a_tree_fit_into_a_message(story: Story, locale: str) -> None:
    """With many branches, and names for which there is no font; nothing in them formats or calls anybody."""
    grove = Grove()
    root = grove.write(None)
    for number in range(40):
        grove.name(f"@everyone {number}{LOUD}", grove.write(root))
    tree = Tree(story, shape(grove.sketches, grove.branches, 1, {}), tuple(grove.branches))
    drawn = Drawn(b"", {number: f"{number}{LOUD}" for number in range(1, 60)}, True)
    words, file = tree_words(tree, drawn, locale), tree_file(tree, drawn, locale)

    assert len(words) <= 2000
    assert "@everyone" not in words
    assert file.description is not None
    assert len(file.description) <= ALT


def test_tree_tells_how_to_open_a_first_branch(story: Story) -> None:
    """Where there is none to go to."""
    grove = Grove()
    grove.write(None)
    tree = Tree(
        story, shape(grove.sketches, [Branch(1, 1, "main", 1, 0)], 1, {}), (Branch(1, 1, "main", 1, 0),)
    )

    words = tree_words(tree, Drawn(b"", {}, False), "en")

    assert "has one branch, **main**" in words
    assert len(words.splitlines()) == 1


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
@pytest.mark.parametrize("texts", [["…"], ["A bell rang. It rang again."], ["灯灭了。", "A bell rang."] * 20])
def test_figures_can_be_told_of_every_story(story: Story, texts: list[str], locale: str) -> None:
    """Of one without a word as well: what cannot be measured is a dash, not a zero."""
    meter = Meter()
    for number, text in enumerate(texts, start=1):
        meter.take(number=number, writer=NARRATOR, text=text, created=0)
    report = meter.report()
    card = quality_card(story, report, locale, drawn=False)
    file: discord.File = trend_file(b"", story, report, locale)

    assert len(card.fields) == 6
    assert str(card.fields[3].value).startswith("—") == (report.whole.repetition is None)
    assert file.description is not None


@pytest.mark.parametrize(
    ("days", "pace"),
    [
        ([0], "1 passage so far, on one day"),
        ([0, 0, 0], "3 passages so far, all on one day"),
        ([0, 0, 3], "1.5 passages a day, on 2 of 4 days"),
    ],
)
def test_pace_is_told_from_the_second_day_on(story: Story, days: list[int], pace: str) -> None:
    """A mean over one day says nothing."""
    meter = Meter()
    for number, day in enumerate(days, start=1):
        meter.take(number=number, writer=7, text="A bell rang.", created=day * 24 * 60 * 60 * 1000)
    card = quality_card(story, meter.report(), "en", drawn=False)

    assert {field.name: field.value for field in card.fields}["Pace"] == pace


@pytest.mark.parametrize(
    ("left", "link"), [(None, "Read from the beginning"), (Leaving(1, 5), "Read on from there")]
)
def test_a_first_comer_reads_from_the_beginning(story: Story, left: Leaving | None, link: str) -> None:
    """Who was here before reads on from where they left."""
    spot = Spot(1, 2)
    told = News(story, left, 1, 3, (), (), (), TurnState(), spot, spot)

    assert f"[{link}](" in str(news(told, "en").description)
