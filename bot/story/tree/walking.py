"""Walk a story's tree: open branches and switch between them, roll back to any point and forward again."""

from dataclasses import dataclass

from bot.clock import now
from bot.errors import Refused
from bot.locales import _
from bot.story import standing
from bot.story.boundaries.agreement import require_within
from bot.story.naming import Goal, goal_of, named_by
from bot.story.people import Person, Place
from bot.story.standing import Standing
from bot.story.text import clean_passage
from bot.story.tree import history
from bot.story.tree.moved import Moved, moved
from storage import branches, passages, steps, stories, trail
from storage.branches import Branch
from storage.database import Database, Transaction
from storage.steps import Step
from storage.trail import Change, Leaf

NAME = 50
MOST = 100
DIFFERENCES = 50  # places, the first ones, that a switch between branches names
FARTHEST = 2000  # steps that one redo walks at the most


@dataclass(frozen=True, slots=True)
class Walked:
    """Tell of a long move: how many passages fewer or more are read now."""

    moved: Moved
    passages: int


@dataclass(frozen=True, slots=True)
class Branched:
    """Tell that another branch is told from now on, opened just now or there before."""

    moved: Moved
    opened: bool


class Forester:
    """Lead a story along its tree."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def names(self, place: Place) -> list[str]:
        """Return the names of the branches of a place's running story, the current one last."""
        story = await standing.running(self._database, place)
        found = await branches.of_story(self._database, story.id)
        return [branch.name for branch in sorted(found, key=lambda branch: branch.id == story.branch_id)]

    async def branch(self, place: Place, person: Person, name: str) -> Branched:
        """Tell the branch of that name from now on; where there is none, open it at the newest passage."""
        name = _line(name)
        async with self._database.transaction() as tx:
            stand = await standing.at_rest(tx, place)
            known = await branches.of_story(tx, stand.story.id)
            found = next((branch for branch in known if branch.name.casefold() == name.casefold()), None)
            if found is not None:
                return Branched(await self._switch(tx, stand, person, found), opened=False)
            _require_room(known)
            await require_within(tx, stand.story, name)
            new = await branches.fork(tx, stand.branch, name=name, head=stand.branch.head, created=now())
            await stories.tell_branch(tx, stand.story.id, new.id)
            return Branched(await moved(tx, stand, person, "branch", branch=new.id), opened=True)

    async def branch_from(self, place: Place, person: Person, passage_id: int, name: str) -> Branched:
        """Open a branch that ends at any passage of the story, told or not, and tell it from now on."""
        name = _line(name)
        async with self._database.transaction() as tx:
            stand = await standing.at_rest(tx, place)
            if (await passages.get(tx, passage_id)).story_id != stand.story.id:
                raise Refused(_("This passage belongs to another story than the one that is told here now."))
            known = await branches.of_story(tx, stand.story.id)
            if any(branch.name.casefold() == name.casefold() for branch in known):
                raise Refused(
                    _(
                        "There is a branch “{name}” already: `/branch` switches to it. Choose another name.",
                        name=name,
                    )
                )
            _require_room(known)
            await require_within(tx, stand.story, name)
            leaf = await trail.find(tx, stand.branch.id, passage_id)
            head = leaf.slot if leaf else passage_id
            new = await branches.fork(tx, stand.branch, name=name, head=head, created=now())
            return Branched(await self._switch(tx, stand, person, new), opened=True)

    async def roll_back(self, place: Place, person: Person, named: str) -> Walked:
        """Let the story end at the passage that is named by number (0 is the very beginning) or link."""
        async with self._database.transaction() as tx:
            stand = await standing.at_rest(tx, place)
            standing.require_host(stand.story, person)
            to = await named_by(tx, stand, named)
            if stand.branch.head == (to.slot if to else None):
                raise Refused(_("The story ends there already."))
            before = await trail.count(tx, stand.branch.id)
            changes = await history.go_back(tx, stand.branch, to, "rollback")
            done = await moved(tx, stand, person, "rollback", changes)
            return Walked(done, before - await trail.count(tx, done.now.branch.id))

    async def bring_back(self, place: Place, person: Person, named: str | None = None) -> Walked:
        """Bring back all that was taken back, the newest first; or up to a passage, by its number or link."""
        async with self._database.transaction() as tx:
            stand = await standing.at_rest(tx, place)
            standing.require_host(stand.story, person)
            goal = None if named is None else await goal_of(tx, named)
            if goal is not None and await goal.leaf(tx, stand.branch):
                raise Refused(
                    _("That passage is in the story already. `/undo to` rolls the story back to it.")
                )
            before = await trail.count(tx, stand.branch.id)
            changes = await _walk_on(tx, stand.branch, goal)
            done = await moved(tx, stand, person, "redo", changes, far=True)
            return Walked(done, await trail.count(tx, done.now.branch.id) - before)

    async def _switch(self, tx: Transaction, stand: Standing, person: Person, to: Branch) -> Moved:
        if to.id == stand.branch.id:
            raise Refused(_("The story is told on “{name}” already.", name=to.name))
        changes = await trail.difference(tx, stand.branch.id, to.id, limit=DIFFERENCES)
        await stories.tell_branch(tx, stand.story.id, to.id)
        return await moved(tx, stand, person, "switch", changes, branch=to.id)


async def _walk_on(tx: Transaction, branch: Branch, goal: Goal | None) -> list[Change]:
    """Redo until the goal is in the story, and let the story end there; without one as far as it goes."""
    changes: list[Change] = []
    reached: Leaf | None = None
    walked = 0
    while reached is None and walked < FARTHEST and (step := await _next(tx, branch)):
        changes += await history.redo(tx, branch, step)
        branch = await branches.get(tx, branch.id)
        reached = await goal.leaf(tx, branch) if goal else None
        walked += 1
    if walked == 0:
        raise Refused(_("There is nothing to bring back: nothing was taken back since the newest passage."))
    if goal is not None and reached is None:
        raise Refused(_("Going forward does not lead to that passage. `/redo all` shows where it leads."))
    if reached is not None and reached.slot != branch.head:
        await history.go_back(tx, branch, reached, "rollback")
    return changes[-history.NAMED :]


async def _next(tx: Transaction, branch: Branch) -> Step | None:
    return await steps.to_redo(tx, branch.id, branch.head)


def _require_room(known: list[Branch]) -> None:
    if len(known) >= MOST:
        raise Refused(
            _("A story has at most {most} branches. `/branch` switches to one that is there.", most=MOST)
        )


def _line(raw: str) -> str:
    """Clean a name: one line."""
    return " ".join(clean_passage(raw, limit=NAME).split())
