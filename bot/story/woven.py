"""Tell whether a woven passage has something of everyone who handed in; pure."""

from collections.abc import Sequence

from bot.story import terms

RECOGNISED = 0.4  # of the content words of what somebody handed in stand in the passage, at the least


def recognisable(handed_in: Sequence[str], text: str) -> bool:
    """Tell whether a passage speaks of each of some texts."""
    said = terms.content(text)
    return all(terms.covered(terms.content(one), said) >= RECOGNISED for one in handed_in)
