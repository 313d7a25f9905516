"""Keep lore: facts and characters in versions, of which those hold that belong to the branch that is read.

A version without `since` holds everywhere; one with it holds while that slot is on the branch. Of an entry's versions
that hold, the newest is in use, unless it removes the entry. So undo and redo bring lore back exactly.
"""

import asyncio
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from sqlite3 import Row
from typing import Literal

from storage.database import Reader, Transaction

Kind = Literal["fact", "character"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """Describe a version to be added; `keys` between slashes are patterns, `family` is its group, empty for none.

    `cooldown` counts passages; `voice` and the player are a character's; `since` is a slot. The digests are the
    same for titles and texts that read the same.
    """

    title: str
    text: str
    keys: tuple[str, ...] = ()
    pinned: bool = False
    priority: int = 0
    family: str = ""
    cooldown: int = 0
    voice: str = ""
    player_id: int | None = None
    player_name: str | None = None
    removed: bool = False
    author_id: int | None = None
    author_name: str | None = None
    since: int | None = None
    title_digest: str
    text_digest: str
    created: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(NewVersion):
    """Mirror one row, with what its entry tells: the kind, and who wrote it first."""

    id: int
    story_id: int
    entry_id: int
    kind: Kind
    owner_id: int | None
    owner_name: str | None


_OWN = [field.name for field in fields(NewVersion)]
_COLUMNS = ", ".join(
    [f"v.{name}" for name in ("id", "story_id", "entry_id", *_OWN)]
    + [f"lore_entries.{name}" for name in ("kind", "owner_id", "owner_name")]
)
_FROM = "FROM lore_versions AS v JOIN lore_entries ON lore_entries.id = v.entry_id"
_HOLDS = "(v.since IS NULL OR EXISTS (SELECT 1 FROM trail WHERE branch_id = :branch AND slot = v.since))"

_CHARACTERS = "entry_id IN (SELECT id FROM lore_entries WHERE story_id = :story AND kind = 'character')"


def _version(row: Row) -> Version:
    values = dict(row)
    keys = tuple(json.loads(values["keys"]))
    return Version(
        **values | {"keys": keys, "pinned": bool(values["pinned"]), "removed": bool(values["removed"])}
    )


async def add(tx: Transaction, story_id: int, kind: Kind, new: NewVersion) -> Version:
    """Add an entry with its first version."""
    row = await tx.change(
        "INSERT INTO lore_entries (story_id, kind, owner_id, owner_name, created) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (story_id, kind, new.author_id, new.author_name, new.created),
    )
    return await change(tx, story_id, row["id"], new)


async def change(tx: Transaction, story_id: int, entry_id: int, new: NewVersion) -> Version:
    """Add a version to an entry of a story."""
    row = await tx.change(
        f"INSERT INTO lore_versions (story_id, entry_id, {', '.join(_OWN)})"
        f" VALUES (:story_id, :entry_id, {', '.join(f':{name}' for name in _OWN)}) RETURNING id",
        asdict(new)
        | {"keys": json.dumps(new.keys, ensure_ascii=False), "story_id": story_id, "entry_id": entry_id},
    )
    return await get(tx, row["id"])


async def get(reader: Reader, version_id: int) -> Version:
    """Return a version that is known to exist; LookupError where it does not."""
    row = await reader.fetch_one(f"SELECT {_COLUMNS} {_FROM} WHERE v.id = ?", (version_id,))
    if row is None:
        raise LookupError(f"no version {version_id} of lore")
    return _version(row)


async def in_use(reader: Reader, story_id: int, branch_id: int, *, played: bool = False) -> list[Version]:
    """Return what is in use on a branch, the oldest entries first; with `played` only characters with a player."""
    of = _CHARACTERS if played else "story_id = :story"
    rows = await reader.fetch_all(
        f"SELECT {_COLUMNS} {_FROM} WHERE v.id IN ("
        f" SELECT max(v.id) FROM lore_versions AS v WHERE v.{of} AND {_HOLDS} GROUP BY v.entry_id)"
        " AND NOT v.removed AND (NOT :played OR v.player_id IS NOT NULL) ORDER BY v.entry_id",
        {"story": story_id, "branch": branch_id, "played": played},
    )
    return await asyncio.to_thread(lambda: [_version(row) for row in rows])  # there may be thousands


async def entry(reader: Reader, entry_id: int, branch_id: int) -> Version | None:
    """Return the version of an entry that is in use on a branch, if one is."""
    row = await reader.fetch_one(
        f"SELECT {_COLUMNS} {_FROM} WHERE v.entry_id = :entry AND {_HOLDS} ORDER BY v.id DESC LIMIT 1",
        {"entry": entry_id, "branch": branch_id},
    )
    found = _version(row) if row else None
    return None if found is None or found.removed else found


async def alike(
    reader: Reader, story_id: int, branch_id: int, *, title_digest: str, text_digest: str
) -> list[Version]:
    """Return what is in use on a branch with the same title or the same text."""
    rows = await reader.fetch_all(
        "SELECT DISTINCT entry_id FROM lore_versions WHERE story_id = :story AND title_digest = :title"
        " UNION SELECT entry_id FROM lore_versions WHERE story_id = :story AND text_digest = :text",
        {"story": story_id, "title": title_digest, "text": text_digest},
    )
    versions = [await entry(reader, row["entry_id"], branch_id) for row in rows]
    return [
        version
        for version in versions
        if version and (version.title_digest == title_digest or version.text_digest == text_digest)
    ]


async def held(reader: Reader, story_id: int, branch_id: int, *, but: int | None = None) -> tuple[int, int]:
    """Return how many entries are in use on a branch, and how many bytes the pinned ones hold; one is not counted."""
    row = await reader.fetch_one(
        "SELECT count(*) AS entries, coalesce(sum(length(CAST(text AS BLOB))) FILTER (WHERE pinned), 0) AS pinned"
        " FROM lore_versions WHERE NOT removed AND entry_id IS NOT :but AND id IN ("
        f" SELECT max(v.id) FROM lore_versions AS v WHERE v.story_id = :story AND {_HOLDS} GROUP BY v.entry_id)",
        {"story": story_id, "branch": branch_id, "but": but},
    )
    assert row is not None  # a count always has an answer
    return row["entries"], row["pinned"]


async def state(reader: Reader, story_id: int, branch_id: int) -> tuple[int, str]:
    """Return what changes whenever what is in use on a branch does, and costs little to ask for."""
    row = await reader.fetch_one(
        "SELECT (SELECT coalesce(max(id), 0) FROM lore_versions WHERE story_id = :story) AS newest,"
        " (SELECT coalesce(group_concat(since), '') FROM (SELECT DISTINCT v.since FROM lore_versions AS v"
        "  WHERE v.story_id = :story AND v.since IS NOT NULL AND EXISTS ("
        "   SELECT 1 FROM trail WHERE branch_id = :branch AND slot = v.since) ORDER BY v.since)) AS holding",
        {"story": story_id, "branch": branch_id},
    )
    assert row is not None  # a question for numbers always has an answer
    return row["newest"], row["holding"]


async def use(tx: Transaction, passage_id: int, entry_ids: Collection[int]) -> None:
    """Note which triggered entries stood in the prompt of a passage, for their cooldown."""
    for entry_id in sorted(entry_ids):
        await tx.execute(
            "INSERT OR IGNORE INTO lore_uses (passage_id, entry_id) VALUES (?, ?)", (passage_id, entry_id)
        )


async def last_uses(
    reader: Reader, branch_id: int, *, within: int, depth: int | None = None
) -> dict[int, int]:
    """Return how many passages before a depth each entry was used on a branch, 1 being the one before it.

    No further back than told; without a depth it is that of the passage to come.
    """
    rows = await reader.fetch_all(
        "WITH here (depth) AS ("
        " SELECT coalesce(:depth, 1 + (SELECT max(depth) FROM trail WHERE branch_id = :branch), 0))"
        " SELECT entry_id, here.depth - max(trail.depth) AS ago"
        " FROM here, trail JOIN lore_uses ON lore_uses.passage_id = trail.shown"
        " WHERE trail.branch_id = :branch AND trail.depth < here.depth AND trail.depth >= here.depth - :within"
        " GROUP BY entry_id",
        {"branch": branch_id, "within": within, "depth": depth},
    )
    return {row["entry_id"]: row["ago"] for row in rows}


async def mark_slow(tx: Transaction, patterns: Sequence[tuple[int, str]], *, created: int) -> None:
    """Note patterns, each with its version, that took too long."""
    for version_id, pattern in patterns:
        await tx.execute(
            "INSERT OR IGNORE INTO lore_slow_patterns (version_id, pattern, created) VALUES (?, ?, ?)",
            (version_id, pattern, created),
        )


async def slow_patterns(reader: Reader, story_id: int) -> set[tuple[int, str]]:
    """Return the patterns of a story, each with its version, that took too long."""
    rows = await reader.fetch_all(
        "SELECT version_id, pattern FROM lore_slow_patterns"
        " JOIN lore_versions ON lore_versions.id = version_id WHERE story_id = ?",
        (story_id,),
    )
    return {(row["version_id"], row["pattern"]) for row in rows}
