"""Let the model tell in few words what happened; believe it where the text bears it out, and else quote the text."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from bot.engine.errors import PromptTooLong
from bot.engine.request import Message, ModelInfo, Sampling
from bot.story.ability import Ability
from bot.story.boundaries.agreement import Bounds, bounds_of
from bot.story.languages import count_words, script_of
from bot.story.lore.book import keys_of
from bot.story.lore.keys import KeyIndex
from bot.story.lore.patterns import is_pattern
from bot.story.memory.extract import extract, joined
from bot.story.narration.flaws import is_looping
from bot.story.questions.excerpts import sentences
from bot.story.scribe import Scribe
from bot.story.terms import content, covered, names
from bot.story.text import neutralise
from bot.story.wording import sections
from storage.database import Database
from storage.lore import Version
from storage.stories import Language, Story

log = structlog.get_logger(__name__)

ATTEMPTS = 3
BORNE_OUT = 0.6  # share of a recap's terms that its source must have
_SHORTEST = 0.2  # of the wanted length
_LONGEST = 1.5
_TALK = re.compile(r"\b(?:the|this) (?:story|passage|scene|part|text)\b|故事|这一段|本段", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kind:
    """Name a section of the recap prompts, and about how many words, or Chinese characters, it asks for."""

    name: str
    words: int
    characters: int

    def length(self, language: str) -> int:
        """Return the wanted length in what a language counts."""
        return self.characters if language == "zh" else self.words


KINDS = {
    kind.name: kind
    for kind in (
        Kind("scene", 60, 100),
        Kind("chapter", 90, 150),
        Kind("book", 140, 230),
        Kind("visit", 120, 200),
    )
}


@dataclass(frozen=True, slots=True)
class Retelling:
    """Hold what happened in few words; `own` are those of the model, else the text's sentences."""

    text: str
    own: bool


@dataclass(frozen=True, slots=True)
class _Task:
    """Hold what is to be retold, and what the retelling is held against."""

    story: Story
    kind: Kind
    source: str
    names: "Names"
    bounds: Bounds
    person_id: int | None

    @property
    def language(self) -> Language:
        return language_of(self.source)

    @property
    def length(self) -> int:
        return self.kind.length(self.language)

    def quoted(self) -> Retelling:
        """Retell by the text's own sentences."""
        needs = [partial(self.names.named, fact_id=fact_id) for fact_id in self.names.ids]
        return Retelling(extract(self.source, words=self.length, needs=needs), own=False)

    def fault(self, said: str) -> str | None:
        """Return why a retelling cannot be believed or shown, if it cannot."""
        return "crosses a line" if self.bounds.crossed_by(said) else fault_of(said, self.source, self.length)


