"""Play the turn modes in which a group makes the next passage together: rounds and votes on what comes next."""

from bot.story.people import Person as Actor
from storage import rounds, turns, votes
from tests.person import Answer, Person
from tests.person_forms import Payload
from tests.stage import Stage, answered, buttons, eventually, refused, saying, with_button
from tests.test_e2e_lore_check import AGAINST, LORE
from tests.vote_play import card_saying, described, told, voting

HERE = "fireside"
OPENING = "Mara counted the ships. Tom held the lamp, and Mara asked Tom who had lit it."
CLIFF = "Mara runs down to the cliff and finds the rope cut."
LAMP = "Tom hides the lamp under his coat and whistles."
WOVEN = "Mara ran to the cliff and found the rope cut, while Tom hid the lamp under his coat, whistling."


async def table(stage: Stage, mode: str, *names: str, **options: object) -> list[Person]:
    """Seat people at a story whose turns go by a mode."""
    people = [await stage.seat(name) for name in names]
    await stage.begin(people[0])
    await stage.write(people[0], OPENING)
    for person in people:
        await person.command("turn join", channel=HERE)
    await answered(await people[0].command("turn mode", channel=HERE, options={"mode": mode} | options))
    return people


async def is_open(stage: Stage) -> bool:
    """Tell whether a round waits for what people hand in."""
    row = await turns.get(stage.database, 1)
    return row is not None and not row.closed


async def hand_in(person: Person, words: str) -> Answer:
    """Hand in by the command."""
    return await person.command("write", channel=HERE, options={"text": words})


async def test_what_all_hand_in_is_woven_into_one_passage(stage: Stage) -> None:
    """Nobody sees it before; the narrator gets all of it, and everyone is named for it."""
    mara, jun = await table(stage, "round", "Mara", "Jun")
    await mara.wait_for_message(saying("A new round is open"))
    assert "nobody sees them yet" in await told(await hand_in(mara, "Mara sleeps."))
    assert "1 person has handed in" in await told(await hand_in(mara, CLIFF))
    assert await stage.told() == [OPENING]
    assert not any("cliff" in m["content"] for m in jun.messages(HERE))
    stage.script.says(WOVEN)
    await hand_in(jun, LAMP)
    await mara.wait_for_message(saying(WOVEN, button="Retry"))
    asked = stage.backend.requests[-1].messages[-1].content
    assert CLIFF in asked
    assert LAMP in asked
    assert "sleeps" not in asked
    await mara.wait_for_message(saying(WOVEN, "The narrator, from the words of Mara, Jun"))
    assert await stage.told() == [OPENING, WOVEN]
    card = await answered(await mara.command("credits", channel=HERE))
    assert "Jun" in str(card["embeds"])
    handed = await answered(await mara.command("story export", channel=HERE))
    text = (await mara.download(handed["attachments"][0]["url"])).decode()
    assert "- Jun: " in text
    await eventually(lambda: is_open(stage))
    assert "1 person has handed in" in await told(await hand_in(jun, "Jun begins the next."))


async def test_a_weave_that_forgets_somebody_gives_way_to_their_own_words(stage: Stage) -> None:
    """All is put in as it was handed in, in order, each under its author's name."""
    mara, jun = await table(stage, "round", "Mara", "Jun")
    await told(await hand_in(mara, CLIFF))
    stage.script.says("Nothing of that sort happened on the quiet northern road.")
    await hand_in(jun, LAMP)
    await mara.wait_for_message(saying(LAMP, "Jun", button="Continue"))
    await mara.wait_for_message(saying(CLIFF, "Mara"))
    assert await stage.told() == [OPENING, CLIFF, LAMP]
    assert not any("northern road" in m["content"] for m in mara.messages(HERE))


async def test_a_narrator_who_fails_loses_nothing_that_was_handed_in(stage: Stage) -> None:
    """A model that breaks off leaves the words as they are, and the next round opens."""
    mara, jun = await table(stage, "round", "Mara", "Jun")
    await told(await hand_in(mara, CLIFF))
    stage.backend.fail_at = 0
    await hand_in(jun, LAMP)
    await mara.wait_for_message(saying(LAMP, "Jun", button="Continue"))
    assert await stage.told() == [OPENING, CLIFF, LAMP]
    await eventually(lambda: is_open(stage))
    assert "1 person has handed in" in await told(await hand_in(mara, "On."))


