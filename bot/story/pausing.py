"""Let the stories of one channel take turns at being told: pause one, go on with another, or with one that ended."""

from dataclasses import dataclass

from bot.clock import now
from bot.errors import Refused
from bot.locales import _
from bot.story import standing
from bot.story.people import Person, Place
from bot.story.standing import Standing
from bot.story.turns import keeping as turns
from storage import actions, stories
from storage.database import Database, Reader, Transaction
from storage.stories import Story


@dataclass(frozen=True, slots=True)
class Shift:
    """Tell which story of a channel rests from now on, and which is being told; None is neither."""

    paused: Standing | None = None
    resumed: Standing | None = None


def handle(story: Story) -> str:
    """Return a name for a story that no other has."""
    return f"#{story.id}"


class Pausing:
    """Pause stories and go on with them, for those who began them and for moderators."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def offered(self, place: Place) -> list[Story]:
        """Return the stories of a place that can go on, the paused ones first, newest first."""
        return await stories.resting_in(self._database, place.channel_id)

    async def find(self, place: Place, wanted: str | None) -> Story:
        """Return the resting story that someone names by its handle or title; None will do where there is but one."""
        return await _chosen(self._database, place, wanted)

    async def pause(self, place: Place, person: Person) -> Shift:
        """Let the running story rest, while the narrator is not writing."""
        async with self._database.transaction() as tx:
            return Shift(paused=await _pause(tx, place, person))

    async def resume(self, place: Place, person: Person, wanted: str | None) -> Shift:
        """Go on with a resting story where none is running."""
        async with self._database.transaction() as tx:
            if running := await stories.running_in(tx, place.channel_id):
                raise Refused(
                    _(
                        "“{title}” is being told here. To pause it and go on with another: `/story switch`.",
                        title=running.title,
                    )
                )
            found = await _chosen(tx, place, wanted)
            return Shift(resumed=await _resume(tx, person, found))

    async def switch(self, place: Place, person: Person, wanted: str) -> Shift:
        """Pause the running story, if one does, and go on with another: both or neither."""
        async with self._database.transaction() as tx:
            running = await stories.running_in(tx, place.channel_id)
            found = await _chosen(tx, place, wanted)
            paused = await _pause(tx, place, person) if running else None
            return Shift(paused, await _resume(tx, person, found))


async def _pause(tx: Transaction, place: Place, person: Person) -> Standing:
    stand = await standing.at_rest(tx, place)
    standing.require_host(stand.story, person)
    story = await stories.pause(tx, stand.story.id)
    await turns.displaced(tx, story.id)
    await _log(tx, story, person, "pause")
    return await standing.of(tx, story)


async def _resume(tx: Transaction, person: Person, found: Story) -> Standing:
    standing.require_host(found, person)
    story = await stories.resume(tx, found.id)
    await turns.displaced(tx, story.id)
    await _log(tx, story, person, "resume")
    return await standing.of(tx, story)


async def _chosen(reader: Reader, place: Place, wanted: str | None) -> Story:
    """Return the one that is meant: by its name as offered, its title, or a part of one title alone.

    Where that fits paused stories and some that ended, the paused ones are meant.
    """
    resting = await stories.resting_in(reader, place.channel_id)
    if not resting:
        raise Refused(_("No story rests here. `/story list` shows all there are, `/story start` begins one."))
    typed = " ".join((wanted or "").split()).casefold()
    for story in resting:
        if typed in (handle(story), story.title.casefold()):
            return story
    alike = [story for story in resting if typed in story.title.casefold()]
    paused = [story for story in alike if story.state == "paused"]
    if len(paused or alike) == 1:
        return (paused or alike)[0]
    raise Refused(
        _(
            "Which one? Resting here: {titles}. Choose one from the list that opens as you type.",
            titles=tuple(f"“{story.title}”" for story in (alike or resting)[:10]),
        )
    )


async def _log(tx: Transaction, story: Story, person: Person, kind: str) -> None:
    await actions.append(
        tx, story_id=story.id, kind=kind, created=now(), actor_id=person.id, actor_name=person.name
    )
