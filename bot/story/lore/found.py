"""Say what lore was found for a passage, and why each entry was, or was left out."""

from dataclasses import dataclass
from typing import Literal

from bot.locales import Text, _
from bot.story.lore.telling import told
from storage.lore import Version

Way = Literal["pinned", "key", "pattern", "words", "meaning", "mentioned"]
Obstacle = Literal["budget", "group", "cooldown"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Tell a way in which an entry was found; `detail` is the key, the pattern, or the title that mentions it."""

    way: Way
    detail: str = ""

    @property
    def text(self) -> Text:
        """Say it to a reader."""
        match self.way:
            case "pinned":
                return _("pinned: always there")
            case "key":
                return _("its key “{key}” was said", key=self.detail)
            case "pattern":
                return _("its pattern {pattern} fitted", pattern=self.detail)
            case "words":
                return _("it shares rare words with what was told last")
            case "meaning":
                return _("it is close in meaning to what was told last")
            case "mentioned":
                return _("“{title}” speaks of it", title=self.detail)


OBSTACLES: dict[Obstacle, Text] = {
    "budget": _("there was no room for it"),
    "group": _("a better one of its group was taken"),
    "cooldown": _("it was used a few passages ago and rests"),
}


@dataclass(frozen=True, slots=True)
class Hit:
    """Hold an entry that was found: its version, the story's language, why, and how well it fits."""

    version: Version
    language: str
    reasons: tuple[Reason, ...]
    score: float

    @property
    def told(self) -> str:
        """Return the entry as the narrator is told it: worked out when it is asked for, since most are not."""
        return told(self.version, self.language)

    @property
    def size(self) -> int:
        """Return the bytes that it takes, the end of its line counted."""
        return len(self.told.encode()) + 1


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Hold an entry that was found and not taken."""

    hit: Hit
    obstacle: Obstacle


@dataclass(frozen=True, slots=True)
class Found:
    """Hold what lore belongs into a prompt: pinned in an order that stays from turn to turn; triggered, best first."""

    pinned: tuple[Hit, ...] = ()
    triggered: tuple[Hit, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
