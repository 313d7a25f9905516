"""Play votes with the real bot: cards, ballots, ties, run-offs, proposals, deadlines, restarts."""

import asyncio
from pathlib import Path

import pytest

from bot.errors import Refused
from bot.story.people import Person as Actor
from storage import votes
from tests.person import Person
from tests.person_forms import Payload
from tests.stage import Stage, buttons, eventually, refused, saying
from tests.vote_play import HERE, OPENING, THREE, card_saying, described, is_now, offered, press, voting


async def pressed_late(stage: Stage, person: Person, card: Payload, number: int) -> str:
    """Press an option that is gone from a card, as someone does whose screen lags; give the refusal."""
    voting, place = stage.bot.services.voting, stage.place(HERE)
    vote_id = int(card["components"][0]["components"][0]["custom_id"].split(":")[1])
    with pytest.raises(Refused) as refusal:
        await voting.cast(place, Actor(int(person.user["id"]), "Late"), vote_id, number)
    return str(refusal.value)


async def test_one_person_has_one_vote_however_often_they_press(stage: Stage) -> None:
    """A double click counts once, a change moves the vote, and all at once is no way around that."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    card = await offered(stage, mara)
    await asyncio.gather(*(press(mara, card, choice) for choice in "AAABCCA"))
    await press(jun, card, "B")
    await jun.wait_for_message(card_saying("2 people have voted"))
    vote = await votes.open_in(stage.database, 1)
    assert vote is not None
    ballots = await votes.ballots(stage.database, vote)
    assert len(ballots) == 2
    assert ballots[int(jun.user["id"])] == 2


async def test_a_tie_is_named_and_the_host_chooses(stage: Stage) -> None:
    """Nothing is chosen in silence: others may only vote again, the host says it aloud."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    card = await offered(stage, mara)
    await press(mara, card, "A")
    await press(jun, card, "C")
    await mara.click(card, "Count now")
    tied = await jun.wait_for_message(card_saying("A tie between A, C", "Mara or a moderator"))
    assert buttons(tied) == ["A", "C", "Run-off"]
    await refused(await jun.click(tied, "A"), "is over, and tied")
    stage.script.says("He was wet, and smiling.")
    assert "broken the tie" in await press(mara, tied, "C")
    await jun.wait_for_message(card_saying("Chosen: **C**"))
    await jun.wait_for_message(saying("He was wet", button="Retry"))
    assert await pressed_late(stage, jun, tied, 1) == "This vote is over."


async def test_a_tie_is_voted_on_again_in_a_run_off_across_a_restart(stage: Stage) -> None:
    """Only what tied stands, ballots start anew, and all of it outlives a restart."""
    mara, jun, ida = [await stage.seat(name) for name in ("Mara", "Jun", "Ida")]
    card = await offered(stage, mara)
    await press(mara, card, "A")
    await press(jun, card, "C")
    await stage.restart()
    await mara.click(card, "Count now")
    tied = await jun.wait_for_message(card_saying("A tie between A, C"))
    await stage.restart()
    await jun.click(tied, "Run-off")
    again = await jun.wait_for_message(card_saying("Run-off", "0 people have voted"))
    assert buttons(again) == ["A", "C", "Count now"]
    assert "not one of the choices any more" in await pressed_late(stage, ida, card, 2)
    for person in (mara, jun, ida):
        await press(person, again, "C")
    stage.script.says("He was wet, and smiling.")
    await mara.click(again, "Count now")
    await jun.wait_for_message(card_saying("Chosen: **C**", "3 votes"))
    await jun.wait_for_message(saying("He was wet", button="Retry"))


async def test_people_propose_their_own_word_for_word_or_as_a_direction(stage: Stage) -> None:
    """A proposal joins the choices; one that is word for word becomes its author's passage."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    card = await offered(stage, mara)
    window = (await jun.click(card, "Propose")).modal
    assert window is not None
    await stage.restart()
    await jun.submit_modal(window, {"Your proposal": "The lamp spoke.", "Word for word": True})
    more = await mara.wait_for_message(card_saying("The lamp spoke.", "Jun, word for word"))
    assert buttons(more)[:4] == ["A", "B", "C", "D"]
    window = (await jun.click(card, "Propose")).modal
    assert window is not None
    await jun.submit_modal(window, {"Your proposal": "The lamp sang.", "Word for word": True})
    await mara.wait_for_message(card_saying("The lamp sang."))
    await press(mara, more, "D")
    window = (await jun.click(card, "Propose")).modal
    assert window is not None
    answer = await jun.submit_modal(window, {"Your proposal": "Too late."})
    back = await refused(answer, "Others have voted for what you proposed")
    assert back["attachments"]
    await mara.click(card, "Count now")
    await mara.wait_for_message(saying("The lamp sang.", "Jun", button="Continue"))
    assert await stage.told() == [OPENING, "The lamp sang."]


async def test_a_hidden_count_is_shown_at_the_end(stage: Stage) -> None:
    """While the vote is open the card tells how many voted, not what."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    card = await offered(stage, mara, hidden=True)
    await press(mara, card, "A")
    await press(jun, card, "A")
    open_card = await mara.wait_for_message(card_saying("2 people have voted", "shown at the end"))
    assert "2 votes" not in described(open_card)
    await mara.click(card, "Count now")
    await mara.wait_for_message(card_saying("Chosen: **A**", "2 votes"))


