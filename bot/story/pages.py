"""Cut long text into pages that Discord accepts, where a reader would turn the page.

A page ends at a paragraph, else a line, a sentence, a space, and only then inside a word. What Discord draws
across the cut (code, spoiler, bold …) is closed on the one page and opened again on the next. Everything is
decided from left to right, so pages that are full never change while more text streams in.
"""

import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from bot.story.graphemes import clusters, units

SMALLEST = 200
"""A page must hold the marks of both its ends and some text between them."""

# A keycap emoji begins with the same asterisk as italics.
_MARK = re.compile(r"\\[!-/:-@\[-`{-~]|```(?:[\w+#-]{1,20}(?=\n))?|\|\||\*\*|\*(?!\ufe0f)|__|_|~~")
_ENDERS = frozenset(".!?…。！？⋯")
_WIDE_ENDERS = frozenset("。！？…⋯")
_CLOSERS = frozenset(["**", "*", "__", "_", "~~", "||", *"\"'”’»)]）」』】》〉"])
_NEVER_FIRST = frozenset("。，、；：！？…）」』】》〉”’,.;:!?)]»%")
_NEVER_LAST = frozenset("（「『【《〈“‘([«")
_WIDE_PAUSES = frozenset("，、；：")
_MOST_CLOSERS = 8  # that can follow the end of a sentence; more are a drawing
_DEEPEST = 80  # blanks of indent that a page of code begins with


class _Cut(IntEnum):
    """Grade a place to cut, best first."""

    PARAGRAPH = 0
    LINE = 1
    SENTENCE = 2
    SPACE = 3
    ANYWHERE = 4
    BAD = 5


_FULL_ENOUGH = {_Cut.PARAGRAPH: 0.5, _Cut.LINE: 0.5, _Cut.SENTENCE: 0.35, _Cut.SPACE: 0.1}
"""How much of a page must be used to cut it there; worse places are taken wherever they are."""


class Page(NamedTuple):
    """Hold a stretch of the text and the marks added before and after it."""

    opening: str
    body: str
    closing: str


class _Atom(NamedTuple):
    """Hold something never cut in two, where it starts, and which marks are open before it."""

    text: str
    start: int
    open: tuple[str, ...]


def paginate(text: str, *, limit: int = 2000, first_limit: int | None = None) -> list[str]:
    """Return the pages, each of at most `limit` UTF-16 units and none blank; blank text has no pages.

    `first_limit` leaves room on the first page. Raises ValueError for limits below 200.
    """
    return ["".join(page) for page in pages(text, limit=limit, first_limit=first_limit)]


def pages(text: str, *, limit: int = 2000, first_limit: int | None = None) -> Iterator[Page]:
    """Yield the pages with the added marks apart from the text's own."""
    room = limit if first_limit is None else first_limit
    if min(limit, room) < SMALLEST:
        raise ValueError(f"a page must hold at least {SMALLEST} units")
    text = text.rstrip()
    atoms = list(_atoms(text))
    carried: tuple[str, ...] = ()
    at = _skip_blank(atoms, 0)
    while at < len(atoms) - 1:
        opening = "".join(map(_opened, carried))
        end = _page_end(atoms, at, room - len(opening), carried)
        body = text[atoms[at].start : atoms[end].start].rstrip()
        yield Page(opening, body, _closing(atoms, end, carried))
        carried = atoms[end].open
        at, room = _skip_blank(atoms, end), limit


def _atoms(text: str) -> Iterator[_Atom]:
    """Yield marks and characters in order, following which marks are open, and an empty one at the end."""
    marks: tuple[str, ...] = ()
    at = 0
    for found in _MARK.finditer(text):
        yield from _plain(text, at, found.start(), marks)
        if "\n\n" in text[at : found.start()]:
            marks = _after_paragraph(marks)
        yield _Atom(found[0], found.start(), marks)
        at = found.end()
        marks = _toggled(marks, found[0], text[max(0, found.start() - 1) : found.start()], text[at : at + 1])
    yield from _plain(text, at, len(text), marks)
    yield _Atom("", len(text), _after_paragraph(marks) if "\n\n" in text[at:] else marks)


def _plain(text: str, start: int, end: int, marks: tuple[str, ...]) -> Iterator[_Atom]:
    for cluster in clusters(text[start:end]):
        yield _Atom(cluster, start, marks)
        start += len(cluster)
        if cluster == "\n" and text[start : start + 1] == "\n":
            marks = _after_paragraph(marks)


