"""Hold an answer to a grammar or a JSON schema, with llguidance."""

import numpy as np
from llguidance import LLMatcher, grammar_from
from llguidance.numpy import fill_next_token_bitmask
from numpy.typing import NDArray

from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.request import Sampling

WORD = 32  # bits


class BadConstraint(ValueError):
    """Tell that a grammar or a schema cannot be understood, or is too hard to follow."""


class Constraint:
    """Follow one answer through a grammar in llama.cpp's GBNF, or a JSON schema.

    Raises BadConstraint if it cannot be understood. `bits` are the tokens allowed next, one bit each, lowest first.
    """

    def __init__(self, sampling: Sampling, vocabulary: Vocabulary) -> None:
        self._ends = vocabulary.ends
        self._matcher = LLMatcher(vocabulary.grammar_tokenizer, _grammar(sampling), log_level=0)
        width = max(vocabulary.size, len(vocabulary.tokenizer))
        self._mask = np.empty((1, -(-width // WORD)), dtype=np.int32)
        self._look()

    def took(self, token: int) -> None:
        """Go on by a token; raises BadConstraint if the grammar forbids it, or is too hard to follow."""
        if token not in self._ends:
            self._matcher.consume_token(token)
            self._look()

    @property
    def bits(self) -> NDArray[np.int32]:
        """Return the tokens that may come next."""
        return self._mask.reshape(-1)

    @property
    def finished(self) -> bool:
        """Tell that nothing is allowed but the end."""
        return self._matcher.is_stopped()

    def _look(self) -> None:
        # At once and not when it is asked for, so that a grammar that gives up fails its own answer, not the batch.
        if not self._matcher.is_error():
            fill_next_token_bitmask(self._matcher, self._mask)
        if self._matcher.is_error():
            raise BadConstraint(self._matcher.get_error())


def _grammar(sampling: Sampling) -> str:
    if sampling.grammar and sampling.json_schema:
        raise BadConstraint("a grammar and a JSON schema at once")
    try:
        if sampling.grammar:
            return grammar_from("gbnf", sampling.grammar)
        # On one line: a model left free to put in spaces and newlines may never cease to.
        return LLMatcher.grammar_from_json_schema(
            sampling.json_schema,
            overrides={"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "},
        )
    except ValueError as error:
        raise BadConstraint(str(error)) from error
