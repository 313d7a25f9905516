"""Look at a whole story: its tree, its credits, its quality."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from bot.errors import Refused
from bot.locales import _
from bot.story.languages import count_words
from bot.story.people import Place
from bot.story.survey import credits
from bot.story.survey.credits import Contribution, Credits
from bot.story.survey.quality import Meter, Report
from bot.story.survey.shape import Shape, shape
from bot.story.survey.writers import writer_of
from bot.story.turns.rights import require_unsealed
from bot.story.votes.woven import shared
from storage import branches, outlines, recaps, rounds, stories, trail
from storage.branches import Branch
from storage.database import Database
from storage.outlines import Sketch
from storage.stories import Story
from storage.trail import Told

OPENING = 120  # characters of a passage; more than a row of the picture holds


@dataclass(frozen=True, slots=True)
class Tree:
    """Hold a story's tree as it fits onto a page, and its branches, the one that is read first."""

    story: Story
    shape: Shape
    branches: tuple[Branch, ...]


class Survey:
    """Look at the story of a place: the one that runs there, else the newest; not while it is secret."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def tree(self, place: Place) -> Tree:
        """Return a story's tree; refused where nothing is written yet."""
        story = await self._story(place)
        lines = await branches.of_story(self._database, story.id)
        lines.sort(key=lambda branch: (branch.id != story.branch_id, branch.id))
        sketches: list[Sketch] = []
        async for some in outlines.of_story(self._database, story.id, characters=OPENING):
            sketches += some
        if not any(branch.head for branch in lines):
            raise _empty()
        shown = await outlines.changed(self._database, story.branch_id)
        # A large tree takes longer than the event loop may be held.
        shaped = await asyncio.to_thread(shape, sketches, lines, story.branch_id, shown)
        return Tree(story, shaped, tuple(lines))

    async def credits(self, place: Place) -> tuple[Story, Credits]:
        """Return who wrote how much of what is read; refused where nothing is."""
        story = await self._story(place)
        given: list[Contribution] = []
        names: dict[int, str] = {}
        async for some in self._told(story):
            handed_in = await rounds.handed_in_for(self._database, [told.passage for told in some])
            given += await asyncio.to_thread(_contributions, some, handed_in)
            names |= {
                told.passage.author_id: told.passage.author_name or ""
                for told in some
                if told.passage.author_id
            }
            names |= {one.author_id: one.author_name or "" for one in _all(handed_in) if one.author_id}
        chapters = await recaps.in_use(self._database, story.id, story.branch_id, "chapter")
        ends = [(recap.first_depth, recap.last_depth) for recap in chapters]
        return story, credits.tally(given, names, ends)

    async def quality(self, place: Place) -> tuple[Story, Report]:
        """Return a story's figures; refused where nothing is written yet."""
        story = await self._story(place)
        meter = Meter()
        async for some in self._told(story):
            await asyncio.to_thread(_measure, meter, some)
        return story, await asyncio.to_thread(meter.report)

    async def _story(self, place: Place) -> Story:
        story = await stories.newest_in(self._database, place.channel_id)
        if story is None:
            raise Refused(_("No story has been told here yet. Start one with `/story start`."))
        await require_unsealed(self._database, story)
        return story

    async def _told(self, story: Story) -> AsyncIterator[list[Told]]:
        """Yield what is read, in order; refused where that is nothing."""
        empty = True
        async for some in trail.whole(self._database, story.branch_id):
            empty = False
            yield some
        if empty:
            raise _empty()


def _empty() -> Refused:
    return Refused(
        _("The page is still empty: there is nothing to show. Write the first lines with `/write`.")
    )


def _contributions(
    some: list[Told], handed_in: Mapping[int, Sequence[rounds.Contribution]]
) -> list[Contribution]:
    """Count what passages brought; a woven one counts for all who handed in, and what is left for the narrator."""
    found = []
    for told in some:
        passage, words = told.passage, count_words(told.passage.text)
        parts: Counter[int] = Counter()
        for one in handed_in.get(passage.id, ()):
            parts[writer_of("person", one.author_id)] += count_words(one.text)
        given, left = shared(words, parts)
        found += [Contribution(told.depth, writer, number) for writer, number in given.items()]
        found.append(Contribution(told.depth, writer_of(passage.kind, passage.author_id), left))
    return found


def _all(handed_in: Mapping[int, Sequence[rounds.Contribution]]) -> list[rounds.Contribution]:
    return [one for some in handed_in.values() for one in some]


def _measure(meter: Meter, some: list[Told]) -> None:
    for told in some:
        passage = told.passage
        meter.take(
            number=told.depth + 1,
            writer=writer_of(passage.kind, passage.author_id),
            text=passage.text,
            created=passage.created,
        )
