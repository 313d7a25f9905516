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
    """Follow one answer through a grammar in llama.cpp's GBNF, or a JSON schema; raises BadConstraint."""

    def __init__(self, sampling: Sampling, vocabulary: Vocabulary) -> None:
        self._ends = vocabulary.ends
        self._matcher = LLMatcher(vocabulary.grammar_tokenizer, _grammar(sampling), log_level=0)
        self._check()
        self._bits = np.empty(
            (1, -(-max(vocabulary.size, len(vocabulary.tokenizer)) // WORD)), dtype=np.int32
        )

    def took(self, token: int) -> None:
        """Go on by a token; raises BadConstraint if the grammar forbids it or gives up."""
        if token not in self._ends:
            self._matcher.consume_token(token)
            self._check()

    @property
    def finished(self) -> bool:
        """Tell that nothing is allowed but the end."""
        return self._matcher.is_stopped()

    def bits(self) -> NDArray[np.int32]:
        """Return the allowed tokens, one bit each, lowest first; raises BadConstraint if the grammar gives up."""
        fill_next_token_bitmask(self._matcher, self._bits)
        self._check()
        return self._bits.reshape(-1)

    def _check(self) -> None:
        if self._matcher.is_error():
            raise BadConstraint(self._matcher.get_error())


def _grammar(sampling: Sampling) -> str:
    if sampling.grammar and sampling.json_schema:
        raise BadConstraint("a grammar and a JSON schema at once")
    try:
        if sampling.grammar:
            return grammar_from("gbnf", sampling.grammar)
        return LLMatcher.grammar_from_json_schema(sampling.json_schema)
    except ValueError as error:
        raise BadConstraint(str(error)) from error
