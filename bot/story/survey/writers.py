"""Tell who wrote something, by one number for whoever it was."""

from storage.passages import Kind

NARRATOR = 0
FORMER = -1
"""What stands for a person's id: the narrator, and people whose names were removed."""


def writer_of(kind: Kind, author_id: int | None) -> int:
    """Return who wrote a passage of that kind: a person's id, or what stands for one."""
    if kind == "narrator":
        return NARRATOR
    return FORMER if author_id is None else author_id
