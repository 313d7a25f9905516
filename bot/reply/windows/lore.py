"""Open a window to write an entry of lore in, and read what it sends back, restart in between or not.

What the window does not show travels in its id: which version it changes, or how a new entry was asked for.
"""

import re
from dataclasses import dataclass, replace

import discord

from bot.locales import Text, _
from bot.reply.windows.fields import sent_by
from bot.story.lore.rules import Player
from bot.story.lore.writing import GROUP, TEXT, TITLE, VOICE, Sketch
from storage.lore import Kind, Version

_PREFIX = "lore:write:"
_WINDOW = re.compile(rf"{_PREFIX}(fact|character):(.*)", re.DOTALL)
_KEYS = 4000  # Discord's limit of a field


@dataclass(frozen=True, slots=True)
class Filled:
    """Hold what was written: a new entry of a kind, or a change of a version; and whose the new character is."""

    kind: Kind
    version_id: int | None
    sketch: Sketch
    player: Player | None


class LoreModal(discord.ui.Modal):
    """Ask for an entry; a listener takes the answer, so that one sent after a restart is not lost."""

    def __init__(self, kind: Kind, custom_id: str, sketch: Sketch, locale: str) -> None:
        title = _("A character") if kind == "character" else _("Lore")
        super().__init__(title=title.render(locale), custom_id=custom_id, timeout=None)
        for name, label, limit, value in _asked(kind, sketch):
            long = name in ("text", "keys", "voice")
            field = discord.ui.TextInput[discord.ui.Modal](
                style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
                custom_id=name,
                max_length=limit,
                required=name in ("title", "text"),
                default=value or None,
            )
            self.add_item(discord.ui.Label(text=label.render(locale), component=field))


def new(kind: Kind, sketch: Sketch, player: Player | None, locale: str) -> LoreModal:
    """Return the window for a new entry."""
    pinned, priority, cooldown = int(bool(sketch.pinned)), sketch.priority or 0, sketch.cooldown or 0
    whose = f"{player.id or 0}:{player.name or ''}" if player else ":"
    return LoreModal(
        kind, f"{_PREFIX}{kind}:new:{pinned}:{priority}:{cooldown}:{whose}"[:100], sketch, locale
    )


def change(version: Version, locale: str) -> LoreModal:
    """Return the window for an entry that is there."""
    sketch = Sketch(
        title=version.title,
        text=version.text,
        keys=", ".join(version.keys),
        group=version.family,
        voice=version.voice,
    )
    return LoreModal(version.kind, f"{_PREFIX}{version.kind}:{version.id}", sketch, locale)


def filled(interaction: discord.Interaction) -> Filled | None:
    """Return what was written in the window; None if this interaction is something else."""
    if not (sent := sent_by(interaction, _WINDOW)):
        return None
    values = sent.fields
    written = Sketch(
        title=values.get("title"),
        text=values.get("text"),
        keys=values.get("keys"),
        group=values.get("group"),
        voice=values.get("voice"),
    )
    kind: Kind = "character" if sent.ids[1] == "character" else "fact"
    rest = sent.ids[2]
    if not rest.startswith("new:"):
        return Filled(kind, int(rest), written, None)
    _new, pinned, priority, cooldown, player_id, name = rest.split(":", 5)
    sketch = replace(written, pinned=pinned == "1", priority=int(priority), cooldown=int(cooldown))
    player = Player(int(player_id) or None, name or None) if player_id else None
    return Filled(kind, None, sketch, player)


def typed(kind: Kind, sketch: Sketch, locale: str) -> str:
    """Return all that was written for an entry, each part under its name, to be handed back."""
    parts = ((label.render(locale), value) for _name, label, _limit, value in _asked(kind, sketch))
    return "\n\n".join(f"{label}:\n{value}" for label, value in parts if value)


def _asked(kind: Kind, sketch: Sketch) -> list[tuple[str, Text, int, str | None]]:
    """Return the fields of the window: name, label, limit and what stands in it at first."""
    if kind == "character":
        return [
            ("title", _("Name"), TITLE, sketch.title),
            ("text", _("Who this is"), TEXT, sketch.text),
            ("keys", _("Other names, with commas between"), _KEYS, sketch.keys),
            ("voice", _("How they speak"), VOICE, sketch.voice),
        ]
    return [
        ("title", _("Title"), TITLE, sketch.title),
        ("text", _("What the narrator must respect"), TEXT, sketch.text),
        ("keys", _("Keys that bring it up, commas between"), _KEYS, sketch.keys),
        ("group", _("Group, of which one is told at a time"), GROUP, sketch.group),
    ]
