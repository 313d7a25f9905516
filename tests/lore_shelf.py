"""Put a story with lore on a shelf of its own, for tests of what is found in it."""

from bot.story.lore.archive import Archive
from bot.story.lore.keeper import Keeper
from bot.story.lore.meaning import Encoder
from bot.story.lore.search import LoreSearch
from bot.story.lore.writing import Sketch
from bot.story.people import Person, Place
from storage import branches, lore, passages, stories
from storage.database import Database
from storage.lore import Kind, NewVersion, Version
from storage.passages import NewPassage, Passage
from storage.stories import NewStory, Story

PLACE = Place(9, 5)
MARA = Person(7, "Mara")


class LoreShelf:
    """Hold a database with one story and all that searches it; `meaning` reads the sentence encoder."""

    def __init__(self, database: Database, story: Story, *, meaning: bool) -> None:
        self.database = database
        self.story = story
        self.archive = Archive(database=database, encoder=Encoder() if meaning else None)
        self.search = LoreSearch(database=database, archive=self.archive)
        self.keeper = Keeper(database=database, archive=self.archive, search=self.search)

    @classmethod
    async def open(cls, database: Database, *, language: str = "en", meaning: bool = False) -> "LoreShelf":
        """Start a story in a database."""
        async with database.transaction() as tx:
            story = await stories.create(tx, new_story(language))
        return cls(database, story, meaning=meaning)

    async def add(
        self, title: str, text: str, keys: str = "", *, kind: Kind = "fact", **more: object
    ) -> Version:
        """Let Mara add an entry."""
        sketch = Sketch(title=title, text=text, keys=keys, **more)  # type: ignore[arg-type]  # a test's own options
        return await self.keeper.add(PLACE, MARA, kind, sketch)

    async def found(self, recent: str, *, budget: int = 4000, depth: int | None = None) -> list[str]:
        """Return the titles that a text triggers, the best first."""
        found = await self.search.find(
            self.story, self.story.branch_id, recent, budget_bytes=budget, depth=depth
        )
        return [hit.version.title for hit in found.triggered]

    async def write(self, text: str = "On and on.") -> Passage:
        """Add a passage at the head."""
        async with self.database.transaction() as tx:
            branch = await branches.get(tx, self.story.branch_id)
            passage = await passages.add(
                tx,
                NewPassage(
                    story_id=self.story.id,
                    parent=branch.head,
                    kind="person",
                    text=text,
                    created=1,
                    author_id=7,
                ),
            )
            await branches.advance(tx, branch.id, passage.id)
        return passage

    async def revise(self, version: Version, since: int | None, **changes: object) -> Version:
        """Add a version as one that was accepted at a slot."""
        kept = {name: getattr(version, name) for name in NewVersion.__dataclass_fields__}
        new = NewVersion(**kept | {"since": since} | changes)
        async with self.database.transaction() as tx:
            return await lore.change(tx, self.story.id, version.entry_id, new)


def new_story(language: str) -> NewStory:
    """Describe a story for tests."""
    return NewStory(
        guild_id=9,
        channel_id=5,
        title="T",
        premise="",
        language="zh" if language == "zh" else "en",
        rating="everyone",
        free_typing=False,
        words=90,
        started_by=7,
        starter_name="Mara",
        created=1,
    )
