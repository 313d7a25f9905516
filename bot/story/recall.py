"""Recall for a passage what the narrator must not forget: pinned lore, recaps of what fell out of the window, lore."""

from collections.abc import Sequence

from bot.story.memory import Item, Memory
from bot.story.prompt import Plan
from bot.story.window import PassageText
from storage import recaps
from storage.database import Database
from storage.recaps import Recap
from storage.stories import Story
from storage.trail import Told


class Recall:
    """Assemble the memory of prompts."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def pinned(self, story: Story) -> tuple[list[Item], bool]:
        """Return what is pinned in a story, and whether there is other lore that could come up."""
        return [], False

    async def memory(self, story: Story, plan: Plan) -> Memory:
        """Return what goes with a window of passages."""
        window = plan.window
        before = 0 if window.whole else window.first_depth
        found = await covering(self._database, story, before=before)
        return Memory(recaps=tuple(item_of(recap) for recap in found))


def passage_texts(told: Sequence[Told]) -> list[PassageText]:
    """Return what is read as a prompt takes it."""
    return [PassageText(one.slot, one.passage.text, one.depth, one.passage.bytes_before) for one in told]


async def covering(database: Database, story: Story, *, before: int) -> list[Recap]:
    """Return the recaps that tell what is read before a depth, in the story's order, coarse ones where there are.

    The last may reach over that depth; so nothing is missing between it and the passages.
    """
    if before <= 0:
        return []
    where = {"story_id": story.id, "branch_id": story.branch_id}
    book = await recaps.longest(database, **where, level="book", before=before)
    first = book.last_depth + 1 if book else 0
    chapters = await recaps.in_use(database, **where, level="chapter", first=first, before=before)
    chapters = [chapter for chapter in chapters if chapter.last_depth < before]
    scenes = await recaps.in_use(database, **where, level="scene", first=first, before=before)
    finer = [scene for scene in scenes if not any(within(scene, chapter) for chapter in chapters)]
    return [*([book] if book else []), *sorted([*chapters, *finer], key=lambda recap: recap.first_depth)]


def within(recap: Recap, other: Recap) -> bool:
    """Tell whether a recap's range lies in another's."""
    return other.first_depth <= recap.first_depth and recap.last_depth <= other.last_depth


def item_of(recap: Recap) -> Item:
    """Return a recap as the narrator is told it."""
    return Item(
        recap.id, "", recap.text, "before", f"{recap.level} {recap.first_depth + 1}-{recap.last_depth + 1}"
    )
