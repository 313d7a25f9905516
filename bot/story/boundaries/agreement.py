"""Keep a place's stories within what its people agreed on: a rating, lines never crossed, veils drawn over.

What holds for a thread is what was set there, in its channel and in its server: lines and veils add up, and of the
ratings the nearest counts. Nobody's name is kept beside a boundary, and no refusal repeats the word it is about.
"""

from dataclasses import dataclass

from bot.clock import now
from bot.errors import Refused
from bot.locales import _
from bot.story.boundaries.matching import Terms, fold, separate
from bot.story.boundaries.ratings import OUT, mildest
from bot.story.people import Person, Place
from bot.story.text import clean_passage
from storage import boundaries
from storage.boundaries import WHOLE_SERVER, Boundary, Kind
from storage.database import Database, Reader, Transaction
from storage.stories import Rating, Story

LONGEST = 100
MOST = 50  # boundaries in one place; what is said to the narrator has to stay short
MOST_PROPOSED = 10  # waiting in one place


@dataclass(frozen=True, slots=True)
class Bounds:
    """Hold what a story keeps to."""

    rating: Rating = "mature"
    lines: tuple[str, ...] = ()
    veils: tuple[str, ...] = ()

    def crossed_by(self, text: str, *, growing: bool = False) -> bool:
        """Tell whether a text crosses a line or does not fit the rating; of a `growing` one the last word is open."""
        return Terms((*self.lines, *OUT[self.rating])).within(text, growing=growing)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Tell what holds in a place and where each part was set, nearest first; proposals are for moderators."""

    place: Place
    rating: Rating | None
    held: tuple[Boundary, ...]
    proposed: tuple[Boundary, ...]

    @property
    def all(self) -> tuple[Boundary, ...]:
        """Return what holds and what was proposed."""
        return (*self.held, *self.proposed)


async def bounds_of(reader: Reader, story: Story) -> Bounds:
    """Return what a story keeps to, its own rating included."""
    scopes = await boundaries.scopes(reader, story.guild_id, story.channel_id)
    held = [b for b in await boundaries.of_scopes(reader, story.guild_id, scopes) if b.agreed]
    rating = await _rating(reader, story.guild_id, scopes)
    return Bounds(
        mildest(story.rating, rating) if rating else story.rating,
        tuple(dict.fromkeys(b.text for b in held if b.kind == "line")),
        tuple(dict.fromkeys(b.text for b in held if b.kind == "veil")),
    )


async def require_within(reader: Reader, story: Story, text: str) -> None:
    """Refuse words that cross what was agreed on where a story is told, and hand them back."""
    bounds = await bounds_of(reader, story)
    if Terms(bounds.lines).within(text):
        raise Refused(
            _(
                "There is something in these words that people here agreed to leave out. Nobody else was told."
                " Take it out and send them again; `/boundaries` shows, to you alone, what was agreed."
            ),
            words=text,
        )
    if bounds.crossed_by(text):
        raise Refused(
            _(
                "These words are stronger than this story is meant to be. Soften them and send them again;"
                " `/boundaries` shows, to you alone, who the stories here are for."
            ),
            words=text,
        )


async def require_rating(reader: Reader, place: Place, rating: Rating) -> None:
    """Refuse a rating that is stronger than what a place allows."""
    scopes = await boundaries.scopes(reader, place.guild_id, place.channel_id)
    if place.parent_id and place.parent_id not in scopes:
        scopes.insert(1, place.parent_id)
    allowed = await _rating(reader, place.guild_id, scopes)
    if allowed and mildest(allowed, rating) != rating:
        raise Refused(
            _(
                "Stories here are milder than that: `/boundaries` shows for whom they are told."
                " Choose that rating, or ask a moderator to change it."
            )
        )


async def note_place(tx: Transaction, place: Place) -> None:
    """Note where a thread belongs, so that what its channel agreed on holds there from now on."""
    if place.parent_id is not None:
        await boundaries.note_thread(tx, place.channel_id, place.parent_id)


class Boundaries:
    """Set what holds in a place: moderators do, everybody may propose, in private.

    For a whole server those do who manage it: `serves` tells whether the person does.
    """

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def show(self, place: Place, person: Person) -> Agreement:
        """Return what holds in a place."""
        async with self._database.transaction() as tx:
            await note_place(tx, place)
            return await _agreement(tx, place, person)

    async def draw(
        self,
        place: Place,
        person: Person,
        *,
        kind: Kind,
        text: str,
        whole_server: bool,
        serves: bool = False,
    ) -> Boundary:
        """Set a boundary, or propose it where the person may not decide."""
        text = " ".join(clean_passage(text, limit=LONGEST).split())
        _require_findable(text)
        async with self._database.transaction() as tx:
            await note_place(tx, place)
            scope = _scope(place, whole_server=whole_server)
            agreed = person.moderator and (scope != WHOLE_SERVER or serves)
            await _require_room(tx, place, scope, agreed=agreed)
            return await boundaries.put(
                tx,
                guild_id=place.guild_id,
                channel_id=scope,
                kind=kind,
                text=text,
                agreed=agreed,
                created=now(),
            )

    async def remove(self, place: Place, person: Person, text: str, *, serves: bool = False) -> Boundary:
        """Take away the nearest boundary of these words, a proposal too; for moderators."""
        _require_moderator(person)
        async with self._database.transaction() as tx:
            wanted = fold(" ".join(text.split()))
            for found in (await _agreement(tx, place, person)).all:
                if fold(found.text) == wanted:
                    _require_server(found.channel_id, serves=serves)
                    await boundaries.remove(tx, found.id)
                    return found
        raise Refused(
            _("Nothing like that was agreed on here. Choose one from the list that opens as you type.")
        )

    async def decide(
        self, place: Place, person: Person, boundary_id: int, *, agreed: bool, serves: bool = False
    ) -> Boundary:
        """Agree to a proposal or turn it down; for moderators of the place it was made for."""
        _require_moderator(person)
        async with self._database.transaction() as tx:
            found = await boundaries.get(tx, boundary_id)
            scopes = await boundaries.scopes(tx, place.guild_id, place.channel_id)
            if (
                found is None
                or found.agreed
                or (found.guild_id, found.channel_id in scopes) != (place.guild_id, True)
            ):
                raise Refused(_("Somebody has decided about this already. `/boundaries` shows what holds."))
            _require_server(found.channel_id, serves=serves)
            if agreed:
                await boundaries.agree(tx, found.id)
            else:
                await boundaries.remove(tx, found.id)
            return found

    async def rate(
        self,
        place: Place,
        person: Person,
        rating: Rating | None,
        *,
        whole_server: bool,
        serves: bool = False,
    ) -> None:
        """Set who the stories of a place may be for at the most; None leaves it to what is above the place."""
        _require_moderator(person)
        async with self._database.transaction() as tx:
            await note_place(tx, place)
            scope = _scope(place, whole_server=whole_server)
            _require_server(scope, serves=serves)
            await boundaries.rate(tx, place.guild_id, scope, rating)


async def _agreement(reader: Reader, place: Place, person: Person) -> Agreement:
    scopes = await boundaries.scopes(reader, place.guild_id, place.channel_id)
    found = await boundaries.of_scopes(reader, place.guild_id, scopes)
    found.sort(key=lambda boundary: scopes.index(boundary.channel_id))
    return Agreement(
        place,
        await _rating(reader, place.guild_id, scopes),
        tuple(boundary for boundary in found if boundary.agreed),
        tuple(boundary for boundary in found if not boundary.agreed) if person.moderator else (),
    )


async def _rating(reader: Reader, guild_id: int, scopes: list[int]) -> Rating | None:
    """Return the rating that was set nearest."""
    known = await boundaries.ratings(reader, guild_id, scopes)
    return next((known[scope] for scope in scopes if scope in known), None)


async def _require_room(reader: Reader, place: Place, scope: int, *, agreed: bool) -> None:
    there = await boundaries.of_scopes(reader, place.guild_id, [scope])
    if len(there) >= MOST:
        raise Refused(_("There are {n} boundaries here, as many as fit. Remove one first.", n=MOST))
    if not agreed and sum(not boundary.agreed for boundary in there) >= MOST_PROPOSED:
        raise Refused(
            _(
                "Many proposals wait for the moderators here. Please tell one of them directly, or try again later."
            )
        )


def _scope(place: Place, *, whole_server: bool) -> int:
    return WHOLE_SERVER if whole_server and place.guild_id else place.channel_id


def _require_findable(text: str) -> None:
    if not any(char.isalpha() for term in separate(text) for char in term):
        raise Refused(_("Name it in a word or a few: what is to be left out, like “spiders, snakes”."))


def _require_moderator(person: Person) -> None:
    if not person.moderator:
        raise Refused(
            _(
                "Moderators decide what holds here. You can propose a line or a veil: nobody will know that it was you."
            )
        )


def _require_server(scope: int, *, serves: bool) -> None:
    if scope == WHOLE_SERVER and not serves:
        raise Refused(
            _(
                "What holds on the whole server is decided by those who manage it. You can set the same for this"
                " channel."
            )
        )
