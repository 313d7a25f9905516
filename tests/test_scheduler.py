"""Prove that requests share one model without noticing each other, and that failures stay where they happen."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from bot.engine.backends.transformers import scheduler
from bot.engine.backends.transformers.adapters import Adapters
from bot.engine.backends.transformers.constraint import BadConstraint, Constraint
from bot.engine.backends.transformers.runner import Row
from bot.engine.backends.transformers.sampling import pick
from bot.engine.backends.transformers.vocabulary import Vocabulary
from bot.engine.request import Sampling
from tests.lora import save_lora
from tests.tiny import Shape, save_tiny
from tests.torch_engine import GREEDY, TinyEngine, load_tiny

WILD = Sampling(
    seed=3,
    temperature=1.0,
    top_k=0,
    top_p=1.0,
    min_p=0.0,
    repetition_penalty=1.1,
    dry_multiplier=0.8,
    max_tokens=12,
)
Tiny = tuple[Any, Vocabulary]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Leave the other cores to the other tests."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module", params=["llama", "qwen3"])
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Load each shape."""
    shape: Shape = request.param
    return load_tiny(save_tiny(tmp_path_factory.mktemp(shape), shape))


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Load one shape, where the other would prove nothing more."""
    return load_tiny(save_tiny(tmp_path_factory.mktemp("llama")))


def prompt(seed: int, length: int = 40) -> list[int]:
    """Return random tokens that are no special ones."""
    random_ = random.Random(seed)
    return [random_.randrange(2, 400) for _ in range(length)]


def greedy(model: Any, vocabulary: Vocabulary, tokens: list[int], count: int) -> str:
    """Return what the likeliest tokens say, each time read afresh and alone; broken characters are never shown."""
    written: list[int] = []
    runner = TinyEngine(model, vocabulary).runner
    while len(written) < count:
        logits = runner.forward([Row([*tokens, *written], 0, range(1, 100))])
        token = int(logits[0].argmax())
        if token in vocabulary.ends:
            break
        written.append(token)
    return str(vocabulary.tokenizer.decode(written, skip_special_tokens=True)).replace("\ufffd", "")


def test_side_by_side_each_gets_the_likeliest_text_of_its_own(tiny: Tiny) -> None:
    """Prompts of different lengths, read in chunks and written together, say what they say alone."""
    model, vocabulary = tiny
    engine = TinyEngine(model, vocabulary)
    prompts = [prompt(seed, length) for seed, length in enumerate((1, 15, 16, 17, 60, 100))]
    texts = engine.run(*(engine.job(tokens, key=str(number)) for number, tokens in enumerate(prompts)))

    assert texts == [greedy(model, vocabulary, tokens, 12) for tokens in prompts]
    assert engine.nothing_held()


def test_the_same_seed_gives_the_same_text_in_any_company(tiny: Tiny) -> None:
    """Alone, again, beside others, and joining in the middle of theirs."""
    model, vocabulary = tiny
    engine = TinyEngine(model, vocabulary)
    (alone,) = engine.run(engine.job(prompt(1), WILD, warm=False))
    others = [engine.job(prompt(seed), replace(WILD, seed=seed), key=str(seed)) for seed in range(2, 5)]
    beside = engine.run(engine.job(prompt(1), WILD, warm=False), *others)[0]
    engine.add(*(engine.job(prompt(seed), replace(WILD, seed=seed), key=str(seed)) for seed in range(5, 8)))
    engine.step(6)
    joined = engine.run(engine.job(prompt(1), WILD, warm=False))[0]
    (other_seed,) = engine.run(engine.job(prompt(1), replace(WILD, seed=4), warm=False))

    assert alone == beside == joined
    assert alone != other_seed


def test_a_long_prompt_does_not_stall_those_who_write(llama: Tiny) -> None:
    """While 200 tokens are read, the other gets a token at every step."""
    engine = TinyEngine(*llama, chunk=16)
    writer = engine.job(prompt(1, 8), replace(GREEDY, max_tokens=100), key="writer")
    engine.add(writer)
    engine.step(2)
    engine.add(engine.job(prompt(2, 200), key="long"))
    before = len(engine.runner.batches)
    engine.step(10)

    for batch in engine.runner.batches[before:]:
        assert any(len(row.tokens) == 1 and row.wants_logits for row in batch)
        assert sum(len(row.tokens) for row in batch) <= 17


def test_a_turn_reads_only_its_new_words(tiny: Tiny) -> None:
    """What the story had before is there; the words and the numbers are the same as read afresh."""
    model, vocabulary = tiny
    warm, cold = TinyEngine(model, vocabulary), TinyEngine(model, vocabulary)
    story = prompt(1, 50)
    warm.run(warm.job(story))
    grown = story + prompt(2, 20)
    job = warm.job(grown)
    (text,) = warm.run(job)
    (afresh,) = cold.run(cold.job(grown, warm=False))

    assert warm.usage(job).cached == 50
    assert text == afresh
    for ours, theirs in zip(warm.runner.logits[-11:], cold.runner.logits[-11:], strict=True):
        assert (ours - theirs).abs().max() < 1e-3


@pytest.mark.parametrize("kept", [1, 7, 8, 9, 30, 49])
def test_undo_retry_and_branches_find_what_they_share(llama: Tiny, kept: int) -> None:
    """Whatever part of the prompt stays, that part is not read again, and the text is right."""
    engine = TinyEngine(*llama)
    story = prompt(1, 50)
    engine.run(engine.job(story))
    for seed in (2, 3, 2):
        branch = story[:kept] + prompt(seed, 21)
        job = engine.job(branch)
        (text,) = engine.run(job)
        fresh = TinyEngine(*llama)

        assert engine.usage(job).cached >= kept
        assert text == fresh.run(fresh.job(branch))[0]
    retry = engine.job(story)
    engine.run(retry)

    assert engine.usage(retry).cached == 49
    assert engine.nothing_held()


def test_stories_that_lost_their_pages_are_still_right(llama: Tiny) -> None:
    """With room for three stories eight take turns: from main memory, or read again, the texts are the same."""
    for host_bytes in (0, 10_000_000):
        small = TinyEngine(*llama, pages=40, parallel=2, host_bytes=host_bytes)
        ample = TinyEngine(*llama, pages=400, parallel=2)
        stories = {str(number): prompt(number, 50) for number in range(8)}
        for turn in range(3):
            for pair in ("01", "23", "45", "67"):
                jobs = [(small.job(stories[key], key=key), ample.job(stories[key], key=key)) for key in pair]
                texts = small.run(*(job for job, _ in jobs))

                assert texts == ample.run(*(job for _, job in jobs))
            for key in stories:
                stories[key] += prompt(100 * turn + int(key), 9)
        cached = sum(told.finished.usage.cached for told in small.told.values() if told.finished)

        assert (cached > 0) == bool(host_bytes)
        assert small.nothing_held()


@pytest.mark.parametrize("step", range(14))
def test_a_job_can_be_cancelled_at_any_step(llama: Tiny, step: int) -> None:
    """The others write what they would have written, and its pages come back."""
    engine = TinyEngine(*llama)
    (expected,) = engine.run(engine.job(prompt(1), WILD, warm=False))
    stays, goes = engine.job(prompt(1), WILD, key="a"), engine.job(prompt(2, 70), WILD, key="b")
    engine.add(stays, goes)
    engine.step(step)
    told = len(engine.told[goes.id].events)
    engine.scheduler.cancel(goes.id)
    engine.finish()

    assert engine.told[stays.id].text == expected
    assert len(engine.told[goes.id].events) == told
    assert engine.nothing_held()


@pytest.mark.parametrize("step", range(1, 12))
def test_once_short_of_memory_nobody_notices(llama: Tiny, step: int) -> None:
    """The step is made smaller and tried again, and no story grows cold."""
    engine = TinyEngine(*llama)
    prompts = [prompt(seed, 50) for seed in range(3)]
    expected = engine.run(*(engine.job(tokens, WILD, warm=False) for tokens in prompts))
    engine.run(engine.job(prompt(9, 50), key="kept"))
    first = len(engine.runner.batches)
    engine.runner.fault = fails_at(first + step, torch.OutOfMemoryError("short"))
    texts = engine.run(*(engine.job(tokens, WILD, key=str(n)) for n, tokens in enumerate(prompts)))
    again = engine.job(prompt(9, 50), key="kept")
    engine.run(again)

    assert texts == expected
    assert engine.usage(again).cached == 49
    assert engine.nothing_held()


def fails_at(number: int, error: Exception, times: int = 1) -> Callable[[int], Exception | None]:
    """Fail the forward pass of that number, and as many after it."""
    return lambda now: error if number <= now < number + times else None


@pytest.mark.parametrize("step", range(1, 8))
def test_twice_short_of_memory_ends_one_job_alone(llama: Tiny, step: int) -> None:
    """The one that needs most ends with its typed error; the others go on."""
    engine = TinyEngine(*llama)
    prompts = [prompt(seed, 50) for seed in range(3)]
    expected = engine.run(*(engine.job(tokens, WILD, warm=False) for tokens in prompts))
    first = len(engine.runner.batches)
    engine.runner.fault = fails_at(first + step, torch.OutOfMemoryError("short"), times=2)
    jobs = [engine.job(tokens, WILD, key=str(n)) for n, tokens in enumerate(prompts)]
    engine.add(*jobs)
    engine.finish()
    failed = [job for job in jobs if engine.told[job.id].failed]

    assert [engine.told[job.id].failure for job in failed] == ["memory"]
    for job, text in zip(jobs, expected, strict=True):
        assert job in failed or engine.told[job.id].text == text
    assert engine.nothing_held()


@pytest.mark.parametrize("step", range(1, 8))
def test_a_model_that_gives_no_numbers_is_called_broken(llama: Tiny, step: int) -> None:
    """Everyone in the batch gets the typed error, and nothing that was kept is used again."""
    engine = TinyEngine(*llama)
    engine.runner.spoiled = step
    jobs = [engine.job(prompt(seed, 20), WILD, key=str(seed)) for seed in range(3)]
    engine.add(*jobs)
    engine.finish()

    if engine.scheduler.broken:
        assert {told.failure for told in engine.told.values() if not told.finished} == {"nan"}
    else:
        assert step == 1  # the first pass read prompts in part, and nobody looked at its logits
    assert engine.nothing_held()


def test_an_unknown_failure_is_raised_and_leaves_nothing_behind(llama: Tiny) -> None:
    """Who runs the scheduler ends the streams; the next job is served."""
    engine = TinyEngine(*llama)
    engine.runner.fault = fails_at(4, RuntimeError("the card is gone"))
    jobs = [engine.job(prompt(seed, 20), WILD, key=str(seed)) for seed in range(6)]
    engine.add(*jobs)
    with pytest.raises(RuntimeError, match="the card is gone"):
        engine.finish()

    assert not engine.scheduler.busy
    assert engine.run(engine.job(prompt(1), WILD))
    assert engine.nothing_held()


def test_more_jobs_than_room_wait_for_each_other(llama: Tiny) -> None:
    """A pool for two stories serves ten, in their order; one that can never fit fails by itself."""
    engine = TinyEngine(*llama, pages=18, parallel=8)
    jobs = [engine.job(prompt(seed, 40), key=str(seed)) for seed in range(10)]
    huge = engine.job(prompt(99, 300), key="huge")
    engine.add(*jobs[:5], huge, *jobs[5:])
    engine.finish()

    assert all(engine.told[job.id].finished for job in jobs)
    assert engine.told[huge.id].failure == "memory"
    assert engine.nothing_held()


def test_the_limits_of_length_and_context_hold(llama: Tiny) -> None:
    """One token at least, and never beyond what the model reads."""
    engine = TinyEngine(*llama, context=64)
    one = engine.job(prompt(1), replace(WILD, max_tokens=1), key="1")
    full = engine.job(prompt(2, 60), replace(GREEDY, max_tokens=50), key="2")
    engine.run(one, full)

    assert engine.usage(one).tokens == 1
    assert engine.usage(one).ending == "length"
    assert engine.usage(full).tokens <= 4
    assert engine.nothing_held()


def test_a_schema_is_kept(llama: Tiny) -> None:
    """A random model writes JSON when it must, beside one that writes as it likes."""
    engine = TinyEngine(*llama)
    schema = {
        "type": "object",
        "properties": {"name": {"enum": ["灯", "lamp"]}, "lit": {"type": "boolean"}},
        "required": ["name", "lit"],
        "additionalProperties": False,
    }
    sampling = replace(WILD, max_tokens=200, json_schema=json.dumps(schema), dry_multiplier=0.0)
    told, _other = engine.run(engine.job(prompt(1), sampling, key="1"), engine.job(prompt(2), WILD, key="2"))

    assert json.loads(told)["name"] in {"灯", "lamp"}


def test_a_wrong_grammar_fails_alone(llama: Tiny) -> None:
    """With its typed error, and the next is served."""
    engine = TinyEngine(*llama)
    wrong = engine.job(prompt(1), replace(WILD, grammar="root ::= ("), key="1")
    right = engine.job(prompt(2), WILD, key="2")
    engine.add(wrong, right)
    engine.finish()

    assert engine.told[wrong.id].failure == "constraint"
    assert engine.told[right.id].finished
    assert engine.nothing_held()


def test_an_unknown_adapter_fails_at_once(llama: Tiny) -> None:
    """It is not written with another voice instead."""
    engine = TinyEngine(*llama)
    job = engine.job(prompt(1), adapter="pirate")
    engine.add(job)

    assert engine.told[job.id].failure == "adapter"


def test_a_grammar_that_gives_up_in_mid_text_fails_alone(
    llama: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other text is as it would have been."""
    engine = TinyEngine(*llama)
    (expected,) = engine.run(engine.job(prompt(2), WILD, warm=False))
    bound = engine.job(prompt(1), replace(WILD, grammar=f'root ::= "{"ab" * 30}"'), key="1")
    other = engine.job(prompt(2), WILD, key="2")
    engine.add(other, bound)
    engine.step(4)
    monkeypatch.setattr(Constraint, "took", gives_up)
    engine.finish()

    assert engine.told[bound.id].failure == "constraint"
    assert engine.told[other.id].text == expected
    assert engine.nothing_held()


