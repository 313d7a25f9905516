"""Let people take their places at a story's table: seats, turns, the mode, the host."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from bot.clock import Clock
from bot.errors import Refused
from bot.locales import _
from bot.story import standing
from bot.story.people import Person, Place
from bot.story.text import inline_name
from bot.story.turns import arranging, keeping, moves, rights
from bot.story.turns.keeping import Kept
from bot.story.turns.state import Hosted, Mode, Outcome, Rules, Then, TurnState
from bot.story.votes import polls
from storage import actions, inbox, stories, timers, turns
from storage.database import Database, Transaction
from storage.passages import Passage
from storage.stories import Story
from storage.timers import Timer

HASTE = 5_000  # milliseconds in which a second skip of another person is taken for the same wish
BUSY = 60_000  # milliseconds until a turn is looked at again whose words wait for the narrator


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Say how turns shall go from now on; None leaves as it is."""

    mode: Mode | None = None
    length: int | None = None
    nudge: int | None = None
    then: Then | None = None
    patience: int | None = None
    others: int | None = None


@dataclass(frozen=True, slots=True)
class View:
    """Show how the turns of a story stand.

    `revealed` are passages that were secret until now, `ending` how the newest secret one ends, for who is to write on.
    """

    story: Story
    kept: Kept
    revealed: tuple[Passage, ...] = ()
    ending: str = ""

    @property
    def state(self) -> TurnState:
        """The state of its turns."""
        return self.kept.state


class TurnTable:
    """Make the moves that people ask for, and those that time makes."""

    def __init__(self, *, database: Database, clock: Clock, told: Callable[[int], None]) -> None:
        """Call `told` with a story's id when there may be something to say in its channel."""
        self._database = database
        self._clock = clock
        self._told = told

    async def look(self, place: Place, person: Person) -> View:
        """Return how the turns of a place's story stand, as this person may see them."""
        story, now = await standing.running(self._database, place), self._clock.now()
        kept = await keeping.current(self._database, story, now=now)
        ending = await keeping.ending_for(self._database, story, person.id, now=now)
        return View(story, kept, ending=ending)

    async def join(self, place: Place, person: Person, *, story_id: int | None = None) -> View:
        """Give someone a seat; `story_id` is the story that they saw."""
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            if story_id is not None and story_id != story.id:
                raise Refused(_("Another story is being told here now. `/turn join` gives you a seat in it."))
            state = (await keeping.read(tx, story.id)).state
            if state.seat(person.id) is not None:
                raise Refused(_("You have a seat already. `/turn order` shows when it is your turn."))
            if state.full:
                raise Refused(rights.full())
            made = partial(moves.join, person_id=person.id, name=person.name)
            return await self._move(tx, story, person, "turn join", made)

    async def leave(self, place: Place, person: Person) -> View:
        """Take someone's seat away at their own wish."""
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            if (await keeping.read(tx, story.id)).state.seat(person.id) is None:
                raise Refused(_("You have no seat in this story. `/turn join` gives you one."))
            made = partial(moves.leave, person_id=person.id)
            return await self._move(tx, story, person, "turn leave", made)

    async def skip(self, place: Place, person: Person) -> View:
        """Let the turn pass on: one's own, or for the host and moderators anyone's."""
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            state = (await keeping.current(tx, story, now=self._clock.now())).state
            _require_turn_to_pass(state)
            if state.holder is None or state.holder.id != person.id:
                standing.require_host(story, person)
                self._require_time_to_see(state)
            return await self._move(tx, story, person, "turn skip", moves.skip)

    async def give(self, place: Place, person: Person, to: Person) -> View:
        """Give the turn to another writer: for who has it, the host and moderators."""
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            state = (await keeping.current(tx, story, now=self._clock.now())).state
            _require_turn_to_pass(state)
            if not state.rules.in_turn:
                raise Refused(_("Here it is nobody's turn alone, so it cannot be given to anyone."))
            if state.holder is None or state.holder.id != person.id:
                standing.require_host(story, person)
            if state.seat(to.id) is None:
                name = inline_name(to.name)
                raise Refused(_("{name} has no seat yet. `/turn join` is how they take one.", name=name))
            made = partial(moves.give, person_id=to.id)
            return await self._move(tx, story, person, "turn next", made)

    async def arrange(self, place: Place, person: Person, wish: str) -> View:
        """Put the turns in the order in which people are named; for the host and moderators."""
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            standing.require_host(story, person)
            state = (await keeping.current(tx, story, now=self._clock.now())).state
            if not state.rules.in_turn:
                raise Refused(
                    _("Here nobody waits for their turn, so there is no order. `/turn mode` changes that.")
                )
            made = partial(moves.arrange, ids=arranging.parse(wish, state.seats))
            return await self._move(tx, story, person, "turn order", made)

    async def switch(self, place: Place, person: Person, wish: Wish) -> View:
        """Let turns go by other rules; for the host and moderators."""
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            standing.require_host(story, person)
            kept = await keeping.current(tx, story, now=self._clock.now())
            rules = _rules(kept.state.rules, wish)
            if rules.then == "narrator" and not story.narrates:
                raise Refused(
                    _(
                        "This story is told without the narrator, so it cannot fill in: choose to skip instead,"
                        " or let it in with `/story settings narrator`."
                    )
                )
            revealed = await keeping.secrets_of(tx, story) if rules.mode != "blind" else ()
            kept = await _at_other_rules(tx, kept, rules)
            made = partial(_switched, rules=rules, seed=keeping.fresh_seed(), host=person)
            view = await self._move(tx, story, person, "turn mode", made, kept=kept)
            await polls.turns_switched(tx, story, now=self._clock.now())
            return replace(view, revealed=revealed)

    async def reveal(self, place: Place, person: Person) -> View:
        """Let the secret passages of a blind story be read; for the host and moderators."""
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            standing.require_host(story, person)
            kept = await keeping.read(tx, story.id)
            revealed = await keeping.secrets_of(tx, story)
            if not revealed:
                raise Refused(_("Nothing is secret here: everything that was written can be read."))
            newest = await turns.newest_passage(tx, story.id)
            await keeping.keep(tx, story, replace(kept, sealed_after=newest), (), now=self._clock.now())
            await self._log(tx, story, person, "turn reveal")
            return View(story, kept, revealed)

    async def hand_over(self, place: Place, person: Person, to: Person) -> View:
        """Let someone else be the host; for the host and moderators."""
        async with self._database.transaction() as tx:
            story = await standing.running(tx, place)
            standing.require_host(story, person)
            if story.hosted_by == to.id:
                raise Refused(_("{name} is the host already.", name=inline_name(to.name)))
            await stories.hand_over(tx, story.id, host_id=to.id, host_name=to.name)
            story = await stories.get(tx, story.id)
            made = partial(_hosted, name=to.name)
            return await self._move(tx, story, person, "turn host", made)

    # As the handler of the timers that end turns

    async def fire(self, tx: Transaction, timer: Timer, *, now: int) -> None:
        """Nudge, or end the turn; the clock of a story that does not run stands still."""
        story = await stories.get(tx, timer.about)
        if story.state != "running":
            await keeping.move(tx, story, moves.stopped, now=now)
        elif await inbox.of_story(tx, story.id):
            # Someone has written; it counts as soon as the narrator is done.
            await timers.put(tx, timer.kind, timer.about, now + BUSY)
        else:
            await keeping.move(tx, story, partial(moves.ticked, now=now), now=now)

    async def resume(self, tx: Transaction, timer: Timer, *, now: int) -> None:
        """Give whoever is waited for some time again."""
        story = await stories.get(tx, timer.about)
        # Where no clock runs, the timer itself is to start one.
        if story.state == "running" and (await keeping.read(tx, story.id)).state.due is not None:
            await keeping.move(tx, story, partial(moves.resumed, now=now), now=now)

    def fired(self, timer: Timer) -> None:
        """Say in the channel what came of it."""
        self._told(timer.about)

    async def _move(
        self,
        tx: Transaction,
        story: Story,
        person: Person,
        kind: str,
        made: Callable[..., Outcome],
        *,
        kept: Kept | None = None,
    ) -> View:
        now = self._clock.now()
        if kept is not None:
            await keeping.keep(tx, story, kept, (), now=now)
        after = await keeping.move(tx, story, partial(made, now=now), now=now, by=person.id)
        await self._log(tx, story, person, kind)
        return View(story, after)

    async def _log(self, tx: Transaction, story: Story, person: Person, kind: str) -> None:
        await actions.append(
            tx,
            story_id=story.id,
            kind=kind,
            created=self._clock.now(),
            actor_id=person.id,
            actor_name=person.name,
        )

    def _require_time_to_see(self, state: TurnState) -> None:
        """Refuse the second of two people who skip the same writer at once: it would skip the next."""
        if state.holder is not None and self._clock.now() - state.since < HASTE:
            raise Refused(
                _(
                    "The turn has just passed to {name}. If you mean to skip {name} too, do it again in a moment.",
                    name=inline_name(state.holder.name),
                )
            )


