"""Keep which passages stand in a story although they go against its lore."""

from collections.abc import Collection
from dataclasses import dataclass

from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Flag:
    """Name the version of lore that a passage goes against, with its title, and in what."""

    version_id: int
    entry_id: int
    title: str
    kind: str


async def put(tx: Transaction, passage_id: int, found: Collection[tuple[int, str]], *, created: int) -> None:
    """Note versions of lore that a passage goes against, each with the kind of conflict."""
    for version_id, kind in found:
        await tx.execute(
            "INSERT OR IGNORE INTO flags (passage_id, version_id, kind, created) VALUES (?, ?, ?, ?)",
            (passage_id, version_id, kind, created),
        )


async def of_passage(reader: Reader, passage_id: int) -> list[Flag]:
    """Return what a passage goes against, as far as its lore still says that."""
    rows = await reader.fetch_all(
        "SELECT flags.version_id, v.entry_id, v.title, flags.kind FROM flags"
        " JOIN lore_versions AS v ON v.id = flags.version_id WHERE flags.passage_id = ?"
        " AND NOT EXISTS (SELECT 1 FROM lore_versions AS later"
        "  WHERE later.entry_id = v.entry_id AND later.id > v.id AND later.since IS NULL)"
        " ORDER BY flags.version_id",
        (passage_id,),
    )
    return [Flag(*row) for row in rows]
