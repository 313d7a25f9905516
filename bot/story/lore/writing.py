"""Clean and check what people write into lore, and say kindly what does not fit."""

import re
from dataclasses import dataclass, replace

from bot.errors import Refused
from bot.locales import _
from bot.story.lore.keys import fold
from bot.story.lore.patterns import is_pattern, require_sound
from bot.story.text import clean_passage
from storage.lore import Kind, Version

TITLE, TEXT, VOICE, GROUP = 80, 2000, 300, 40
KEYS, KEY = 20, 60
PRIORITY, COOLDOWN = 10, 100

_KEY = re.compile(r"\s*(/(?:\\.|[^/\\\n])+/(?=\s*(?:[,，、;；\n]|\Z))|[^,，、;；\n]*)[,，、;；\n]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """Describe an entry as someone typed it; None leaves as it is, and is empty in a new entry.

    A character's title is its name, its keys are its aliases, its text describes it.
    """

    title: str | None = None
    text: str | None = None
    keys: str | None = None
    pinned: bool | None = None
    priority: int | None = None
    group: str | None = None
    cooldown: int | None = None
    voice: str | None = None


def split_keys(raw: str) -> list[str]:
    """Return keys that were typed in one line or several, commas between them; patterns keep theirs."""
    keys = [found[1].strip() for found in _KEY.finditer(raw)]
    return list(dict.fromkeys(key for key in keys if key))


def checked(sketch: Sketch, kind: Kind, before: Version | None) -> Sketch:
    """Return what is to be kept of what was typed, all of it filled in; refused where something does not fit.

    Blocks while patterns are tried: for a thread.
    """
    filled = _over(sketch, before)
    text = clean_passage(filled.text or "", limit=TEXT)
    keys = [_key(key, text) for key in split_keys(filled.keys or "")]
    if len(keys) > KEYS:
        raise Refused(
            _("An entry has up to {limit} keys. Leave out some, or make two entries.", limit=KEYS), words=text
        )
    return replace(
        filled,
        title=_line(filled.title or "", limit=TITLE),
        text=text,
        keys=", ".join(keys),
        group=fold(filled.group or "")[:GROUP],
        voice=_line(filled.voice, limit=VOICE) if filled.voice and kind == "character" else "",
        pinned=bool(filled.pinned),
        priority=max(-PRIORITY, min(PRIORITY, filled.priority or 0)),
        cooldown=max(0, min(COOLDOWN, filled.cooldown or 0)),
    )


def _over(sketch: Sketch, before: Version | None) -> Sketch:
    """Return a sketch with what it leaves open as it was before."""
    if before is None:
        return sketch
    was = Sketch(
        title=before.title,
        text=before.text,
        keys=", ".join(before.keys),
        pinned=before.pinned,
        priority=before.priority,
        group=before.family,
        cooldown=before.cooldown,
        voice=before.voice,
    )
    given = {name: value for name in Sketch.__slots__ if (value := getattr(sketch, name)) is not None}
    return replace(was, **given)


def _key(key: str, text: str) -> str:
    if is_pattern(key):
        require_sound(key, text)
        return key
    plain = _line(key, limit=KEY)
    if not any(character.isalnum() for character in fold(plain)):
        raise Refused(
            _("The key {key} has no letter in it. Write a word that will be said.", key=plain), words=text
        )
    return plain


def _line(raw: str, *, limit: int) -> str:
    return " ".join(clean_passage(raw, limit=limit).split())
