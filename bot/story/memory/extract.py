"""Tell a text in few of its own sentences, where no model can be trusted to find other words; pure."""

from collections import Counter
from collections.abc import Callable, Sequence

from bot.story.languages import count_words, script_of
from bot.story.questions.excerpts import sentences
from bot.story.terms import content, covered, names

_OPENING, _CLOSING = 1.5, 1.3  # how much more the first and the last sentence weigh
_NAMED = 1.25
_FULL = 4  # terms of a sentence that tells something
_SAID = 0.8  # share of a sentence's terms that the others have already: it tells nothing new
_LONG = 60  # words of one sentence


def extract(text: str, *, words: int, needs: Sequence[Callable[[str], bool]] = ()) -> str:
    """Return a text's most telling sentences in their order, about so many words of them.

    For each need one sentence that meets it is there, if the text has one. A sentence that alone is far too long
    is cut.
    """
    parts = sentences(text)
    if not parts:
        return ""
    terms = [content(part) for part in parts]
    ranked = _ranked(parts, terms)
    wanted = [next((at for at in ranked if need(parts[at])), None) for need in needs]
    taken = {at for at in wanted if at is not None}
    for at in ranked:
        length = sum(count_words(parts[one]) for one in taken | {at})
        known = frozenset[str]().union(*(terms[one] for one in taken))
        if not taken or (length <= words and covered(terms[at], known) < _SAID):
            taken.add(at)
    return joined([_short(parts[at], words) for at in sorted(taken)])


def _ranked(parts: Sequence[str], terms: Sequence[frozenset[str]]) -> list[int]:
    """Return the places of sentences, the most telling first: those of whose terms the others speak too."""
    common = Counter(term for some in terms for term in some)

    def weight(at: int) -> float:
        score = sum(common[term] - 1 for term in terms[at]) / (len(terms[at]) + 4)
        place = _OPENING if at == 0 else _CLOSING if at == len(parts) - 1 else 1.0
        full = min(1.0, len(terms[at]) / _FULL)
        return (score + 0.1) * place * full * (_NAMED if names(parts[at]) else 1.0)

    return sorted(range(len(parts)), key=lambda at: (-weight(at), at))


def _short(sentence: str, words: int) -> str:
    """Cut a sentence that is more than twice as long as all may be, and longer than most."""
    longest = max(2 * words, _LONG)
    if count_words(sentence) <= longest:
        return sentence
    if script_of(sentence) == "cjk":
        return sentence[:longest] + "…"
    return " ".join(sentence.split()[:longest]) + "…"


def joined(parts: Sequence[str]) -> str:
    """Join sentences, with a blank where the script has one."""
    return "".join(part if part[-1] in "。！？…”’」』）" else f"{part} " for part in parts).strip()
