"""Prove that tokens are picked as each request says, whatever stands beside it."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.backends.transformers.drawing import chance
from bot.engine.backends.transformers.sampling import NotANumber, Picker, pick
from bot.engine.backends.transformers.scores import MANY
from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.request import Sampling
from tests.tiny import tiny_tokenizer

TINY = tiny_tokenizer()
KNOWN = len(TINY)
SIZE = KNOWN + 37
END = 1
VOCABULARY = Vocabulary(TINY, SIZE, frozenset({END}))

# A vocabulary as wide as real models have, of which only few tokens have a name that matters.
WIDE = Vocabulary(TINY, 2500, frozenset({END}))
WIDE.padding.clear()

SAMPLINGS = st.builds(
    Sampling,
    seed=st.integers(),
    temperature=st.sampled_from([0.0, 0.3, 1.0, 2.0]),
    top_k=st.sampled_from([0, 1, 5, 40, 64, 100, 2000]),
    top_p=st.sampled_from([0.0, 0.5, 0.95, 1.0]),
    min_p=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    repetition_penalty=st.sampled_from([1.0, 1.3, 0.8]),
    repetition_window=st.sampled_from([-1, 0, 3, 64]),
    no_repeat_ngram=st.sampled_from([0, 1, 2]),
    xtc_probability=st.sampled_from([0.0, 0.5, 1.0]),
    xtc_threshold=st.sampled_from([0.02, 0.1, 0.4]),
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Leave the other cores to others: these tensors are small."""
    torch.set_num_threads(1)


def model(seed: int, size: int, scale: float = 3.0) -> torch.Tensor:
    """Return a row of logits."""
    return torch.randn(size, generator=torch.Generator().manual_seed(seed % 2**63)) * scale


def plain_pick(
    logits: torch.Tensor, sampling: Sampling, history: Sequence[int], place: int, known: int
) -> int:
    """Return the token by the definitions, one step after the other, with lists of all tokens."""
    scores = dict(enumerate(logits[:known].tolist()))
    window = history[-sampling.repetition_window :] if sampling.repetition_window > 0 else history
    for token in set(window if sampling.repetition_window else ()) - {END}:
        penalty = torch.tensor(sampling.repetition_penalty)
        score = torch.tensor(scores[token])
        scores[token] = float(score / penalty if score > 0 else score * penalty)
    n = sampling.no_repeat_ngram
    runs = {tuple(history[i : i + n]) for i in range(len(history) - n + 1)} if n else set()
    before = tuple(history[len(history) - n + 1 :])
    left = [token for token in scores if token == END or (*before, token) not in runs]
    left.sort(key=lambda token: (-scores[token], token))
    if sampling.temperature <= 0:
        return left[0]
    first, second = chance(sampling.seed, place)
    left = truncate(left, scores, sampling)
    if second < sampling.xtc_probability:
        left = exclude(left, scores, sampling.xtc_threshold)
    return fall(left, [scores[token] / sampling.temperature for token in left], first)


def probabilities(scores: Sequence[float]) -> list[float]:
    """Return the softmax."""
    largest = max(scores)
    weights = [math.exp(score - largest) for score in scores]
    whole = sum(weights)
    return [weight / whole for weight in weights]


def truncate(left: list[int], scores: dict[int, float], sampling: Sampling) -> list[int]:
    """Return what top_k, top_p and min_p leave, in this order."""
    left = left[: sampling.top_k or None]
    if sampling.top_p < 1:
        sure = probabilities([scores[token] for token in left])
        reached = list(accumulate(sure))
        left = left[: 1 + sum(total < sampling.top_p for total in reached[:-1])]
    sure = probabilities([scores[token] for token in left])
    return [token for token, p in zip(left, sure, strict=True) if p >= sampling.min_p * sure[0]]


def exclude(left: list[int], scores: dict[int, float], threshold: float) -> list[int]:
    """Return what XTC leaves: of those that reach the threshold the last, unless the end would go."""
    sure = probabilities([scores[token] for token in left])
    count = sum(p >= threshold for p in sure)
    return left if count < 2 or END in left[: count - 1] else left[count - 1 :]


def fall(left: Sequence[int], scores: Sequence[float], number: float) -> int:
    """Return the token on whose part of the whole, laid end to end, the number falls."""
    reached = 0.0
    for token, p in zip(left, probabilities(scores), strict=True):
        reached += p
        if reached > number:
            return token
    return left[-1]


