"""Carry votes through: open them, take what people press, and let what was chosen happen."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from bot.clock import now
from bot.engine.errors import EngineClosed
from bot.errors import Refused, StoryloomError
from bot.locales import Text, _
from bot.reply.answers import UNSAID
from bot.reply.aside import Aside
from bot.reply.performance import Performance
from bot.reply.vote_board import THINKING, VoteBoard
from bot.story import standing
from bot.story.lore.lore_check import LoreCheck
from bot.story.people import Person, Place
from bot.story.turns import keeping
from bot.story.turns.rights import require_unsealed
from bot.story.votes.ballot_box import BallotBox, require_told
from bot.story.votes.polls import Decision, Poll
from bot.story.votes.twists import Twist, Twists
from storage import votes
from storage.database import Database
from storage.stories import Story
from storage.votes import NewOption, Option, Size

log = structlog.get_logger(__name__)

HOUR = 3600  # seconds

Thinking = asyncio.Task[Text | None]
"""Adds to a vote what the narrator thinks of; its result is why it could not, if that is so."""


class Voting:
    """Act on votes, for the commands, the buttons and the clock alike."""

    def __init__(
        self,
        *,
        ballot_box: BallotBox,
        twists: Twists,
        performance: Performance,
        check: LoreCheck,
        cards: VoteBoard,
        aside: Aside,
        database: Database,
    ) -> None:
        self._cards = cards
        self._aside = aside
        self._ballot_box = ballot_box
        self._twists = twists
        self._performance = performance
        self._check = check
        self._database = database
        self._thinking: dict[int, Thinking] = {}

    async def offer_twists(
        self, place: Place, person: Person, *, hidden: bool, seconds: int | None
    ) -> tuple[Poll, Text | None]:
        """Let the narrator invent twists and put them to the group; without a good one people propose their own.

        Return the vote, and why the narrator could not invent any, if that is so.

        Without `seconds` they may vote as long as a turn lasts, an hour where there are no turns.
        """
        story = await self._ballot_box.require_none(place)
        await require_unsealed(self._database, story)  # twists tell of people whom nobody may know of yet
        poll = await self._ballot_box.open(
            story, person, "twist", [], hidden=hidden, seconds=seconds or await self._usual(story)
        )
        trouble = None
        if thinking := await self._put_up(poll):
            await asyncio.wait({thinking})
            trouble = None if thinking.cancelled() else thinking.result()
        return await self._ballot_box.poll(poll.vote.id) or poll, trouble

    async def cast(self, place: Place, person: Person, vote_id: int, number: int) -> Option | None:
        """Take a ballot, or the host's word in a tie; return what was voted for, None where a tie was broken."""
        poll = await self._ballot_box.poll(vote_id)
        if poll is not None and poll.vote.state == "tied" and may_host(poll, person):
            decision = await self._ballot_box.choose(place, person, vote_id, number)
            await self._carry_out(decision, person)
            return None
        poll = await self._ballot_box.cast(place, person, vote_id, number)
        self._performance.board.tell(poll.story.id)
        if (
            poll.complete
            and not poll.counted_by_turns
            and (decided := await self._ballot_box.complete(vote_id)) is not None
        ):
            await self._carry_out(decided, person)
        else:
            self._cards.refresh(vote_id)
        return next(option for option in poll.options if option.number == number)

    async def propose(self, place: Place, person: Person, vote_id: int, text: str, *, verbatim: bool) -> None:
        """Add a proposal."""
        await self._ballot_box.propose(place, person, vote_id, text, verbatim=verbatim)
        await self._cards.show(vote_id)

    async def close(self, place: Place, person: Person, vote_id: int) -> None:
        """Count now."""
        await self._carry_out(await self._ballot_box.close(place, person, vote_id), person)

    async def run_off(self, place: Place, person: Person, vote_id: int) -> None:
        """Vote again between what tied."""
        await self._ballot_box.run_off(place, person, vote_id)
        await self._cards.show(vote_id)

    async def go(self, place: Place, person: Person, vote_id: int) -> None:
        """Let the narrator write what was chosen, if that still waits."""
        poll = await self._ballot_box.poll(vote_id)
        if poll is None or not await self._cards.waiting(poll):
            await self._cards.show(vote_id)
            raise Refused(
                _("What was chosen here is in the story already. Continue lets the narrator go on.")
            )
        await require_told(self._database, place, poll.story)
        await self._performance.go_on_in(poll.story, person)
        await self._cards.show(vote_id)

    async def propose_next(self, place: Place, person: Person, words: str) -> None:
        """Add someone's words to the vote on what comes next, as the passage itself."""
        story = await standing.running(self._database, place)
        vote = await votes.open_in(self._database, story.id)
        if vote is None or vote.kind != "next":
            raise Refused(
                _("The next vote is not open yet. It comes in a moment; send your words again then."),
                words=words,
            )
        await self.propose(place, person, vote.id, words, verbatim=True)

    async def ask_what_is_next(self, story: Story, *, seconds: int) -> None:
        """Open the vote on what comes next, unless one is open; the narrator proposes later, if it can."""
        if await votes.open_in(self._database, story.id) is not None:
            return
        host = Person(story.hosted_by or 0, story.host_name or story.starter_name or "—")
        try:
            poll = await self._ballot_box.open(story, host, "next", [], hidden=False, seconds=seconds)
        except Refused as refusal:
            # Meanwhile the story was paused, or somebody asked for twists: that comes first.
            log.info("what is next is not asked now", reason=refusal.text.msgid, story=story.id)
            return
        await self._put_up(poll)

    async def catch_up(self) -> None:
        """Bring cards up to date, and think again of choices for which a restart came too early."""
        for poll in await self._ballot_box.behind():
            vote = poll.vote
            if vote.state == "open" and vote.shown.endswith(THINKING) and poll.story.state == "running":
                self._think(poll)
        await self._cards.catch_up()

    async def count(self, vote_id: int) -> None:
        """Count a vote that nobody has to close."""
        if (decision := await self._ballot_box.complete(vote_id)) is not None:
            vote = decision.poll.vote
            await self._carry_out(decision, Person(vote.opened_by or 0, vote.opener_name or "—"))

    async def waits(self, story: Story) -> bool:
        """Tell whether what was chosen last, of what comes next, waits for the narrator."""
        vote = await votes.newest(self._database, story.id, "next")
        poll = await self._ballot_box.poll(vote.id) if vote else None
        return poll is not None and await self._cards.waiting(poll)

    def carry_out(self, decision: Decision) -> None:
        """Do, beside the events, what a vote came to whose time was up."""
        vote = decision.poll.vote
        self._aside.run(self._carry_out(decision, Person(vote.opened_by or 0, vote.opener_name or "—")))

    async def rest(self) -> None:
        """Wait until what goes on beside the events is done; what is being thought of, the next start does."""
        for thinking in list(self._thinking.values()):
            thinking.cancel()
        await self._aside.rest()

    async def _put_up(self, poll: Poll) -> Thinking | None:
        """Show a vote at once, and let the narrator think of choices for it beside the events."""
        if not poll.story.narrates:
            await self._cards.put_up(poll)
            return None
        self._cards.thinking.add(poll.vote.id)
        try:
            await self._cards.put_up(poll)
        except UNSAID:
            self._cards.thinking.discard(poll.vote.id)
            raise
        return self._think(poll)

    def _think(self, poll: Poll) -> Thinking:
        vote_id = poll.vote.id
        self._cards.thinking.add(vote_id)
        task = self._thinking[vote_id] = self._aside.run(self._suggest(poll))
        task.add_done_callback(lambda _done: self._thinking.pop(vote_id, None))
        return task

    async def _suggest(self, poll: Poll) -> Text | None:
        """Add what the narrator thinks of to a vote; return why it could not, if that is so."""
        story, vote, trouble = poll.story, poll.vote, None
        sizes: tuple[Size, ...] = (
            ("minor", "major", "curveball") if vote.kind == "twist" else ("minor", "major")
        )
        try:
            invented = await self._twists.invent(story, person_id=vote.opened_by or None, sizes=sizes)
            await self._ballot_box.suggest(vote.id, _options(invented))
        except EngineClosed as error:
            return error.text  # the next start thinks again
        except StoryloomError as error:
            log.info("the narrator proposes nothing", reason=error.text.msgid, story=story.id)
            trouble = error.text
        finally:
            self._cards.thinking.discard(vote.id)
        await self._cards.show(vote.id)
        return trouble

    async def _carry_out(self, decision: Decision, person: Person) -> None:
        """Show what was decided, and let it happen beside the events: nobody has to wait for the narrator.

        It happens also where Discord does not let the card be changed.
        """
        if thinking := self._thinking.get(decision.poll.vote.id):
            thinking.cancel()
        try:
            await self._cards.show(decision.poll.vote.id)
        finally:
            self._aside.run(self._happen(decision, person))

    async def _happen(self, decision: Decision, person: Person) -> None:
        """Let what was chosen be the next passage, or the narrator write it."""
        poll = decision.poll
        if decision.written is not None:
            assert poll.winner is not None  # its words are what was written
            author = Person(poll.winner.author_id or 0, poll.winner.author_name or "—")
            await self._check.flag_written(decision.written, person_id=author.id)
            place = Place(poll.story.guild_id, poll.vote.channel_id)
            await self._performance.show_written(decision.written, place, author)
        elif poll.vote.state == "decided" and poll.story.narrates:
            try:
                # The group has decided, so it is nobody's turn to say no.
                await self._performance.go_on_in(poll.story, replace(person, moderator=True))
            except StoryloomError as error:
                # It waits; the card has a button for it, and the next Continue takes it too.
                log.info("what was chosen waits", reason=error.text.msgid, vote=poll.vote.id)
            await self._cards.show(poll.vote.id)
        self._performance.board.tell(poll.story.id)

    async def _usual(self, story: Story) -> int:
        """Return how many seconds a vote lasts in a story."""
        rules = (await keeping.read(self._database, story.id)).state.rules
        return HOUR if rules.mode == "free" else rules.length // 1000


def may_host(poll: Poll, person: Person) -> bool:
    """Tell whether someone may decide about the vote's story."""
    return person.moderator or person.id == poll.story.hosted_by


def _options(invented: Sequence[Twist]) -> list[NewOption]:
    """Return what the narrator invented as it is put to the vote."""
    return [NewOption(text=one.text, created=now(), size=one.size, device=one.device) for one in invented]
