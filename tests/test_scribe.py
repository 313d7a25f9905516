"""Prove what asking the model beside the telling gives, and that it stands in nobody's way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.engine.engine import Engine, Limits
from bot.engine.errors import GenerationFailed, QueueFull, SetAside
from bot.engine.request import Message, Request, Sampling
from bot.story.narration.draft import Waiting, Writing
from bot.story.scribe import STARTS, Scribe
from storage.stories import Story
from tests.scripted import ScriptedBackend
from tests.test_engine import Gate, settled

STORY = Story(7, 1, 2, "Fog", "", "en", "everyone", "running", False, 90, 1, None, None, 0, None, "")
ASKED = (Message("user", "Who holds the lamp?"),)
PICKS = Sampling(seed=1)


@asynccontextmanager
async def opened(
    backend: ScriptedBackend, limits: Limits | None = None
) -> AsyncIterator[tuple[Engine, Scribe]]:
    """Serve with a backend."""
    async with Engine.open(backend, limits=limits) as engine:
        yield engine, Scribe(engine=engine)


async def ask(scribe: Scribe, *, person: int | None = 5, sampling: Sampling = PICKS) -> str:
    """Ask once."""
    return await scribe.text(messages=ASKED, sampling=sampling, story=STORY, person_id=person)


async def test_an_answer_has_no_labels_and_no_tokens() -> None:
    """What a small model says around its answer is taken off, and its tokens cannot command anything."""
    backend = ScriptedBackend(["Answer: Mara holds the lamp.<|im_end|>\nUser: and then?"])
    async with opened(backend) as (_, scribe):
        assert await ask(scribe) == "Mara holds the lamp."


async def test_an_answer_held_to_a_form_comes_as_it_is() -> None:
    """JSON keeps every brace and line."""
    json = '{"title": "Fog",\n "facts": ["one"]}'
    async with opened(ScriptedBackend([json])) as (_, scribe):
        assert await ask(scribe, sampling=Sampling(seed=1, json_schema='{"type": "object"}')) == json


async def test_an_answer_that_was_cut_ends_at_a_sentence() -> None:
    """Half a sentence is not shown where a whole one stands before it."""
    async with opened(ScriptedBackend(["Mara has it. Nobody else ever cared"])) as (_, scribe):
        assert await ask(scribe, sampling=Sampling(seed=1, max_tokens=6)) == "Mara has it."


async def test_an_asking_leaves_the_narrators_cache_alone() -> None:
    """Its key is the story's second one, and its server, channel and person those of the asking."""
    backend = ScriptedBackend()
    async with opened(backend) as (_, scribe):
        await ask(scribe)
    (request,) = backend.requests

    assert (request.cache_key, request.guild_id, request.channel_id, request.user_id) == ("7:aux", 1, 2, 5)
    assert not request.background


async def test_an_answer_streams_with_its_place_in_the_queue() -> None:
    """First the place, then the text as it grows, at last the whole."""
    gate = Gate()
    backend = ScriptedBackend(["Mara holds it, as she has since the fog."], delay=gate, parallel=1)
    async with opened(backend) as (_, scribe):
        first = asyncio.create_task(ask(scribe, person=1))
        await settled()
        steps = scribe.stream(messages=ASKED, sampling=PICKS, story=STORY, person_id=2)
        place = await anext(steps)
        gate.open.set()
        told = [step async for step in steps]
        await first

    assert place == Waiting(1, None)
    assert told[-1] == Writing("Mara holds it, as she has since the fog.")


async def test_work_in_the_background_counts_for_nobody() -> None:
    """However much of it there is, a person may ask as much as ever."""
    gate = Gate()
    backend = ScriptedBackend(delay=gate, parallel=2)
    async with opened(backend, Limits(per_user=1, per_guild=1, waiting=1)) as (engine, scribe):
        work = [asyncio.create_task(ask(scribe, person=None)) for _ in range(4)]
        await settled()
        person = asyncio.create_task(ask(scribe, person=5))
        await settled()
        with pytest.raises(QueueFull):
            await ask(scribe, person=5)

        assert engine.status().running == 2  # one for each kind

        gate.open.set()
        await asyncio.gather(person, *work)