@settings(max_examples=200, deadline=None)
@given(samplings=st.lists(SAMPLINGS, min_size=1, max_size=4), seed=st.integers())
def test_each_row_is_picked_by_the_definitions(samplings: list[Sampling], seed: int) -> None:
    """Every step of the chain, in its order, at several places of an answer."""
    chooser = random.Random(seed)
    prompts = [[chooser.randrange(30) for _ in range(chooser.randrange(40))] for _ in samplings]
    pickers = [
        Picker(sampling, prompt=prompt, vocabulary=VOCABULARY)
        for sampling, prompt in zip(samplings, prompts, strict=True)
    ]
    for place in range(3):
        logits = [model(seed + place + 100 * row, SIZE) for row in range(len(samplings))]
        picked = pick(torch.stack(logits), pickers)
        expected = [
            plain_pick(row, sampling, prompt, place, KNOWN)
            for row, sampling, prompt in zip(logits, samplings, prompts, strict=True)
        ]
        assert picked == expected
        for picker, prompt, token in zip(pickers, prompts, picked, strict=True):
            picker.took(token)
            prompt.append(token)


@settings(max_examples=30, deadline=None)
@given(sampling=SAMPLINGS, seed=st.integers(), scale=st.sampled_from([0.1, 1.0, 4.0]))
def test_a_wide_row_is_picked_by_the_definitions(sampling: Sampling, seed: int, scale: float) -> None:
    """Also where the likeliest tokens that are looked at first are not enough."""
    logits = model(seed, 2500, scale)
    picker = Picker(sampling, prompt=[5, 6, 5], vocabulary=WIDE)

    assert pick(logits.unsqueeze(0), [picker]) == [plain_pick(logits, sampling, [5, 6, 5], 0, 2500)]


@settings(max_examples=60, deadline=None)
@given(
    mine=SAMPLINGS,
    others=st.lists(SAMPLINGS, max_size=5),
    seed=st.integers(),
    precision=st.sampled_from([torch.float32, torch.bfloat16, torch.float16]),
)
def test_company_changes_nothing(
    mine: Sampling, others: list[Sampling], seed: int, precision: torch.dtype
) -> None:
    """The same seed and logits give the same token, alone or beside any others, with many equal logits too."""
    alone = Picker(mine, prompt=[5, 6, 7], vocabulary=WIDE)
    beside = Picker(mine, prompt=[5, 6, 7], vocabulary=WIDE)
    chooser = random.Random(seed)
    for place in range(4):
        company = [Picker(other, prompt=[9], vocabulary=WIDE) for other in others]
        chooser.shuffle(company)
        where = chooser.randrange(len(company) + 1)
        rows = [model(seed + place + 50 * i, 2500) for i in range(len(company) + 1)]
        own = rows[0].unsqueeze(0).to(precision)
        batch = torch.stack([*rows[1 : where + 1], rows[0], *rows[where + 1 :]]).to(precision)
        token = pick(own, [alone])[0]

        assert pick(batch, [*company[:where], beside, *company[where:]])[where] == token
        alone.took(token)
        beside.took(token)


@given(seed=st.integers())
def test_no_temperature_picks_the_largest(seed: int) -> None:
    """Whatever the seed, top_k, top_p and XTC say."""
    logits = torch.stack([model(seed, SIZE), model(seed + 1, SIZE)])
    plain = Sampling(seed=seed, temperature=0, repetition_penalty=1.0)
    samplings = [plain, replace(plain, top_k=0, top_p=0.1, xtc_probability=1.0, seed=seed + 1)]
    pickers = [Picker(sampling, prompt=[], vocabulary=VOCABULARY) for sampling in samplings]

    assert pick(logits, pickers) == logits[:, :KNOWN].argmax(-1).tolist()


def test_tokens_come_as_often_as_they_are_likely() -> None:
    """Over many seeds, two tokens at odds of three to one; neighbouring seeds do not go together."""
    logits = torch.full((1, SIZE), -50.0)
    logits[0, 5], logits[0, 6] = math.log(3), 0.0
    free = Sampling(seed=0, temperature=1.0, top_k=0, top_p=1.0, min_p=0.0)
    pickers = [Picker(replace(free, seed=seed), prompt=[], vocabulary=VOCABULARY) for seed in range(2000)]
    picked = pick(logits.expand(2000, -1), pickers)

    assert set(picked) == {5, 6}
    assert 1400 < picked.count(5) < 1600


def test_the_places_of_an_answer_have_their_own_chances() -> None:
    """One seed is not one number: even odds come out both ways in the course of an answer."""
    logits = torch.full((1, SIZE), -50.0)
    logits[0, 5] = logits[0, 6] = 0.0
    picker = Picker(Sampling(seed=7, repetition_penalty=1.0), prompt=[], vocabulary=VOCABULARY)
    picked = []
    for _ in range(60):
        picked += pick(logits, [picker])
        picker.took(picked[-1])

    assert 15 < picked.count(5) < 45


def test_a_flat_row_is_picked_from_as_a_whole() -> None:
    """Without limits, tokens come that are not among those looked at first."""
    free = Sampling(seed=0, temperature=1.0, top_k=0, top_p=1.0, min_p=0.0)
    pickers = [Picker(replace(free, seed=seed), prompt=[], vocabulary=WIDE) for seed in range(40)]
    logits = torch.linspace(1, 0, 2500)

    assert max(pick(logits.expand(40, -1), pickers)) > MANY + 500


