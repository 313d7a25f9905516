"""What goes on beside the events stays with its story, also when another is told in its channel meanwhile."""

from dataclasses import replace

import pytest

from bot.story.people import Person as Actor
from bot.story.turns import keeping
from bot.story.turns.keeping import Kept
from bot.story.votes.ballot_box import BallotBox
from storage import directions, passages, rounds, stories
from storage.stories import Story
from tests.person import Person
from tests.stage import Stage, eventually, saying
from tests.test_e2e_gathering import CLIFF, LAMP, hand_in, table
from tests.turn_play import BELL, HERE
from tests.vote_play import offered, press, told


async def turn_to_another(stage: Stage, person: Person) -> None:
    """Pause the story that is told, and begin another in its channel."""
    services, place = stage.bot.services, stage.place(HERE)
    actor = Actor(int(person.user["id"]), "Mara", moderator=True)
    await services.pausing.pause(place, actor)
    await person.command("story start", channel=HERE, options={"title": "The Fog"})

    async def begun() -> bool:
        story = await stories.running_in(stage.database, place.channel_id)
        return story is not None and story.title == "The Fog"

    await eventually(begun)


async def one(stage: Stage) -> Story:
    """Return the first story."""
    return await stories.get(stage.database, 1)


async def texts(stage: Stage, story_id: int) -> list[str]:
    """Return every passage of a story."""
    rows = await stage.database.fetch_all(
        "SELECT id FROM passages WHERE story_id = ? ORDER BY id", (story_id,)
    )
    return [(await passages.get(stage.database, row["id"])).text for row in rows]


async def test_the_narrator_writes_by_itself_in_the_story_it_meant_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another story is left alone, without a word about it; where the first goes on, so does the narrator."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, title="The Lamp", narrator="1")
    performance = stage.bot.services.performance
    go_on = performance.go_on_in
    began: list[int] = []

    async def late(story: Story, person: Actor) -> None:
        began.append(story.id)
        if len(began) == 1:
            await turn_to_another(stage, mara)
        await go_on(story, person)

    monkeypatch.setattr(performance, "go_on_in", late)
    await mara.command("write", channel=HERE, options={"text": "The lamp went out."})

    async def told_the_log() -> bool:
        return stage.log.says("the narrator writes by itself once the story goes on")

    await eventually(told_the_log)
    assert await texts(stage, 2) == []
    assert not any("could not" in m["content"] for m in mara.messages(HERE))
    stage.script.says(BELL)
    await mara.command("story switch", channel=HERE, options={"story": "The Lamp"})
    await mara.wait_for_message(saying(BELL, button="Retry"))
    assert await texts(stage, 1) == ["The lamp went out.", BELL]
    assert began == [1, 1]


async def test_what_a_group_chose_waits_for_its_own_story(stage: Stage) -> None:
    """The narrator writes nothing in another, and the choice is kept."""
    mara = await stage.seat("Mara")
    card = await offered(stage, mara)
    await press(mara, card, "A")
    box = BallotBox(database=stage.database, clock=stage.clock)
    decision = await box.close(stage.place(HERE), Actor(int(mara.user["id"]), "Mara"), 1)
    asked = len(stage.backend.requests)
    await turn_to_another(stage, mara)
    stage.bot.services.voting.carry_out(decision)
    await stage.bot.services.voting.rest()
    assert len(stage.backend.requests) == asked
    assert await texts(stage, 2) == []
    assert len(await directions.waiting(stage.database, 1)) == 1


async def closed_round(stage: Stage, *words: str) -> tuple[Person, Story, Kept]:
    """Return a story, with its host, as it was seen when its round had closed."""
    people = await table(stage, "round", "Mara", "Jun", "Ida")
    for person, said in zip(people, words, strict=False):
        await told(await hand_in(person, said))
    story = await one(stage)
    kept = await keeping.read(stage.database, story.id)
    return people[0], story, replace(kept, state=replace(kept.state, closed=True))


@pytest.mark.parametrize("words", [(CLIFF,), (CLIFF, LAMP)])
async def test_what_was_handed_in_waits_for_its_own_story(stage: Stage, words: tuple[str, ...]) -> None:
    """Neither as it is nor woven does it come into a story that rests, or into another."""
    mara, story, kept = await closed_round(stage, *words)
    before = await texts(stage, 1)
    asked = len(stage.backend.requests)
    await turn_to_another(stage, mara)
    await stage.bot.services.gathering.attend(story, kept)
    assert len(stage.backend.requests) == asked
    assert await texts(stage, 1) == before
    assert await texts(stage, 2) == []
    current = await rounds.current(stage.database, 1)
    assert current is not None
    assert len(await rounds.contributions(stage.database, current.id)) == len(words)


async def test_what_comes_next_is_asked_in_its_own_story(stage: Stage) -> None:
    """A story that is told meanwhile gets no vote from another's turns."""
    mara = await stage.seat("Mara")
    await stage.begin(mara, title="The Lamp")
    story = await one(stage)
    await turn_to_another(stage, mara)
    await stage.bot.services.voting.ask_what_is_next(story, seconds=600)
    row = await stage.database.fetch_one("SELECT count(*) AS votes FROM votes")
    assert row is not None
    assert row["votes"] == 0
