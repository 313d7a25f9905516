"""Keep stories: where each is told, how, and which branch is read.

Several stories may belong to a channel. At most one of them is running; the others are paused, or have ended, until
somebody goes on with them. Nothing happens in a story that is not running: whoever keeps a timer for one looks at its
state when the timer is due, and sets it anew when the story runs again.
"""

from dataclasses import asdict, dataclass, fields
from sqlite3 import Row
from typing import Literal

from storage import branches
from storage.database import Reader, Transaction

Language = Literal["en", "zh"]
Rating = Literal["everyone", "teen", "mature"]
State = Literal["running", "paused", "ended"]

ON_REQUEST, NEVER = 0, -1
"""How often the narrator writes, as `ai_share` has it; a number from 1 is after every so many passages of people."""

DIRECT_MESSAGES = 0
"""The guild_id of a story that is told in direct messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStory:
    """Describe a story to be created; words is the wanted length of a narrator's passage."""

    guild_id: int
    channel_id: int
    title: str
    premise: str
    language: Language
    rating: Rating
    free_typing: bool
    words: int
    started_by: int
    starter_name: str
    created: int
    style: str = ""
    creativity: int = 3
    ai_share: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """Mirror one row; who started it is None once erased; adapter and style are empty where none was chosen.

    There is a host where it was handed over; until then it is who started it.
    """

    id: int
    guild_id: int
    channel_id: int
    title: str
    premise: str
    language: Language
    rating: Rating
    state: State
    free_typing: bool
    words: int
    branch_id: int
    started_by: int | None
    starter_name: str | None
    created: int
    ended: int | None
    adapter: str
    style: str = ""
    creativity: int = 3
    ai_share: int = 0
    host_id: int | None = None
    host_name: str | None = None
    lore_check: bool = True

    @property
    def hosted_by(self) -> int | None:
        """The id of its host: who started it, until that was handed over."""
        return self.host_id or self.started_by

    @property
    def narrates(self) -> bool:
        """Whether there is a narrator in it at all."""
        return self.ai_share != NEVER


_COLUMNS = ", ".join(field.name for field in fields(Story))


def _story(row: Row) -> Story:
    values = dict(row)
    flags = {name: bool(values[name]) for name in ("free_typing", "lore_check")}
    return Story(**values | flags)


async def create(tx: Transaction, new: NewStory) -> Story:
    """Create a running story with its first branch, `main`; its channel must have no running story."""
    row = await tx.change(
        "INSERT INTO stories (guild_id, channel_id, title, premise, language, rating, state, free_typing,"
        " words, started_by, starter_name, created, style, creativity, ai_share)"
        " VALUES (:guild_id, :channel_id, :title, :premise, :language, :rating, 'running', :free_typing,"
        " :words, :started_by, :starter_name, :created, :style, :creativity, :ai_share)"
        " RETURNING id",
        asdict(new),
    )
    branch = await branches.create(tx, row["id"], name="main", created=new.created)
    await tx.execute("UPDATE stories SET branch_id = ? WHERE id = ?", (branch.id, row["id"]))
    return await get(tx, row["id"])


async def get(reader: Reader, story_id: int) -> Story:
    """Return a story that is known to exist; LookupError where it does not."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} FROM stories WHERE id = ?", (story_id,))
    if row is None:
        raise LookupError(f"no story {story_id}")
    return _story(row)


async def running_in(reader: Reader, channel_id: int) -> Story | None:
    """Return the story that runs in a channel, if one does."""
    row = await reader.fetch_one(
        f"SELECT {_COLUMNS} FROM stories WHERE channel_id = ? AND state = 'running'", (channel_id,)
    )
    return _story(row) if row else None


async def newest_in(reader: Reader, channel_id: int) -> Story | None:
    """Return the channel's running story, else the one that was started last, if there is any."""
    row = await reader.fetch_one(
        f"SELECT {_COLUMNS} FROM stories WHERE channel_id = ?"
        " ORDER BY state = 'running' DESC, id DESC LIMIT 1",
        (channel_id,),
    )
    return _story(row) if row else None


async def resting_in(reader: Reader, channel_id: int) -> list[Story]:
    """Return the stories of a channel that can go on, newest first: those that are paused, then those that ended."""
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} FROM stories WHERE channel_id = ? AND state <> 'running'"
        " ORDER BY state = 'paused' DESC, id DESC",
        (channel_id,),
    )
    return [_story(row) for row in rows]


async def list_of(
    reader: Reader,
    *,
    guild_id: int,
    channel_id: int,
    state: State | None = None,
    writer_id: int | None = None,
    before: int | None = None,
    limit: int = 10,
) -> list[Story]:
    """Return a guild's stories, newest first; in direct messages those of that channel alone.

    With `state` only those in that state, with `writer_id` only those that this person began or wrote in.
    The next page starts before the id of the last story of this one.
    """
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} FROM stories WHERE guild_id = :guild AND (:guild <> 0 OR channel_id = :channel)"
        " AND (:state IS NULL OR state = :state)"
        " AND (:writer IS NULL OR started_by = :writer OR EXISTS (SELECT 1 FROM passages"
        "  WHERE passages.author_id = :writer AND passages.story_id = stories.id))"
        " AND (:before IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit",
        {
            "guild": guild_id,
            "channel": channel_id,
            "state": state,
            "writer": writer_id,
            "before": before,
            "limit": limit,
        },
    )
    return [_story(row) for row in rows]


async def update(tx: Transaction, story: Story) -> None:
    """Save what may be changed in a story by `/story settings`."""
    await tx.execute(
        "UPDATE stories SET title = :title, premise = :premise, language = :language, rating = :rating,"
        " free_typing = :free_typing, words = :words, adapter = :adapter, style = :style,"
        " creativity = :creativity, ai_share = :ai_share, lore_check = :lore_check WHERE id = :id",
        asdict(story),
    )


async def tell_branch(tx: Transaction, story_id: int, branch_id: int) -> None:
    """Let another of a story's branches be the one that is told."""
    await tx.execute("UPDATE stories SET branch_id = ? WHERE id = ?", (branch_id, story_id))


async def hand_over(tx: Transaction, story_id: int, *, host_id: int, host_name: str) -> None:
    """Let someone else be a story's host."""
    await tx.execute(
        "UPDATE stories SET host_id = ?, host_name = ? WHERE id = ?", (host_id, host_name, story_id)
    )


async def end(tx: Transaction, story_id: int, *, ended: int) -> None:
    """End a story, which frees its channel for another."""
    await tx.execute("UPDATE stories SET state = 'ended', ended = ? WHERE id = ?", (ended, story_id))


async def all_running(reader: Reader) -> list[int]:
    """Return the ids of all stories that run."""
    rows = await reader.fetch_all("SELECT id FROM stories WHERE state = 'running' ORDER BY id")
    return [row["id"] for row in rows]


async def pause(tx: Transaction, story_id: int) -> Story:
    """Let a running story rest, which frees its channel for another."""
    return await _set_state(tx, story_id, "paused")


async def resume(tx: Transaction, story_id: int) -> Story:
    """Go on with a story that is paused or has ended; its channel must have no running one."""
    await tx.execute("UPDATE stories SET ended = NULL WHERE id = ?", (story_id,))
    return await _set_state(tx, story_id, "running")


async def _set_state(tx: Transaction, story_id: int, state: State) -> Story:
    row = await tx.change(
        f"UPDATE stories SET state = ? WHERE id = ? RETURNING {_COLUMNS}", (state, story_id)
    )
    return _story(row)
