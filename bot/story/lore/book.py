"""Hold what is in use of a story's lore on one branch, ready to be searched by keys."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from bot.story.lore.keys import KeyIndex, Match, fold, names_in
from bot.story.lore.patterns import is_pattern
from storage.lore import Kind, Version

_ENTRY, _KEY, _CHARACTER = 1000, 300, 2  # bytes that each takes in memory


@dataclass(frozen=True, slots=True)
class Book:
    """Hold versions by their ids, those that are pinned in their order, and the names, keys and patterns of all.

    Names are folded: the title, then the keys. `size` is about how many bytes all of it takes.
    """

    versions: Mapping[int, Version]
    pinned: tuple[Version, ...]
    names: Mapping[int, tuple[str, ...]]
    keys: KeyIndex
    patterns: tuple[tuple[int, str], ...]
    longest_cooldown: int
    size: int
    _mentions: dict[int, list[Match]]

    def mentions(self, version_id: int) -> list[Match]:
        """Return whose keys stand in an entry's text, itself left out."""
        if version_id not in self._mentions:
            found = self.keys.find(self.versions[version_id].text)
            self._mentions[version_id] = [match for match in found if match.owner != version_id]
        return self._mentions[version_id]


def bind(versions: Sequence[Version], *, slow: Collection[tuple[int, str]]) -> Book:
    """Make a book of the versions in use; patterns in `slow` are left out. Takes a second for ten thousand."""
    # Patterns have their turns in this order, as long as there is time.
    ranked = sorted(versions, key=lambda version: -version.priority)
    keys = [(version.id, key) for version in ranked for key in keys_of(version)]
    return Book(
        versions={version.id: version for version in versions},
        pinned=tuple(sorted((v for v in versions if v.pinned), key=lambda v: (-v.priority, v.entry_id))),
        names={v.id: (fold(v.title), *(fold(key) for key in v.keys)) for v in versions},
        keys=KeyIndex(pair for pair in keys if not is_pattern(pair[1])),
        patterns=tuple(pair for pair in keys if is_pattern(pair[1]) and pair not in slow),
        longest_cooldown=max((version.cooldown for version in versions), default=0),
        size=sum(_ENTRY + _KEY * len(v.keys) + _CHARACTER * len(v.text) for v in versions),
        _mentions={},
    )


def keys_of(version: Version) -> tuple[str, ...]:
    """Return what an entry is found by: its keys, a character's name too, and the title where there is nothing else."""
    if version.kind == "character" or not version.keys:
        return (*version.keys, *names_in(version.title))
    return version.keys


def suggest(book: Book, typed: str, *, kind: Kind | None, limit: int) -> list[Version]:
    """Return the entries whose names fit what someone types, the best first; the newest where nothing is typed."""
    wanted = fold(typed)
    ranked = [
        (rank, -version_id)
        for version_id, names in book.names.items()
        if (kind is None or book.versions[version_id].kind == kind)
        and (rank := _rank(names, wanted)) is not None
    ]
    return [book.versions[-version_id] for _fit, version_id in nsmallest(limit, ranked)]


def _rank(names: tuple[str, ...], wanted: str) -> int | None:
    """Return how well names fit, 0 best: the title begins so, a word of it does, it has that in it, a key has."""
    title = names[0]
    if title.startswith(wanted):
        return 0
    if f" {wanted}" in title:
        return 1
    if wanted in title:
        return 2
    return 3 if any(wanted in name for name in names[1:]) else None