async def test_a_round_outlives_restarts_in_every_phase(stage: Stage) -> None:
    """Before anyone, between two, and in the middle of the weaving: nothing is lost or made twice."""
    mara, jun = await table(stage, "round", "Mara", "Jun")
    await stage.restart()
    await told(await hand_in(mara, CLIFF))
    await stage.restart()
    stage.script.says(WOVEN)
    stage.script.hold(after=6)
    await hand_in(jun, LAMP)
    await mara.wait_for_message(saying("Mara ran", button="Stop"))
    await stage.leave()
    stage.script = type(stage.script)()
    stage.script.says(WOVEN)
    stage.backend = type(stage.backend)(stage.script.reply, delay=stage.script.delay)
    await stage.enter()
    await mara.wait_for_message(saying(WOVEN, "from the words of Mara, Jun", button="Retry"))
    assert await stage.told() == [OPENING, WOVEN]


async def test_the_host_closes_a_round_early_and_the_absent_are_let_go(stage: Stage) -> None:
    """What one person handed in stands as it is; nobody waits for who is silent."""
    mara, jun = await table(stage, "round", "Mara", "Jun")
    await told(await hand_in(jun, LAMP))
    await mara.command("turn skip", channel=HERE)
    await mara.wait_for_message(saying(LAMP, "Jun", button="Continue"))
    assert await stage.told() == [OPENING, LAMP]


async def test_a_typed_message_is_no_secret_so_it_is_not_taken(stage: Stage) -> None:
    """Who types openly is told how to hand in."""
    mara, _jun = await table(stage, "round", "Mara", "Jun")
    await answered(await mara.command("story settings", channel=HERE, options={"free_typing": True}))
    await mara.say(HERE, CLIFF)
    await mara.wait_for_message(saying("hand it in with `/write`"))
    assert await stage.told() == [OPENING]


async def next_vote(person: Person) -> Payload:
    """Wait for the card that asks what happens next."""
    return await person.wait_for_message(lambda m: voting(m) and "What happens next?" in described(m))


async def test_the_group_votes_on_what_comes_next_and_the_winner_is_the_passage(stage: Stage) -> None:
    """The narrator proposes, people propose with /write, all vote, the winner becomes the passage; then again."""
    stage.script.says(*["nothing"] * 40)
    mara, jun = await table(stage, "vote", "Mara", "Jun")
    card = await next_vote(mara)
    assert "among the choices" in await told(await hand_in(jun, CLIFF))
    assert await stage.told() == [OPENING]
    card = await mara.wait_for_message(lambda m: voting(m) and CLIFF in described(m))
    letter = buttons(card)[0]
    await mara.click(card, letter)
    await jun.click(card, letter)
    await mara.wait_for_message(saying(CLIFF, "Jun", button="Continue"))
    assert await stage.told() == [OPENING, CLIFF]
    await mara.wait_for_message(lambda m: voting(m) and m["id"] != card["id"])


async def test_a_choice_of_the_narrators_directs_the_next_passage(stage: Stage) -> None:
    """What the narrator proposed and the group chose reaches the model; then the next vote opens."""
    first = "It comes out that Mara has secretly buried the spare lamp under the pier."
    second = "To go on, Tom must give up the only boat that still floats."
    stage.script.says(first, second)
    mara, jun = await table(stage, "vote", "Mara", "Jun")
    card = await next_vote(mara)
    assert first in described(card)
    stage.script.says("Under the pier the sand was warm, and the spare lamp burned.")
    for person in (mara, jun):
        await person.click(card, "A")
    await mara.wait_for_message(saying("the sand was warm", button="Retry"))
    wanted = [r for r in stage.backend.requests if first in r.messages[-1].content]
    assert wanted
    await mara.wait_for_message(lambda m: voting(m) and m["id"] != card["id"])
    vote = await votes.open_in(stage.database, 1)
    assert vote is not None
    assert vote.kind == "next"


async def test_a_tied_vote_on_what_comes_next_waits_for_the_host(stage: Stage) -> None:
    """No passage comes of a tie; the host chooses aloud, across a restart, and the game goes on."""
    stage.script.says(*["nothing"] * 40)
    mara, jun = await table(stage, "vote", "Mara", "Jun")
    await next_vote(mara)
    await hand_in(jun, CLIFF)
    await hand_in(mara, LAMP)
    card = await mara.wait_for_message(lambda m: voting(m) and CLIFF in described(m) and LAMP in described(m))
    await mara.click(card, "A")
    await jun.click(card, "B")
    await mara.wait_for_message(card_saying("A tie between A, B"))
    await stage.restart()
    assert await stage.told() == [OPENING]
    tied = mara.current(card)
    await refused(await jun.click(tied, "A"), "is over, and tied")
    stage.script.says(*["nothing"] * 40)
    await mara.click(tied, "B")
    await mara.wait_for_message(saying(LAMP, "Mara", button="Continue"))
    assert await stage.told() == [OPENING, LAMP]
    await mara.wait_for_message(lambda m: voting(m) and m["id"] != card["id"])


