"""Look up where a story stands, and refuse kindly what does not fit that."""

from dataclasses import dataclass

from bot.errors import Refused
from bot.locales import _
from bot.story.people import Person, Place
from bot.story.text import inline_name
from storage import branches, narrations, passages, stories, trail
from storage.branches import Branch
from storage.database import Reader
from storage.passages import Passage
from storage.stories import Story


@dataclass(frozen=True, slots=True)
class Standing:
    """Hold a story, its current branch and its newest passage, as it is read (None before the first)."""

    story: Story
    branch: Branch
    head: Passage | None
    takes: tuple[int, ...] = ()

    @property
    def take(self) -> int:
        """Return which of its takes the newest passage is, from 1."""
        return self.takes.index(self.head.id) + 1 if self.head else 0


class NotTold(Refused):
    """Tell that nothing is told in a place, or another story than was meant."""


async def running(reader: Reader, place: Place, *, story_id: int | None = None) -> Story:
    """Return the story that is told in a place.

    NotTold with the way to start one where there is none, or where it is another than the story that was meant.
    """
    story = await stories.running_in(reader, place.channel_id)
    if story is None:
        raise await _nothing_told(reader, place)
    if story_id not in (None, story.id):
        raise NotTold(
            _("“{title}” is being told here now, and this belongs to another story.", title=story.title)
        )
    return story


async def _nothing_told(reader: Reader, place: Place) -> NotTold:
    resting = await stories.resting_in(reader, place.channel_id)
    if paused := [story for story in resting if story.state == "paused"]:
        return NotTold(
            _(
                "“{title}” is paused. Go on with it by `/story resume`, or start another with `/story start`.",
                title=paused[0].title,
            )
        )
    return NotTold(_("No story is being told here yet. Start one with `/story start`."))


async def of(reader: Reader, story: Story) -> Standing:
    """Return where a story stands now."""
    branch = await branches.get(reader, story.branch_id)
    newest = None if branch.head is None else await trail.find(reader, branch.id, branch.head)
    if newest is None or newest.shown is None:
        return Standing(story, branch, None)
    head = await passages.get(reader, newest.shown)
    return Standing(story, branch, head, tuple(await passages.takes(reader, head)))


async def at_rest(reader: Reader, place: Place, *, story_id: int | None = None) -> Standing:
    """Return where a place's story stands, as `running` finds it; refused while the narrator is writing."""
    story = await running(reader, place, story_id=story_id)
    if narration := await narrations.of_story(reader, story.id):
        raise Refused(
            _(
                "The narrator is writing for {name} just now. Wait until it is done, or press Stop under its text.",
                name=narration.asker_name,
            )
        )
    return await of(reader, story)


async def to_end(reader: Reader, place: Place) -> Story:
    """Return the story of a place that can end now: the one that is told, else the only one that is paused."""
    if await stories.running_in(reader, place.channel_id) is None:
        resting = await stories.resting_in(reader, place.channel_id)
        paused = [story for story in resting if story.state == "paused"]
        if len(paused) == 1:
            return paused[0]
        if paused:
            titles = tuple(f"“{story.title}”" for story in paused[:10])
            raise Refused(
                _(
                    "Which one? Paused here: {titles}. Go on with it by `/story resume`, then end it.",
                    titles=titles,
                )
            )
    return (await at_rest(reader, place)).story


def require_newest(standing: Standing, passage_id: int | None) -> None:
    """Refuse a button that stands under a passage that is no longer the newest."""
    newest = standing.head.id if standing.head else 0
    if passage_id is not None and passage_id != newest:
        raise Refused(_("The story has moved on since then. Use the buttons under the newest passage."))


def may_change(passage: Passage, person: Person) -> bool:
    """Tell whether someone may touch words: their own, the narrator's, and as a moderator all."""
    return passage.kind == "narrator" or passage.author_id == person.id or person.moderator


def require_author(passage: Passage, person: Person) -> None:
    """Refuse to touch another person's words; moderators may, and the narrator's are everyone's."""
    if not may_change(passage, person):
        raise Refused(
            _(
                "This passage is {name}'s own. Only {name} or a moderator can change it, take it back"
                " or bring it back.",
                name=passage.author_name or _("someone"),
            )
        )


def require_host(story: Story, person: Person) -> None:
    """Refuse to decide about a story that someone else hosts; moderators may."""
    if story.hosted_by != person.id and not person.moderator:
        raise Refused(
            _(
                "Only {name}, the host of this story, or a moderator can do that.",
                name=inline_name(story.host_name or story.starter_name or "?"),
            )
        )
