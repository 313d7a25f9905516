"""Name how a request for text can end badly.

Refused      ├── QueueFull             too many requests of this person, this server or everybody
             └── PromptTooLong         the messages do not fit in the model's context
Unavailable  ├── GenerationCancelled   somebody stopped it
             ├── GenerationFailed      the model or its server broke
             │   ├── NarratorAway      no model server answers at all
             │   └── AdapterMissing    the model has not the adapter that was asked for
             ├── GenerationTimedOut    no word came for too long
             ├── SetAside              work in the background made room for a person
             └── EngineClosed          the bot is shutting down
"""

from typing import Literal

from bot.errors import Refused, Unavailable
from bot.locales import Text, _, _n


class QueueFull(Refused):
    """Tell that a person, a server or everybody together has as many requests as allowed.

    `eta` is in how many seconds the last of theirs starts, or, where too many wait in all, the next of these: then
    there is room for another.
    """

    def __init__(self, scope: Literal["user", "guild", "all"], limit: int, eta: float | None) -> None:
        wait = _(" The last one starts in about {seconds} s.", seconds=max(1, round(eta))) if eta else ""
        if scope == "user":
            text = _n(
                "You already have {n} request with the narrator. Let it end, or press Stop.{wait}",
                "You already have {n} requests with the narrator. Let one end, or press Stop.{wait}",
                limit,
                wait=wait,
            )
        elif scope == "guild":
            text = _n(
                "This server already has {n} request with the narrator. Try again when it is done.{wait}",
                "This server already has {n} requests with the narrator. Try again when some are done.{wait}",
                limit,
                wait=wait,
            )
        else:
            text = _crowded(limit, eta)
        super().__init__(text)
        self.scope = scope
        self.eta = eta


def _crowded(limit: int, eta: float | None) -> Text:
    when = _("Please try again in a moment.")
    if eta is not None:
        when = _("There is room again in about {seconds} s; please try then.", seconds=max(1, round(eta)))
    return _n(
        "The narrator is in great demand just now: {n} request waits already. {when} Nothing was lost.",
        "The narrator is in great demand just now: {n} requests wait already. {when} Nothing was lost.",
        limit,
        when=when,
    )


class PromptTooLong(Refused):
    """Tell how many tokens the messages have, and how many the model can read."""

    def __init__(self, tokens: int, limit: int) -> None:
        super().__init__(
            _(
                "That is too long for the model, which reads {limit} tokens: it has {tokens}. Make it shorter.",
                tokens=tokens,
                limit=limit,
            )
        )
        self.tokens = tokens
        self.limit = limit


class GenerationCancelled(Unavailable):
    """Tell that somebody stopped the narrator."""

    def __init__(self) -> None:
        super().__init__(_("The narrator was stopped. Press Continue to let it write again."))


class GenerationFailed(Unavailable):
    """Tell that the model broke off; `detail` is for the log, and `kind` what the server calls it, if it does."""

    def __init__(self, detail: str, text: Text | None = None, *, kind: str = "error") -> None:
        super().__init__(text or _("The narrator broke off. Please try again in a moment."))
        self.detail = detail
        self.kind = kind


class NarratorAway(GenerationFailed):
    """Tell that none of the machines that could narrate answers; they are asked again by themselves."""

    def __init__(self, detail: str) -> None:
        text = _("The narrator's machine does not answer just now. Nothing was lost: try again in a minute.")
        super().__init__(detail, text)


class AdapterMissing(GenerationFailed):
    """Tell that the model was not given an adapter that was asked for."""

    def __init__(self, detail: str) -> None:
        text = _("The narrator does not have the voice that was asked for. Please choose another one.")
        super().__init__(detail, text, kind="adapter")


class GenerationTimedOut(Unavailable):
    """Tell that the model gave no word for too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            _(
                "The narrator was silent for {seconds} s and was stopped. Please try again.",
                seconds=round(seconds),
            )
        )
        self.seconds = seconds


class SetAside(Unavailable):
    """Tell that work in the background was stopped because a person came; it may be asked for again."""

    def __init__(self) -> None:
        super().__init__(_("The narrator is busy with people just now. Please try again in a moment."))


class EngineClosed(Unavailable):
    """Tell that the narrator is going to sleep with the bot."""

    def __init__(self) -> None:
        super().__init__(_("The bot is shutting down. Please try again when it is back."))
