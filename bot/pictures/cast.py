"""Give each writer of a story a name and a colour of their own in its pictures."""

from collections.abc import Mapping

from bot.locales import _
from bot.pictures.canvas import BRAND, FADED, WRITERS
from bot.pictures.fonts import Typeface
from bot.story.survey.writers import FORMER, NARRATOR


class Cast:
    """Hold who stands in a picture; what no font of this machine can draw stands there as a number.

    `unwritten` are those numbers with what they stand for.
    """

    def __init__(
        self, names: Mapping[int, str], shares: Mapping[int, int], *, locale: str, typeface: Typeface
    ) -> None:
        """Take people's names by their ids, and how much each wrote: who wrote most has the clearest colour."""
        self.unwritten: dict[int, str] = {}
        self._typeface = typeface
        people = sorted(names, key=lambda writer: -shares.get(writer, 0))
        self.names = {
            NARRATOR: _("The narrator").render(locale),
            FORMER: _("a former writer").render(locale),
            **{writer: self.written(names[writer]) for writer in people},
        }
        self.colours = {
            NARRATOR: BRAND,
            FORMER: FADED,
            **{writer: WRITERS[index % len(WRITERS)] for index, writer in enumerate(people)},
        }

    def written(self, name: str) -> str:
        """Return a name as it can be drawn: itself, or a number in brackets."""
        drawable = self._typeface.drawable(name)
        if drawable and self._typeface.draws(name):
            return drawable
        known = {text: number for number, text in self.unwritten.items()}
        number = known.get(name, len(known) + 1)
        self.unwritten[number] = name
        return f"[{number}]"