async def test_a_vote_that_turns_no_longer_count_ends_by_itself(stage: Stage) -> None:
    """After a change of mode it lasts as long as a round does, and then no vote stands in the way."""
    stage.script.says(*["nothing"] * 80)
    mara, _jun = await table(stage, "vote", "Mara", "Jun", length="1h")
    await next_vote(mara)
    await answered(await mara.command("turn mode", channel=HERE, options={"mode": "free"}))
    stage.clock.move(hours=1.1)
    await mara.wait_for_message(card_saying("Nobody voted, so nothing was chosen."))
    assert await votes.open_in(stage.database, 1) is None


async def test_nobody_counts_early_without_a_single_vote(stage: Stage) -> None:
    """A vote that came to nothing is asked anew."""
    stage.script.says(*["nothing"] * 80)
    mara, _jun = await table(stage, "vote", "Mara", "Jun")
    card = await next_vote(mara)
    await answered(await mara.click(card, "Count now"))
    await mara.wait_for_message(card_saying("nothing was chosen"))
    await mara.wait_for_message(lambda m: voting(m) and m["id"] != card["id"])

    async def one_open() -> bool:
        return await votes.open_in(stage.database, 1) is not None

    await eventually(one_open)


async def test_a_vote_ends_with_its_story_across_a_restart(stage: Stage) -> None:
    """It has no time of its own, and nobody is left to count it: its card says why nothing was chosen."""
    stage.script.says(*["nothing"] * 40)
    mara, _jun = await table(stage, "vote", "Mara", "Jun")
    card = await next_vote(mara)
    host = Actor(int(mara.user["id"]), "Mara")
    await stage.bot.services.shelf.end(stage.place(HERE), host)
    await stage.restart()
    over = await mara.wait_for_message(card_saying("The story has ended, so nothing was chosen."))
    assert over["id"] == card["id"]
    assert buttons(over) == []
    assert await votes.open_in(stage.database, 1) is None


async def test_a_round_ends_in_time_and_lets_the_absent_go(stage: Stage) -> None:
    """Who is silent is not waited for; after some silent rounds their seat is free."""
    mara, _jun = await table(stage, "round", "Mara", "Jun", length="10m", nudge=0, patience=2)
    for words in (CLIFF, LAMP):
        await eventually(lambda: is_open(stage))
        await told(await hand_in(mara, words))
        stage.clock.move(minutes=11)
        await mara.wait_for_message(saying(words, "Mara", button="Continue"))
    assert await stage.told() == [OPENING, CLIFF, LAMP]
    await mara.wait_for_message(saying("Jun", "seat is free"))
    assert [seat.name for seat in await turns.seats(stage.database, 1)] == ["Mara"]


async def test_words_of_a_round_are_in_the_story_when_the_mode_changes(stage: Stage) -> None:
    """What was acknowledged stays, also where nobody waits for the others any more."""
    mara, jun = await table(stage, "round", "Mara", "Jun")
    await told(await hand_in(jun, LAMP))
    await answered(await mara.command("turn mode", channel=HERE, options={"mode": "free"}))
    await mara.wait_for_message(saying(LAMP, "Jun", button="Continue"))
    assert await stage.told() == [OPENING, LAMP]


async def test_words_of_a_round_are_in_the_story_when_it_ends(stage: Stage) -> None:
    """The host ends it in mid-round; what was acknowledged is read in it, and a guest changes nothing."""
    mara, jun = await table(stage, "round", "Mara", "Jun")
    await told(await hand_in(jun, LAMP))
    await refused(await jun.command("story end", channel=HERE), "Only Mara")
    assert await stage.told() == [OPENING]
    await mara.command("story end", channel=HERE)
    await mara.wait_for_message(lambda m: bool(m["embeds"]) and "The end" in m["embeds"][0]["title"])
    assert await stage.told() == [OPENING, LAMP]


