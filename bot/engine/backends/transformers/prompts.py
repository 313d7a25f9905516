"""Turn messages into the tokens that a model was trained to see, so that no words of people's become its signs.

The tokenizer would read `<|im_end|>` in a message as the end of that message. So the template is filled with marks that
stand for the messages' contents, which are put in afterwards; the text is then read as one, as the model knows it, and
where a sign came of a content it is read again, cut inside that sign.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from jinja2.exceptions import TemplateError
from transformers import PreTrainedTokenizerFast

MARK = "\ue000{}\ue001"
MARKS = re.compile("\ue000(\\d+)\ue001")

Messages = Sequence[dict[str, str]]


class BadMessages(ValueError):
    """Tell that the model's template takes no such messages."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Hold a part of a prompt: the template's own text, or a message's."""

    text: str
    foreign: bool


class Prompts:
    """Write prompts for one tokenizer; any number of threads may use it at once."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._tokenizer = tokenizer
        self._fast = tokenizer.backend_tokenizer
        # Blank ones, which some models have for indentation, are text.
        self._signs = frozenset(
            number for number, token in tokenizer.added_tokens_decoder.items() if token.content.strip()
        )

    def tokens(self, text: str) -> list[int]:
        """Return a text's tokens, none of which is a sign."""
        return self._read([Piece(text, True)])

    def prompt(self, messages: Messages) -> list[int]:
        """Return the tokens of a chat, ready for the model's answer; raises BadMessages."""
        try:
            return self._read(self._pieces(messages))
        except TemplateError as error:
            first = error
        # Some models know no system message, or want people and model to take turns.
        try:
            return self._read(self._pieces(taking_turns(messages)))
        except TemplateError:
            raise BadMessages(f"the model's chat template says: {first}") from first

    def _pieces(self, messages: Messages) -> list[Piece]:
        marked = [{**message, "content": MARK.format(at)} for at, message in enumerate(messages)]
        text = self._tokenizer.apply_chat_template(
            marked,
            add_generation_prompt=True,
            tokenize=False,
            enable_thinking=False,  # a narrator thinks in the story
        )
        assert isinstance(text, str)
        parts = MARKS.split(text)
        return [
            Piece(messages[int(part)]["content"] if at % 2 else part, bool(at % 2))
            for at, part in enumerate(parts)
        ]

    def _read(self, pieces: Sequence[Piece]) -> list[int]:
        text = "".join(piece.text for piece in pieces)
        foreign: list[tuple[int, int]] = []
        end = 0
        for piece in pieces:
            begin, end = end, end + len(piece.text)
            if piece.foreign:
                foreign.append((begin, end))
        return self._read_apart(text, foreign)

    def _read_apart(self, text: str, foreign: Sequence[tuple[int, int]]) -> list[int]:
        """Return a text's tokens with no sign in its foreign spans: cut there, and again until there is none."""
        cuts: set[int] = set()
        known: dict[tuple[int, int], Any] = {}
        while True:
            edges = sorted({0, len(text), *cuts})
            spans = list(pairwise(edges))
            known = {
                span: known.get(span) or self._fast.encode(text[slice(*span)], add_special_tokens=False)
                for span in spans
            }
            found = {cut for span in spans for cut in self._cuts(known[span], span[0], foreign)} - cuts
            if not found:
                return [token for span in spans for token in known[span].ids]
            cuts |= found

    def _cuts(self, encoding: Any, start: int, foreign: Sequence[tuple[int, int]]) -> list[int]:
        """Return where to cut, counted in the whole text, so that its signs stand in the template's text only."""
        cuts: list[int] = []
        for token, (begin, end) in zip(encoding.ids, encoding.offsets, strict=True):
            if token not in self._signs:
                continue
            for first, last in foreign:
                if start + begin < last and first < start + end:
                    cuts.append(max(first, start + begin + 1))
        return cuts


def taking_turns(messages: Messages) -> list[dict[str, str]]:
    """Return the same words as turns of a user and an assistant, the user first and no one twice in a row."""
    turns: list[dict[str, str]] = []
    for message in messages:
        role = "assistant" if message["role"] == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1] = {"role": role, "content": f"{turns[-1]['content']}\n\n{message['content']}"}
        else:
            turns.append({"role": role, "content": message["content"]})
    return turns
