"""Cut texts into the words by which they are found: Chinese with jieba, other scripts at their boundaries."""

import asyncio
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from bot.story.lore.keys import fold
from bot.story.lore.stopwords import STOPWORDS

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(f"([{_HAN}]+)|[^\\W_{_HAN}]+")
_MOST = 2000  # words of one document


async def cut(texts: Sequence[str]) -> list[list[str]]:
    """Return the words of each text, in a thread: jieba, once Chinese comes, reads its dictionary for a second."""
    return await asyncio.to_thread(lambda: [cut_now(text) for text in texts])


async def pieces(texts: Sequence[str]) -> list[list[str]]:
    """Return what else each text may be found by, in a thread: Chinese characters and pairs that are not its words.

    A sentence in which jieba took other words than in a question (names above all) is found by these.
    """
    return await asyncio.to_thread(lambda: [_pieces(text) for text in texts])


def cut_now(text: str) -> list[str]:
    """Return the words of a text in one case and width, without those that say nothing. Blocks."""
    return [word for word in _words(fold(text)) if word not in STOPWORDS][:_MOST]


def _pieces(text: str) -> list[str]:
    found: dict[str, None] = {}
    for run in _RUN.finditer(fold(text)):
        chinese = run[1] or ""
        found |= dict.fromkeys(chinese)
        found |= dict.fromkeys(one + other for one, other in pairwise(chinese))
    known = set(cut_now(text)) | STOPWORDS
    return [piece for piece in found if piece not in known][:_MOST]


def _words(text: str) -> Iterator[str]:
    for found in _RUN.finditer(text):
        if found[1]:
            words = list(_jieba().cut_for_search(found[1]))
            yield from words
            yield from (one + other for one, other in pairwise(words) if _is_rest(one) and _is_rest(other))
        else:
            yield found[0]


def _is_rest(word: str) -> bool:
    """Tell if a character stands alone: a name that jieba does not know falls apart in one sentence, not in another."""
    return len(word) == 1 and word not in STOPWORDS


@cache
def _jieba() -> Any:
    """Load jieba once, without its word on standard error about how long that took."""
    with warnings.catch_warnings():
        # jieba 0.42 was written for older Pythons, which said nothing of either.
        warnings.filterwarnings("ignore", "invalid escape sequence|.*is an invalid escape sequence")
        warnings.filterwarnings("ignore", "pkg_resources is deprecated")
        import jieba
    jieba.default_logger.handlers.clear()
    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    return jieba