def gives_up(_self: Constraint, _token: int) -> None:
    """Be a grammar that is too hard to follow."""
    raise BadConstraint("too hard")


def test_no_memory_to_move_a_story_ends_one_job_alone(llama: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its pages cannot be had, the others are served."""
    engine = TinyEngine(*llama)
    with monkeypatch.context() as patch:
        patch.setattr(engine.warm, "begin", preceded(run_short, engine.warm.begin))
        job = engine.job(prompt(1, 30))
        engine.add(job)
        engine.step()
    other = engine.job(prompt(2), key="other")
    engine.add(other)
    engine.finish()

    assert engine.told[job.id].failure == "memory"
    assert engine.told[other.id].finished
    assert engine.nothing_held()


def run_short() -> None:
    """Be out of memory."""
    raise torch.OutOfMemoryError("short")


def preceded(first: Callable[..., None], then: Callable[..., Any]) -> Callable[..., Any]:
    """Call one function before another."""

    def both(*args: Any, **kwargs: Any) -> Any:
        first()
        return then(*args, **kwargs)

    return both


@pytest.mark.parametrize("times", [1, 2])
def test_no_memory_to_pick_ends_one_job_at_most(
    llama: Tiny, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others' words are the same."""
    engine = TinyEngine(*llama)
    prompts = [prompt(seed, 20) for seed in range(3)]
    expected = engine.run(*(engine.job(tokens, WILD, warm=False) for tokens in prompts))
    tries = 0

    def short() -> None:
        nonlocal tries
        tries += 1
        if 4 <= tries < 4 + times:
            raise torch.OutOfMemoryError("short")

    monkeypatch.setattr(scheduler, "pick", preceded(short, pick))
    jobs = [engine.job(tokens, WILD, key=str(number)) for number, tokens in enumerate(prompts)]
    engine.add(*jobs)
    engine.finish()
    failures = [engine.told[job.id].failure for job in jobs]

    assert failures.count("memory") == times - 1
    for failure, job, text in zip(failures, jobs, expected, strict=True):
        assert failure or engine.told[job.id].text == text
    assert engine.nothing_held()


def test_what_leaves_no_room_for_a_word_is_refused(llama: Tiny) -> None:
    """No prompt, one as long as the context, and no tokens to write."""
    engine = TinyEngine(*llama, context=64)
    jobs = [
        engine.job([]),
        engine.job(prompt(1, 64)),
        engine.job(prompt(1), replace(WILD, max_tokens=0)),
    ]
    engine.add(*jobs)

    assert [engine.told[job.id].failure for job in jobs] == ["error"] * 3
    assert not engine.scheduler.busy


def test_adapters_share_a_batch_and_nothing_else(llama: Tiny, tmp_path: Path) -> None:
    """Two voices and the plain one tell the same story at once, each as it does alone, from caches of their own."""
    model, vocabulary = llama
    adapters = Adapters(model)
    for number, name in enumerate(("pirate", "poet")):
        adapters.load(name, save_lora(tmp_path / name, model, seed=number))
    voices = ("", "pirate", "poet")
    engine = TinyEngine(model, vocabulary, adapters=adapters)
    alone = [engine.run(engine.job(prompt(1), WILD, warm=False, adapter=name))[0] for name in voices]
    for _turn in range(2):
        assert engine.run(*(engine.job(prompt(1), WILD, adapter=name) for name in voices)) == alone
    assert len(set(alone)) == 3

    last = engine.job(prompt(1), WILD, adapter="pirate")
    engine.add(last)
    adapters.unload("pirate")
    late = engine.job(prompt(1), WILD, adapter="pirate")
    engine.add(late)
    engine.finish()

    assert engine.told[last.id].text == alone[1]
    assert engine.told[late.id].failure == "adapter"
    adapters.load("pirate", save_lora(tmp_path / "other", model, seed=9))
    again = engine.job(prompt(1), WILD, adapter="pirate")
    (changed,) = engine.run(again)

    assert changed != alone[1]
    assert engine.usage(again).cached == 0
    for name in adapters.names:
        adapters.unload(name)
    assert engine.nothing_held()


def test_an_adapter_that_gives_no_numbers_fails_alone(llama: Tiny, tmp_path: Path) -> None:
    """A badly trained voice ends its own text; the model goes on, in the same pages too."""
    model, vocabulary = llama
    adapters = Adapters(model)
    folder = save_lora(tmp_path / "mad", model, seed=1)
    weights = folder / "adapter_model.safetensors"
    save_file({name: value * 1e20 for name, value in load_file(weights).items()}, weights)
    adapters.load("mad", folder)
    engine = TinyEngine(model, vocabulary, adapters=adapters, pages=20)
    (expected,) = engine.run(engine.job(prompt(1), WILD, warm=False))
    mad, sane = engine.job(prompt(2), WILD, key="2", adapter="mad"), engine.job(prompt(1), WILD, key="1")
    engine.add(mad, sane)
    engine.finish()

    assert engine.told[mad.id].failure == "nan"
    assert engine.told[sane.id].text == expected
    assert not engine.scheduler.broken
    assert (
        engine.run(*(engine.job(prompt(1), WILD, key=str(number), warm=False) for number in range(3)))
        == [expected] * 3
    )
    adapters.unload("mad")
    assert engine.nothing_held()
