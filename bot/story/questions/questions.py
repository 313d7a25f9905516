"""Answer questions about a story from what is read in it and from its lore; nothing in the story moves by it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from bot.clock import now
from bot.errors import Refused
from bot.locales import _
from bot.story.ability import READING, Ability
from bot.story.boundaries.agreement import bounds_of, require_within
from bot.story.narration.draft import Waiting, Writing
from bot.story.people import Person, Place
from bot.story.questions.answering import Source, judge, messages
from bot.story.questions.finding import Finder
from bot.story.scribe import Scribe
from bot.story.text import INVISIBLE
from bot.story.turns.rights import require_unsealed
from storage import displays, notices, stories
from storage.database import Database
from storage.stories import Story

LONGEST = 300  # characters of a question
NEAREST = 3  # excerpts shown where there is no answer
MOST_BYTES = 6000  # of excerpts, however much the model could read: more only hides the right one


@dataclass(frozen=True, slots=True)
class Cited:
    """Hold a source and where it can be read: a message and its channel, where one shows it."""

    source: Source
    channel_id: int | None = None
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Tell what came of a question.

    `answered` has a text that its sources carry. Else the story does not say it, as far as can be told, and the
    sources are what comes nearest; `silent` is where nothing does.
    """

    story: Story
    question: str
    outcome: Literal["answered", "nearest", "silent"]
    text: str
    sources: tuple[Cited, ...]


class Questions:
    """Take questions from any number of people at once; each gets an answer of their own."""

    def __init__(self, *, database: Database, scribe: Scribe, ability: Ability, finder: Finder) -> None:
        self._database = database
        self._scribe = scribe
        self._ability = ability
        self._finder = finder

    async def ask(
        self, place: Place, person: Person, question: str
    ) -> AsyncGenerator[Waiting | Writing | Answer]:
        """Yield the place in the queue, the answer as it grows, and at last what it is worth.

        Neither a model that cannot read well enough is asked, nor any for a story that people alone tell: then the
        passages that come nearest are the answer.
        """
        story = await stories.newest_in(self._database, place.channel_id)
        if story is None:
            raise Refused(_("There is no story here to ask about. Start one with `/story start`."))
        question = await self._checked(story, question)
        bounds = await bounds_of(self._database, story)
        sources = await self._finder.find(story, question, size=await self._room(story))
        said = ""
        if sources and story.narrates and await self._ability.reads(story, person_id=person.id):
            steps = self._scribe.stream(
                messages=messages(story.language, story.title, sources, question),
                sampling=READING,
                story=story,
                person_id=person.id,
            )
            async with aclosing(steps):
                async for step in steps:
                    if isinstance(step, Writing):
                        if bounds.crossed_by(step.text, growing=True):
                            said = ""
                            break
                        said = step.text
                    yield step
        said = "" if bounds.crossed_by(said) else said
        yield await self._answer(story, question, said, sources)

    async def _checked(self, story: Story, raw: str) -> str:
        """Return a question as one line; refused where the story is secret, or the question no question."""
        await require_unsealed(self._database, story)
        question = " ".join(INVISIBLE.sub("", raw).split())[:LONGEST]
        if not any(char.isalnum() for char in question):
            raise Refused(_("There are no words in this question. Ask, for example, who somebody is."))
        await require_within(self._database, story, question)
        return question

    async def first_showing(self, message_id: int) -> bool:
        """Note that an answer is shown to everyone; tell if it was not before."""
        async with self._database.transaction() as tx:
            return await notices.first_time(tx, "answer shown", str(message_id), created=now())

    async def _room(self, story: Story) -> int:
        room = await self._scribe.room(story.language, reserve=READING.max_tokens)
        return min(room // 2, MOST_BYTES)

    async def _answer(self, story: Story, question: str, said: str, sources: Sequence[Source]) -> Answer:
        if verdict := judge(said, question, sources):
            return Answer(story, question, "answered", verdict.text, await self._cited(verdict.sources))
        near = self._finder.near(sources)[:NEAREST]
        return Answer(story, question, "nearest" if near else "silent", "", await self._cited(near))

    async def _cited(self, sources: Sequence[Source]) -> tuple[Cited, ...]:
        return tuple([await self._one_cited(source) for source in sources])

    async def _one_cited(self, source: Source) -> Cited:
        shown = await displays.of_passage(self._database, source.about) if source.kind == "passage" else []
        return Cited(source, shown[0].channel_id, shown[0].message_id) if shown else Cited(source)
