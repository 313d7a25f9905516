"""Name what ends a narration from outside."""

from bot.errors import Refused, Unavailable
from bot.locales import _


class Suspended(Unavailable):
    """Tell that the bot is stopping, and that its next start goes on with the narration."""

    def __init__(self) -> None:
        super().__init__(_("The bot is restarting. The narrator goes on with this as soon as it is back."))


class LetGo(Refused):
    """Tell that somebody asked to leave the scene that was being written."""

    def __init__(self) -> None:
        super().__init__(
            _("This passage was let go: somebody here asked to leave the scene. Nobody is told who it was.")
        )