def test_top_p_counts_what_all_tokens_weigh() -> None:
    """One at 1000 to 2499 in all has two sevenths, not the half that it has of those looked at first."""
    logits = torch.zeros(2500)
    logits[0] = math.log(1000)
    half = Sampling(seed=0, temperature=1.0, top_k=0, top_p=0.4, min_p=0.0)
    pickers = [Picker(replace(half, seed=seed), prompt=[], vocabulary=WIDE) for seed in range(40)]

    assert len(set(pick(logits.expand(40, -1), pickers))) > 5


def test_xtc_never_takes_the_end_away() -> None:
    """Where the end is among the top choices all of them stay; elsewhere all but the last go."""
    logits = torch.full((2, SIZE), -50.0)
    logits[0, [5, END, 6]] = logits[1, [5, 7, 6]] = torch.tensor([2.0, 1.9, 1.8])
    sampling = Sampling(seed=0, temperature=0.01, repetition_penalty=1.0, xtc_probability=1.0)
    pickers = [Picker(sampling, prompt=[], vocabulary=VOCABULARY) for _ in range(2)]

    assert pick(logits, pickers) == [5, 6]


def test_any_seed_will_do_and_a_step_asked_again_gives_the_same() -> None:
    """Large ones, negative ones; a step is repeated after a failure, and has one outcome."""
    logits = model(3, SIZE).unsqueeze(0)
    hot = Sampling(seed=0, temperature=3.0, top_k=0, min_p=0.0)
    picked = {}
    for seed in (0, -1, 1, 2**64, -(2**200), 2**200):
        picker = Picker(replace(hot, seed=seed), prompt=[], vocabulary=VOCABULARY)
        picked[seed] = pick(logits, [picker])
        assert pick(logits, [picker]) == picked[seed]

    assert len({token for (token,) in picked.values()}) > 3


def test_the_logits_are_left_as_they_were() -> None:
    """A step that is repeated finds the model's own numbers."""
    logits = model(3, SIZE).unsqueeze(0)
    before = logits.clone()
    pick(logits, [Picker(Sampling(seed=0, banned=("a",)), prompt=[5, 6], vocabulary=VOCABULARY)])

    assert torch.equal(logits, before)


@pytest.mark.parametrize("top_k", [0, 40])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda row: row.fill_(math.nan),
        lambda row: row.fill_(-math.inf),
        lambda row: row[7].fill_(math.nan),
        lambda row: row[7].fill_(math.inf),
    ],
)
def test_rows_without_numbers_are_told(spoil: object, top_k: int) -> None:
    """All of them, and none of the others."""
    assert callable(spoil)
    logits = torch.randn(5, SIZE)
    spoil(logits[1])
    spoil(logits[4])
    pickers = [Picker(Sampling(seed=0, top_k=top_k), prompt=[], vocabulary=VOCABULARY) for _ in range(5)]

    with pytest.raises(NotANumber) as told:
        pick(logits, pickers)
    assert told.value.rows == [1, 4]


def test_padding_is_never_picked() -> None:
    """Ids that are no tokens, however much the model likes them, and though they are no numbers."""
    logits = torch.full((2, SIZE), -20.0)
    logits[0, KNOWN:] = 50.0
    logits[1, KNOWN:] = math.nan
    logits[:, 9] = 0.0
    pickers = [Picker(Sampling(seed=seed), prompt=[], vocabulary=VOCABULARY) for seed in range(2)]

    assert pick(logits, pickers) == [9, 9]


def test_an_end_is_not_held_back_for_being_there_before() -> None:
    """Every prompt has ends of turns; neither penalties nor no-repeat rules speak against the next one."""
    logits = torch.full((1, SIZE), 0.0)
    logits[0, END] = 1.0
    sampling = Sampling(
        seed=0,
        temperature=0,
        repetition_penalty=5.0,
        no_repeat_ngram=1,
        dry_multiplier=5.0,
        dry_allowed_length=1,
    )

    assert pick(logits, [Picker(sampling, prompt=[9, END, 8, 9, END, 8, 9], vocabulary=VOCABULARY)]) == [END]


def test_dry_keeps_a_loop_from_going_on() -> None:
    """A model that would say the same for ever says something else."""
    loop = [9, 8, 7, 6, 5] * 3
    logits = torch.zeros(1, SIZE)
    logits[0, 9] = 2.0
    plain = Sampling(seed=0, temperature=0, repetition_penalty=1.0)

    assert pick(logits, [Picker(plain, prompt=loop, vocabulary=VOCABULARY)]) == [9]
    assert pick(logits, [Picker(replace(plain, dry_multiplier=0.8), prompt=loop, vocabulary=VOCABULARY)]) != [
        9
    ]
