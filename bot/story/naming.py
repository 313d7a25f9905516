"""Find the passage that someone names: by its number as readers count, or by the link of a message that shows it."""

from dataclasses import dataclass

from bot.errors import Refused
from bot.locales import _
from bot.story.standing import Standing
from storage import displays, trail
from storage.branches import Branch
from storage.database import Reader
from storage.trail import Leaf

_LONGEST_NUMBER = 9  # digits; what is longer is the id of a message
_LONGEST_ID = 19


@dataclass(frozen=True, slots=True)
class Goal:
    """Name a passage that may not be in the story yet: by number, or by id."""

    number: int = 0
    passage_id: int = 0

    async def leaf(self, reader: Reader, branch: Branch) -> Leaf | None:
        """Return where it stands on a branch, if it is read there."""
        if self.number:
            return await trail.numbered(reader, branch.id, self.number)
        leaf = await trail.find(reader, branch.id, self.passage_id)
        return leaf if leaf is not None and leaf.shown is not None else None


async def goal_of(reader: Reader, named: str) -> Goal:
    """Return which passage is meant; refused where that cannot be told."""
    plain = named.strip().strip("<>").rstrip("/")
    last = plain.rpartition("/")[2]
    if not (last.isascii() and last.isdigit() and len(last) <= _LONGEST_ID):
        raise Refused(
            _("Name a passage by its number in the story, or by the link of a message that shows it.")
        )
    if last == plain and len(last) <= _LONGEST_NUMBER:
        return Goal(number=int(last))
    display = await displays.by_message(reader, int(last))
    if display is None:
        raise Refused(_("This message shows no passage of a story. Choose one that does."))
    return Goal(passage_id=display.passage_id)


async def named_by(reader: Reader, stand: Standing, named: str) -> Leaf | None:
    """Return where the named passage stands; None is before the first, for number 0."""
    goal = await goal_of(reader, named)
    if goal == Goal():
        return None
    leaf = await goal.leaf(reader, stand.branch)
    if leaf is not None:
        return leaf
    if goal.number:
        count = await trail.count(reader, stand.branch.id)
        raise Refused(
            _(
                "The passages of this story have the numbers 1 to {count}; there is no {number}.",
                count=count,
                number=goal.number,
            )
        )
    raise Refused(_("That message shows no passage of the story as it is told now."))
