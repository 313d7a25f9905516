"""Prove that edits reach the tokens they are for, and by how much, and that the likeliest come back."""

import numpy as np
import pytest
import torch

from bot.engine.backends.transformers.scores import FEW, Scores
from bot.engine.backends.transformers.vocabulary import Vocabulary
from tests.tiny import tiny_tokenizer

SIZE = 437
END = 1
VOCABULARY = Vocabulary(tiny_tokenizer(), SIZE, frozenset({END}))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Leave the other cores to others: these tensors are small."""
    torch.set_num_threads(1)


def all_of(scores: Scores, rows: int) -> list[dict[int, float]]:
    """Return every row's tokens with what their logits are now."""
    found = scores.likeliest({SIZE: range(rows)})[SIZE]
    return [
        {int(token): float(logit + top) for token, logit in zip(tokens, logits, strict=True)}
        for tokens, logits, top in zip(found.tokens, found.logits, found.largest, strict=True)
    ]


def test_penalties_make_every_token_less_likely_and_leave_the_rest() -> None:
    """Positive logits shrink, negative ones grow; once, even if the token came twice; never the end's."""
    logits = torch.full((2, SIZE), -9.0)
    logits[:, 5], logits[:, 6], logits[:, END] = 2.0, -2.0, 3.0
    scores = Scores(logits, VOCABULARY)
    scores.edit(divided={1: (np.array([5, 6, 5, END]), 2.0)}, lessened={})
    before, after = all_of(scores, 2)

    assert (before[5], before[6], before[END]) == (2.0, -2.0, 3.0)
    assert (after[5], after[6], after[END]) == (1.0, -4.0, 3.0)
    assert after[7] == -9.0


def test_amounts_add_up_and_infinity_forbids() -> None:
    """A token held back and forbidden at once is forbidden, in any order; the end is neither."""
    amounts = np.array([1.5, np.inf, 0.5, 0.25, np.inf], dtype=np.float32)
    scores = Scores(torch.zeros(2, SIZE), VOCABULARY)
    scores.edit(divided={}, lessened={0: (np.array([5, 5, 6, 6, END]), amounts)})
    first, second = all_of(scores, 2)

    assert (first[5], first[6], first[END]) == (-np.inf, -0.75, 0.0)
    assert (second[5], second[6], second[END]) == (0.0, 0.0, 0.0)


def test_only_tokens_whose_bit_is_set_are_allowed() -> None:
    """The lowest bit of the first word is the first token; ends and padding have no privilege."""
    bits = np.zeros(-(-SIZE // 32), dtype=np.int32)
    bits[0], bits[1], bits[-1] = 1 << 6, -(2**31), -1
    scores = Scores(torch.zeros(3, SIZE), VOCABULARY)
    scores.allow({1: bits})
    allowed = [{token for token, logit in row.items() if logit == 0} for row in all_of(scores, 3)]

    assert allowed == [set(range(400)), {6, 63}, set(range(400))]


def test_equal_logits_come_in_the_order_of_their_tokens() -> None:
    """So the first of them wins, on any device."""
    logits = torch.zeros(1, SIZE)
    logits[0, [77, 9, 300]] = 1.0
    found = Scores(logits, VOCABULARY).likeliest({FEW: [0]})[FEW]

    assert found.tokens[0, :3].tolist() == [9, 77, 300]
    assert found.tokens[0, 3:].tolist() == sorted(found.tokens[0, 3:].tolist())


def test_groups_of_rows_come_back_each_with_its_own() -> None:
    """Rows that need many candidates and rows that need few, in one copy; the total is that of all tokens."""
    logits = torch.randn(4, SIZE)
    scores = Scores(logits, VOCABULARY)
    found = scores.likeliest({FEW: [2, 0], 100: [3, 1]}) | scores.likeliest({50: [3, 0, 2, 1]})

    for width, rows in ((FEW, [2, 0]), (100, [3, 1]), (50, [3, 0, 2, 1])):
        top = logits[rows, :400].topk(width)
        assert found[width].tokens.tolist() == top.indices.tolist()
        assert found[width].largest.tolist() == top.values[:, 0].tolist()
    totals = (logits[[3, 1], :400] - logits[[3, 1], :400].amax(1, keepdim=True)).exp().sum(1)
    assert found[100].total == pytest.approx(totals.numpy(), rel=1e-5)
