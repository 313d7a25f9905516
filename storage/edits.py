"""Keep who put other words in the place of a passage's."""

from dataclasses import dataclass

from storage.database import Reader, Transaction


@dataclass(frozen=True, slots=True)
class Edit:
    """Mirror one row; who edited is None once erased."""

    passage_id: int
    editor_id: int | None
    editor_name: str | None


async def note(tx: Transaction, edit: Edit) -> None:
    """Note who wrote a passage that replaces another of the same author."""
    await tx.execute(
        "INSERT INTO edits (passage_id, editor_id, editor_name) VALUES (?, ?, ?)",
        (edit.passage_id, edit.editor_id, edit.editor_name),
    )


async def of_passage(reader: Reader, passage_id: int) -> Edit | None:
    """Return who edited a passage; None where it is as it was written."""
    row = await reader.fetch_one(
        "SELECT passage_id, editor_id, editor_name FROM edits WHERE passage_id = ?", (passage_id,)
    )
    return Edit(*row) if row else None
