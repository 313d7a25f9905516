"""Name the dramatic devices of twists, and their sizes; their words for the model stand in the prompt files."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.locales import Text, _
from storage.votes import Size

SIZES: Mapping[Size, Text] = MappingProxyType(
    {"minor": _("Minor"), "major": _("Major"), "curveball": _("Curveball")}
)

DEVICES: Mapping[str, Text] = MappingProxyType(
    {
        "reversal": _("Reversal"),
        "reveal": _("Reveal"),
        "dilemma": _("Dilemma"),
        "arrival": _("Arrival"),
        "cost": _("Cost"),
        "betrayal": _("Betrayal"),
        "loss": _("Loss"),
        "return": _("Return"),
        "mistake": _("Mistake"),
        "deadline": _("Deadline"),
        "bargain": _("Bargain"),
        "discovery": _("Discovery"),
    }
)
