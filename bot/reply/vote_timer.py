"""Count votes when their time is up."""

from bot.reply.voting import Voting
from bot.story.votes import polls
from bot.story.votes.polls import Decision
from storage import timers, votes
from storage.database import Transaction
from storage.timers import Timer

MOST_MORE = 600_000  # milliseconds that a vote gets at most, whose time ran out while the bot was away


class VoteTimer:
    """Be the timekeeper's handler for votes."""

    def __init__(self, *, voting: Voting) -> None:
        self._voting = voting
        self._decided: dict[int, Decision] = {}

    async def fire(self, tx: Transaction, timer: Timer, *, now: int) -> None:
        """Count a vote."""
        decision = await polls.ended(tx, timer.about, now=now)
        if decision is not None:
            self._decided[timer.about] = decision

    async def resume(self, tx: Transaction, timer: Timer, *, now: int) -> None:
        """Give a vote a quarter of its time again, ten minutes at most, where less than that is left."""
        vote = await votes.get(tx, timer.about)
        if vote is None or vote.state not in ("open", "tied") or vote.seconds is None:
            return
        fair = now + min(MOST_MORE, vote.seconds * 250)
        if timer.due < fair:
            await votes.change(tx, vote.id, state=vote.state, round_=vote.round, deadline=fair)
            await timers.put(tx, timer.kind, timer.about, fair)

    def fired(self, timer: Timer) -> None:
        """Show what a vote came to, and let it happen."""
        if (decision := self._decided.pop(timer.about, None)) is not None:
            self._voting.carry_out(decision)
