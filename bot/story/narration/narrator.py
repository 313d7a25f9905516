"""Let the narrator write: one job per story, kept in the database from the asking to the finished passage.

A job that a crash interrupted is found again by `interrupted` and taken up by `resume`. Whatever happens to a
narration, its row goes, the words that people wrote meanwhile join the story, and the next job can start.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import structlog

from bot.clock import SYSTEM, Clock, now
from bot.engine.errors import EngineClosed, GenerationCancelled, QueueFull
from bot.errors import Refused, StoryloomError
from bot.locales import _
from bot.story import standing
from bot.story.boundaries.agreement import require_within
from bot.story.lore.jury import Jury
from bot.story.narration import again, finishing
from bot.story.narration.attempts import best, worth_another
from bot.story.narration.draft import Draft, Drafter, Waiting, Writing
from bot.story.narration.finishing import Done
from bot.story.narration.interruptions import LetGo, Suspended
from bot.story.people import Person, Place
from bot.story.standing import Standing
from bot.story.storyteller import require_asker
from bot.story.turns import keeping as turns
from bot.story.turns.rights import require_narrator
from storage import directions, narrations, passages, stories
from storage.database import Database, Transaction
from storage.errors import StorageError
from storage.narrations import Kind, NewNarration
from storage.narrations import Narration as Job
from storage.passages import Passage
from storage.stories import Story

log = structlog.get_logger(__name__)

LETTING_GO = 5.0  # seconds for a narration to end that nobody wants any more


Progress = Waiting | Writing | Done


@dataclass(slots=True, eq=False)
class Narration:
    """Hold one job while it runs: iterate over `progress` to drive it; closing that early gives it up.

    `unwanted` tells that nothing of it shall stay, `over` that it is done; `before` is the take beside which another
    is written; `joined` are people's passages that came into the story when it was given up.
    """

    job: Job
    story: Story
    progress: AsyncGenerator[Progress]
    before: Passage | None = None
    draft: Draft | None = None
    stopped: bool = False
    joined: tuple[Passage, ...] = ()
    unwanted: bool = False
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        """End the writing where it is; the progress then ends with what was written."""
        self.stopped = True
        if self.draft is not None:
            self.draft.stop()


class Narrator:
    """Start, stop and take up narrations."""

    def __init__(
        self, *, database: Database, drafter: Drafter, jury: Jury, model: str, clock: Clock = SYSTEM
    ) -> None:
        """Keep the drafts of a drafter, as written by a model of that id."""
        self._database = database
        self._jury = jury
        self._clock = clock
        self._drafter = drafter
        self._model = model
        self._running: dict[int, Narration] = {}
        self._stuck: list[Narration] = []
        self._suspended = False

    def suspend(self) -> None:
        """Leave everything that is being written to the next start; each narration ends with Suspended."""
        self._suspended = True
        for narration in self._running.values():
            if narration.draft is not None:
                narration.draft.stop()

    async def begin(
        self,
        place: Place,
        person: Person,
        *,
        direction: str | None = None,
        passage_id: int | None = None,
        story_id: int | None = None,
    ) -> Narration:
        """Ask for the next passage; `direction` is guidance for it alone, `passage_id` what the person saw.

        NotTold where another story than `story_id` is told by now.
        """
        async with self._at_rest(place, story_id=story_id) as (tx, stand):
            standing.require_newest(stand, passage_id)
            chosen = await directions.waiting(tx, stand.story.id)
            wanted = " ".join([*chosen, *filter(None, [direction])]) or None
            return await self._open(tx, stand, person, "continue", wanted)

    async def weave(self, story: Story, person: Person, handed_in: str) -> Narration:
        """Ask for one passage of all that was handed in for a story's round; NotTold where that rests by now."""
        place = Place(story.guild_id, story.channel_id)
        async with self._at_rest(place, story_id=story.id) as (tx, stand):
            return await self._open(tx, stand, person, "weave", handed_in)

    async def retry(
        self, place: Place, person: Person, *, note: str | None = None, passage_id: int | None = None
    ) -> Narration:
        """Ask for another take of the newest passage, which must be the narrator's; the old one stays."""
        async with self._at_rest(place) as (tx, stand):
            standing.require_newest(stand, passage_id)
            return await self._open(tx, stand, person, "retry", note, replaces=again.newest(stand))

    async def retake(self, place: Place, person: Person, *, passage_id: int) -> Narration:
        """Ask for another take of a passage of the narrator's, wherever it stands; what follows stays as it is."""
        async with self._at_rest(place) as (tx, stand):
            old = await again.anywhere(tx, place, passage_id)
            return await self._open(tx, stand, person, "retry", None, replaces=old)

    async def fix(self, place: Place, person: Person, instruction: str) -> Narration:
        """Ask for the narrator's newest passage again, changed by an instruction and else as it is."""
        async with self._at_rest(place) as (tx, stand):
            old = await again.newest_of_narrator(tx, stand)
            return await self._open(tx, stand, person, "fix", instruction, replaces=old)

    async def interrupted(self) -> list[Job]:
        """Return the jobs that the last run of the bot left unfinished, oldest first."""
        return [job for job in await narrations.unfinished(self._database) if job.id not in self._running]

    async def resume(self, job: Job) -> Narration:
        """Take up an interrupted job from its beginning, with its own seed."""
        before = None if job.replaces is None else await passages.get(self._database, job.replaces)
        return self._follow(job, await stories.get(self._database, job.story_id), before)

    async def show_in(self, narration: Narration, message_id: int) -> None:
        """Note which message shows a narration, so that a restart finds it."""
        async with self._database.transaction() as tx:
            await narrations.show_in(tx, narration.job.id, message_id)

    async def abandon(self, narration: Narration) -> None:
        """Forget a job whose progress was never asked for: it could not even begin to be shown."""
        if self._running.pop(narration.job.id, None) is not None:
            await self._give_up(narration)

    def stop(self, job_id: int, person: Person) -> None:
        """Stop a narration for its asker or a moderator."""
        narration = self._running.get(job_id)
        if narration is None:
            raise Refused(_("This passage is not being written any more."))
        require_asker(narration.job.asked_by, person)
        narration.stop()

    async def let_go(self, story_id: int) -> None:
        """End what is being written of a story, if anything is, and keep nothing of it."""
        for narration in list(self._running.values()):
            if narration.job.story_id == story_id:
                narration.unwanted = True
                narration.stop()
                with suppress(TimeoutError):
                    await asyncio.wait_for(narration.over.wait(), LETTING_GO)

    @asynccontextmanager
    async def _at_rest(
        self, place: Place, *, story_id: int | None = None
    ) -> AsyncIterator[tuple[Transaction, Standing]]:
        """Begin something in a place's story, as `standing.at_rest` finds it."""
        await self._free_stuck()
        async with self._database.transaction() as tx:
            yield tx, await standing.at_rest(tx, place, story_id=story_id)

    async def _open(
        self,
        tx: Transaction,
        stand: Standing,
        person: Person,
        kind: Kind,
        direction: str | None,
        *,
        replaces: Passage | None = None,
    ) -> Narration:
        await require_narrator(tx, stand.story, person, now=self._clock.now())
        if direction:
            await require_within(tx, stand.story, direction)
        new = NewNarration(
            story_id=stand.story.id,
            kind=kind,
            parent=replaces.parent if replaces else stand.branch.head,
            asked_by=person.id,
            asker_name=person.name,
            locale=person.locale,
            direction=direction,
            seed=secrets.randbelow(2**31),
            channel_id=stand.story.channel_id,
            message_id=None,
            created=now(),
            replaces=replaces.id if replaces else None,
        )
        await turns.begun(tx, stand.story.id)
        return self._follow(await narrations.add(tx, new), stand.story, replaces)

    def _follow(self, job: Job, story: Story, before: Passage | None) -> Narration:
        narration = Narration(job, story, progress=self._progress(job), before=before)
        self._running[job.id] = narration
        return narration

    async def _progress(self, job: Job) -> AsyncGenerator[Progress]:
        """Drive one narration to its end, whatever that is."""
        narration = self._running[job.id]
        try:
            async with aclosing(self._drafts(narration)) as steps:
                async for step in steps:
                    yield step
            if not narration.unwanted:
                yield await self._finish(narration)
        except StoryloomError as error:
            if done := await self._rescue(narration, error):
                yield done
        finally:
            del self._running[job.id]
            if not self._suspended:
                await self._give_up(narration)
            narration.over.set()
        if narration.unwanted:
            raise LetGo

    async def _rescue(self, narration: Narration, error: StoryloomError) -> Done | None:
        """Keep what was written when something went wrong; raise that where nothing was."""
        if self._suspended or isinstance(error, EngineClosed):
            self._suspended = True
            raise Suspended from error
        if narration.unwanted:
            return None
        if narration.draft is None or not narration.draft.text:
            raise error
        return await self._finish(narration, None if isinstance(error, GenerationCancelled) else error)

    async def _drafts(self, narration: Narration) -> AsyncGenerator[Progress]:
        """Write drafts until one has no flaw, but not for ever; the least flawed counts."""
        drafts: list[Draft] = []
        while worth_another(drafts, weaving=narration.job.kind == "weave"):
            after = drafts[-1] if drafts else None
            draft = narration.draft = await self._drafter.begin(narration.job, after=after)
            if narration.stopped or self._suspended:
                draft.stop()
            try:
                async with aclosing(self._drafter.write(draft)) as steps:
                    async for step in steps:
                        yield step
            except QueueFull:
                if not any(written.text for written in drafts):
                    raise
                break  # who has waited gets a flawed passage rather than none
            if draft.flaw is None and draft.book is not None and not narration.stopped:
                person_id = narration.job.asked_by
                found = await self._jury.against(draft.story, draft.book, draft.text, person_id=person_id)
                draft.contradictions = tuple(found)
            if draft.flaw is None or narration.stopped:
                return
            drafts.append(draft)
            log.info("draft flawed", flaw=draft.flaw, number=len(drafts), story=narration.job.story_id)
        narration.draft = best(drafts)

    async def _finish(self, narration: Narration, trouble: StoryloomError | None = None) -> Done:
        """Commit what was written, as a passage to be read unless it was stopped or something went wrong."""
        draft = finishing.require_words(narration.draft)
        whole = not narration.stopped and trouble is None
        async with self._database.transaction() as tx:
            at = self._clock.now()
            done = await finishing.commit(tx, narration.job, draft, whole=whole, model=self._model, now=at)
        return replace(done, trouble=trouble)

    async def _free_stuck(self) -> None:
        """Give up what the database did not let go when it ended."""
        while self._stuck:
            await self._give_up(self._stuck.pop())

    async def _give_up(self, narration: Narration) -> None:
        """Forget a job that ended without a passage; words that came meanwhile join the story."""
        try:
            async with self._database.transaction() as tx:
                narration.joined = await finishing.close(tx, narration.job, now=self._clock.now())
        except StorageError:
            self._stuck.append(narration)  # tried again with the next asking
            raise
