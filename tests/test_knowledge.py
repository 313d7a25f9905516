"""Prove that characters know only what came up where they were, through undo, redo and edits."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.story.lore.archive import Archive
from bot.story.lore.knowledge import Knowledge
from bot.story.lore.search import LoreSearch
from bot.story.tree import history
from storage import branches, lore, passages, trail
from storage.database import Database
from storage.lore import Kind, NewVersion
from storage.passages import NewPassage
from storage.stories import Story
from tests.test_trail import begun

TALE = (
    "Mara hid the bell in the salt cellar.",
    "Ilse watched her from the stairs.",
    "Rain fell on the village for a day.",
    "Tobin mended nets on the other side of the island.",
    "The night was long.",
    "Captain Varn bought the charts from Ilse.",
    "The ship left.",
)


class World:
    """Hold a story with lore in a database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        archive = Archive(database=database, encoder=None)
        self.search = LoreSearch(database=database, archive=archive)
        self.knowledge = Knowledge(database=database, search=self.search)
        self.story: Story
        self.ids: dict[str, int] = {}
        self.slots: list[int] = []

    async def begin(self) -> None:
        """Start a story with four characters and two facts."""
        self.story = await begun(self.database)
        for name in ("Mara", "Ilse", "Tobin", "Varn"):
            await self.lore("character", name)
        await self.lore("fact", "The bell", "bell")
        await self.lore("fact", "The charts", "charts", "chart")

    async def lore(self, kind: Kind, title: str, *keys: str) -> None:
        """Add an entry."""
        async with self.database.transaction() as tx:
            new = NewVersion(title=title, text="x", keys=keys, title_digest=title, text_digest="", created=1)
            self.ids[title] = (await lore.add(tx, self.story.id, kind, new)).entry_id

    async def tell(self, *texts: str) -> None:
        """Write passages, each shown in its slot, and search them."""
        async with self.database.transaction() as tx:
            for text in texts:
                branch = await branches.get(tx, self.story.branch_id)
                new = NewPassage(
                    story_id=self.story.id, parent=branch.head, kind="person", text=text, created=1
                )
                passage = await passages.add(tx, new)
                await branches.move(tx, branch.id, head=passage.id)
                self.slots.append(passage.id)
        await self.keep()

    async def keep(self) -> None:
        """Let the background do what is due."""
        while await self.knowledge.keep(self.story.id):
            pass

    async def missed(self, *recent: str) -> dict[str, list[str]]:
        """Return who missed what, by names."""
        names = {entry: name for name, entry in self.ids.items()}
        found = await self.knowledge.missed(self.story, list(names), recent=recent)
        return {names[person]: [names[thing] for thing in things] for person, things in found.items()}

    async def where(self, name: str) -> list[int]:
        """Return the places in which somebody is, counted from 0."""
        return [self.slots.index(slot) for slot in await self.knowledge.of(self.story, self.ids[name])]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Tell the tale."""
    async with Database.open(tmp_path / "stories.db") as database:
        world = World(database)
        await world.begin()
        await world.tell(*TALE)
        yield world


async def test_who_is_named_is_there_and_beside_it(world: World) -> None:
    """In the passage, and in the ones around it, where only a pronoun may stand."""
    assert await world.where("Mara") == [0, 1]
    assert await world.where("Ilse") == [0, 1, 2, 4, 5, 6]
    assert await world.where("Tobin") == [2, 3, 4]


async def test_what_came_up_elsewhere_is_not_known(world: World) -> None:
    """What never came up is nobody's ignorance; who meets knows each other; who is not there is not told of."""
    await world.lore("fact", "The king", "king")

    assert await world.missed("Tobin and Mara met.") == {
        "Mara": ["Varn", "The charts"],
        "Tobin": ["Ilse", "Varn", "The bell", "The charts"],
    }


async def test_what_is_told_now_is_known_at_once(world: World) -> None:
    """Before the background has looked at it; being told is enough."""
    told = "“The bell is in the cellar, and Ilse sold the charts to Varn,” said Mara to Tobin."
    missed = await world.missed(told)

    assert missed == {}
    await world.tell(told)
    assert "Tobin" not in await world.missed("Tobin nodded.")


async def test_who_is_only_spoken_of_is_not_there(world: World) -> None:
    """Names in speech place nobody."""
    await world.tell("The charts lay on the table.", "“Where is Tobin?” said Ilse.")

    assert await world.where("Tobin") == [2, 3, 4]
    assert "The charts" in (await world.missed("Tobin came in."))["Tobin"]


async def test_undo_takes_knowledge_back_and_redo_returns_it(world: World) -> None:
    """Exactly, without searching anything again."""
    story = world.story
    before = await world.missed("Tobin came in.")
    await world.tell("Tobin found the bell and the charts.")
    after = await world.missed("Tobin came in.")
    assert "The bell" not in after["Tobin"]
    async with world.database.transaction() as tx:
        branch = await branches.get(tx, story.branch_id)
        await branches.move(tx, branch.id, head=world.slots[-2])
    taken_back = await world.missed("Tobin came in.")
    async with world.database.transaction() as tx:
        await branches.move(tx, branch.id, head=world.slots[-1])

    assert taken_back == before
    assert await world.missed("Tobin came in.") == after


async def test_what_was_taken_back_in_the_middle_is_not_known(world: World) -> None:
    """The slot is still there; nothing is read in it."""
    async with world.database.transaction() as tx:
        branch = await branches.get(tx, world.story.branch_id)
        leaf = await trail.find(tx, branch.id, world.slots[0])
        assert leaf is not None
        await history.hide(tx, branch, leaf)

    assert await world.where("Mara") == []
    assert "The bell" not in (await world.missed("Tobin came in."))["Tobin"]


async def test_a_new_name_is_sought_in_the_whole_story(world: World) -> None:
    """Also in passages that were searched for other names."""
    await world.lore("character", "The keeper", "nets")
    await world.keep()

    assert await world.where("The keeper") == [2, 3, 4]


async def test_the_narrator_is_told_who_does_not_know_what(world: World) -> None:
    """In the story's language, a line for each."""
    things = [world.ids["The bell"], world.ids["The charts"]]
    [english] = await world.knowledge.told(world.story, things, recent=["Tobin came in."])
    chinese = replace(world.story, language="zh")
    [other] = await world.knowledge.told(chinese, things, recent=["Tobin came in."])

    assert (
        english.text == "Tobin was not there when this came up and does not know of it: The bell; The charts."
    )
    assert other.text == "Tobin当时不在场，不知道这些事：The bell；The charts。"