@pytest.mark.parametrize(("parallel", "work"), [(1, 1), (2, 1), (4, 1), (8, 2), (16, 4)])
async def test_background_work_has_a_quarter_of_the_places(parallel: int, work: int) -> None:
    """Of several it leaves most to people, who start at once with nothing set aside."""
    gate = Gate()
    backend = ScriptedBackend(delay=gate, parallel=parallel)
    async with opened(backend) as (_, scribe):
        tasks = [asyncio.create_task(ask(scribe, person=None)) for _ in range(6)]
        await settled()

        assert backend.streams == work

        people = [asyncio.create_task(ask(scribe, person=n + 1)) for n in range(parallel - work)]
        await settled()

        assert backend.streams == parallel
        assert all(not request.background for request in backend.requests[work:])

        gate.open.set()
        await asyncio.gather(*people, *tasks)

        assert len(backend.requests) == len(people) + len(tasks)


async def test_background_work_leaves_people_the_last_place() -> None:
    """Also where it has not had its share."""
    gate = Gate()
    backend = ScriptedBackend(delay=gate, parallel=4)
    async with opened(backend) as (_, scribe):
        people = [asyncio.create_task(ask(scribe, person=n)) for n in (1, 2, 3)]
        await settled()
        work = asyncio.create_task(ask(scribe, person=None))
        await settled()

        assert backend.streams == 3

        gate.open.set()
        await asyncio.gather(*people, work)


async def test_background_work_is_set_aside_for_people_and_taken_up_again() -> None:
    """With one place the person's request comes in between, and nothing of the work is lost."""
    gate = Gate()

    def reply(request: Request) -> str:
        return "A recap." if request.background else "An answer."

    backend = ScriptedBackend(reply, delay=gate, parallel=1)
    async with opened(backend) as (_, scribe):
        work = asyncio.create_task(ask(scribe, person=None))
        await settled()
        person = asyncio.create_task(ask(scribe))
        await settled()

        assert [asked.background for asked in backend.requests] == [True, False]

        gate.open.set()

        assert await person == "An answer."
        assert await work == "A recap."
        assert [asked.background for asked in backend.requests] == [True, False, True]


async def test_people_all_come_before_what_waits_in_the_background() -> None:
    """Whoever asks later is served earlier than work that waits."""
    gate = Gate()
    backend = ScriptedBackend(delay=gate, parallel=1)
    async with opened(backend) as (_, scribe):
        running = asyncio.create_task(ask(scribe, person=1))
        await settled()
        work = asyncio.create_task(ask(scribe, person=None))
        people = [asyncio.create_task(ask(scribe, person=person)) for person in (2, 3)]
        await settled()
        gate.open.set()
        await asyncio.gather(running, work, *people)

    assert [asked.user_id for asked in backend.requests] == [1, 2, 3, 0]


async def test_work_that_is_always_set_aside_is_given_up_for_now() -> None:
    """Whoever asked for it learns so, and can try later."""
    backend = ScriptedBackend(delay=Gate(), parallel=1)
    async with opened(backend) as (_, scribe):
        work = asyncio.create_task(ask(scribe, person=None))
        for _ in range(STARTS):
            await settled()
            person = asyncio.create_task(ask(scribe))
            await settled()
            person.cancel()
            await asyncio.gather(person, return_exceptions=True)
        with pytest.raises(SetAside):
            await work


async def test_what_breaks_a_stream_reaches_who_asked() -> None:
    """A broken model is no empty answer."""
    async with opened(ScriptedBackend(fail_at=1)) as (_, scribe):
        with pytest.raises(GenerationFailed):
            await ask(scribe)


async def test_the_room_for_a_prompt_follows_the_models_own_tokens() -> None:
    """Chinese bytes per token differ from English ones; more reserve leaves less room."""
    async with opened(ScriptedBackend(context=1000)) as (_, scribe):
        english, chinese = [await scribe.room(language, reserve=200) for language in ("en", "zh")]

        assert english < chinese
        assert await scribe.room("en", reserve=600) < english
