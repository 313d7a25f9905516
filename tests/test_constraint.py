"""Prove that an answer keeps to its grammar or schema, and may end only where that allows it."""

import json
import re

import pytest
import torch
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it publishes no types

from bot.engine.backends.transformers.constraint import BadConstraint, Constraint
from bot.engine.backends.transformers.sampling import Picker, pick
from bot.engine.backends.transformers.text import TextStream
from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.request import Sampling
from tests.tiny import tiny_tokenizer

TINY = tiny_tokenizer()
SIZE = 437  # the logits of real models are wider than their tokenizers, and not by whole words of a mask
VOCABULARY = Vocabulary(TINY, SIZE, frozenset({1}))

DICE = 'root ::= "I roll " number (" and " number)? "."\nnumber ::= [1-9] [0-9]{0,2}\n'
CHINESE = 'root ::= "灯" ("塔" | "光")+ [^a-z\\n] "\\""\n'
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "mood": {"enum": ["calm", "afraid", "害怕"]},
        "age": {"type": "integer", "minimum": 1, "maximum": 99},
    },
    "required": ["name", "mood", "age"],
    "additionalProperties": False,
}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Leave the other cores to others: these tensors are small."""
    torch.set_num_threads(1)


def answer(sampling: Sampling, *, likes_to_end: bool = False) -> str:
    """Return what a model that wants anything at all writes, until it ends."""
    picker = Picker(sampling, prompt=[7], vocabulary=VOCABULARY)
    generator = torch.Generator().manual_seed(sampling.seed)
    stream, text = TextStream(VOCABULARY, ()), ""
    for _ in range(300):
        logits = torch.randn(1, SIZE, generator=generator) * 3
        logits[0, 1] = 50 if likes_to_end else 2
        (token,) = pick(logits, [picker])
        if token == 1:
            return text
        picker.took(token)
        text += stream.feed(token)
    raise AssertionError("the answer does not end")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("likes_to_end", [False, True])
def test_an_answer_keeps_to_its_grammar(seed: int, likes_to_end: bool) -> None:
    """Rules, choices, ranges, counts; a model that would rather end must say it all first."""
    text = answer(Sampling(seed=seed, grammar=DICE), likes_to_end=likes_to_end)

    assert re.fullmatch(r"I roll [1-9][0-9]{0,2}( and [1-9][0-9]{0,2})?\.", text)


@pytest.mark.parametrize("seed", range(8))
def test_characters_of_several_tokens_keep_to_the_grammar(seed: int) -> None:
    """Chinese, and a class that leaves out some letters."""
    assert re.fullmatch(r'灯[塔光]+[^a-z\n]"', answer(Sampling(seed=seed, grammar=CHINESE)))


@pytest.mark.parametrize("seed", range(8))
def test_an_answer_keeps_to_its_schema(seed: int) -> None:
    """It is JSON, valid, and all on one line: no model fills its answer with space between the values."""
    text = answer(Sampling(seed=seed, json_schema=json.dumps(SCHEMA)), likes_to_end=True)

    Draft202012Validator(SCHEMA).validate(json.loads(text))
    assert re.fullmatch(r'\{"name": ".*", "mood": "(calm|afraid|害怕)", "age": \d+\}', text)


def test_an_answer_is_finished_when_nothing_but_the_end_can_follow() -> None:
    """Then no step is needed to find the end; where more may follow, it is not."""
    letters = TINY.get_vocab()
    closed = Picker(Sampling(seed=0, grammar='root ::= "ab"'), prompt=[], vocabulary=VOCABULARY)
    opened = Picker(Sampling(seed=0, grammar='root ::= "a"+'), prompt=[], vocabulary=VOCABULARY)
    free = Picker(Sampling(seed=0), prompt=[], vocabulary=VOCABULARY)
    for picker in (closed, opened, free):
        picker.took(letters["a"])
    assert (closed.finished, opened.finished, free.finished) == (False, False, False)

    closed.took(letters["b"])

    assert closed.finished
    assert pick(torch.randn(1, SIZE), [closed]) == [1]


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(seed=0, grammar='root ::= "never closed'),
        Sampling(seed=0, grammar='no-root ::= "a"'),
        Sampling(seed=0, grammar="root ::= nobody"),
        Sampling(seed=0, grammar=" "),
        Sampling(seed=0, json_schema="no json"),
        Sampling(seed=0, json_schema="[1]"),
        Sampling(seed=0, json_schema='{"type": "nonsense"}'),
        Sampling(seed=0, json_schema='{"type": "string", "pattern": "("}'),
        Sampling(seed=0, json_schema="{}", grammar=DICE),
    ],
)
def test_a_constraint_that_makes_no_sense_is_refused(sampling: Sampling) -> None:
    """Before anything is written; the reason is told."""
    with pytest.raises(BadConstraint, match=r"\w"):
        Picker(sampling, prompt=[], vocabulary=VOCABULARY)


def test_a_token_against_the_grammar_is_told() -> None:
    """It can come of nowhere but a fault, which must not go on as if nothing was."""
    constraint = Constraint(Sampling(seed=0, grammar=DICE), VOCABULARY)

    with pytest.raises(BadConstraint):
        constraint.took(TINY.get_vocab()["z"])


def test_where_grammar_and_bans_leave_nothing_the_answer_ends() -> None:
    """The one thing the grammar asks for is banned."""
    sampling = Sampling(seed=0, grammar='root ::= "x" "y"', banned=("xy",))
    picker = Picker(sampling, prompt=[], vocabulary=VOCABULARY)
    x = TINY.get_vocab()["x"]
    assert pick(torch.randn(1, SIZE), [picker]) == [x]

    picker.took(x)

    assert pick(torch.randn(1, SIZE), [picker]) == [1]
    picker.took(1)  # an end is taken, even one that the grammar did not foresee


def test_rows_with_and_without_a_grammar_go_together() -> None:
    """Each keeps to its own; a free one may say what the others must not."""
    z = TINY.get_vocab()["z"]
    samplings = [Sampling(seed=0, temperature=0, grammar=g) for g in ("", DICE, "", CHINESE)]
    pickers = [Picker(sampling, prompt=[], vocabulary=VOCABULARY) for sampling in samplings]
    logits = torch.randn(4, SIZE)
    logits[:, z] = 99
    picked = pick(logits, pickers)

    assert [token == z for token in picked] == [True, False, True, False]
    assert VOCABULARY.bytes_of(picked[1]).startswith(b"I")
    assert "灯".encode().startswith(VOCABULARY.bytes_of(picked[3]))
