"""Choose from what was found: pinned first, then by priority and fit, one of a group, none that rests. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from bot.story.lore.book import Book
from bot.story.lore.found import Found, Hit, LeftOut, Reason

DEPTH = 2
"""How far what is found may bring in what it mentions."""

_PINNED_SHARE = 0.75  # of the budget, so that pinned entries leave some for the moment
_MENTIONS = 50  # of one entry that are looked at
_FADE = 0.5  # what a mention is worth of what mentions it


@dataclass(slots=True)
class Choice:
    """Gather what is taken, as long as there is room."""

    book: Book
    resting: Collection[int]
    room: int
    taken: dict[int, Hit] = field(default_factory=dict)
    left_out: dict[int, LeftOut] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)

    def offer(self, hits: Sequence[Hit]) -> list[Hit]:
        """Take what may be taken, the weightiest first; return what was."""
        ranked = sorted(hits, key=lambda hit: (-hit.version.priority, -hit.score, hit.version.entry_id))
        return [hit for hit in ranked if self._take(hit)]

    def _take(self, hit: Hit) -> bool:
        version = hit.version
        if version.id in self.taken or version.pinned:
            return False
        if version.entry_id in self.resting:
            self.left_out[version.id] = LeftOut(hit, "cooldown")
        elif version.family and version.family in self.groups:
            self.left_out[version.id] = LeftOut(hit, "group")
        # Characters are looked at first: telling hundreds of entries that cannot fit would take longer than all else.
        elif len(version.title) + len(version.text) > self.room or (size := hit.size) > self.room:
            self.left_out[version.id] = LeftOut(hit, "budget")
        else:
            self.taken[version.id] = hit
            self.left_out.pop(version.id, None)
            self.groups |= {version.family} - {""}
            self.room -= size
            return True
        return False

    def mentioned_by(self, hits: Sequence[Hit]) -> Iterator[Hit]:
        """Yield who is mentioned in what was taken."""
        for hit in hits:
            for match in self.book.mentions(hit.version.id)[:_MENTIONS]:
                if match.owner not in self.taken:
                    reason = Reason("mentioned", hit.version.title)
                    version = self.book.versions[match.owner]
                    yield Hit(version, hit.language, (reason,), hit.score * _FADE)


def pinned(book: Book, language: str, budget_bytes: int) -> tuple[list[Hit], list[LeftOut]]:
    """Return the pinned entries that fit, in their order, and those that do not."""
    room = int(budget_bytes * _PINNED_SHARE)
    taken, left_out = [], []
    for version in book.pinned:
        hit = Hit(version, language, (Reason("pinned"),), 0.0)
        if hit.size <= room:
            taken.append(hit)
            room -= hit.size
        else:
            left_out.append(LeftOut(hit, "budget"))
    return taken, left_out


def choose(
    book: Book, hits: Sequence[Hit], *, resting: Collection[int], language: str, budget_bytes: int
) -> Found:
    """Return what belongs into a prompt, of a budget for all of it."""
    always, unfit = pinned(book, language, budget_bytes)
    choice = Choice(book, resting, budget_bytes - sum(hit.size for hit in always))
    newly = choice.offer(hits)
    for _depth in range(DEPTH):
        newly = choice.offer(list(choice.mentioned_by(newly)))
    return Found(
        pinned=tuple(always),
        triggered=tuple(choice.taken.values()),
        left_out=(*unfit, *choice.left_out.values()),
    )
