"""Write the rows that tests of storage begin with."""

from pathlib import Path

from storage import branches, passages, stories
from storage.branches import Branch
from storage.database import Database, Transaction
from storage.passages import NewPassage, Passage
from storage.stories import NewStory, Story

ALICE = 1001
BOB = 1002
GUILD = 11
CHANNEL = 21


def new_story(*, guild_id: int = GUILD, channel_id: int = CHANNEL, title: str = "The lighthouse") -> NewStory:
    """Describe a story by Alice."""
    return NewStory(
        guild_id=guild_id,
        channel_id=channel_id,
        title=title,
        premise="A light that nobody lit.",
        language="en",
        rating="teen",
        free_typing=True,
        words=120,
        started_by=ALICE,
        starter_name="Alice",
        created=1_000,
    )


def by_person(story: Story, parent: int | None, text: str, *, author: int = ALICE) -> NewPassage:
    """Describe a person's passage."""
    return NewPassage(
        story_id=story.id,
        parent=parent,
        kind="person",
        text=text,
        created=2_000,
        author_id=author,
        author_name=f"Writer {author}",
    )


def by_narrator(story: Story, parent: int | None, text: str) -> NewPassage:
    """Describe a narrator's passage with everything that is kept about it."""
    return NewPassage(
        story_id=story.id,
        parent=parent,
        kind="narrator",
        text=text,
        created=3_000,
        asked_by=ALICE,
        direction="bring the storm",
        model="embedded",
        seed=-(2**63),
        sampling={"temperature": 0.8, "top_k": 40, "dry": None},
        prompt_digest="ab12",
        finish="stop",
    )


async def write(tx: Transaction, branch: Branch, new: NewPassage) -> tuple[Branch, Passage]:
    """Add a passage and make it the branch's head."""
    passage = await passages.add(tx, new)
    return await branches.advance(tx, branch.id, passage.id), passage


async def story_of(database: Database, *texts: str) -> tuple[Story, Branch, list[Passage]]:
    """Start a story and let Alice write its texts in a row."""
    async with database.transaction() as tx:
        story = await stories.create(tx, new_story())
        branch = await branches.get(tx, story.branch_id)
        written = []
        for text in texts:
            branch, passage = await write(tx, branch, by_person(story, branch.head, text))
            written.append(passage)
    return story, branch, written


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file with its content, to prove that nothing was touched.

    Locks, and the empty log and index that SQLite puts beside a file it reads, come and go.
    """
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}
    return {
        name: content
        for name, content in files.items()
        if not name.endswith("-shm") and (content or not name.endswith("-wal"))
    }
