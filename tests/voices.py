"""Read the labelled passages by which what the narrator is held against is measured.

Each has a line of its own under one that says, for flawed ones, the flaw, then the person and tense in which the story
is told, and behind a bar the characters who speak for themselves.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

from bot.story.narration.expected import Expected
from bot.story.narration.flaws import Flaw
from bot.story.narration.manner import GramPerson, Manner, Tense

FOLDER = Path(__file__).parent / "labelled"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Hold a passage, what is wrong with it (None where nothing is), and what it is held against."""

    text: str
    flaw: Flaw | None
    expected: Expected


def labelled(kind: str, language: str) -> list[Labelled]:
    """Return the `sound` or `flawed` passages of a language."""
    lines = (FOLDER / f"{kind}.{language}.txt").read_text("utf-8").splitlines()
    told = [line for line in lines if not line.startswith("#")]
    return [_labelled(head, text, language) for head, text in zip(told[::2], told[1::2], strict=True)]


def _labelled(head: str, text: str, language: str) -> Labelled:
    facts, _, cast_of = head.partition("|")
    words = facts.split()
    flaws = [Flaw(word) for word in words if word in list(Flaw)]
    person = next((word for word in words if word in get_args(GramPerson)), None)
    tense = next((word for word in words if word in get_args(Tense)), None)
    expected = Expected(
        language=language,
        manner=Manner(
            cast(GramPerson | None, person),
            cast(Tense | None, tense) if language == "en" else None,
            "simplified" if language == "zh" else None,
        ),
        chatty=False,
        cast=tuple(name.strip() for name in cast_of.split(",") if name.strip()),
    )
    return Labelled(text, flaws[0] if flaws else None, expected)
