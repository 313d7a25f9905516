"""Keep the schema as the ordered scripts that made it.

`PRAGMA user_version` counts the scripts that a file has seen. A script that was released is never edited:
a change is a new script at the end. Times are integer Unix milliseconds, UTC; ids of people, guilds, channels
and messages are Discord's. Words like a story's state or a passage's kind are held by the types in the
modules, not by CHECK: SQLite could only widen such a list by rebuilding the table.
"""

from storage.migrations.adapters import ADAPTERS
from storage.migrations.authors import AUTHORS
from storage.migrations.facts import FACTS
from storage.migrations.lore import LORE
from storage.migrations.memory import MEMORY
from storage.migrations.reading import READING
from storage.migrations.story_tree import APPLICATION_ID, STORY_TREE
from storage.migrations.turns import TURNS
from storage.migrations.voice import VOICE
from storage.migrations.votes import VOTES
from storage.migrations.work_in_hand import WORK_IN_HAND

__all__ = ["APPLICATION_ID", "MIGRATIONS"]

MIGRATIONS: tuple[str, ...] = (
    STORY_TREE,
    WORK_IN_HAND,
    ADAPTERS,
    READING,
    AUTHORS,
    VOICE,
    MEMORY,
    VOTES,
    LORE,
    TURNS,
    FACTS,
)
"""Every script, oldest first; its place in the tuple is the version it ends with."""
