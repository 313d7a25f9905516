"""Keep the cards of votes in step with them.

A card is edited at most once in a while, however many people press, and never to what it shows already.
"""

import asyncio
import time
from weakref import WeakValueDictionary

import discord
import structlog

from bot.reply.answers import UNSAID
from bot.reply.aside import Aside
from bot.reply.board import Board
from bot.reply.cards import vote as vote_card
from bot.reply.sheet import DELETED, NOBODY, TOO_OLD
from bot.story.votes.ballot_box import BallotBox
from bot.story.votes.polls import Poll
from storage import directions
from storage.database import Database
from storage.votes import Vote

log = structlog.get_logger(__name__)

PACE = 1.5  # seconds between two edits of a card
THINKING = "thinking"  # what the next start reads of a card that says so


class VoteBoard:
    """Show votes in their channels."""

    def __init__(self, *, ballot_box: BallotBox, board: Board, database: Database, aside: Aside) -> None:
        self._ballot_box = ballot_box
        self._board = board
        self._database = database
        self._aside = aside
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._shown: dict[int, tuple[float, object]] = {}
        self._due: set[int] = set()
        self.thinking: set[int] = set()
        """The votes for which the narrator is thinking of choices."""

    async def waiting(self, poll: Poll) -> bool:
        """Tell whether what was chosen waits for the narrator."""
        waiting = await directions.waiting(self._database, poll.story.id)
        return poll.winner is not None and poll.winner.text in waiting

    async def put_up(self, poll: Poll) -> None:
        """Show a new vote; one that nobody can see is none."""
        try:
            await self.show(poll.vote.id)
        except UNSAID:
            await self._ballot_box.drop(poll.vote.id)
            raise

    async def catch_up(self) -> None:
        """Bring the cards up to date that the last run of the bot left behind."""
        for poll in await self._ballot_box.behind():
            try:
                await self.show(poll.vote.id)
            except UNSAID as error:
                log.warning("a vote could not be shown", vote=poll.vote.id, error=repr(error))

    def refresh(self, vote_id: int) -> None:
        """Bring a card up to date soon."""
        if vote_id not in self._due:
            self._due.add(vote_id)
            self._aside.run(self._refresh(vote_id))

    async def show(self, vote_id: int) -> None:
        """Bring a vote's card up to date now."""
        async with self._locks.setdefault(vote_id, asyncio.Lock()):
            poll = await self._ballot_box.poll(vote_id)
            if poll is None:
                return
            waiting = await self.waiting(poll)
            thinking = poll.vote.state == "open" and vote_id in self.thinking
            embed = vote_card.card(poll, thinking=thinking)
            view = vote_card.buttons(poll, waiting=waiting)
            face = (embed.to_dict(), view.to_components() if view else [])
            _when, before = self._shown.get(vote_id, (0.0, None))
            if before != face:
                message_id = await self._put(poll.vote, embed, view)
                pending = "waiting" if waiting else THINKING if thinking else ""
                await self._ballot_box.shown(poll.vote, message_id, pending=pending)
            self._shown[vote_id] = (time.monotonic(), face)
            if poll.vote.state in ("decided", "lapsed") and not waiting:
                del self._shown[vote_id]

    async def _refresh(self, vote_id: int) -> None:
        last, _face = self._shown.get(vote_id, (0.0, None))
        await asyncio.sleep(max(0.0, last + PACE - time.monotonic()))
        # What is pressed from here on is shown by the next refresh.
        self._due.discard(vote_id)
        await self.show(vote_id)

    async def _put(self, vote: Vote, embed: discord.Embed, view: discord.ui.View | None) -> int:
        """Edit the message of a vote, or send one where it has none that can be edited; return its id."""
        channel = self._board.channel(vote.channel_id)
        if vote.message_id is not None:
            try:
                message = channel.get_partial_message(vote.message_id)
                await message.edit(embed=embed, view=view, allowed_mentions=NOBODY)
                return vote.message_id
            except discord.HTTPException as error:
                if error.code not in (DELETED, TOO_OLD):
                    raise
                log.info("the card of a vote cannot be edited; sending it anew", vote=vote.id)
        sent = await channel.send(embed=embed, view=view or discord.utils.MISSING, allowed_mentions=NOBODY)
        return sent.id
