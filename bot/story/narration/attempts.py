"""Decide whether a flawed draft is followed by another, and which of several counts."""

from collections.abc import Sequence

from bot.story.narration.draft import Draft
from bot.story.narration.flaws import mildness

MOST = 2  # drafts for one passage
MOST_WITHIN = 3  # where all crossed a boundary, so that nothing of them can be kept


def worth_another(drafts: Sequence[Draft]) -> bool:
    """Tell whether another draft is worth its time; the first always is."""
    return len(drafts) < (MOST_WITHIN if all(draft.crossed for draft in drafts) else MOST)


def best(drafts: Sequence[Draft]) -> Draft:
    """Return the least flawed of some drafts, of equal ones the first."""
    return max(drafts, key=lambda draft: mildness(draft.flaw))
