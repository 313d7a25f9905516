"""Let a group make the next passage together: a round in which all hand in, or a vote on what comes next.

What is to be done is found from how the story stands, so that it is done once, also after a crash: an open vote's card
is put up, what a closed round holds is woven, a closed vote is counted.
"""

from collections.abc import Sequence
from functools import partial

import structlog

from bot.clock import Clock
from bot.engine.request import ModelInfo
from bot.errors import StoryloomError
from bot.locales import Text, _, _n
from bot.reply.answers import UNSAID
from bot.reply.performance import Performance
from bot.reply.voting import Voting
from bot.story import standing
from bot.story.lore.lore_check import LoreCheck
from bot.story.narration.interruptions import Suspended
from bot.story.people import Person, Place
from bot.story.standing import NotTold
from bot.story.storyteller import Written
from bot.story.turns import keeping, moves
from bot.story.turns.keeping import Kept
from bot.story.votes.rounds import Rounds, Weave
from storage import votes
from storage.database import Database
from storage.passages import Passage
from storage.stories import Story

log = structlog.get_logger(__name__)


class Gathering:
    """Attend to stories whose turn mode gathers."""

    def __init__(
        self,
        *,
        rounds: Rounds,
        voting: Voting,
        performance: Performance,
        check: LoreCheck,
        database: Database,
        clock: Clock,
        model: ModelInfo,
    ) -> None:
        self._rounds = rounds
        self._voting = voting
        self._performance = performance
        self._check = check
        self._database = database
        self._clock = clock
        self._model = model

    async def take(self, place: Place, person: Person, words: str) -> Text | None:
        """Take someone's words where they are no passage at once; return what to tell them, None where they are."""
        story = await standing.running(self._database, place)
        mode = (await keeping.read(self._database, story.id)).state.rules.mode
        if mode == "round":
            handed_in = await self._rounds.hand_in(place, person, words)
            self._performance.board.tell(story.id)
            return _n(
                "Your words are in this round, and nobody sees them yet. {n} person has handed in;"
                " write again to change yours.",
                "Your words are in this round, and nobody sees them yet. {n} people have handed in;"
                " write again to change yours.",
                handed_in.number,
            )
        if mode == "vote":
            await self._voting.propose_next(place, person, words)
            return _("Your words are among the choices: if they win, they are the next passage.")
        return None

    async def show(self, story: Story, written: Sequence[Passage]) -> None:
        """Show what was handed in for a round and stands in the story as it is."""
        board = self._performance.board
        for passage in written:
            made = Written(story, passage.text, passage=passage)
            await self._check.flag_written(made, person_id=passage.author_id or 0)
            try:
                await board.show(board.sheet(story.channel_id), passage, story)
            except UNSAID as error:
                # It is in the story; the others are to be seen all the same.
                log.warning("a passage could not be shown", error=repr(error), story=story.id)

    async def attend(self, story: Story, kept: Kept) -> None:
        """Do what is due in a story, while nobody narrates in it."""
        state = kept.state
        if state.rules.mode == "round" and state.closed:
            await self._make(story)
        elif state.rules.mode != "round" and await self._rounds.left_open(story):
            await self._put_in(story)
        elif state.rules.mode == "vote" and state.closed:
            await self._decide(story)
        elif state.rules.mode == "vote":
            await self._voting.ask_what_is_next(story, seconds=state.rules.length // 1000)

    async def _make(self, story: Story) -> None:
        """Make a passage of a closed round: woven, if there is more than one to weave and it can be done."""
        weave = await self._rounds.gathered(story)
        # A model that does not know the language takes minutes over what nobody can use.
        able = story.narrates and self._model.writes(story.language)
        alone = weave is None or weave.again or len(weave.contributions) < 2
        if weave is not None and not alone and able and await self._woven(story, weave):
            return
        await self._put_in(story)

    async def _put_in(self, story: Story) -> None:
        """Let what was handed in stand in the story as it is."""
        await self.show(story, await self._rounds.put_in(story))
        self._performance.board.tell(story.id)

    async def _woven(self, story: Story, weave: Weave) -> bool:
        """Let the narrator weave; tell whether it did, or will."""
        host = Person(
            story.hosted_by or 0, story.host_name or story.starter_name or "—", True, story.language
        )
        try:
            return await self._performance.weave(story, host, weave.direction(story.language))
        except Suspended:
            return True  # the next start goes on
        except NotTold:
            log.info("a round is made a passage once the story goes on", story=story.id)
            return True
        except StoryloomError as error:
            log.info("a round could not be woven", reason=error.text.msgid, story=story.id)
            return False

    async def _decide(self, story: Story) -> None:
        """Count the vote of a closed round; one that came to nothing is asked anew."""
        vote = await votes.open_in(self._database, story.id)
        if vote is not None and vote.kind == "next" and vote.state == "open" and vote.round == 1:
            await self._voting.count(vote.id)
            vote = await votes.open_in(self._database, story.id)
        if vote is None and not await self._voting.waits(story):
            async with self._database.transaction() as tx:
                now = self._clock.now()
                await keeping.move(tx, story, partial(moves.narrated, now=now), now=now)
            self._performance.board.tell(story.id)