class Recapper:
    """Tell what happened."""

    def __init__(self, *, database: Database, scribe: Scribe, ability: Ability, model: ModelInfo) -> None:
        self._database = database
        self._scribe = scribe
        self._ability = ability
        self._model = model

    def writes(self, language: str) -> bool:
        """Tell whether the model knows a language."""
        return self._model.writes(language)

    async def retell(
        self,
        story: Story,
        kind: str,
        texts: Sequence[str],
        *,
        facts: Sequence[Version] = (),
        person_id: int | None = None,
    ) -> Retelling:
        """Return what happened in some texts; names of `facts` that occur in them are in it.

        A model that cannot read well enough is not asked. Raises what ends a stream, but for a text that is too
        long: that is told by its own sentences.
        """
        task = await self._task(story, kind, texts, facts, person_id)
        if not self.writes(task.language) or not await self._ability.reads(story, person_id=person_id):
            return await asyncio.to_thread(task.quoted)
        sound: str | None = None  # the first of its kind: later tries pick their words more freely
        for number in range(ATTEMPTS):
            try:
                said = _cut(await self._say(task, number), task.length)
            except PromptTooLong as error:
                log.info("too long to be retold", tokens=error.tokens, limit=error.limit)
                break
            fault = task.fault(said)
            if fault is None and not task.names.missing_in(said):
                return Retelling(said, own=True)
            log.info("retelling refused", fault=fault or "names missing", kind=kind, number=number)
            if fault is None and sound is None:
                sound = said
        if sound is not None:
            return Retelling(_with_names(sound, task.source, task.names), own=True)
        return await asyncio.to_thread(task.quoted)

    async def quote(
        self, story: Story, kind: str, texts: Sequence[str], *, facts: Sequence[Version] = ()
    ) -> Retelling:
        """Return the same in the texts' own sentences, which needs no model."""
        task = await self._task(story, kind, texts, facts, None)
        return await asyncio.to_thread(task.quoted)

    async def _task(
        self, story: Story, kind: str, texts: Sequence[str], facts: Sequence[Version], person_id: int | None
    ) -> _Task:
        bounds = await bounds_of(self._database, story)
        source = _within(bounds, neutralise("\n\n".join(texts)))
        return _Task(story, KINDS[kind], source, Names(facts).within(source), bounds, person_id)

    async def _say(self, task: _Task, number: int) -> str:
        """Ask for a retelling; later tries pick more freely."""
        words, story = sections("recap", task.language), task.story
        spoken = task.names.spoken
        facts = words["facts"].format(names=", ".join(spoken)) + "\n" if spoken else ""
        asked = words[task.kind.name].format(
            title=neutralise(story.title), text=task.source, facts=facts, words=task.length
        )
        return await self._scribe.text(
            messages=(Message("system", words["system"]), Message("user", asked)),
            sampling=Sampling(
                seed=story.id * 31 + number,
                temperature=0.3 + 0.3 * number,
                repetition_penalty=1.1,
                max_tokens=2 * task.length + 40,
            ),
            story=story,
            person_id=task.person_id,
        )

    async def translate(self, story: Story, text: str, *, language: Language, person_id: int) -> str | None:
        """Return a text in another language; None where the model does not know both, or gave nothing of use."""
        knows = self.writes(language) and self.writes(language_of(text))
        if not knows or not await self._ability.reads(story, person_id=person_id):
            return None
        words = sections("recap", language)
        said = await self._scribe.text(
            messages=(
                Message("system", words["translate_system"]),
                Message("user", words["translate"].format(text=neutralise(text))),
            ),
            sampling=Sampling(seed=story.id, temperature=0.2, max_tokens=2 * len(text) // 3 + 100),
            story=story,
            person_id=person_id,
        )
        usable = language_of(said) == language and not is_looping(said)
        return said if usable and not (await bounds_of(self._database, story)).crossed_by(said) else None


class Names:
    """Hold the names of facts, each with its others, that must not get lost."""

    def __init__(self, facts: Iterable[Version]) -> None:
        self._facts = {fact.id: fact for fact in facts}
        pairs = [
            (fact.id, key)
            for fact in self._facts.values()
            for key in {*keys_of(fact), fact.title}
            if not is_pattern(key)
        ]
        self._index = KeyIndex(pairs)

    def within(self, text: str) -> "Names":
        """Return those that occur in a text."""
        found = {match.owner for match in self._index.find(text)}
        return Names(fact for fact in self._facts.values() if fact.id in found)

    def missing_in(self, text: str) -> list[int]:
        """Return the facts none of whose names stand in a text."""
        found = {match.owner for match in self._index.find(text)}
        return [fact_id for fact_id in self._facts if fact_id not in found]

    def named(self, text: str, fact_id: int) -> bool:
        """Tell whether a text names a fact."""
        return any(match.owner == fact_id for match in self._index.find(text))

    @property
    def spoken(self) -> list[str]:
        """Return the first name of each."""
        return [neutralise(fact.title) for fact in self._facts.values()]

    @property
    def ids(self) -> list[int]:
        """Return the ids of the facts."""
        return list(self._facts)


def fault_of(said: str, source: str, length: int) -> str | None:
    """Return why a recap cannot be believed, if it cannot."""
    if is_looping(said):
        return "goes in circles"
    if count_words(said) < _SHORTEST * min(length, count_words(source)) or not said:
        return "too short"
    if script_of(said) != script_of(source):
        return "another script"
    if _TALK.search(said) and not _TALK.search(source):
        return "talks about the text"
    if names(said) - content(source):
        return "strange names"
    return None if covered(content(said), content(source)) >= BORNE_OUT else "not borne out"


def language_of(text: str) -> Language:
    """Return the language that most of a text is written in: that in which it is retold."""
    return "zh" if script_of(text) == "cjk" else "en"


def _cut(said: str, length: int) -> str:
    """Take whole sentences off the end of what is far too long."""
    if count_words(said) <= _LONGEST * length:
        return " ".join(said.split())
    kept: list[str] = []
    total = 0
    for sentence in sentences(said):
        total += count_words(sentence)
        if kept and total > _LONGEST * length:
            break
        kept.append(sentence)
    return joined(kept)


def _within(bounds: Bounds, text: str) -> str:
    """Return a text without the sentences that cross what people agreed on since it was written."""
    if not bounds.crossed_by(text):
        return text
    return joined([sentence for sentence in sentences(text) if not bounds.crossed_by(sentence)])


def _with_names(said: str, source: str, wanted: Names) -> str:
    """Add to a recap a sentence of the text for each name that is missing."""
    needs = [partial(wanted.named, fact_id=fact_id) for fact_id in wanted.missing_in(said)]
    return f"{said} {extract(source, words=1, needs=needs)}"
