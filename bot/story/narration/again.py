"""Choose which passage the narrator writes again, and put what it wrote in the place of that one."""

from bot.errors import Refused
from bot.locales import _
from bot.story.people import Place
from bot.story.standing import Standing
from bot.story.tree import history
from bot.story.tree.editing import find
from storage import branches, trail
from storage.database import Reader, Transaction
from storage.narrations import Narration as Job
from storage.passages import Passage
from storage.stories import Story


def newest(stand: Standing) -> Passage:
    """Return the newest passage, which must be the narrator's."""
    if stand.head is None or stand.head.kind != "narrator":
        raise Refused(
            _(
                "Retry writes the narrator's newest passage again, but the newest is not the narrator's."
                " Use Continue to let the narrator go on."
            )
        )
    return stand.head


async def anywhere(reader: Reader, place: Place, passage_id: int) -> Passage:
    """Return what is read where a passage stands, which must be the narrator's."""
    passage = (await find(reader, place, passage_id)).passage
    if passage.kind != "narrator":
        raise Refused(
            _(
                "The narrator writes its own passages again, and this one is {name}'s."
                " Edit passage puts other words in its place.",
                name=passage.author_name or _("someone"),
            )
        )
    return passage


async def newest_of_narrator(reader: Reader, stand: Standing) -> Passage:
    """Return the newest passage of the narrator's, whatever people wrote since."""
    told = await trail.newest_of(reader, stand.branch.id, "narrator")
    if told is None:
        raise Refused(
            _(
                "The narrator has written nothing in this story yet. To change a passage of yours, use"
                " Edit passage."
            )
        )
    return told.passage


async def put(tx: Transaction, job: Job, story: Story, passage: Passage) -> None:
    """Let a passage be read: behind the newest, or in the place of the one that it replaces."""
    branch = await branches.get(tx, story.branch_id)
    leaf = None if job.replaces is None else await trail.find(tx, branch.id, job.replaces)
    if leaf is None:
        await branches.advance(tx, branch.id, passage.id)
    else:
        await history.replace(tx, branch, leaf, passage.id, "retake")
