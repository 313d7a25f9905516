"""Play on while the narrator thinks, and where it cannot: nobody is kept waiting for it."""

from functools import partial
from pathlib import Path

from storage import stories
from tests.person_forms import Payload
from tests.scripted import ScriptedBackend
from tests.stage import Stage, buttons, eventually, refused, saying
from tests.test_e2e_gathering import CLIFF, HERE, LAMP, OPENING, hand_in, table
from tests.vote_play import MAJOR, MINOR, THREE, card_saying, described, told, voting


async def test_a_model_that_does_not_know_the_language_weaves_nothing(tmp_path: Path) -> None:
    """What was handed in stands at once as it is, and the model is not asked at all."""
    async with Stage.open(tmp_path, playing=False) as stage:
        stage.backend = ScriptedBackend(stage.script.reply, delay=stage.script.delay, languages=("zh",))
        await stage.enter()
        mara, jun = await table(stage, "round", "Mara", "Jun")
        await told(await hand_in(mara, CLIFF))
        asked = len(stage.backend.requests)
        await hand_in(jun, LAMP)
        await mara.wait_for_message(saying(LAMP, "Jun", button="Continue"))
        assert await stage.told() == [OPENING, CLIFF, LAMP]
        assert [one for one in stage.backend.requests[asked:] if not one.background] == []


def thinking(message: Payload) -> bool:
    """Match the card of a vote for which the narrator is thinking of choices."""
    return bool(message["embeds"]) and "⏳" in described(message)


async def test_people_propose_what_comes_next_while_the_narrator_thinks(stage: Stage) -> None:
    """The card is there at once, and what the narrator thought of joins what people proposed."""
    stage.script.hold(after=0)
    stage.script.says(MINOR, MAJOR)
    mara, jun = await table(stage, "vote", "Mara", "Jun")
    card = await mara.wait_for_message(thinking)
    assert "What happens next?" in described(card)
    assert "among the choices" in await told(await hand_in(jun, CLIFF))
    stage.script.go_on()
    full = await mara.wait_for_message(lambda m: voting(m) and MAJOR in described(m))
    assert full["id"] == card["id"]
    assert described(full).index(CLIFF) < described(full).index(MINOR)


async def test_the_channel_sees_who_the_narrator_thinks_of_twists_for(stage: Stage) -> None:
    """At once, and a restart in the middle lets it think again: the same card has its twists in the end."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, OPENING)
    stage.script.hold(after=0)
    await mara.command("twist", channel=HERE)
    card = await mara.wait_for_message(thinking)
    assert "thinking of twists for Mara" in described(card)
    await stage.leave()
    stage.script = type(stage.script)()
    stage.script.says(*THREE)
    stage.backend = ScriptedBackend(stage.script.reply, delay=stage.script.delay)
    await stage.enter()
    full = await mara.wait_for_message(lambda m: voting(m) and m["id"] == card["id"])
    assert all(text in described(full) for text in THREE)


async def test_a_vote_that_is_counted_early_gets_no_twists(stage: Stage) -> None:
    """Whoever cannot wait for the narrator proposes and counts; it stops thinking and writes."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, OPENING)
    stage.script.hold(after=0)
    await mara.command("twist", channel=HERE)
    card = await mara.wait_for_message(thinking)
    await mara.click(card, "Count now")
    over = await mara.wait_for_message(card_saying("nothing was chosen"))
    assert "⏳" not in described(over)
    stage.script.go_on()
    await stage.narrate(mara, "Morning came over the pier.")
    assert "⏳" not in described(mara.current(over))
    assert buttons(mara.current(over)) == []


async def test_a_paused_story_ends_without_going_on_first(stage: Stage) -> None:
    """Where several are paused nothing is guessed: the host says which by going on with it."""
    mara = await stage.seat("Mara")
    for number in (1, 2):
        await stage.begin(mara)
        await mara.command("story pause", channel=HERE)
        await eventually(partial(_is, stage, number, "paused"))
    await refused(await mara.command("story end", channel=HERE), "Which one? Paused here")
    await mara.command("story resume", channel=HERE, options={"story": "#2"})
    await eventually(lambda: _is(stage, 2, "running"))
    await mara.command("story end", channel=HERE)
    await eventually(lambda: _is(stage, 2, "ended"))
    await mara.command("story end", channel=HERE)
    await eventually(lambda: _is(stage, 1, "ended"))


async def _is(stage: Stage, story_id: int, state: str) -> bool:
    return (await stories.get(stage.database, story_id)).state == state