async def test_one_vote_at_a_time_and_only_the_host_counts_early(stage: Stage) -> None:
    """A second /twist is told where the vote is; a guest cannot cut it short."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    card = await offered(stage, mara)
    await refused(await jun.command("twist", channel=HERE), "has a vote before it already")
    await refused(await jun.click(card, "Count now"), "Only Mara")
    await mara.command("story end", channel=HERE)
    over = await jun.wait_for_message(card_saying("The story has ended, so nothing was chosen."))
    assert buttons(over) == []
    assert await pressed_late(stage, jun, card, 1) == "This vote is over."


async def test_in_a_story_with_seats_those_who_sit_vote(stage: Stage) -> None:
    """A guest is sent to /turn join; when all who sit have voted it is counted; who left counts no more."""
    mara, jun, ida = [await stage.seat(name) for name in ("Mara", "Jun", "Ida")]
    await stage.begin(mara)
    await stage.write(mara, OPENING)
    for person in (mara, jun):
        await person.command("turn join", channel=HERE)
    stage.script.says(*THREE)
    await mara.command("twist", channel=HERE)
    card = await mara.wait_for_message(voting)
    await refused(await ida.click(card, "A"), "Those with a seat vote here")
    await press(jun, card, "B")
    await jun.command("turn leave", channel=HERE)
    stage.script.says("The lamp was there, under wet planks.")
    await press(mara, card, "A")
    await mara.wait_for_message(card_saying("Chosen: **A**", "1 person has voted"))
    await mara.wait_for_message(saying("wet planks", button="Retry"))


async def test_a_vote_is_counted_when_its_time_is_up_also_after_a_restart(stage: Stage) -> None:
    """The clock closes it once, whoever is there; who has not voted is not waited for."""
    mara = await stage.seat("Mara")
    card = await offered(stage, mara, length="30m")
    assert "Counted <t:" in described(card)
    await press(mara, card, "B")
    await stage.restart()
    stage.script.says("The boat went under without a sound.")
    # Had the bot been away for that long, the vote would get some of its time again.
    stage.clock.move(minutes=31)
    await eventually(lambda: _counted(stage))
    await mara.wait_for_message(card_saying("Chosen: **B**"))
    await mara.wait_for_message(saying("The boat went under", button="Retry"))
    assert await stage.told() == [OPENING, "The boat went under without a sound."]


async def test_a_tie_that_nobody_breaks_is_run_off_aloud(stage: Stage) -> None:
    """When the host is silent the run-off begins by itself and says so."""
    mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
    card = await offered(stage, mara, length="30m")
    await press(mara, card, "A")
    await press(jun, card, "B")
    stage.clock.move(minutes=31)
    await mara.wait_for_message(card_saying("A tie between A, B", "Without a word the run-off begins"))
    stage.clock.move(minutes=31)
    again = await mara.wait_for_message(card_saying("Run-off", "0 people have voted"))
    assert buttons(again) == ["A", "B", "Count now"]
    stage.clock.move(minutes=31)
    await mara.wait_for_message(card_saying("nothing was chosen"))


async def test_a_vote_waits_while_its_story_is_paused(stage: Stage) -> None:
    """Nothing is counted behind people's backs; when the story goes on, so does the vote."""
    mara = await stage.seat("Mara")
    card = await offered(stage, mara, length="30m")
    await press(mara, card, "A")
    await mara.command("story pause", channel=HERE)
    await eventually(lambda: is_now(stage, "paused"))
    stage.clock.move(minutes=31)
    await refused(await mara.click(card, "B"), "is paused")
    vote = await votes.open_in(stage.database, 1)
    assert vote is not None
    assert vote.state == "open"
    await mara.command("story resume", channel=HERE)
    await eventually(lambda: is_now(stage, "running"))
    stage.script.says("The planks were wet.")
    stage.clock.move(minutes=31)
    await mara.wait_for_message(saying("The planks were wet.", button="Retry"))