def _after_paragraph(marks: tuple[str, ...]) -> tuple[str, ...]:
    """Drop bold and the like: prose that leaves them open over a paragraph meant the characters."""
    return tuple(mark for mark in marks if mark.startswith(("```", "||")))


def _toggled(marks: tuple[str, ...], mark: str, before: str, after: str) -> tuple[str, ...]:
    """Return the open marks after one more was read between two characters."""
    if marks and marks[-1].startswith("```"):
        return marks[:-1] if mark.startswith("```") else marks
    if mark.startswith("```"):
        return (*marks, mark)
    if mark in marks:
        inside_word = mark == "_" and after.isalnum()
        return marks if inside_word else tuple(other for other in marks if other != mark)
    # Asterisks before a blank are asterisks; a spoiler may begin on a line of its own, and must not leak.
    marks_something = bool(after.strip()) or (mark == "||" and after == "\n")
    opens = marks_something and not (mark == "_" and before.isalnum()) and not mark.startswith("\\")
    return (*marks, mark) if opens else marks


def _page_end(atoms: list[_Atom], at: int, room: int, carried: tuple[str, ...]) -> int:
    """Return the index of the atom before which the page that begins with atoms[at] is cut."""
    best: dict[_Cut, int] = {}
    spare = at + 1
    used = 0
    for end in range(at + 1, len(atoms)):
        used += units(atoms[end - 1].text)
        fits = used + (len(_closing(atoms, end, carried)) if atoms[end].open else 0) <= room
        if used > room or end == len(atoms) - 1:
            break
        cut = _grade(atoms, end) if fits else None
        if cut is not None and used >= _FULL_ENOUGH.get(cut, 0) * room:
            best[cut] = end
        elif cut is not None:
            spare = end
    if fits:
        return end
    # With no better place a long blank follows, before which even a page of one word ends.
    return best[min(best)] if best else spare


def _closing(atoms: list[_Atom], end: int, carried: tuple[str, ...]) -> str:
    """Return the marks that close a page; what was opened on the last page and left open stays so."""
    last = end == len(atoms) - 1
    still_open = [mark for mark in atoms[end].open if mark in carried or not last]
    return "".join("\n```" if mark.startswith("```") else mark for mark in reversed(still_open))


def _opened(mark: str) -> str:
    return f"{mark}\n" if mark.startswith("```") else mark


def _skip_blank(atoms: list[_Atom], at: int) -> int:
    """Return where the next page can begin; code keeps the indent of its first line, if that is one."""
    start = at
    while atoms[at].text.isspace():
        at += 1
    if atoms[at].open and atoms[at].open[-1].startswith("```"):
        start = max(start, at - _DEEPEST)
        while at > start and atoms[at - 1].text != "\n":
            at -= 1
    return at


def _grade(atoms: list[_Atom], at: int) -> _Cut | None:
    """Grade a cut before atoms[at]; None inside blank space, which is cut at its beginning."""
    before, after = atoms[at - 1], atoms[at]
    if before.text.isspace():
        return None
    if after.text.isspace():
        return _grade_blank(atoms, at)
    opened = len(after.open) > len(before.open)
    if opened or after.text in after.open or after.text in _NEVER_FIRST or before.text in _NEVER_LAST:
        return _Cut.BAD
    if _ender_before(atoms, at) in _WIDE_ENDERS and after.text not in _CLOSERS:
        return _Cut.SENTENCE
    return _Cut.SPACE if before.text in _WIDE_PAUSES else _Cut.ANYWHERE


def _grade_blank(atoms: list[_Atom], at: int) -> _Cut:
    ender = _ender_before(atoms, at)
    lines = 0
    while atoms[at].text.isspace():
        lines += atoms[at].text == "\n"
        at += 1
    if lines:
        return _Cut.PARAGRAPH if lines > 1 else _Cut.LINE
    return _Cut.SENTENCE if ender in _ENDERS else _Cut.SPACE


def _ender_before(atoms: list[_Atom], at: int) -> str:
    """Return the last character before atoms[at] that is no closing quote, bracket or mark."""
    furthest = max(0, at - _MOST_CLOSERS)
    while at > furthest and atoms[at - 1].text in _CLOSERS:
        at -= 1
    return atoms[at - 1].text if at else ""
