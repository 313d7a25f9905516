"""Let anyone pause, rewind or leave a scene without anybody learning who: nothing of it is kept beside a name.

What keeps one person from doing so again and again is remembered for some minutes, in memory alone.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Sequence

from bot.clock import now
from bot.errors import Refused
from bot.locales import _
from bot.story import standing
from bot.story.boundaries.agreement import note_place
from bot.story.narration.narrator import Narrator
from bot.story.people import Person, Place
from bot.story.standing import Standing
from bot.story.tree import history
from bot.story.tree.moved import Moved, moved
from bot.story.turns import keeping as turns
from storage import actions, boundaries, stories, trail
from storage.database import Database, Transaction
from storage.stories import Story
from storage.trail import Told

LONGEST = 8  # passages that are taken back at once
BREAK = 30 * 60 * 1000  # milliseconds of silence, after which people begin another scene
OFTEN = 5
MEANWHILE = 600.0  # seconds in which one person may do so that often
_MARK = re.compile(r"\s*(?:[*＊]{3,}|[-—=]{3,}|[*＊] [*＊] [*＊]|§|⁂|第.{1,6}[章节幕场])")


class Scenes:
    """Pause, rewind and leave scenes."""

    def __init__(
        self, *, database: Database, narrator: Narrator, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Stop a narrator who is writing; `clock` tells seconds."""
        self._database = database
        self._narrator = narrator
        self._clock = clock
        self._asked: dict[tuple[int, int], deque[float]] = {}

    async def pause(self, place: Place, person: Person, story_id: int) -> Standing:
        """Let the story rest where it is."""
        await self._prepare(place, person, story_id)
        async with self._database.transaction() as tx:
            story = await _told_here(tx, place, story_id)
            story = await stories.pause(tx, story.id)
            await turns.displaced(tx, story.id)
            await _log(tx, story, "pause")
            return await standing.of(tx, story)

    async def resume(self, place: Place, person: Person, story_id: int) -> Standing:
        """Go on with a story; whom a host paused, only a host takes up again."""
        async with self._database.transaction() as tx:
            story = await stories.get(tx, story_id)
            if story.channel_id != place.channel_id or story.state != "paused":
                raise Refused(_("This story is not paused any more."))
            if await stories.running_in(tx, place.channel_id):
                raise Refused(
                    _("Another story is being told here now. `/story switch` changes between them.")
                )
            if not await _paused_by_nobody(tx, story):
                standing.require_host(story, person)
            story = await stories.resume(tx, story.id)
            await turns.displaced(tx, story.id)
            await _log(tx, story, "resume")
            return await standing.of(tx, story)

    async def rewind(self, place: Place, person: Person, story_id: int) -> Moved:
        """Let the story end where the scene began; `/redo` brings it back."""
        await self._prepare(place, person, story_id)
        async with self._database.transaction() as tx:
            await _told_here(tx, place, story_id)
            before = await standing.at_rest(tx, place)
            told = await trail.read(tx, before.branch.id, first=await _first(tx, before))
            if not told:
                raise Refused(_("The story is at its very beginning: there is nothing to take back."))
            begins = told[scene_start(told)]
            to = await trail.shown_before(tx, before.branch.id, begins.depth)
            changes = await history.go_back(tx, before.branch, to, "rollback")
            return await moved(tx, before, None, "rewind", changes)

    async def leave(self, place: Place, person: Person, story_id: int) -> Story:
        """Let the narrator's next passage begin later and elsewhere."""
        await self._prepare(place, person, story_id)
        async with self._database.transaction() as tx:
            story = await _told_here(tx, place, story_id)
            await boundaries.end_scene(tx, story.id)
            await _log(tx, story, "leave scene")
            return story

    async def _prepare(self, place: Place, person: Person, story_id: int) -> None:
        """Stop what is being written of the scene; refused where the person asked too often."""
        async with self._database.transaction() as tx:
            await note_place(tx, place)
            await _told_here(tx, place, story_id)
        self._require_rarely(place, person)
        await self._narrator.let_go(story_id)

    def _require_rarely(self, place: Place, person: Person) -> None:
        present = self._clock()
        for key, times in list(self._asked.items()):
            while times and times[0] < present - MEANWHILE:
                times.popleft()
            if not times:
                del self._asked[key]
        times = self._asked.setdefault((person.id, place.channel_id), deque())
        if len(times) >= OFTEN:
            raise Refused(
                _(
                    "You did this several times just now. Wait some minutes, or talk to a moderator: they can pause"
                    " the story for longer."
                )
            )
        times.append(present)


def scene_start(told: Sequence[Told]) -> int:
    """Return the index of the passage with which the newest scene begins."""
    for at in range(len(told) - 1, 0, -1):
        silence = told[at].passage.created - told[at - 1].passage.created
        if silence >= BREAK or _MARK.match(told[at].passage.text) or len(told) - at >= LONGEST:
            return at
    return 0


async def _first(tx: Transaction, stand: Standing) -> int:
    """Return the depth from which to look for the scene's beginning."""
    head = None if stand.branch.head is None else await trail.find(tx, stand.branch.id, stand.branch.head)
    return max(0, head.depth - 2 * LONGEST) if head else 0


async def _told_here(tx: Transaction, place: Place, story_id: int) -> Story:
    story = await stories.running_in(tx, place.channel_id)
    if story is None or story.id != story_id:
        raise Refused(_("This story is not being told here just now, so there is no scene to leave."))
    return story


async def _paused_by_nobody(tx: Transaction, story: Story) -> bool:
    done = await actions.of_story(tx, story.id, limit=20)
    last = next((action for action in done if action.kind == "pause"), None)
    return last is not None and last.actor_id is None


async def _log(tx: Transaction, story: Story, kind: str) -> None:
    """Log what was done, without who."""
    await actions.append(tx, story_id=story.id, kind=kind, created=now())
