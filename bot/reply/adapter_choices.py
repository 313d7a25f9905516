"""Offer the host's adapters to who is typing the name of one."""

from collections.abc import Iterable

from discord import app_commands

from bot.config import NO_ADAPTER, UNSET_ADAPTER
from bot.locales import _

MOST = 25  # Discord's


def choices(names: Iterable[str], typed: str, locale: str) -> list[app_commands.Choice[str]]:
    """Return what begins with, or else has in it, what was typed; what is no adapter comes first."""
    offered = {
        _("default: what is set above").render(locale): UNSET_ADAPTER,
        _("none: the model's own voice").render(locale): NO_ADAPTER,
        **{name: name for name in names},
    }
    wanted = typed.strip().casefold()
    found = [(shown, name) for shown, name in offered.items() if wanted in shown.casefold()]
    found.sort(key=lambda choice: not choice[0].casefold().startswith(wanted))
    return [app_commands.Choice(name=shown, value=name) for shown, name in found[:MOST]]
