"""Hold what is in use of a story's lore on one branch, ready to be searched by keys."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.story.lore.keys import KeyIndex, Match, fold
from bot.story.lore.patterns import is_pattern
from storage.lore import Version


@dataclass(frozen=True, slots=True)
class Book:
    """Hold versions by their ids, those that are pinned in their order, and the keys and patterns of all."""

    versions: Mapping[int, Version]
    pinned: tuple[Version, ...]
    keys: KeyIndex
    patterns: tuple[tuple[int, str], ...]
    longest_cooldown: int
    _mentions: dict[int, list[Match]]

    def mentions(self, version_id: int) -> list[Match]:
        """Return whose keys stand in an entry's text, itself left out."""
        if version_id not in self._mentions:
            found = self.keys.find(self.versions[version_id].text)
            self._mentions[version_id] = [match for match in found if match.owner != version_id]
        return self._mentions[version_id]


def bind(versions: Sequence[Version], *, slow: Collection[tuple[int, str]]) -> Book:
    """Make a book of the versions in use; patterns in `slow` are left out. Takes a while for thousands."""
    keys = [(version.id, key) for version in versions for key in keys_of(version)]
    return Book(
        versions={version.id: version for version in versions},
        pinned=tuple(sorted((v for v in versions if v.pinned), key=lambda v: (-v.priority, v.entry_id))),
        keys=KeyIndex(pair for pair in keys if not is_pattern(pair[1])),
        patterns=tuple(pair for pair in keys if is_pattern(pair[1]) and pair not in slow),
        longest_cooldown=max((version.cooldown for version in versions), default=0),
        _mentions={},
    )


def keys_of(version: Version) -> tuple[str, ...]:
    """Return what an entry is found by: its keys, a character's name too, and the title where there is nothing else."""
    if version.kind == "character" or not version.keys:
        return (*version.keys, version.title) if fold(version.title) else version.keys
    return version.keys