async def test_one_passage_that_discord_refuses_hides_no_other(stage: Stage) -> None:
    """All that was handed in stands in the story; what can be shown is, and so is its end."""
    mara, jun, ida = await table(stage, "round", "Mara", "Jun", "Ida")
    await mara.wait_for_message(saying("A new round is open"))
    await told(await hand_in(jun, CLIFF))
    await told(await hand_in(ida, LAMP))
    stage.allow(status=403)
    stage.playground.faults.fail("POST", r"/channels/\d+/messages$", status=403)
    await mara.command("story end", channel=HERE)
    await mara.wait_for_message(lambda m: bool(m["embeds"]) and "The end" in m["embeds"][0]["title"])
    assert await stage.told() == [OPENING, CLIFF, LAMP]
    assert any(LAMP in m["content"] for m in mara.messages(HERE))
    assert not any(CLIFF in m["content"] for m in mara.messages(HERE))


async def test_a_story_ends_with_its_round_in_one_stroke(stage: Stage) -> None:
    """Nobody can hand in between the two: once it has ended, all that was acknowledged stands in it."""
    mara, jun = await table(stage, "round", "Mara", "Jun")
    await told(await hand_in(jun, LAMP))
    host = Actor(int(mara.user["id"]), "Mara")
    await stage.bot.services.shelf.end(stage.place(HERE), host)
    assert await stage.told() == [OPENING, LAMP]
    assert await rounds.current(stage.database, 1) is None


async def test_the_button_under_the_word_of_a_round_opens_the_window(stage: Stage) -> None:
    """What is sent from it is handed in, also after a restart."""
    mara, jun = await table(stage, "round", "Mara", "Jun")
    word = await mara.wait_for_message(saying("A new round is open"))
    window = (await jun.click(word, "Hand in")).modal
    assert window is not None
    await stage.restart()
    assert "nobody sees them yet" in await told(await jun.submit_modal(window, {"Your passage": LAMP}))
    assert await stage.told() == [OPENING]
    assert "1 person has handed in" in await told(await jun.submit_modal(window, {"Your passage": CLIFF}))


async def test_a_round_is_played_in_chinese(stage: Stage) -> None:
    """Words, cards and the question to the narrator are in the story's language."""
    lin, wei = await stage.seat("Lin", locale="zh-CN"), await stage.seat("Wei", locale="zh-CN")
    await lin.command("story start", channel=HERE, options={"title": "灯"})
    await lin.wait_for_message(with_button("转折"))
    for person in (lin, wei):
        await answered(await person.command("turn join", channel=HERE))
    await answered(await lin.command("turn mode", channel=HERE, options={"mode": "round"}))
    await lin.wait_for_message(with_button("交稿"))
    cliff, lamp = "玛拉跑到悬崖边，发现绳子断了", "汤姆把灯藏在大衣下面，吹着口哨。"
    assert "还没有人能看到" in await told(await hand_in(lin, cliff))
    woven = "玛拉跑到悬崖边，发现绳子已经断了；汤姆却把灯藏在大衣下面，吹起了口哨。"
    stage.script.says(woven)
    await hand_in(wei, lamp)
    await lin.wait_for_message(saying(woven, button="重写"))
    assert f"{cliff}。 {lamp}" in stage.backend.requests[-1].messages[-1].content
    await lin.wait_for_message(saying(woven, "用了 Lin、Wei 的文字"))


async def test_words_against_the_lore_wear_a_flag_however_they_came_in(stage: Stage) -> None:
    """What a round puts in as it was handed in is flagged like any passage, never silently."""
    mara, jun = await table(stage, "round", "Mara", "Jun")
    await answered(await mara.command("lore add", channel=HERE, options=LORE))
    await told(await hand_in(jun, AGAINST))
    await mara.command("turn skip", channel=HERE)
    await mara.wait_for_message(saying(AGAINST, "goes against the lore: Varn", button="Continue"))


async def test_a_woven_passage_is_undone_redone_and_written_again_like_any(stage: Stage) -> None:
    """What was handed in directs another take too, and its contributors are named under that as well."""
    mara, jun = await table(stage, "round", "Mara", "Jun")
    await told(await hand_in(mara, CLIFF))
    stage.script.says(WOVEN)
    await hand_in(jun, LAMP)
    shown = await mara.wait_for_message(saying(WOVEN, button="Retry"))
    await mara.click(shown, "Undo")
    await eventually(lambda: _tells(stage, [OPENING]))
    await mara.command("redo", channel=HERE)
    await eventually(lambda: _tells(stage, [OPENING, WOVEN]))
    stage.script.says("Tom hid the lamp in his coat; Mara stood on the cliff, the cut rope in her hand.")
    await mara.command("retry", channel=HERE)
    await mara.wait_for_message(
        saying("the cut rope in her hand", "from the words of Mara, Jun", button="2/2")
    )
    assert CLIFF in stage.backend.requests[-1].messages[-1].content


async def _tells(stage: Stage, texts: list[str]) -> bool:
    return await stage.told() == texts