def _require_turn_to_pass(state: TurnState) -> None:
    if state.rules.mode == "free":
        raise Refused(
            _("Everyone writes as they like here, so there is no turn to pass. `/turn mode` changes that.")
        )
    if not state.seats:
        raise Refused(_("Nobody has a seat yet, so it is nobody's turn. `/turn join` gives you one."))
    if state.closed:
        raise Refused(
            _("This round is closed, and its passage is being made. Hand in again when the next opens.")
        )
    if state.rules.gathers and not state.handed_in:
        raise Refused(_("Nobody has handed in yet, so there is nothing to make a passage of."))


def _rules(before: Rules, wish: Wish) -> Rules:
    names = ("mode", "length", "nudge", "then", "patience", "others")
    return replace(before, **{name: value for name in names if (value := getattr(wish, name)) is not None})


async def _at_other_rules(tx: Transaction, kept: Kept, rules: Rules) -> Kept:
    """Begin a new epoch where the mode changes; what a blind story holds is secret from its beginning on."""
    if rules.mode == kept.state.rules.mode and kept.epoch:
        return kept
    sealed_after = await turns.newest_passage(tx, kept.story_id) if rules.mode == "blind" else None
    return replace(kept, epoch=kept.epoch + 1, sealed_after=sealed_after)


def _switched(state: TurnState, *, rules: Rules, seed: int, host: Person, now: int) -> Outcome:
    """Set other rules; at an empty table who sets them is the first to sit down."""
    state, effects = moves.switch(state, rules, now=now, seed=seed)
    if state.seats or rules.mode == "free":
        return state, effects
    state, joined = moves.join(state, host.id, host.name, now=now)
    return state, (*effects, *joined)


def _hosted(state: TurnState, *, name: str, now: int) -> Outcome:
    return state, (Hosted(name),)
