"""Name what can go wrong, each with a sentence for the person who reads it.

StoryloomError is shown to a user, privately, in their language. Its children:
Refused      an action that the rules do not allow now; says what to do instead
Unavailable  the narrator, the database or Discord cannot do it now; trying again may help
StartError   the program cannot start; one line on standard error, exit code 2
"""

from bot.locales import Text


class StoryloomError(Exception):
    """Carry a sentence for the reader; the log has the detail."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text.render("en")


class Refused(StoryloomError):
    """Tell that the rules do not allow this now, and what to do instead."""

    def __init__(self, text: Text, *, words: str | None = None) -> None:
        """Carry the sentence and, where someone typed a passage, their words, to be handed back to them."""
        super().__init__(text)
        self.words = words


class Unavailable(StoryloomError):
    """Tell that something needed is out of order now."""


class StartError(StoryloomError):
    """Tell the host why the program cannot start, and the remedy."""
