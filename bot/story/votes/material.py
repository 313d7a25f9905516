"""Gather what a twist is made of: the story's own people, what is still open in it, what is pinned, what came last."""

import asyncio
import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bot.story.boundaries.agreement import Bounds, bounds_of
from bot.story.lore.book import Book, bind
from bot.story.lore.telling import told as told_lore
from bot.story.text import neutralise
from storage import lore, trail
from storage.database import Database
from storage.stories import Story

RECENT = 3000  # bytes of the story's end
_NAME_LENGTH = 24
_MOST_PEOPLE, _MOST_THREADS, _MOST_FACTS = 6, 3, 8

_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]+[\"'”’」』]*")
_OPEN = re.compile(
    r"[?？]|\b(?:nobody|no one) (?:knew|had|could|ever)\b|\b(?:wonder|secret|missing|strange|vanish|mystery|unknown)"
    r"|(?:没有?人|谁[也都]不?)知道|秘密|不见了|失踪|奇怪|疑惑|究竟|到底",
    re.IGNORECASE,
)
# A name that does something: in capitals where no sentence begins, before a word that is none, and not a place.
_DOES = re.compile(r"(?<![.!?…:\n])(?P<before>[\w’',;—-]+) (?P<name>[A-Z][a-z’'-]{1,20})(?= [a-z])")
_OPENS = re.compile(
    r"(?:\A|[.!?…\n\"“”]\s*)(?:Old |Young |Little |Captain |Dr |Mr |Mrs |Miss )?(?P<name>[A-Z][a-z’'-]{2,20})(?= [a-z])"
)


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_PLACE = _words("in at to from of near on into onto the a an toward towards beyond through across")
_NOBODY = _words(
    "i the a an he she it they we you his her its their my our your this that these those there then here now when"
    " while where what who why how if but and or so as at in on for from with without by not no nor nobody somebody"
    " someone everyone everybody nothing something everything all some one two three old each every after before"
    " once only even still far down up out over under behind monday tuesday wednesday thursday friday saturday sunday"
    " rain night morning by god sir lord lady mother father"
)
_HAN = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Material:
    """Hold it: names, open sentences and pinned facts, the most telling first; `texts` are the newest passages.

    What comes of it keeps to the bounds, and says nothing against what is pinned.
    """

    texts: tuple[str, ...]
    people: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    pinned: Book | None = None
    bounds: Bounds = field(default_factory=Bounds)


async def gather(database: Database, story: Story) -> Material:
    """Gather what there is in a story as it is read now."""
    told = await trail.newest(database, story.branch_id, size=RECENT)
    texts = tuple(one.passage.text for one in told)
    entries = await lore.in_use(database, story.id, story.branch_id)
    cast = [one.title for one in entries if one.kind == "character"]
    # Cutting Chinese into words holds the event loop too long.
    found = await asyncio.to_thread(people_in, "\n".join(texts), story.language)
    people = dict.fromkeys(_plain(name) for name in (*cast, *found))
    pinned = [one for one in entries if one.pinned]
    return Material(
        texts,
        tuple(name for name in people if name)[:_MOST_PEOPLE],
        open_threads("\n".join(texts)),
        tuple(told_lore(one, story.language) for one in pinned[:_MOST_FACTS]),
        bind(pinned, slow=()),
        await bounds_of(database, story),
    )


def people_in(text: str, language: str) -> list[str]:
    """Return the names of people in a text, the most frequent first; only guessed, so only those that act. Blocks."""
    names = _han_names(text) if language == "zh" else _latin_names(text)
    return [name for name, _number in Counter(names).most_common(_MOST_PEOPLE)]


def open_threads(text: str) -> tuple[str, ...]:
    """Return the sentences in which something is left open, the newest first."""
    found = [sentence.strip() for sentence in _SENTENCE.findall(text) if _OPEN.search(sentence)]
    short = [sentence.strip("\"'“”‘’「」『』 ") for sentence in found if 6 <= len(sentence) <= 160]
    return tuple(dict.fromkeys(reversed(short)))[:_MOST_THREADS]


def _latin_names(text: str) -> Iterator[str]:
    acting = [found["name"] for found in _DOES.finditer(text) if found["before"].casefold() not in _PLACE]
    opening = [found["name"] for found in _OPENS.finditer(text)]
    known = {name for name in acting} | {name for name, number in Counter(opening).items() if number > 1}
    for name in (*acting, *opening):
        if name in known and name.casefold() not in _NOBODY:
            yield name


def _han_names(text: str) -> Iterator[str]:
    """Yield what jieba takes for names, where it is there more than once: once may be a mistake."""
    words = [
        word
        for word, flag in _tagged(text)
        if flag.startswith("nr") and 2 <= len(word) <= 4 and _HAN.match(word)
    ]
    counted = Counter(words)
    yield from (word for word in words if counted[word] > 1)


def _tagged(text: str) -> Sequence[tuple[str, str]]:
    with warnings.catch_warnings():
        # jieba 0.42 was written for older Pythons: invalid escapes, pkg_resources.
        warnings.simplefilter("ignore")
        import jieba
        import jieba.posseg
    jieba.setLogLevel(logging.WARNING)
    return [(pair.word, pair.flag) for pair in jieba.posseg.cut(text)]


def _plain(name: str) -> str:
    """Return a name fit for a prompt and a grammar: one short line without quotes and tokens."""
    return re.sub(r'["\\\n\r*<>|\[\]{}]', "", " ".join(neutralise(name).split()))[:_NAME_LENGTH].strip()
