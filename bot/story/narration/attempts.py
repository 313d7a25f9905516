"""Decide whether a flawed draft is followed by another, and which of several counts."""

from collections.abc import Sequence

from bot.story.narration.draft import Draft
from bot.story.narration.flaws import mildness

MOST = 2  # drafts for one passage
MOST_WITHIN = 3  # where all crossed a boundary, so that nothing of them can be kept


def worth_another(drafts: Sequence[Draft], *, weaving: bool) -> bool:
    """Tell whether another draft is worth its time; the first always is.

    Where handed-in words are woven they stand in the story without it too, so that nothing has to be found at last.
    """
    insists = not weaving and all(draft.crossed for draft in drafts)
    return len(drafts) < (MOST_WITHIN if insists else MOST)


def best(drafts: Sequence[Draft]) -> Draft:
    """Return the least flawed of some drafts, of equal ones the first."""
    return max(drafts, key=lambda draft: mildness(draft.flaw))
