"""Find what a text says against a story's lore, by keys and simple rules, before it is saved."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.clock import now
from bot.locales import Text, _
from bot.story.lore.book import Book
from bot.story.lore.conflicts import Kind, conflicts, facts_of, told_in
from bot.story.lore.keys import fold
from bot.story.wording import sections
from storage import flags
from storage.database import Transaction
from storage.lore import Version

MOST = 3  # contradictions told at once
_ENTRIES = 40  # of those a text speaks of are looked at: those it named last

_KINDS: dict[Kind, Text] = {
    "dead": _("the lore has this one dead"),
    "number": _("the lore has another number"),
    "attribute": _("the lore has it look or lie otherwise"),
    "denied": _("the lore says the opposite"),
    "kinship": _("the lore has them related otherwise"),
    "judged": _("the narrator thinks that they do not go together"),
}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Hold an entry of the lore, what it says, and what a text says against it."""

    version: Version
    kind: Kind
    said: str
    fact: str

    @property
    def why(self) -> Text:
        """Say to a reader in what they differ."""
        return _KINDS[self.kind]


def against(book: Book, text: str) -> list[Contradiction]:
    """Return what a text says against the lore that it speaks of. Takes milliseconds, however much lore there is."""
    spoken = spoken_of(book, fold(text))
    told = told_in(text) if spoken else ()
    found = []
    for version_id in spoken:
        version, names = book.versions[version_id], book.names[version_id]
        for conflict in conflicts(told, facts_of(version.text), names):
            found.append(Contradiction(version, conflict.kind, conflict.said, conflict.fact))
    return found[:MOST]


def spoken_of(book: Book, folded: str) -> list[int]:
    """Return the entries whose names stand in a text, the one named last first."""
    found = [
        (max(map(folded.rfind, names)), version_id)
        for version_id, names in book.names.items()
        if any(name in folded for name in names)
    ]
    return [version_id for _at, version_id in sorted(found, reverse=True)[:_ENTRIES]]


def reminders(found: Sequence[Contradiction], language: str) -> str:
    """Return what the narrator is told when it tries again."""
    line = sections("remember", language)["fact"]
    facts = dict.fromkeys(line.format(title=one.version.title, fact=one.fact) for one in found)
    return "\n".join(facts)


async def flag(tx: Transaction, passage_id: int, found: Sequence[Contradiction]) -> None:
    """Note what a passage goes against."""
    await flags.put(tx, passage_id, [(one.version.id, one.kind) for one in found], created=now())