async def test_a_deleted_card_comes_back_with_the_next_vote(stage: Stage) -> None:
    """A moderator who tidies up does not end the vote."""
    stage.allow(status=404)
    ada = await stage.seat("Ada", roles=["moderator"])
    card = await offered(stage, ada)
    await ada.api("DELETE", f"/channels/{card['channel_id']}/messages/{card['id']}")
    vote_id = 1
    place, person = stage.place(HERE), Actor(int(ada.user["id"]), "Ada")
    await stage.bot.services.voting.cast(place, person, vote_id, 1)
    anew = await ada.wait_for_message(lambda m: voting(m) and m["id"] != card["id"])
    assert "1 person has voted" in described(anew)


async def test_many_presses_are_few_edits(stage: Stage) -> None:
    """Thirty presses within a moment change the card a few times, and show the right count at last."""
    people = [await stage.seat(f"Guest {number}") for number in range(5)]
    card = await offered(stage, people[0])
    for choice in "ABCABC":
        await asyncio.gather(*(press(person, card, choice) for person in people))
    shown = await people[0].wait_for_message(card_saying("5 people have voted"))
    await people[0].wait_for_message(card_saying("5 votes"))
    assert len([edit for edit in people[0].edits if edit["id"] == shown["id"]]) <= 8


async def test_votes_in_two_channels_never_mix(stage: Stage) -> None:
    """A press belongs to the channel of its card, on however many shards the bot is."""
    mara = await stage.seat("Mara")
    card = await offered(stage, mara)
    vote_id = int(card["components"][0]["components"][0]["custom_id"].split(":")[1])
    person = Actor(int(mara.user["id"]), "Mara", moderator=True)
    await stage.begin(mara, "harbour", title="The Ship")
    for harm in (
        stage.bot.services.voting.cast(stage.place("harbour"), person, vote_id, 1),
        stage.bot.services.voting.close(stage.place("harbour"), person, vote_id),
    ):
        with pytest.raises(Refused):
            await harm
    vote = await votes.get(stage.database, vote_id)
    assert vote is not None
    assert vote.state == "open"


async def test_a_bot_of_two_shards_counts_like_one_of_one(tmp_path: Path) -> None:
    """Presses come in over several connections; the ballots lie in one box."""
    async with Stage.open(tmp_path, settings={"discord": {"shards": 2}}) as stage:
        mara, jun = await stage.seat("Mara"), await stage.seat("Jun")
        card = await offered(stage, mara)
        await asyncio.gather(press(mara, card, "A"), press(jun, card, "A"))
        stage.script.says("It was so.")
        await mara.click(card, "Count now")
        await mara.wait_for_message(card_saying("Chosen: **A**", "2 votes"))
        await mara.wait_for_message(saying("It was so.", button="Retry"))


async def test_two_moderators_at_once_decide_once(stage: Stage) -> None:
    """Whoever comes second is told that it is over; one thing was chosen, once."""
    ada, mo = [await stage.seat(name, roles=["moderator"]) for name in ("Ada", "Mo")]
    card = await offered(stage, ada)
    await press(ada, card, "A")
    await press(mo, card, "B")
    await press(ada, card, "Count now")
    tied = await ada.wait_for_message(card_saying("A tie between A, B"))
    stage.script.says("It was so.")
    said = await asyncio.gather(press(ada, tied, "A"), press(mo, tied, "B"))
    assert sorted(word.split()[0] for word in said) == ["This", "You"]
    await ada.wait_for_message(saying("It was so.", button="Retry"))
    assert await stage.told() == [OPENING, "It was so."]


async def test_a_vote_that_nobody_can_see_is_none(stage: Stage) -> None:
    """Where the card is refused by Discord, the next /twist is not told that a vote is open."""
    mara = await stage.seat("Mara")
    await stage.begin(mara)
    await stage.write(mara, OPENING)
    stage.script.says(*THREE)
    stage.allow(status=403)
    stage.playground.faults.fail("POST", r"/channels/\d+/messages$", status=403)
    await refused(await mara.command("twist", channel=HERE), "lack a permission")
    vote = await votes.get(stage.database, 1)
    assert vote is not None
    assert vote.state == "lapsed"
    assert await votes.behind(stage.database) == []


async def _counted(stage: Stage) -> bool:
    stage.clock.move(minutes=5)
    return await votes.open_in(stage.database, 1) is None
