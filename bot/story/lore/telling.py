"""Say an entry to the narrator, in the story's language."""

from bot.story.lore.keys import fold
from bot.story.lore.patterns import is_pattern
from bot.story.text import neutralise
from bot.story.wording import sections
from storage.lore import Version


def told(version: Version, language: str) -> str:
    """Return an entry as one line of a prompt, harmless whatever people wrote into it."""
    words = sections("lore", language)
    title, text = _line(version.title), _line(version.text)
    if version.kind == "fact":
        return neutralise(words["fact"].format(title=title, text=text))
    others = [key for key in version.keys if not is_pattern(key) and fold(key) != fold(version.title)]
    aliases = " / ".join(map(_line, others))
    names = words["names"].format(title=title, aliases=aliases) if aliases else title
    line = words["character"].format(names=names, text=text)
    if version.voice:
        line = words["voiced"].format(line=line, title=title, voice=_line(version.voice))
    return neutralise(line)


def _line(text: str) -> str:
    return " ".join(text.split())
