"""Gather how a story's next passage is to be told: what the narrator is asked for, and what its words are held against.

The same lines are said turn after turn as long as nothing changes: what is measured in the writers' passages is
measured anew only when there are clearly more of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.story.boundaries.agreement import Bounds, bounds_of
from bot.story.languages import LANGUAGES, script_of
from bot.story.narration.closings import may_end
from bot.story.narration.expected import Expected
from bot.story.narration.manner import Manner, common, is_chatty
from bot.story.narration.styles import WRITERS, lines_of, settled
from bot.story.text import neutralise
from bot.story.wording import sections
from storage import boundaries as boundaries_table
from storage import lore, trail
from storage.database import Reader
from storage.stories import Story

STEP = 8  # passages after which the writers' manner is looked at anew
LOOKED_AT = 16  # newest passages that show it
STYLED = 24  # passages that show the writers' style
_TITLES = frozenset(
    {"the", "old", "young", "sir", "lady", "lord", "captain", "doctor", "dr.", "mr.", "mrs.", "ms.", "king"}
)
NAMED = 12  # writers' characters that the narrator is told of


@dataclass(frozen=True, slots=True)
class Owned:
    """Name a character that belongs to a writer, with the other names it goes by."""

    owner_id: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """Hold how a passage is to be told.

    `rules` go into the system text, `urgent` is said last and for this passage alone; `manner` is that of the writers,
    `mixed` whether they write in several languages, `chatty` whether they write as in a chat.
    """

    bounds: Bounds
    rules: tuple[str, ...]
    urgent: str | None
    manner: Manner
    mixed: bool
    chatty: bool
    cast: tuple[Owned, ...]

    def directed(self, direction: str | None) -> str | None:
        """Return what is said of this passage alone: what somebody asked for, behind what is urgent."""
        return " ".join(filter(None, (self.urgent, direction))) or None

    def expected(
        self, story: Story, *, recent: Sequence[str], direction: str | None, asked_by: int | None
    ) -> Expected:
        """Return what the passage is held against: a writer who names an own character lets it speak.

        Where all ask together, `asked_by` None, each has named their own.
        """
        told = (direction or "").casefold()
        silent = [
            name
            for character in self.cast
            for name in character.names
            if asked_by not in (None, character.owner_id)
            or not any(n.casefold() in told for n in character.names)
        ]
        return Expected(
            recent=recent,
            language=None if self.mixed else story.language,
            manner=self.manner,
            chatty=self.chatty,
            cast=tuple(silent),
            may_end=may_end(direction) or self.urgent is not None,
        )


async def voice_of(reader: Reader, story: Story, *, parent: int | None, depth: int) -> Voice:
    """Return how the passage behind `parent` is to be told; `depth` is how many slots there are before it."""
    bounds = await bounds_of(reader, story)
    cast = await _owned(reader, story)
    newest = await _by_people(reader, story, depth, LOOKED_AT)
    manner = common(await _by_people(reader, story, _rounded(depth), LOOKED_AT))
    style = await _by_people(reader, story, settled(depth), STYLED) if story.style == WRITERS else []
    frame = sections("voice", story.language)
    over = await boundaries_table.scene_is_over(reader, story.id, parent)
    return Voice(
        bounds=bounds,
        rules=tuple(system_lines(story, bounds, manner, cast, written=style)),
        urgent=frame["scene_over"] if over else None,
        manner=manner,
        mixed=any(script_of(text) != LANGUAGES[story.language].script for text in newest),
        chatty=any(map(is_chatty, newest)),
        cast=cast,
    )


def system_lines(
    story: Story, bounds: Bounds, manner: Manner, cast: Sequence[Owned], *, written: Sequence[str] = ()
) -> list[str]:
    """Return what the narrator is told of how to tell a story, beside its length and rating."""
    frame = sections("voice", story.language)
    comma = "、" if story.language == "zh" else ", "
    lines = lines_of(story.style, story.language, written)
    lines += _manner_lines(manner, story.language)
    names = [neutralise(character.names[0]) for character in cast[:NAMED] if character.names]
    if names:
        lines.append(frame["cast"].format(names=comma.join(names)))
    for kind, terms in (("lines", bounds.lines), ("veils", bounds.veils)):
        if terms:
            lines.append(frame[kind].format(terms=comma.join(map(neutralise, terms))))
    return lines


def hushed(cast: Sequence[Owned], said: str, language: str) -> str:
    """Return what the narrator is told where a draft let writers' characters speak: those it named say nothing."""
    names = [one.names[0] for one in cast if any(name in said for name in one.names)]
    comma = "、" if language == "zh" else ", "
    line = sections("voice", language)["hushed"]
    return line.format(names=comma.join(map(neutralise, names))) if names else ""


def _manner_lines(manner: Manner, language: str) -> list[str]:
    frame = sections("voice", language)
    register = "old" if manner.register == "old" else None
    writing = "traditional" if manner.writing == "traditional" else None
    parts = [frame[part] for part in (manner.person, manner.tense, writing, register) if part]
    if not parts:
        return []
    said = parts[0]
    for part in parts[1:]:
        said = frame["and"].format(first=said, second=part)
    return [frame["manner"].format(manner=said)]


async def _owned(reader: Reader, story: Story) -> tuple[Owned, ...]:
    """Return the characters that belong to writers."""
    return tuple(
        Owned(version.player_id, _names(version.title, version.keys))
        for version in await lore.in_use(reader, story.id, story.branch_id, played=True)
        if version.player_id is not None
    )


def _names(title: str, keys: Sequence[str]) -> tuple[str, ...]:
    """Return what a character is called: also by the first of several names; a key that is a pattern is no name."""
    first = title.split()[0] if title.split() else ""
    short = [first] if first != title and first[:1].isupper() and first.casefold() not in _TITLES else []
    plain = [key for key in keys if not key.startswith("/")]
    return tuple(dict.fromkeys([title, *plain, *short]))


async def _by_people(reader: Reader, story: Story, depth: int, count: int) -> list[str]:
    """Return what people wrote in the last `count` slots before a depth."""
    if depth == 0:
        return []
    told = await trail.read(reader, story.branch_id, first=max(0, depth - count), last=depth - 1)
    return [one.passage.text for one in told if one.passage.kind == "person" and one.passage.text]


def _rounded(depth: int) -> int:
    """Return how much of a path to look at, so that a passage more seldom changes what is said of it."""
    return depth - depth % STEP if depth >= STEP else settled(depth)
