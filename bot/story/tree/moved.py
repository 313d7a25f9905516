"""Tell what a change of a story's tree changed for its readers, and log who made it."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.clock import now
from bot.story import standing
from bot.story.people import Person
from bot.story.standing import Standing
from bot.story.turns import keeping as turns
from storage import actions, stories
from storage.database import Transaction
from storage.trail import Change


@dataclass(frozen=True, slots=True)
class Moved:
    """Tell that a story is read differently: the newest passage before, where it stands now, what changed.

    Of a large move only the changes next to where it leads are named.
    """

    before: Standing
    now: Standing
    changes: tuple[Change, ...] = ()


async def moved(
    tx: Transaction,
    before: Standing,
    person: Person | None,
    kind: str,
    changes: Iterable[Change] = (),
    **detail: object,
) -> Moved:
    """Log what a person, or one who shall not be named, did to a story's branch; return how the story stands now."""
    await turns.displaced(tx, before.story.id)
    after = await standing.of(tx, await stories.get(tx, before.story.id))
    about = after.head.id if after.head else None
    await actions.append(
        tx,
        story_id=before.story.id,
        actor_id=person.id if person else None,
        actor_name=person.name if person else None,
        kind=kind,
        passage_id=about,
        detail={"from": before.head.id if before.head else None} | detail,
        created=now(),
    )
    return Moved(before, after, tuple(changes))
