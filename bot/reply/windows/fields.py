"""Read what was typed into a window."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import discord


class Sent(NamedTuple):
    """Hold what a window's id says, and its fields by their ids; a ticked box says "True"."""

    ids: re.Match[str]
    fields: dict[str, str]


def sent_by(interaction: discord.Interaction, window: re.Pattern[str]) -> Sent | None:
    """Return what a window with such an id sent back, however Discord nests it; None if this is something else."""
    data: Mapping[str, Any] = interaction.data or {}
    ids = window.fullmatch(str(data.get("custom_id", "")))
    if interaction.type is not discord.InteractionType.modal_submit or ids is None:
        return None
    return Sent(ids, dict(_fields(data)))


def _fields(component: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "value" in component:
        yield str(component.get("custom_id")), str(component["value"] or "")
    for child in component.get("components", ()):
        yield from _fields(child)
    if "component" in component:
        yield from _fields(component["component"])
