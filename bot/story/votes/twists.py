"""Invent twists: a minor one, a major one and a curveball, each by a dramatic device, about the story's own people.

A twist begins with words that its device gives and that name somebody of the story; a grammar holds the model to
them and to one sentence, so that the smallest model stays with the story. What comes is weighed all the same, and
invented anew if it is nonsense, talks about the story, or is too like another twist or the story itself.
"""

import json
import random
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import structlog

from bot.engine.request import Message, Sampling
from bot.story.lore.meaning import Encoder
from bot.story.scribe import Scribe
from bot.story.text import neutralise
from bot.story.votes.devices import DEVICES
from bot.story.votes.material import Material, gather
from bot.story.votes.twist_flaws import flaw_of_twist
from bot.story.wording import sections
from storage import votes
from storage.database import Database
from storage.stories import Story
from storage.votes import Size

log = structlog.get_logger(__name__)

TRIES = 5  # for each of the three
EARLIER = 60  # choices that the group had before, with which new ones are compared
SAME_MEANING = 0.78  # measured: unlike twists reach 0.69, the same in other words 0.71 to 0.93
TOKENS = 90
_SENTENCE = re.compile(r"[^.!?。！？\n]*[.!?。！？]+[\"'”’」』]*")
_NAMED = 0.8  # of the twists begin with somebody's name, where names are known
# One sentence in the letters of its language; where it was cut off at the longest, it is weighed as that.
_BODY = {"en": """ " " [a-zA-ZÀ-ÿ ,'’-]{12,130} "." """, "zh": """ [一-龥，、]{5,50} "。" """}


@dataclass(frozen=True, slots=True)
class Twist:
    """Hold a twist, as one sentence in the story's language."""

    size: Size
    device: str
    text: str


class Twists:
    """Invent twists with the model."""

    def __init__(self, *, database: Database, scribe: Scribe, encoder: Encoder | None) -> None:
        self._database = database
        self._scribe = scribe
        self._encoder = encoder

    async def invent(
        self, story: Story, *, person_id: int | None, sizes: Sequence[Size] = get_args(Size)
    ) -> list[Twist]:
        """Return one of each size; fewer, or none, where nothing good came. Without a person in the background."""
        material = await gather(self._database, story)
        earlier = await votes.put_before(self._database, story.id, limit=EARLIER)
        dice = random.Random(secrets.randbits(64))
        devices = _shuffled(dice, used=[one.device for one in earlier if one.device])
        invented: list[Twist] = []
        for size in sizes:
            before = [one.text for one in earlier] + [one.text for one in invented]
            for number in range(TRIES):
                task = _Task(story, material, size, devices.pop(0), dice.getrandbits(31), number)
                twist = await self._try(task, before, person_id)
                if twist is not None:
                    invented.append(twist)
                    break
                devices.append(task.device)
        return invented

    async def _try(self, task: "_Task", before: Sequence[str], person_id: int | None) -> Twist | None:
        story = task.story
        said = await self._scribe.text(
            messages=task.messages(), sampling=task.sampling(), story=story, person_id=person_id
        )
        text = task.sentence(said)
        flaw: str | None = flaw_of_twist(
            text, opening=task.opening, language=story.language, material=task.material, before=before
        )
        if flaw is None and await self._same_meaning(text, before):
            flaw = "same meaning"
        if flaw is None:
            return Twist(task.size, task.device, text)
        log.info("twist flawed", flaw=flaw, size=task.size, device=task.device, story=story.id)
        return None

    async def _same_meaning(self, text: str, before: Sequence[str]) -> bool:
        """Tell whether a twist says what another does, in other words."""
        if not before or self._encoder is None:
            return False
        vectors = await self._encoder.encode([text, *before])
        return bool((vectors[1:] @ vectors[0]).max() >= SAME_MEANING)


@dataclass(frozen=True, slots=True)
class _Task:
    """Hold one try at a twist; the same values give the same request."""

    story: Story
    material: Material
    size: Size
    device: str
    seed: int
    number: int

    @property
    def opening(self) -> str:
        """The words with which the twist begins."""
        _hint, *openings = self._words[self.device].splitlines()
        dice, people = random.Random(self.seed), self.material.people
        named = bool(people) and dice.random() < _NAMED
        fitting = [one for one in openings if ("{name}" in one) == named] or openings
        return dice.choice(fitting).format(name=dice.choice(people or ("?",)))

    @property
    def _words(self) -> Mapping[str, str]:
        return sections("twist", self.story.language)

    def messages(self) -> list[Message]:
        """Return the story as one answer of the model's own, and what is asked."""
        words, material = self._words, self.material
        title, premise = neutralise(self.story.title), neutralise(self.story.premise)
        start = [words["start"].format(title=title, premise=premise).strip()]
        if material.facts:
            start.append(words["facts"].format(facts=" ".join(material.facts)))
        hint = words[self.device].splitlines()[0]
        ask = [words["ask"].format(size=words[self.size], device=hint, opening=self.opening)]
        if material.threads:
            thread = neutralise(random.Random(self.seed).choice(material.threads))
            ask.insert(0, words["thread"].format(thread=thread))
        told = "\n\n".join(neutralise(text) for text in material.texts)
        answer = [Message("assistant", told)] if told else []
        return [
            Message("system", words["system"]),
            Message("user", "\n".join(start)),
            *answer,
            Message("user", "\n".join(ask)),
        ]

    def sampling(self) -> Sampling:
        """Return how words are picked: more freely with each try."""
        return Sampling(
            seed=self.seed,
            temperature=0.7 + 0.1 * self.number,
            max_tokens=TOKENS,
            grammar=grammar_of(self.opening, self.story.language),
        )

    def sentence(self, said: str) -> str:
        """Return the first sentence of an answer, which a backend without grammars may have dressed up."""
        found = _SENTENCE.search(" ".join(said.split()).strip('"“”*「」『』 '))
        return found[0].strip() if found else ""


def grammar_of(opening: str, language: str) -> str:
    """Return a grammar, in llama.cpp's GBNF, of one sentence that begins so."""
    return f"root ::= {json.dumps(opening, ensure_ascii=False)}{_BODY[language]}"


def _shuffled(dice: random.Random, *, used: Sequence[str]) -> list[str]:
    """Return the devices in a random order, those that were offered last at the end."""
    devices = list(DEVICES)
    dice.shuffle(devices)
    recent = list(dict.fromkeys(used))[: len(devices) // 2]
    return sorted(devices, key=lambda device: device in recent)
